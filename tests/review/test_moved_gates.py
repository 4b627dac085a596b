"""What a moved gate is said to change is what saving it changes; what stands in the way of saving it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from page_client import Page

from bcelldepl.batch import run
from bcelldepl.simulation import simulate
from bcelldepl.study import load_study

KEYS = ["analyte", "parameter", "course"]
CUT = {"population": "CAR_T", "cut": 0.35, "marker": "CAR", "side": "above"}
POLYGON = {
    "population": "CD19_positive",
    "polygon": [[0.3, -0.1], [1.1, -0.1], [1.1, 0.35], [0.3, 0.35]],
    "x": "CD19",
    "y": "CD3",
}


@pytest.fixture(scope="module")
def two_courses(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study whose last two visits follow a second infusion."""
    folder = tmp_path_factory.mktemp("review") / "study"
    simulate(folder, scenario="small", subjects=1, seed=3)
    sheet = pd.read_csv(folder / "samples.csv")
    later = sheet["visit"].isin(["D28", "D90"])
    sheet["course"] = 1 + later.astype(int)
    sheet.loc[later, "day"] -= 20
    infused = pd.to_datetime(sheet["infused"])
    sheet["infused"] = infused.where(~later, infused + pd.Timedelta(days=20)).dt.strftime("%Y-%m-%dT%H:%M")
    sheet.to_csv(folder / "samples.csv", index=False)
    run(load_study(folder / "study.toml"), workers=1)
    return folder


@pytest.fixture(scope="module")
def shown(two_courses: Path, serving: Callable[[Path], Page]) -> Page:
    return serving(two_courses)


def live(page: Page, file: str, *gates: dict[str, Any]) -> dict[str, Any]:
    answer = page.post(f"tube/{page.tube(file)['id']}/live", {"gates": gates, "endpoints": True})
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def endpoints(study: Path) -> pd.DataFrame:
    return pd.read_csv(study / "results" / "endpoints.csv").set_index(KEYS)


def in_table(row: pd.Series) -> tuple[str, float]:
    return str(row["qualifier"]), float(row["value"]) if pd.notna(row["value"]) else 0.0


def in_answer(words: str) -> tuple[str, float]:
    qualifier, _, number = words.rpartition(" ") if " " in words else ("=", "", words)
    return (words, 0.0) if words == "NE" else (qualifier, float(number))


def test_the_numbers_of_an_open_tube_are_those_of_the_tables(two_courses: Path, shown: Page) -> None:
    table = pd.read_csv(two_courses / "results" / "counts.csv")
    for file in ("fcs/S01_BL.fcs", "fcs/S01_D28.fcs"):
        rows = table[table["file"] == file].set_index("population")
        for one in live(shown, file)["counts"]:
            for name in ("events", "cells_per_ul", "ci_low_per_ul", "ci_high_per_ul"):
                if one[name] is not None:
                    assert one[name] == pytest.approx(rows.loc[one["population"], name], rel=1e-5)


@pytest.mark.parametrize(("visit", "gates"), [("D10", [CUT]), ("D28", [CUT]), ("BL", [POLYGON, CUT])])
def test_the_endpoints_that_would_change_are_those_that_do(
    two_courses: Path, shown: Page, visit: str, gates: list[dict[str, Any]]
) -> None:
    page, file = shown, f"fcs/S01_{visit}.fcs"
    before = endpoints(two_courses)
    told = {
        (one["analyte"], one["parameter"], one["course"]): one
        for one in live(page, file, *gates)["endpoints"]
    }
    assert page.change("gates", [file], gates=gates, why="dim cells").status_code == 200
    after = endpoints(two_courses)
    changed = {key for key in after.index if in_table(before.loc[key]) != in_table(after.loc[key])}
    assert set(told) == changed
    assert {course for *_, course in changed} == {2 if visit == "D28" else 1}
    for key, one in told.items():
        for words, table in ((one["before"], before), (one["after"], after)):
            sign, number = in_answer(words)
            assert (sign, pytest.approx(number, rel=2e-5)) == in_table(table.loc[key])


def test_a_gate_that_is_seen_to_hold_nothing_is_saved_as_such(two_courses: Path, shown: Page) -> None:
    file = "fcs/S01_BL.fcs"
    none = CUT | {"cut": 1.0}
    counts = {one["population"]: one["result"] for one in live(shown, file, none)["counts"]}
    assert shown.change("gates", [file], gates=[none], why="no CAR before infusion").status_code == 200
    own = [
        one for one in load_study(two_courses / "study.toml").overrides_of(file) if one.population == "CAR_T"
    ]
    assert [one.holds for one in own] == ["nothing"]
    table = pd.read_csv(two_courses / "results" / "counts.csv")
    rows = table[table["file"] == file].set_index("population")["result"]
    assert {name: rows[name] for name in counts} == counts
    assert counts["CAR_T"] == "NOT_DETECTED"


def test_a_rejected_tube_changes_nothing_by_its_gates(shown: Page) -> None:
    page, file = shown, "fcs/S01_D90.fcs"
    assert live(page, file, CUT)["counts"][0]["result"] != "NOT_EVALUABLE"
    page.change("verdict", [file], verdict="reject", reason="staining failed")
    page.settle()
    told = live(page, file, CUT)
    assert told["endpoints"] == []
    assert {one["result"] for one in told["counts"]} == {"NOT_EVALUABLE"}
    assert all("staining failed" in one["reason"] for one in told["counts"])


def test_a_gate_drawn_on_another_file_is_not_saved(two_courses: Path, shown: Page) -> None:
    page, file = shown, "fcs/S01_BL.fcs"
    live(page, file, CUT)
    overrides = (two_courses / "overrides.toml").read_bytes()
    content = (two_courses / file).read_bytes()
    (two_courses / file).write_bytes(content + b"\0")
    answer = page.change("gates", [file], gates=[CUT], why="dim cells")
    assert answer.status_code == 422
    assert answer.json()["what"] == "the file has changed since it was counted"
    assert (two_courses / "overrides.toml").read_bytes() == overrides
    (two_courses / file).write_bytes(content)
    assert page.change("gates", [file], gates=[CUT], why="dim cells").status_code == 200
    # Saved, and the file is exchanged then: the next run says so.
    (two_courses / file).write_bytes(content + b"\0")
    assert page.post("change/compute", {}).status_code == 200
    assert "drawn on another file of this name" in page.get(f"tube/{page.tube(file)['id']}")["row"]["reason"]
