"""Checks of a subject's CAR+ T cells over the visits of a course: they expand once, and contract once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence

from bcelldepl.counting import Concentration
from bcelldepl.definitions.codes import ResultCode
from bcelldepl.definitions.populations import CAR_T
from bcelldepl.quality.checks import CHECKS, Outcome
from bcelldepl.quality.course_checks import CountedResults
from bcelldepl.study import Role, Tube

__all__ = ["check_expansion"]

Visit = tuple[Tube, Concentration]


def check_expansion(
    tubes: Sequence[Tube], counted: Sequence[CountedResults], in_doubt: Collection[str]
) -> dict[str, list[Outcome]]:
    """Check that CAR+ T cells are not gone at one visit, with many of them before and after it.

    A reagent that was left out, or another tube's file, hides them. The background of some reagents is too faint for
    the other cells of a tube to show that it is missing.

    Parameters
    ----------
    tubes : sequence of Tube
    counted : sequence of CountedResults
        The same tubes, counted.
    in_doubt : collection of str
        Files whose concentrations are in doubt altogether: no other tube is held against them.

    Returns
    -------
    dict of str to list of Outcome
        By file, the checks that failed: ``lost_car_cells``.
    """
    courses: dict[tuple[str, int], list[Visit]] = defaultdict(list)
    for tube, one in zip(tubes, counted, strict=True):
        cells = next((row for row in one.concentrations if row.population == CAR_T), None)
        if tube.role is Role.SAMPLE and cells is not None and tube.draw_day > 0:
            courses[tube.course_key].append((tube, cells))
    failed = {}
    for visits in courses.values():
        shown = [one for one in visits if one[0].file not in in_doubt and _shows(one[1])]
        for tube, cells in visits:
            earlier = [one for one in shown if one[0].draw_day < tube.draw_day]
            later = [one for one in shown if one[0].draw_day > tube.draw_day]
            if cells.stated.high is not None and earlier and later:
                outcome = _between(cells, max(earlier, key=_number), max(later, key=_number))
                if not outcome.passed:
                    failed[tube.file] = [outcome]
    return failed


def _shows(cells: Concentration) -> bool:
    return cells.result is ResultCode.QUANTIFIED and bool(cells.stated.value)


def _number(visit: Visit) -> float:
    return visit[1].stated.value or 0.0


def _between(cells: Concentration, earlier: Visit, later: Visit) -> Outcome:
    most, before, after = cells.stated.high or 0.0, _number(earlier), _number(later)
    return CHECKS["lost_car_cells"].judge(
        most / min(before, after),
        most=most,
        unit=cells.stated.unit,
        before=before,
        earlier=earlier[0].visit,
        after=after,
        later=later[0].visit,
    )
