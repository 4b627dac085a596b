"""CAR+ T cells expand once and contract once: what is gone at one visit between is asked about."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bcelldepl.batch.outcome import CountedTube
from bcelldepl.counting import not_done
from bcelldepl.definitions.codes import ResultCode
from bcelldepl.quality.expansion_checks import check_expansion
from bcelldepl.study import Role, Tube

DAYS = (-5.0, 3.0, 7.0, 10.0, 14.0, 28.0, 90.0)


def made(*per_ul: float, course: int = 1, subject: str = "P") -> tuple[list[Tube], list[CountedTube]]:
    """A course with such cells/uL, of which 2 are quantified; upper ends are a fifth above, at least 1."""
    tubes, counted = [], []
    for day, cells in zip(DAYS, per_ul, strict=True):
        file = f"{subject}{course}/{day:g}.fcs"
        tubes.append(
            Tube(file=file, path=Path(file), subject=subject, visit=f"D{day:g}", day=day, course=course)
        )
        (row,) = not_done(["CAR_T"], "")
        result = ResultCode.QUANTIFIED if cells >= 2 else ResultCode.NOT_DETECTED
        row = replace(row, cells_per_ul=cells, ci_high_per_ul=max(1.2 * cells, 1.0), result=result)
        counted.append(CountedTube(file, concentrations=(row,)))
    return tubes, counted


def lost(*per_ul: float) -> list[float]:
    """Days at which CAR+ T cells are missed."""
    tubes, counted = made(*per_ul)
    found = check_expansion(tubes, counted, ())
    assert check_expansion(tubes, counted, [tube.file for tube in tubes]) == {}
    assert all(outcome.needs_review for outcomes in found.values() for outcome in outcomes)
    return [tube.day for tube in tubes if tube.file in found]


@pytest.mark.parametrize(
    "course",
    [
        (0, 0, 20, 200, 100, 30, 5),  # expansion and contraction
        (0, 0, 0, 0, 200, 10, 0),  # late
        (0, 50, 3, 0, 0, 0, 0),  # early, and gone
        (0, 0, 200, 50, 150, 60, 0),  # a dip to a third
        (0, 0, 0, 0, 0, 0, 0),  # none
        (60, 0, 20, 200, 100, 30, 5),  # before the infusion there are none: another check says so
    ],
)
def test_courses_of_car_t_cells(course: tuple[float, ...]) -> None:
    assert lost(*course) == []


@pytest.mark.parametrize(
    ("course", "days"),
    [
        ((0, 0, 60, 0, 140, 30, 5), [10.0]),
        ((0, 0, 60, 0, 0, 30, 5), [10.0, 14.0]),
        ((0, 0, 60, 9.9, 140, 60, 5), [10.0]),  # 11.9 at most, by its upper end; a fifth of 60 is 12
        ((0, 0, 60, 10.1, 140, 60, 5), []),
        ((0, 0, 4.9, 0, 140, 30, 2), []),  # 1 at most, which is more than a fifth of 4.9
        ((0, 0, 5.1, 0, 140, 30, 2), [10.0]),
        ((0, 0, 140, 30, 10, 0, 40), [28.0]),  # the smaller of the largest before and after
    ],
)
def test_one_visit_without_them(course: tuple[float, ...], days: list[float]) -> None:
    assert lost(*course) == days


def test_who_is_not_held_against_whom() -> None:
    """Another infusion, another subject, a tube in doubt, and a control show nothing of a tube."""
    tubes, counted = made(0, 0, 60, 0, 140, 30, 5)
    missing = tubes[3].file
    assert list(check_expansion(tubes, counted, [tubes[2].file])) == []
    assert list(check_expansion(tubes, counted, [tubes[4].file])) == [missing]  # 30 are there later
    assert list(check_expansion(tubes, counted, [missing])) == [missing]
    control = [tube.model_copy(update={"role": Role.UNSTAINED}) for tube in tubes[3:4]]
    assert check_expansion([*tubes[:3], *control, *tubes[4:]], counted, ()) == {}
    for other in ({"course": 2}, {"subject": "Q"}):
        late = [tube.model_copy(update=other) for tube in tubes[4:]]
        assert check_expansion([*tubes[:4], *late], counted, ()) == {}


def test_a_result_without_an_interval_is_not_judged() -> None:
    tubes, counted = made(0, 0, 60, 0, 140, 30, 5)
    rows = (replace(counted[3].concentrations[0], ci_high_per_ul=None),)
    counted[3] = replace(counted[3], concentrations=rows)
    assert check_expansion(tubes, counted, ()) == {}
    counted[3] = replace(counted[3], concentrations=())
    assert check_expansion(tubes, counted, ()) == {}


def test_what_it_says() -> None:
    tubes, counted = made(0, 0, 60, 0, 140, 30, 5)
    (outcome,) = check_expansion(tubes, counted, ())[tubes[3].file]
    assert outcome.sentence == (
        "at most 1 cells/uL CAR+ T cells, but 60 at visit D7 and 140 at visit D14: was the reagent left out, or is it "
        "another tube's file?"
    )
