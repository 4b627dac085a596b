"""The main job on simulated studies: counts against truth, and the promises of the results folder."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bcelldepl.batch import Results, run
from bcelldepl.definitions.tables import COUNTS
from bcelldepl.errors import ExchangeError
from bcelldepl.results.finished import read_finished_run
from bcelldepl.store import StoreError
from bcelldepl.study import load_study
from bcelldepl.tubes.regate import GatedResults

Digests = Callable[[Path], dict[str, str]]


def truth_of(folder: Path) -> pd.DataFrame:
    return pd.read_csv(folder / "truth.csv").set_index(["file", "population"])


def test_intervals_hold_the_true_concentrations(results: Results, simulated: Path) -> None:
    truth = truth_of(simulated)
    rows = results.counts[results.counts["population"].isin(["B", "T", "CAR_T"])]
    held = [
        row.ci_low_per_ul <= truth.loc[(row.file, row.population), "true_per_ul"] <= row.ci_high_per_ul
        for row in rows.itertuples()
    ]
    # 95 % intervals: fewer than 19 of 24 held has a probability below 1 in 1,000.
    assert len(held) == 24
    assert sum(held) >= 19


def test_counted_b_events_follow_the_true_ones(results: Results, simulated: Path) -> None:
    truth = truth_of(simulated)
    kept = results.tubes.set_index("file")["kept_time_fraction"]
    rows = results.counts[results.counts["population"] == "B"]
    seen = 0
    for row in rows.itertuples():
        true = truth.loc[(row.file, "B"), "true_events"]
        if true >= 200:
            seen += 1
            # Beads and cells share the mask: a tube is compared with the truth of the time that it keeps.
            assert abs(row.events / (true * kept[row.file]) - 1) <= (
                0.05 if kept[row.file] == 1.0 else 0.12
            ), row.file
        if true < 10:
            assert row.result == "NOT_DETECTED", row.file
    assert seen >= 2


def test_car_cells_are_not_found_before_the_infusion(results: Results) -> None:
    rows = results.counts[(results.counts["population"] == "CAR_T") & (results.counts["day"] < 0)]
    assert len(rows) == 2
    assert set(rows["result"]) == {"NOT_DETECTED"}
    assert (rows["events"] / rows["parent_events"]).max() < 0.005


def test_the_folder_holds_what_is_promised(results: Results) -> None:
    assert list(results.counts.columns) == COUNTS.names
    names = {path.name for path in results.folder.iterdir()}
    assert names >= {
        "counts.csv",
        "counts.parquet",
        "tubes.csv",
        "endpoints.csv",
        "gates",
        "figures",
        "run.json",
        "report.html",
    }
    tubes = results.tubes
    assert len(tubes) == 10
    stems = {Path(file).stem for file in tubes["file"]}
    gates = {path.name for path in (results.folder / "gates").iterdir()} - {"model.json", "clusters.csv"}
    assert {name.removeprefix("fcs__").removesuffix(".json") for name in gates} == stems
    assert {
        path.stem.removeprefix("fcs__") for path in (results.folder / "figures" / "tubes").iterdir()
    } == stems
    assert not list(results.folder.rglob("*.part"))


def test_the_page_holds_the_figures_of_the_study_and_names_those_of_its_subjects(results: Results) -> None:
    page = (results.folder / "report.html").read_text(encoding="utf-8")
    of_study = {path.stem for path in (results.folder / "figures").glob("*.png")} - {"curves", "clusters"}
    assert {"waterfall", "swimmer", "depletion_rate"} <= of_study
    held = re.findall(r'<img loading="lazy" decoding="async" src="data:image/png;base64,[^"]{1000}', page)
    assert len(held) >= len(of_study)
    of_subjects = list((results.folder / "figures" / "subjects").iterdir())
    assert len(of_subjects) == 2
    assert all(f'href="figures/subjects/{path.name}"' in page for path in of_subjects)


def test_controls_have_no_counts_but_have_a_row_and_gates(results: Results) -> None:
    controls = results.tubes[results.tubes["role"] == "fmo:CAR"]
    assert len(controls) == 2
    assert not set(controls["file"]) & set(results.counts["file"])


def test_csv_and_parquet_say_the_same(results: Results) -> None:
    text = pd.read_csv(results.folder / "counts.csv", dtype={"visit": str}, keep_default_na=False)
    for column, kind in COUNTS.dtypes.items():
        if kind == "object":
            assert list(text[column]) == list(results.counts[column])
        else:
            left = pd.to_numeric(text[column].replace("", None)).to_numpy(dtype=float)
            right = results.counts[column].to_numpy(dtype=float, na_value=float("nan"))
            assert pd.Series(left).equals(pd.Series(right)), column


def test_the_record_names_every_input_and_output_by_its_hash(results: Results, simulated: Path) -> None:
    record = results.record
    for file, sha256 in record["inputs"].items():
        assert hashlib.sha256((simulated / file).read_bytes()).hexdigest() == sha256
    outputs = record["outputs"]
    on_disk = {p.relative_to(results.folder).as_posix() for p in results.folder.rglob("*") if p.is_file()}
    assert set(outputs) == on_disk - {"run.json", "study.db", "audit.jsonl", "seal.json"}
    for name, sha256 in outputs.items():
        assert hashlib.sha256((results.folder / name).read_bytes()).hexdigest() == sha256
    assert record["settings"]["limits"]["lloq_events"] == 50
    assert record["versions"]["numpy"]


def test_gates_are_plain_numbers_with_their_evidence(results: Results) -> None:
    content = json.loads((results.folder / "gates" / "fcs__S01_D10.json").read_text())
    gates = content["gates"]
    assert gates["B"]["parent"] == "B_likely"
    assert gates["B"]["evidence"] in {"subject", "batch"}
    assert len(gates["B"]["shape"]["corners"]) > 3
    assert content["model"] == "cart_pd"
    assert content["panel"]["CD19"] == "PE-Cy7-A"


def test_two_workers_give_the_same_bytes_as_one(
    results: Results, simulated: Path, tmp_path: Path, digests: Digests
) -> None:
    run(load_study(simulated / "study.toml"), tmp_path / "two", workers=2)
    assert digests(tmp_path / "two") == digests(results.folder)


def test_the_order_of_the_sheet_does_not_change_a_count(results: Results, copy: Path, tmp_path: Path) -> None:
    sheet = (copy / "samples.csv").read_text().splitlines()
    (copy / "samples.csv").write_text("\n".join([sheet[0], *reversed(sheet[1:])]) + "\n")
    again = run(load_study(copy / "study.toml"), tmp_path / "again", workers=1)
    key = ["file", "population"]
    left = results.counts.sort_values(key).reset_index(drop=True)
    right = again.counts.sort_values(key).reset_index(drop=True)
    pd.testing.assert_frame_equal(left, right)


def test_running_again_does_nothing_until_something_changes(copy_of_one: Path, tmp_path: Path) -> None:
    study = load_study(copy_of_one / "study.toml")
    first = run(study, tmp_path / "out", workers=1)
    assert not first.was_current
    assert run(study, tmp_path / "out", workers=1).was_current
    (first.folder / "counts.csv").write_text("edited")
    mended = run(study, tmp_path / "out", workers=1)
    assert not mended.was_current
    assert (first.folder / "counts.csv").read_text() != "edited"
    text = (copy_of_one / "study.toml").read_text()
    (copy_of_one / "study.toml").write_text(text + "\n[limits]\nlod_events = 10\n")
    assert not run(load_study(copy_of_one / "study.toml"), tmp_path / "out", workers=1).was_current


def test_what_an_earlier_run_left_of_a_tube_is_removed(copy_of_one: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run(load_study(copy_of_one / "study.toml"), out, workers=1)
    own = out / "notes.txt"
    own.write_text("written by a person")
    gates = out / "gates" / "fcs__S01_D10.json"
    assert gates.is_file()
    (copy_of_one / "fcs" / "S01_D10.fcs").write_bytes(b"no FCS file any more")
    run(load_study(copy_of_one / "study.toml"), out, workers=1)
    assert not gates.exists()
    assert not (out / "figures" / "tubes" / "fcs__S01_D10.png").exists()
    assert own.is_file()


def test_contaminants_are_reported_as_many_as_there_truly_are(results: Results, simulated: Path) -> None:
    code = json.loads((simulated / "labels" / "populations.json").read_text(encoding="utf-8"))["labels"]
    classes = {
        "counting beads": ("bead", "bead_doublet"),
        "debris and red cells": ("debris", "fragment"),
        "dead cells": ("dead",),
        "monocytes and granulocytes": ("monocyte", "neutrophil", "eosinophil"),
    }
    for tube in results.tubes.itertuples():
        if tube.kept_time_fraction < 1 or tube.role != "sample":
            continue
        labels = np.load(simulated / "labels" / f"{Path(tube.file).stem}.npy")
        dropped = dict(part.rsplit(" ", 1) for part in tube.dropped.split("; "))
        for name, members in classes.items():
            true = int(np.isin(labels, [code[member] for member in members]).sum())
            assert abs(int(dropped[name]) / true - 1) < 0.12, (tube.file, name)


def test_a_damaged_store_is_not_taken_for_current(simulated: Path, results: Results, tmp_path: Path) -> None:
    copy = tmp_path / "results"
    shutil.copytree(results.folder, copy)
    study = load_study(simulated / "study.toml")
    assert run(study, copy, workers=1).was_current
    (copy / "study.db").write_bytes(b"this is no database")
    with pytest.raises(StoreError, match="damaged"):
        run(study, copy, workers=1)


@pytest.mark.parametrize("name", ["counts.csv", "counts.parquet", "tubes.csv"])
def test_tables_that_were_edited_are_not_handed_over(results: Results, tmp_path: Path, name: str) -> None:
    copy = tmp_path / "results"
    shutil.copytree(results.folder, copy)
    GatedResults(copy)
    (copy / name).write_bytes((copy / name).read_bytes() + b"\n")
    for read in (read_finished_run, GatedResults):
        with pytest.raises(ExchangeError, match=rf"{name} changed since the run"):
            read(copy)


def test_a_table_that_is_gone_is_not_passed_over(results: Results, tmp_path: Path) -> None:
    copy = tmp_path / "results"
    shutil.copytree(results.folder, copy)
    (copy / "counts.parquet").unlink()
    for read in (read_finished_run, GatedResults):
        with pytest.raises(ExchangeError, match=r"counts\.parquet changed since the run"):
            read(copy)


def test_figures_are_drawn_in_the_formats_that_are_asked_for(copy_of_one: Path, tmp_path: Path) -> None:
    study, out = load_study(copy_of_one / "study.toml"), tmp_path / "out"
    run(study, out, workers=1)
    assert {path.suffix for path in (out / "figures").glob("*.*")} == {".png"}
    again = run(study, out, workers=1, figures=("svg",))
    assert not again.was_current
    assert {path.suffix for path in (out / "figures").glob("*.*")} == {".svg"}
    assert run(study, out, workers=1, figures=("svg",)).was_current
    kept = run(study, out, workers=1, fresh=True, figures=None)
    assert {path.suffix for path in (out / "figures").glob("*.*")} == {".svg"}
    assert kept.record["figures"] == ["svg"]
    assert run(study, out, workers=1, figures=("svg",)).was_current
