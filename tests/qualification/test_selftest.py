"""The self-test passes here, and says so when something is broken on purpose."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from bcelldepl.batch import Results
from bcelldepl.cli.main import app
from bcelldepl.counting import intervals
from bcelldepl.kernels import regions
from bcelldepl.kinetics import area
from bcelldepl.qualification import (
    Qualification,
    SelfTestCheck,
    environment,
    known_answers,
    selftest,
    simulated,
)
from bcelldepl.qualification import selftest as package_selftest
from bcelldepl.qualification.known_answers import check_known_answers
from bcelldepl.signal import make_signal
from bcelldepl.signal.transform import Transform
from bcelldepl.study import Study, load_study

module = import_module("bcelldepl.qualification.selftest")  # its name is that of the function, too


def failing(checks: Iterator[SelfTestCheck]) -> list[str]:
    return [check.name for check in checks if not check.passed]


def test_this_installation_passes() -> None:
    found = selftest()
    assert found.passed, [check for check in found.checks if not check.passed]
    groups = dict.fromkeys(check.group for check in found.checks)
    assert list(groups) == ["environment", "known answers", "simulated study", "same bytes"]
    assert found.environment["numpy"] == np.__version__


def a_little_more(apply):
    return lambda *arguments: apply(*arguments) + np.float32(1e-5)


def other_matrix(acquisition, panel, transforms, spillover):
    return make_signal(acquisition, panel, transforms, replace(spillover, matrix=spillover.matrix + 1e-5))


@pytest.mark.parametrize(
    ("place", "name", "broken", "words"),
    [
        (Transform, "apply", a_little_more(Transform.apply), "logicle of 10 published values"),
        (Transform, "apply", a_little_more(Transform.apply), "asinh of 10 values"),
        (known_answers, "make_signal", other_matrix, "compensation undoes"),
        (regions, "judge", lambda *arguments: arguments[-1].fill(regions.INSIDE), "points inside a triangle"),
        (intervals, "garwood", lambda count: intervals.Interval(count - 2 * count**0.5, count + 2 * count**0.5),
         "95 % limits of a Poisson count of 0"),
        (area, "choose_rules", lambda values: [area.SegmentRule.LINEAR] * (len(values) - 1), "AUC of theophylline"),
    ],
    ids=["logicle", "asinh", "compensation", "polygon", "Poisson limits", "area"],
)  # fmt: skip
def test_a_broken_formula_is_named(
    monkeypatch: pytest.MonkeyPatch, place, name: str, broken, words: str
) -> None:
    assert failing(check_known_answers()) == []
    monkeypatch.setattr(place, name, broken)
    assert any(one.startswith(words) for one in failing(check_known_answers()))


@pytest.fixture
def finished(simulated: Path, results: Results) -> tuple[Study, Results]:
    return load_study(simulated / "study.toml"), results


def doctored(results: Results, name: str, table: pd.DataFrame) -> Results:
    """Return results of which one table is another."""
    copy = Results(results.folder)
    vars(copy)[name] = table
    return copy


def test_events_lost_are_named(finished: tuple[Study, Results]) -> None:
    study, results = finished
    assert failing(simulated.check_against_truth(results, study)) == []
    counts = results.counts.copy()
    tube = counts["file"].eq("fcs/S01_BL.fcs") & counts["population"].eq("B")
    counts.loc[tube, "events"] = 400  # of 730
    counts.loc[tube, ["ci_low_per_ul", "ci_high_per_ul"]] *= 400 / 683
    (name,) = failing(simulated.check_against_truth(doctored(results, "counts", counts), study))
    assert name.startswith("counted events against true ones")


def test_cells_found_where_there_are_none_are_named(finished: tuple[Study, Results]) -> None:
    study, results = finished
    counts = results.counts.copy()
    counts.loc[counts["file"].eq("fcs/S01_D10.fcs") & counts["population"].eq("B"), "result"] = "QUANTIFIED"
    assert failing(simulated.check_against_truth(doctored(results, "counts", counts), study)) == [
        "B cells of depleted tubes"
    ]


def test_a_wrong_endpoint_is_named(finished: tuple[Study, Results]) -> None:
    study, results = finished
    endpoints = results.endpoints.copy()
    endpoints.loc[endpoints["parameter"].eq("TMAX") & endpoints["subject"].eq("S02"), "value"] += 1.0
    assert failing(simulated.check_against_truth(doctored(results, "endpoints", endpoints), study)) == [
        "Tmax of CAR+ T cells of S02 [day]"
    ]


def test_one_byte_is_seen(finished: tuple[Study, Results], tmp_path: Path) -> None:
    folder = finished[1].folder
    shutil.copytree(folder, tmp_path / "other")
    assert simulated.same_bytes(folder, tmp_path / "other").passed
    with (tmp_path / "other" / "counts.csv").open("ab") as table:
        table.write(b" ")
    check = simulated.same_bytes(folder, tmp_path / "other")
    assert not check.passed
    assert "counts.csv differ" in check.found


def test_a_library_that_is_too_old_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        environment, "requires", lambda name: ["numpy>=99", "nothing-of-this-name>=1", "x; extra == 'y'"]
    )
    found = {check.name: check for check in environment.check_environment()}
    assert not found["version of numpy"].passed
    assert not found["nothing-of-this-name is installed"].passed
    assert "version of x" not in found


def test_what_cannot_be_checked_has_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    def stumbles() -> Iterator[SelfTestCheck]:
        yield SelfTestCheck("a", "fine", "1", "1", True)
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr(module, "PARTS", (("a", stumbles),))
    found = package_selftest()
    assert not found.passed
    assert found.checks[1].found == "ZeroDivisionError: division by zero"
    assert not Qualification({}, (), "", 0.0).passed


def test_the_command_prints_files_and_tells_by_its_exit_code(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    good, bad = (
        SelfTestCheck("a", "sound", "1", "1", True),
        SelfTestCheck("a", "<b>unsound</b>", "1", "2", False),
    )
    monkeypatch.setattr(module, "PARTS", (("a", lambda: [good]),))
    done = CliRunner().invoke(app, ["selftest", "--out", str(tmp_path / "page.txt")])
    assert done.exit_code == 0
    assert (tmp_path / "page.txt").read_text(encoding="utf-8") == done.stdout
    assert "PASSED: 1 of 1 checks" in done.stdout
    monkeypatch.setattr(module, "PARTS", (("a", lambda: [good, bad]),))
    done = CliRunner().invoke(app, ["selftest", "--json", "--out", str(tmp_path / "page.html")])
    assert done.exit_code == 1
    content = json.loads(done.stdout)
    assert content["passed"] is False
    assert [check["passed"] for check in content["checks"]] == [True, False]
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "FAILED: 1 of 2 checks" in page
    assert "&lt;b&gt;unsound" in page
    done = CliRunner().invoke(app, ["selftest", "--out", str(tmp_path / "none" / "page.txt")])
    assert done.exit_code == 2
    assert "cannot be written: No such file or directory" in done.stderr
