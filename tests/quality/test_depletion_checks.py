"""B cells are depleted once and come back once: what else a course shows is asked about."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from bcelldepl.batch.outcome import CountedTube
from bcelldepl.counting import not_done
from bcelldepl.definitions.codes import ResultCode
from bcelldepl.quality.depletion_checks import check_depletion
from bcelldepl.study import Tube

DAYS = (-5.0, 0.0, 3.0, 14.0, 28.0, 60.0, 90.0, 180.0)


def made(
    *per_ul: float, days: tuple[float, ...] = DAYS, course: int = 1
) -> tuple[list[Tube], list[CountedTube]]:
    """A course with such cells/uL; upper ends are a fifth above, at least 1."""
    tubes, counted = [], []
    for day, cells in zip(days, per_ul, strict=True):
        file = f"{course}/{day:g}.fcs"
        tubes.append(Tube(file=file, path=Path(file), subject="P", visit=f"D{day:g}", day=day, course=course))
        (row,) = not_done(["B"], "")
        result = ResultCode.QUANTIFIED if cells >= 2 else ResultCode.NOT_DETECTED
        row = replace(row, cells_per_ul=cells, ci_high_per_ul=max(1.2 * cells, 1.0), result=result)
        counted.append(CountedTube(file, concentrations=(row,)))
    return tubes, counted


def lost(*per_ul: float, days: tuple[float, ...] = DAYS) -> list[float]:
    """Days at which B cells are missed."""
    tubes, counted = made(*per_ul, days=days)
    found = check_depletion(tubes, counted, ())
    alone = check_depletion(tubes, counted, [tube.file for tube in tubes]).values()
    assert {one.check.name for outcomes in alone for one in outcomes} <= {"none_before_infusion"}
    assert all(outcome.needs_review for outcomes in found.values() for outcome in outcomes)
    return [tube.day for tube in tubes if tube.file in found]


@pytest.mark.parametrize(
    "course",
    [
        (190, 80, 20, 0, 0, 0, 5, 100),  # depleted, and back
        (190, 80, 20, 0, 0, 0, 0, 0),  # not back
        (190, 180, 150, 160, 150, 170, 150, 180),  # no answer
        (190, 80, 60, 40, 20, 10, 5, 0),  # slowly
        (190, 80, 20, 0, 0, 60, 40, 30),  # back, and half of them
        (10, 80, 20, 0, 0, 0, 0, 0),  # both before the infusion
    ],
)
def test_courses_of_car_t_cells(course: tuple[float, ...]) -> None:
    assert lost(*course) == []


@pytest.mark.parametrize(
    ("course", "days"),
    [
        ((190, 80, 20, 0, 0, 60, 0, 100), [90.0]),
        ((190, 80, 20, 0, 0, 60, 100, 0), [180.0]),
        ((2, 80, 20, 0, 0, 0, 0, 0), [-5.0]),
        ((0, 0, 0, 0, 0, 0, 10, 100), [-5.0, 0.0]),  # none to begin with: rituximab, or a stain
        ((190, 80, 20, 0, 0, 60, 10.1, 60), []),  # 12.1 by its upper end: a fifth is 12
        ((190, 80, 20, 0, 0, 60, 9.9, 60), [90.0]),
    ],
)
def test_one_tube_without_b_cells(course: tuple[float, ...], days: list[float]) -> None:
    assert lost(*course) == days


@pytest.mark.parametrize(("day", "found"), [(14.0, True), (15.0, False)])
def test_either_side_of_the_days_in_which_b_cells_only_become_fewer(day: float, found: bool) -> None:
    assert bool(lost(2, 50, days=(-5.0, day))) is found


@pytest.mark.parametrize(
    ("between", "back", "found"),
    [
        (1.0, 4.9, False),
        (1.0, 5.1, True),
        (6.0, 63.0, False),
        (6.0, 65.0, True),
        (14.0, 190.0, False),
        (5_000.0, 190.0, False),
    ],
)
def test_b_cells_that_are_gone_for_some_days(between: float, back: float, found: bool) -> None:
    """CD19 was masked at day 1: none of 85 cells/uL of day 7, which in blood would be 6 doublings and more."""
    course = {"days": (-5.0, 1.0, 1.0 + between, 9_000.0)}
    assert lost(200, 0, back, back, **course) == ([1.0] if found else [])  # at most 1, and a fifth of 5


@pytest.mark.parametrize(
    ("begun", "course", "found"), [(None, 1, True), (6, 1, True), (4, 1, False), (None, 2, False)]
)
def test_no_b_cells_before_the_infusion(begun: int | None, course: int, found: bool) -> None:
    """Blood of 5 January, infusion on the 10th: after lymphodepletion or an earlier infusion none may be left."""
    dates = {"collected": datetime(2026, 1, 5), "infused": datetime(2026, 1, 10)}
    begin = datetime(2026, 1, begun) if begun else None
    tube = Tube(
        file="a.fcs",
        path=Path("a.fcs"),
        subject="P",
        visit="BL",
        day=-5.0,
        course=course,
        lymphodepletion=begin,
        **dates,
    )
    (row,) = not_done(["B"], "")
    row = replace(row, cells_per_ul=0.0, ci_high_per_ul=1.0, result=ResultCode.NOT_DETECTED)
    (failed,) = check_depletion([tube], [CountedTube("a.fcs", concentrations=(row,))], ()).values() or [[]]
    assert [one.check.name for one in failed] == (["none_before_infusion"] if found else [])


def test_a_second_infusion_depletes_again() -> None:
    """B cells that came back after the first infusion are no evidence against their absence after the second."""
    (first, of_first), (second, of_second) = (
        made(190, 80, 20, 0, 0, 60, 80, 100),
        made(90, 70, 20, 0, 0, 0, 0, 0, course=2),
    )
    tubes, counted = [*first, *second], [*of_first, *of_second]
    assert check_depletion(tubes, counted, ()) == {}
    as_one = [tube.model_copy(update={"course": 1}) for tube in tubes]
    assert check_depletion(as_one, counted, ()) != {}
