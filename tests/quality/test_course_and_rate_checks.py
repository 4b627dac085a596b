"""Concentrations beside the courses of a study, and blood per second beside its other tubes."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bcelldepl.batch.outcome import CountedTube
from bcelldepl.counting import not_done
from bcelldepl.quality.checks import Level
from bcelldepl.quality.course_checks import check_courses, course_shifts
from bcelldepl.quality.rate_checks import check_rates
from bcelldepl.study import Tube

DAYS = (-5.0, 0.0, 3.0, 7.0, 14.0, 28.0, 60.0, 90.0)
# Lymphodepletion takes T and NK cells to a tenth and granulocytes to a fifth, each in its own time.
COURSE = {
    "leukocytes": (5_000, 3_500, 2_000, 900, 2_200, 4_000, 4_800, 5_000),
    "lymphocytes": (1_500, 250, 180, 300, 600, 900, 1_200, 1_400),
    "T": (1_100, 90, 60, 200, 450, 650, 800, 950),
    "NK": (200, 25, 18, 40, 100, 180, 200, 200),
}
SUBJECTS = ("P", "Q", "R")


def study(subjects: tuple[str, ...] = SUBJECTS, seed: int = 1) -> tuple[list[Tube], list[CountedTube]]:
    """Subjects of other levels on the same course, with the noise of blood and counting."""
    rng = np.random.default_rng(seed)
    tubes, counted = [], []
    for subject in subjects:
        level = math.exp(0.4 * rng.standard_normal())
        for number, day in enumerate(DAYS):
            file = f"{subject}{day:g}.fcs"
            tubes.append(
                Tube(file=file, path=Path(file), subject=subject, visit=f"D{day:g}", day=day, batch="W")
            )
            rows = []
            for row in not_done(list(COURSE), ""):
                noise = float(np.exp(0.1 * rng.standard_normal()))
                per_ul = level * COURSE[row.population][number] * noise
                rows.append(replace(row, events=1_000, cells_per_ul=per_ul))
            counted.append(
                CountedTube(
                    file,
                    concentrations=tuple(rows),
                    analysed_volume_ul=5.0 * float(np.exp(0.05 * rng.standard_normal())),
                    acquisition_seconds=90.0,
                    kept_time_fraction=1.0,
                )
            )
    return tubes, counted


def times(one: CountedTube, fold: float, volume: float = 1.0) -> CountedTube:
    rows = tuple(replace(row, cells_per_ul=(row.cells_per_ul or 0) * fold) for row in one.concentrations)
    return replace(
        one,
        concentrations=rows,
        analysed_volume_ul=(one.analysed_volume_ul or 0) * volume,
        flags=(),
        doubts=(),
    )


def asked(
    tubes: list[Tube], counted: list[CountedTube], in_doubt: tuple[str, ...] = ()
) -> dict[str, list[str]]:
    shifts = course_shifts(tubes, counted, in_doubt)
    batches = {tube.file: tube.batch or "" for tube in tubes}
    found = [check_courses(tubes, counted, shifts), check_rates(tubes, counted, batches, shifts)]
    return {
        tube.file: names
        for tube in tubes
        if (names := [one.check.name for by in found for one in by.get(tube.file, []) if one.needs_review])
    }


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("subjects", [SUBJECTS, ("P",), ("P", "Q"), tuple("PQRSTUVW")], ids=len)
def test_lymphodepletion_and_recovery_are_no_alarms(subjects: tuple[str, ...], seed: int) -> None:
    assert asked(*study(subjects, seed)) == {}


@pytest.mark.parametrize("number", range(3 * len(DAYS)))
@pytest.mark.parametrize("fold", [10, 1 / 10, 3, 1 / 3])
def test_a_tube_whose_beads_or_volume_are_off(number: int, fold: float) -> None:
    tubes, counted = study()
    counted[number] = times(counted[number], fold, 1 / fold)
    assert list(asked(tubes, counted)) == [tubes[number].file]  # and no tube beside it


@pytest.mark.parametrize("fold", [1.3, 1 / 1.3])
def test_what_blood_does_from_day_to_day_passes(fold: float) -> None:
    tubes, counted = study()
    for number in range(len(tubes)):
        assert asked(tubes, [*counted[:number], times(counted[number], fold), *counted[number + 1 :]]) == {}


@pytest.mark.parametrize("number", [0, 3, 7])
def test_the_error_of_one_is_not_that_of_the_other(number: int) -> None:
    """Of two subjects, each is all that is known of how the other should fare."""
    tubes, counted = study(("P", "Q"))
    other = tubes[number + len(DAYS)].file
    counted[number] = times(counted[number], 10, 1 / 10)
    assert tubes[number].file in asked(tubes, counted)
    assert list(asked(tubes, counted, (tubes[number].file,))) == [tubes[number].file]
    if number in (0, 7):  # where no visit before or after speaks for it
        assert other in asked(tubes, counted)


@pytest.mark.parametrize(("fold", "found"), [(3.0, False), (6.0, True)])
def test_one_course_alone_may_be_unlike(fold: float, found: bool) -> None:
    """Before all other visits, only the other subject says how many cells there should be: a dip is deeper in some."""
    tubes, counted = study(("P", "Q"))
    counted[0] = times(counted[0], fold)
    assert bool(asked(tubes, counted)) is found
    tubes, counted = study()
    counted[0] = times(counted[0], fold)
    assert asked(tubes, counted)  # beside two other subjects


def test_tubes_that_are_all_in_doubt_tell_nothing_of_each_other() -> None:
    tubes, counted = study(("P", "Q"))
    assert course_shifts(tubes, counted, [tube.file for tube in tubes]) == {}


def test_one_subject_alone_shows_what_its_neighbouring_visits_do_not_explain() -> None:
    tubes, counted = study(("P",))
    counted[6] = times(counted[6], 10)
    assert "P60.fcs" in asked(tubes, counted)


def test_cells_that_do_not_move_alike_are_biology() -> None:
    """Granulocytes of an infection: five times as many leukocytes, as many lymphocytes as before."""
    tubes, counted = study()
    rows = tuple(
        replace(row, cells_per_ul=(row.cells_per_ul or 0) * (5 if row.population == "leukocytes" else 1))
        for row in counted[6].concentrations
    )
    counted[6] = replace(counted[6], concentrations=rows)
    assert asked(tubes, counted) == {}


@pytest.mark.parametrize(("shift", "found"), [(1.99, False), (2.01, True), (0.51, False), (0.49, True)])
def test_either_side_of_what_a_course_may_be_off(shift: float, found: bool) -> None:
    tubes, counted = study()
    shifts = {tube.file: 0.0 for tube in tubes} | {tubes[3].file: math.log(shift)}
    assert bool(check_courses(tubes, counted, shifts)) is found


def test_tubes_that_scatter_more_are_held_to_wider_limits() -> None:
    tubes, counted = study()
    shifts = {tube.file: number / 24 - 0.5 for number, tube in enumerate(tubes)}
    shifts[tubes[3].file] = math.log(5)
    assert check_courses(tubes, counted, shifts) == {}


@pytest.mark.parametrize(("count", "found"), [(49.9, True), (50, False), (50_000, False), (50_001, True)])
def test_either_side_of_possible_leukocytes(count: float, found: bool) -> None:
    tubes, counted = study(("P",))
    rows = tuple(
        replace(row, cells_per_ul=count) if row.population == "leukocytes" else row
        for row in counted[0].concentrations
    )
    outcomes = check_courses(tubes, [replace(counted[0], concentrations=rows), *counted[1:]], {})
    assert [one.check.name for by in outcomes.values() for one in by] == (
        ["leukocyte_count"] if found else []
    )


def rate(fold: float, shift: float = 0.0) -> Level | None:
    """What one tube of another flow asks for."""
    tubes, counted = study()
    counted = [replace(one, analysed_volume_ul=5.0) for one in counted]
    counted[4] = replace(counted[4], analysed_volume_ul=5.0 * fold)
    found = check_rates(tubes, counted, {tube.file: "W" for tube in tubes}, {tubes[4].file: shift})
    assert set(found) <= {tubes[4].file}
    return found[tubes[4].file][0].level if found else None


@pytest.mark.parametrize(
    ("fold", "level"),
    [
        (1.99, None), (0.51, None), (2.01, Level.NOTE), (0.49, Level.NOTE), (7.9, Level.NOTE), (0.13, Level.NOTE),
        (8.1, Level.REVIEW), (0.12, Level.REVIEW),
    ],
)  # fmt: skip
def test_either_side_of_what_a_flow_may_be_off(fold: float, level: Level | None) -> None:
    assert rate(fold) is level


@pytest.mark.parametrize(
    ("shift", "level"), [(0.49, Level.NOTE), (0.51, Level.REVIEW), (-0.9, Level.NOTE), (0.0, Level.NOTE)]
)
def test_cells_that_are_off_the_other_way_tell_an_error_from_another_flow(shift: float, level: Level) -> None:
    """Too little blood by a factor of e, and too many cells: half of that in logarithms is enough."""
    assert rate(math.exp(-1), shift) is level


def test_few_tubes_tell_no_flow() -> None:
    tubes, counted = study(("P",))
    counted[0] = replace(counted[0], analysed_volume_ul=500.0)
    assert check_rates(tubes[:3], counted[:3], {}, {}) == {}
    assert list(check_rates(tubes[:4], counted[:4], {}, {})) == [tubes[0].file]


def test_where_the_flow_differs_anyhow_nothing_is_said() -> None:
    tubes, counted = study()
    counted = [
        replace(one, analysed_volume_ul=5.0 * 3.0 ** (number % 3)) for number, one in enumerate(counted)
    ]
    assert check_rates(tubes, counted, {}, {}) == {}


def test_a_second_course_is_beside_the_same_days_of_other_courses() -> None:
    """A tube of the second course that is off is asked about, also where the first has a tube of that day."""
    tubes, counted = study(("P", "Q", "R", "S"))
    tubes = [
        one.model_copy(update={"subject": "P", "course": 2}) if one.subject == "S" else one for one in tubes
    ]
    assert asked(tubes, counted) == {}
    off = len(tubes) - 3
    counted[off] = times(counted[off], 4.0)
    assert asked(tubes, counted) == {tubes[off].file: ["course"]}
