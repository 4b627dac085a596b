"""Dates of files and of draws beside each other and beside the infusion."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bcelldepl.batch.outcome import FittedTube
from bcelldepl.quality.date_checks import check_dates, check_order
from bcelldepl.study import Tube

INFUSED = datetime(2026, 1, 1)


def tube(day: float, actual: float | None = None, subject: str = "P") -> Tube:
    name = f"{subject}{day:g}.fcs"
    collected = INFUSED + timedelta(days=day if actual is None else actual)
    return Tube(
        file=name, path=Path(name), subject=subject, visit=f"D{day:g}", day=day, collected=collected, infused=INFUSED
    )  # fmt: skip


def late(waits: list[int]) -> list[int]:
    """Which of some tubes are found that were measured so many days after their draws."""
    tubes = [tube(10.0 * number) for number in range(1, len(waits) + 1)]
    opened = [
        FittedTube(one.file, measured=(one.collected + timedelta(days=wait)).date().isoformat())
        for one, wait in zip(tubes, waits, strict=True)
    ]
    found = check_dates(tubes, opened)
    assert all(outcome.needs_review for outcomes in found.values() for outcome in outcomes)
    return [number for number, one in enumerate(tubes) if one.file in found]


@pytest.mark.parametrize(
    ("waits", "found"),
    [
        ([0, 0, 0, 0, 3], []),  # a weekend
        ([0, 0, 0, 0, 4], [4]),
        ([1, 1, 1, 1, 4], []),
        ([1, 1, 1, 1, 5], [4]),
        ([0, 0, 0, 0, 80], [4]),
        ([10, 60, 120, 200, 260], []),  # frozen cells, measured together
        ([200, 200, 200, 200, 200], []),
        ([0, 0, 14], []),  # too few to know what is usual here
        ([0, 0, 15], [2]),
    ],
)
def test_a_file_measured_later_than_usual(waits: list[int], found: list[int]) -> None:
    assert late(waits) == found


def by_date(measured: list[float]) -> list[int]:
    """Which of visits on days 0, 7, 14 and 28 are found whose files were measured on such days."""
    tubes = [tube(day) for day in (0.5, 7.0, 14.0, 28.0)]
    opened = [
        FittedTube(one.file, measured=(INFUSED + timedelta(days=day)).date().isoformat())
        for one, day in zip(tubes, measured, strict=True)
    ]
    found = check_dates(tubes, opened)
    names = {file: {one.check.name for one in outcomes} for file, outcomes in found.items()}
    return [number for number, one in enumerate(tubes) if "other_visit_by_date" in names.get(one.file, set())]


@pytest.mark.parametrize(
    ("measured", "found"),
    [
        ([0, 7, 14, 28], []),
        ([1, 8, 15, 31], []),
        ([7, 14, 28, 90], [0, 1, 2]),  # the sheet shifted by a row: the last file is another subject's
        ([7, 0, 14, 28], [0, 1]),
        ([10, 7, 14, 28], [0]),
        ([11, 7, 14, 28], []),  # four days after another visit: late, but not of that one
        ([28, 28, 28, 28], []),  # kept, and measured together
        ([6, 7, 14, 28], []),
    ],
)
def test_a_file_of_another_visit_by_its_date(measured: list[float], found: list[int]) -> None:
    assert by_date(measured) == found


def test_without_a_date_nothing_is_said() -> None:
    tubes = [tube(day) for day in (1.0, 2.0, 3.0)]
    assert check_dates(tubes, [FittedTube(one.file) for one in tubes]) == {}


@pytest.mark.parametrize(
    ("nominal", "actual", "found"),
    [
        (3, -2, True),
        (-2, 1, True),
        (-5, -4, False),
        (3, 4, False),
        (0, 0.5, False),
        (0, -1, False),
        (1, 0, False),  # later on that date
    ],
)
def test_days_on_different_sides_of_the_infusion(nominal: float, actual: float, found: bool) -> None:
    outcomes = check_order([tube(nominal, actual)]).get(f"P{nominal:g}.fcs", [])
    assert [one.check.name for one in outcomes] == (["side_of_infusion"] if found else [])


@pytest.mark.parametrize(
    ("actual", "found"),
    [
        ([1, 7, 14, 28], []),
        ([1, 7, 7, 28], []),  # of one date
        ([1, 14, 7, 28], [1, 2]),  # two dates exchanged
        ([1, 28, 14, 7], [1, 2, 3]),
        ([1, 400, 14, 28], [1]),  # one year mistyped
        ([30, 7, 14, 28], [0]),
        ([1, -360, 14, 28], [1]),  # before the infusion: the visit before it is right
    ],
)
def test_visits_out_of_order(actual: list[float], found: list[int]) -> None:
    tubes = [tube(day, there) for day, there in zip((1, 7, 14, 28), actual, strict=True)]
    assert sorted(check_order(tubes)) == sorted(tubes[number].file for number in found)
    alone = check_order([one.model_copy(update={"subject": one.file}) for one in tubes])
    assert "visit_order" not in {outcome.check.name for outcomes in alone.values() for outcome in outcomes}


def test_visits_of_a_second_infusion_are_held_against_its_own() -> None:
    """Day -5 of the second course comes after day 28 of the first, and names of visits come back."""
    days = (-5, 1, 7, 14, 28)
    first = [tube(day) for day in days]
    later = INFUSED + timedelta(days=365)
    second = [
        one.model_copy(
            update={"file": f"2-{one.file}", "course": 2, "infused": later}
            | {"collected": later + timedelta(days=day)}
        )
        for one, day in zip(first, days, strict=True)
    ]
    assert check_order([*first, *second]) == {}
    opened = [FittedTube(one.file, measured=one.collected.date().isoformat()) for one in (*first, *second)]
    assert check_dates([*first, *second], opened) == {}
    exchanged = [*opened]
    for one, other in ((1, 6), (6, 1)):
        exchanged[one] = FittedTube(opened[one].file, measured=opened[other].measured)
    found = check_dates([*first, *second], exchanged)
    (said,) = [one for one in found[second[1].file] if one.check.name == "other_visit_by_date"]
    assert "visit D1 (course 2)" in said.sentence
    second[1] = second[1].model_copy(update={"collected": later + timedelta(days=20)})
    assert set(check_order([*first, *second])) == {second[1].file}
