"""`bcelldepl compare`: what it prints and writes, and its exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
import typer
from typer.testing import CliRunner

from bcelldepl.cli.compare import compare
from bcelldepl.definitions.tables import COUNTS
from bcelldepl.gating.strategy import load_strategy

app = typer.Typer()
app.command()(compare)

COLUMNS = (
    "file,subject,visit,population,auto_events,manual_events,auto_per_ul,manual_per_ul,ratio,precision,recall,f1,jaccard,"
    "first_divergent_gate,verdict,reason,auto_percent,manual_percent,auto_volume,manual_volume"
)


def run(*arguments: object, code: int = 0) -> tuple[str, str]:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments], env={"COLUMNS": "120"})
    assert result.exit_code == code, (result.output, result.exception)
    return result.stdout, result.stderr


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """A results folder as small as can be; its study is not there any more."""
    folder = tmp_path / "results"
    folder.mkdir()
    counts, tubes = [], []
    for i, (visit, events) in enumerate({"BL": 1000, "D7": 4, "D28": 300, "D90": 600}.items()):
        row = dict.fromkeys(COUNTS.dtypes) | {
            "file": f"fcs/S01_{visit}.fcs", "sha256": f"{i:064x}", "subject": "S01", "visit": visit,
            "day": float(7 * i), "dose_group": "", "population": "B",
            "events": events, "parent": "lymphocytes", "parent_events": 5000,
            "method": "beads", "cells_per_ul": events / 5.0, "analysed_volume_ul": 5.0, "result": "QUANTIFIED",
            "evidence": "data", "reason": "",
        }  # fmt: skip
        counts.append(row)
        shared = {name: row[name] for name in ("file", "sha256", "subject", "visit", "day")}
        tubes.append(shared | {"role": "sample", "status": "ok", "reason": "", "events": 20_000, "kept_fraction": 1.0,
                               "kept_time_fraction": 1.0, "acquired_volume_ul": None})  # fmt: skip
    lost = {"file": "fcs/S01_D60.fcs", "sha256": "", "subject": "S01", "visit": "D60", "day": 60.0}
    counts.append(dict.fromkeys(COUNTS.dtypes) | lost | {"dose_group": "", "population": "B", "parent": "",
                  "method": "", "result": "NOT_DONE", "evidence": "failed", "reason": "cannot be read"})  # fmt: skip
    tubes.append(lost | {"role": "sample", "status": "failed", "reason": "cannot be read", "events": None,
                         "kept_fraction": None, "kept_time_fraction": None, "acquired_volume_ul": None})  # fmt: skip
    table = pd.DataFrame(counts).astype(COUNTS.dtypes)
    table.to_parquet(folder / "counts.parquet", index=False)
    pd.DataFrame(tubes).to_csv(folder / "tubes.csv", index=False)
    strategy = load_strategy("cart_pd")
    content = strategy.model_dump(mode="json")
    record = {
        "study": "S",
        "study_file": str(tmp_path / "gone.toml"),
        "finished": "2026-01-01T00:00:00+00:00",
        "settings": {},
        "strategy": {"name": strategy.name, "content": content},
    }
    (folder / "run.json").write_text(json.dumps(record))
    return folder


def counts(path: Path, *events: int) -> Path:
    names = ("BL", "D7", "D28", "D90")
    lines = [f"S01_{name}.fcs,B cells,{n}\n" for name, n in zip(names, events, strict=True)]
    path.write_text("file,population,events\n" + "".join(lines))
    return path


def test_agreeing_counts(results: Path, tmp_path: Path) -> None:
    out, err = run(results, counts(tmp_path / "manual.csv", 1010, 5, 296, 603))
    assert out.startswith("agree: 4 tubes compared, 0 of them disagree")
    assert "B = B cells" in out
    assert "gone.toml: the study cannot be read" in err
    folder = results / "comparison"
    assert (folder / "comparison.csv").read_text().splitlines()[0] == COLUMNS
    agreement = pd.read_csv(folder / "agreement.csv")
    assert list(agreement) == [
        "population",
        "statistic",
        "value",
        "ci_low",
        "ci_high",
        "n",
        "limit",
        "verdict",
        "note",
    ]
    bias = agreement[agreement["statistic"] == "bias_percent"].iloc[0]
    assert (bias["n"], bias["verdict"]) == (3, "agree")  # four events make no ratio
    page = (folder / "comparison.html").read_text()
    assert "default-src 'none'" in page
    assert "<script src" not in page
    assert 'src="http' not in page
    assert "4</b>\n    tubes compared" in page or "tubes compared" in page


def test_one_tube_that_disagrees(results: Path, tmp_path: Path) -> None:
    out, err = run(
        results, counts(tmp_path / "manual.csv", 1010, 5, 200, 603), "--out", tmp_path / "out", code=1
    )
    assert "1 of them disagree" in out
    assert "fcs/S01_D28.fcs: B: 300 events against 200" in err
    assert (tmp_path / "out" / "comparison.html").is_file()


def test_a_count_of_the_whole_file_is_of_the_whole_volume(results: Path, tmp_path: Path) -> None:
    """Our mask left out a fifth of the time: as many events by hand, in the whole file, are fewer per microlitre."""
    sheet = pd.read_csv(results / "tubes.csv")
    sheet.loc[sheet["file"] == "fcs/S01_BL.fcs", "kept_time_fraction"] = 0.8
    sheet.to_csv(results / "tubes.csv", index=False)
    run(results, counts(tmp_path / "manual.csv", 1000, 5, 296, 603), code=1)
    rows = pd.read_csv(results / "comparison" / "comparison.csv").set_index("file")
    assert rows.loc["fcs/S01_BL.fcs", "manual_per_ul"] == pytest.approx(1000 / (5.0 / 0.8))


def test_a_tube_without_a_count_is_not_compared(results: Path, tmp_path: Path) -> None:
    path = counts(tmp_path / "manual.csv", 1010, 5, 296, 603)
    path.write_text(path.read_text() + "S01_D60.fcs,B cells,80\n")
    out, told = run(results, path)
    assert out.startswith("agree: 4 tubes compared, 0 of them disagree; 5 of 5 samples have a manual result")
    assert "B: not compared in fcs/S01_D60.fcs: " in told
    rows = pd.read_csv(results / "comparison" / "comparison.csv").set_index("file")
    assert rows.loc["fcs/S01_D60.fcs", "verdict"] == "not comparable"
    assert "no count" in rows.loc["fcs/S01_D60.fcs", "reason"]


def test_falsely_depleted(results: Path, tmp_path: Path) -> None:
    path = counts(tmp_path / "manual.csv", 1010, 90, 300, 603)
    out, err = run(results, path, "--json", code=1)
    content = json.loads(out)
    assert content["verdict"] == "disagree"
    assert "depleted by automated gating, not depleted by manual gating" in err
    (false,) = [row for row in content["agreement"] if row["statistic"] == "false_depleted_share"]
    assert (false["value"], false["n"], false["verdict"]) == (0.25, 4, "disagree")


def test_mapping_names_what_cannot_be_guessed(results: Path, tmp_path: Path) -> None:
    path = tmp_path / "manual.csv"
    path.write_text("file,population,events\nS01_BL.fcs,gate 7,1000\n")
    _, err = run(results, path, code=2)
    assert "none of its populations is a population of the study" in err
    mapping = tmp_path / "names.toml"
    mapping.write_text('[populations]\nB = "gate 7"\n')
    out, err = run(results, path, "--mapping", mapping)
    assert "1 tubes compared" in out or "1 tube" in out
    assert "S01_D7.fcs: no manual result" in err


def test_a_mapping_that_names_what_is_not_there_is_a_wrong_request(results: Path, tmp_path: Path) -> None:
    mapping = tmp_path / "mapping.toml"
    mapping.write_text('[populations]\nB = "B cels"\n')
    _, err = run(results, counts(tmp_path / "manual.csv", 1010, 5, 296, 603), "--mapping", mapping, code=2)
    assert "the mapping names 'B cels', which is not a manual population" in err
    mapping.write_text('[populations]\nB = "B cells"\nBB = "other"\n')
    _, err = run(results, counts(tmp_path / "manual.csv", 1010, 5, 296, 603), "--mapping", mapping)
    assert "the mapping names 'BB', which is not a population of the results" in err


def test_several_readers(results: Path, tmp_path: Path) -> None:
    one = counts(tmp_path / "X.csv", 1010, 5, 296, 603)
    other = counts(tmp_path / "Y.csv", 990, 4, 305, 590)
    out, _ = run(results, one, other, "--out", tmp_path / "out")
    assert out.startswith("agree: 2 readers")
    assert "X: agree, 4 tubes compared" in out
    table = pd.read_csv(tmp_path / "out" / "readers.csv").set_index("statistic")
    assert table.loc["bias_percent:Y against X", "n"] == 3
    page = (tmp_path / "out" / "readers.html").read_text()
    assert "agrees with every reader" in page
    assert 'href="X/comparison.html"' in page
    assert (tmp_path / "out" / "Y" / "comparison.html").is_file()


def test_a_result_that_cannot_be_compared_is_no_agreement(results: Path, tmp_path: Path) -> None:
    path = tmp_path / "manual.csv"
    path.write_text("file,population,events\nS01_D60.fcs,B cells,80\n")
    out, told = run(results, path, code=1)
    assert out.startswith("not comparable: 0 tubes compared, 0 of them disagree; 1 of 5 samples")
    assert "B: not compared in fcs/S01_D60.fcs: the automated gating has no count" in told


@pytest.mark.parametrize(
    ("text", "words"),
    [("", "cannot be read"), ("file,population,events\nother.fcs,B cells,3\n", "none of its files")],
)
def test_requests_that_are_wrong(results: Path, tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "manual.csv"
    path.write_text(text)
    assert words in run(results, path, code=2)[1]
    assert not (results / "comparison").exists()


def test_no_results(tmp_path: Path) -> None:
    assert "there is no run.json" in run(tmp_path, tmp_path / "x.wsp", code=2)[1]


def test_real_manual_gates(real_data: Path, tmp_path: Path) -> None:
    import bcelldepl as bd

    folder = real_data / "volumetric_cd19"
    bd.run(bd.load_study(folder / "study.toml"), out=tmp_path / "results", workers=1)
    run(tmp_path / "results", folder / "manual_gates.xml", "--out", tmp_path / "out", code=1)
    found = pd.read_csv(tmp_path / "out" / "comparison.csv")
    manual = pd.read_csv(folder / "manual_counts.csv")
    for ours, theirs in (("B", "CD19+"), ("leukocytes", "CD45+")):
        rows = found[found["population"] == ours].set_index("file")
        truth = manual[manual["population"] == theirs].set_index("file")
        assert len(rows) == 8
        assert (rows["manual_events"] == truth.loc[rows.index, "events"]).all()
        assert rows["manual_per_ul"].to_numpy() == pytest.approx(
            truth.loc[rows.index, "per_ul"].to_numpy(), abs=0.006
        )
        assert rows["f1"].min() > 0.9
    page = (tmp_path / "out" / "comparison.html").read_text()
    assert page.count("data:image/png") >= 1
    assert page.count("data:image/svg+xml") == 2
