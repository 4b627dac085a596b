"""Tubes with which something goes wrong, in a scenario of two visits made for the test."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import flowio
import pytest

from bcelldepl.simulation import scenarios, simulate
from bcelldepl.simulation.scenarios import Mishap, PlannedVisit, Scenario

Read = Callable[[Path], list[dict[str, str]]]


@pytest.fixture
def unlucky(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    visits = tuple(PlannedVisit(name, -5, 6_000, fmo_events=1_000) for name in ("A", "B", "C", "D", "E"))
    kinds = ("short", "few_beads", "debris", "labels", "no_fmo")
    mishaps = tuple(Mishap(0, v.name, k) for v, k in zip(visits, kinds, strict=True))  # type: ignore[arg-type]
    plan = Scenario("unlucky", "UNLUCKY", 9, 1, visits, mishaps=mishaps, replicate_visits=("E",))
    monkeypatch.setitem(scenarios.SCENARIOS, "unlucky", plan)
    simulate(tmp_path, scenario="unlucky")
    return tmp_path


def test_mishaps_show_in_the_files(unlucky: Path, read_table: Read) -> None:
    counts = {row["file"]: row for row in read_table(unlucky / "truth.csv") if row["population"] == "beads"}
    tubes = {path.stem: flowio.FlowData(str(path)) for path in (unlucky / "fcs").iterdir()}
    assert tubes["S01_A"].event_count < 1_000
    assert int(counts["fcs/S01_B.fcs"]["true_events"]) < 50
    assert int(counts["fcs/S01_C.fcs"]["true_events"]) < 0.8 * int(counts["fcs/S01_E.fcs"]["true_events"])
    assert "cd19-PECy7" in tubes["S01_D"].pns_labels
    assert "CD19 PE-Cy7" in tubes["S01_E"].pns_labels
    assert "S01_D_FMO-CAR" in tubes
    assert "S01_E_FMO-CAR" not in tubes


def test_replicates_share_the_blood_and_not_the_events(unlucky: Path, read_table: Read) -> None:
    truth = read_table(unlucky / "truth.csv")
    first = [row for row in truth if row["file"] == "fcs/S01_E.fcs"]
    second = [row for row in truth if row["file"] == "fcs/S01_E_2.fcs"]
    assert [row["true_per_ul"] for row in first] == [row["true_per_ul"] for row in second]
    assert [row["true_events"] for row in first] != [row["true_events"] for row in second]
