"""A study agrees with itself: its own gates read back, its own counts in every quantity; and what the page says."""

from __future__ import annotations

import base64
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from bcelldepl.comparison.compare import compare
from bcelldepl.comparison.compare_readers import compare_readers
from bcelldepl.comparison.read_manual import read_manual
from bcelldepl.gate_exchange.export import export_gates
from bcelldepl.gate_exchange.gate import Axis, Gate
from bcelldepl.gate_exchange.gates_from_fits import portable_gates
from bcelldepl.gate_exchange.quality_gates import KEPT
from bcelldepl.gate_exchange.write_flowjo import WorkspaceSample, for_flowjo, workspace
from bcelldepl.tubes.regate import GatedResults

if TYPE_CHECKING:
    from bcelldepl.batch import Results

COLUMNS = {
    "events": ["events", "analysed_volume_ul"],
    "cells/uL": ["cells_per_ul"],
    "percent": ["percent_of_parent", "parent"],
    "percent of a parent not named": ["percent_of_parent"],
    "all that counts.csv holds": [],
}


@pytest.mark.parametrize("quantity", COLUMNS)
def test_own_counts_agree_in_every_quantity(results: Results, tmp_path: Path, quantity: str) -> None:
    path = tmp_path / "manual.csv"
    columns = ["file", "population", *COLUMNS[quantity]] if COLUMNS[quantity] else list(results.counts)
    results.counts[columns].to_csv(path, index=False)
    comparison = compare(results.folder, path)
    rows = comparison.rows
    reported = results.counts[results.counts["population"] != "beads"]
    evaluable = reported[reported["cells_per_ul"].notna()]
    assert len(rows) == len(reported)
    depleted = reported[
        (reported["population"] == "B") & (reported["result"] != "QUANTIFIED") & (reported["day"] > 0)
    ]
    assert len(depleted) >= 4
    assert (rows["verdict"] == "agree").sum() == len(evaluable)
    assert rows.loc[rows["verdict"] != "agree", "reason"].str.len().gt(0).all()
    assert comparison.verdict == "agree"


def test_own_gates_read_back_agree_in_every_row(results: Results, tmp_path: Path) -> None:
    *_, written, _ = export_gates(results.folder, "flowjo", tmp_path / "out", workers=2)
    comparison = compare(results.folder, written, tmp_path / "comparison")
    rows = comparison.rows
    assert len(rows)
    assert (rows["verdict"] == "agree").all(), rows[rows["verdict"] != "agree"].to_string()
    words = " ".join(map(str, comparison.problems))
    assert "no such tube" not in words
    assert "controls of the study are not compared" in words
    page = (tmp_path / "comparison" / "comparison.html").read_text()
    assert re.search(r"Of [\d,]+ gates with a stored count, [\d,]+ hold as many events here", page)


def test_own_gating_ml_read_back_agrees_in_every_row(results: Results, tmp_path: Path) -> None:
    """A document per tube: the folder is given."""
    export_gates(results.folder, "gatingml", tmp_path / "out")
    comparison = compare(results.folder, tmp_path / "out")
    assert len(comparison.tubes) == comparison.samples
    assert (comparison.rows["verdict"] == "agree").all()


def test_several_readers_are_compared_as_each_alone_and_events_are_read_once(
    results: Results, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    *_, workspace_of_all, _ = export_gates(results.folder, "flowjo", tmp_path / "flowjo")
    export_gates(results.folder, "gatingml", tmp_path / "gatingml")
    counts = tmp_path / "counts.csv"
    results.counts[["file", "population", "cells_per_ul"]][results.counts["visit"] != "BL"].to_csv(
        counts, index=False
    )
    sources = {"X": workspace_of_all, "Y": tmp_path / "gatingml", "Z": counts}
    alone = {name: compare(results.folder, path) for name, path in sources.items()}
    opened: list[str] = []
    of_tube = GatedResults.try_tube
    monkeypatch.setattr(
        GatedResults, "try_tube", lambda self, file: opened.append(file) or of_tube(self, file)
    )
    readers = {name: read_manual(path)[""] for name, path in sources.items()}
    together = compare_readers(GatedResults(results.folder), readers).comparisons
    assert sorted(opened) == sorted(set(opened))
    assert len(opened) == together["X"].samples
    for name, one in together.items():
        pd.testing.assert_frame_equal(one.rows, alone[name].rows)
        pd.testing.assert_frame_equal(one.agreement, alone[name].agreement)
        assert one.problems == alone[name].problems
        assert one.verdict == alone[name].verdict


def test_a_gate_that_does_not_reproduce_its_stored_count_is_named_and_not_believed(
    results: Results, tmp_path: Path
) -> None:
    *_, written, _ = export_gates(results.folder, "flowjo", tmp_path)
    text = written.read_text()
    first = re.search(r'<Population name="leukocytes_and_dead" count="(\d+)"', text) or re.search(
        r'<(?:Population|AndNode|OrNode) name="(?:T|CD3)"[^>]*count="(\d+)"', text
    )
    assert first is not None
    written.write_text(text.replace(first.group(0), first.group(0).replace(first.group(1), "7"), 1))
    comparison = compare(results.folder, written, tmp_path / "comparison")
    words = " ".join(map(str, comparison.problems))
    assert "was stored with 7 events" in words
    page = (tmp_path / "comparison" / "comparison.html").read_text()
    assert re.search(r"and 1 does not \([\w/ ]+ in 1 tube\): the populations below them are compared", page)
    assert comparison.rows["f1"].isna().any()
    assert comparison.rows["f1"].notna().any()


def test_a_manual_gating_of_the_whole_file_is_compared_in_the_kept_time(
    results: Results, tmp_path: Path
) -> None:
    """A tube that clogged: the same gates by hand, without one on time, hold the same concentrations."""
    kept = results.tubes.set_index("file")["kept_time_fraction"]
    file = str(kept.idxmin())
    assert kept[file] < 0.95
    tube = GatedResults(results.folder).tube(file)
    tree = portable_gates(tube).tree
    everything = Gate((KEPT,), "rectangle", (Axis(tube.panel["FSC-A"]),))
    tree = replace(tree, gates={**tree.gates, (KEPT,): everything})
    path = tmp_path / "manual.wsp"
    path.write_bytes(
        workspace([WorkspaceSample(Path(file).name, tube.acquisition, for_flowjo(tree), {})], "x")
    )
    comparison = compare(results.folder, path, tmp_path / "out")
    rows = comparison.rows.set_index("population")
    assert rows.loc["T", "verdict"] == "agree", rows.loc["T", "reason"]
    assert rows.loc["T", "f1"] > 0.99
    assert rows.loc["T", "manual_events"] > rows.loc["T", "auto_events"]
    assert rows.loc["T", "manual_volume"] > rows.loc["T", "auto_volume"]  # by the beads of either side
    assert "The quality mask left out time of 1 tube" in (tmp_path / "out" / "comparison.html").read_text()


@pytest.fixture(scope="module")
def page(results: Results, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A manual table with one false depletion among small differences."""
    folder = tmp_path_factory.mktemp("page")
    counts = results.counts[results.counts["population"].isin(["B", "T"])].copy()
    counts["cells_per_ul"] *= np.where(counts["population"] == "T", 1.2, 1.0)
    chosen = counts.index[(counts["population"] == "B") & (counts["visit"] == "BL")][-1]
    counts.loc[chosen, "cells_per_ul"] = 0.4
    counts[["file", "population", "cells_per_ul"]].to_csv(folder / "manual.csv", index=False)
    comparison = compare(results.folder, folder / "manual.csv", folder / "out")
    assert comparison.verdict == "disagree"
    return (folder / "out" / "comparison.html").read_text()


def test_a_depletion_seen_by_one_side_stands_first(page: str) -> None:
    decisions, summary = page.index('id="decisions"'), page.index('id="summary"')
    assert decisions < summary
    section = page[decisions:summary]
    assert section.count("<tr>") == 2  # its heading, and one decision
    assert "not depleted" in section
    parts = re.findall(r'<details[^>]*data-population="(\w+)"[^>]*data-decision="(\d)"', page)
    assert parts[0] == ("B", "1")
    assert all(one == ("T", "0") for one in parts[1:])


def test_rows_can_be_sorted_and_filtered(page: str) -> None:
    rows = re.findall(
        r'<tr data-population="\w+" data-visit="\w+" data-subject="\w+" data-verdict="[\w ]+"', page
    )
    assert len(rows) == page.count("<tr data-population")
    assert {"population", "visit", "verdict", "subject", "size"} == set(
        re.findall(r'data-filter="(\w+)"', page)
    )


def test_words_do_not_contradict_themselves(page: str) -> None:
    assert "the count differs by -16.7 %, more than the -10.7 % allowed" in page
    assert "samples have a manual result" in page
    assert "cannot rule out" in page or "too few for a verdict" in page


def test_nothing_compared_is_no_agreement(results: Results, tmp_path: Path) -> None:
    counts = results.counts[results.counts["population"] == "B"].head(2)
    path = tmp_path / "manual.csv"
    pd.DataFrame(
        {"file": counts["file"], "population": "B", "percent": [5.0, 6.0], "parent": "T cells"}
    ).rename(columns={"percent": "percent_of_parent"}).to_csv(path, index=False)
    comparison = compare(results.folder, path, tmp_path / "out")
    assert comparison.verdict == "not comparable"
    assert comparison.n_compared == 0
    (reason,) = comparison.not_compared
    assert reason.where == "B"
    assert reason.what.startswith("not compared in 2 tubes: ")
    assert comparison.rows["reason"].str.contains("the manual percentage is of T cells").all()
    page = (tmp_path / "out" / "comparison.html").read_text()
    header = page[page.index("<header") : page.index("</header")]
    assert "No tube could be compared" in header
    assert "tubes compared" not in header
    assert "the manual percentage is of T cells" in header
    assert 'class="plot"' not in page  # there is nothing to draw


def test_a_verdict_says_what_it_rests_on(results: Results, tmp_path: Path, page: str) -> None:
    summary = page[page.index('id="summary"') : page.index('id="plots"')]
    assert "Beyond its limit: " in summary
    assert re.search(r"bias -16\.\d %, limit ±3 %", summary)
    n = len(re.findall(r'<tr data-population="B"', page))
    assert re.search(rf"{n - 1} of {n}\b", summary)  # the same decision, as a count of tubes
    two = results.counts[results.counts["population"] == "T"].head(2)
    two.assign(cells_per_ul=two["cells_per_ul"] * [1.02, 0.99])[
        ["file", "population", "cells_per_ul"]
    ].to_csv(tmp_path / "two.csv", index=False)
    assert compare(results.folder, tmp_path / "two.csv", tmp_path / "out").verdict == "agree"
    few = (tmp_path / "out" / "comparison.html").read_text()
    assert "Too few tubes with cells for any statistic: the verdict is that of the single tubes" in few
    assert re.search(r"a bias of \+\d+(\.\d+)? % is not ruled out", few)


def test_tubes_without_a_ratio_are_named_in_the_plot(page: str) -> None:
    """The false depletion has one manual event, so that no ratio is taken of it: the left plot names it."""
    plots = re.findall(r'class="plot" src="data:image/svg\+xml;base64,([^"]+)"', page)
    drawn = [base64.b64decode(plot).decode() for plot in plots]
    decision = re.search(
        r'id="decisions".*?<th class="left">(\w+)</th><td class="left">(\w+)</td>', page, re.S
    )
    assert decision is not None
    assert any(" ".join(decision.groups()) in plot for plot in drawn)


def test_percentages_that_are_compared_are_shown(results: Results, tmp_path: Path) -> None:
    counts = results.counts[results.counts["population"] == "T"].copy()
    counts["percent_of_parent"] = counts["percent_of_parent"] / 1.25
    counts[["file", "population", "percent_of_parent", "parent"]].to_csv(tmp_path / "manual.csv", index=False)
    comparison = compare(results.folder, tmp_path / "manual.csv", tmp_path / "out")
    reasons = comparison.rows["reason"]
    assert reasons.str.startswith("the percentage differs by +25.0 %, more than").all()
    page = (tmp_path / "out" / "comparison.html").read_text()
    assert "Manual % of parent" in page
    assert re.search(
        r"automated [\d.]+ %, manual [\d.]+ % of the parent; automated [\d,]+ of [\d,]+ events", page
    )
    assert "Precision" not in page  # there are no gates whose events could be compared


def test_all_tubes_are_printed(page: str) -> None:
    """The shared style leaves a section #tubes out on paper."""
    assert "#tubes:not(:has(details[open]))" in page
    assert 'id="tubes"' not in page
    assert 'id="all-tubes"' in page
