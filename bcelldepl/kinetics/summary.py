"""Summaries by group: every endpoint, and every visit's concentration or percentage with its below-LLOQ counts."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from bcelldepl.definitions.codes import Qualifier
from bcelldepl.definitions.endpoints import EndpointDefinition, Summary, endpoint_definitions, windows_in
from bcelldepl.definitions.populations import Kinetics, analytes
from bcelldepl.definitions.tables import SUBGROUP_SUMMARY, SUMMARY
from bcelldepl.kinetics.analysis import StudyKinetics
from bcelldepl.kinetics.courses import one_per_visit
from bcelldepl.kinetics.endpoint import is_reliable
from bcelldepl.kinetics.groups import ANY_VISIT, Key, courses_in, status_of
from bcelldepl.kinetics.statistics import statistics
from bcelldepl.kinetics.survival import kaplan_meier, median_day
from bcelldepl.kinetics.visits import Visit
from bcelldepl.units import CELLS_PER_UL, PERCENT

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["BY_VISIT", "PERCENTAGE", "subgroup_summary", "summarise"]

CONCENTRATION: Final = "CONCENTRATION"
PERCENTAGE: Final = "PERCENTAGE"
BY_VISIT: Final = (CONCENTRATION, PERCENTAGE)  # parameters that are of a visit; the others are endpoints
GROUP: Final = "dose_group"


def summarise(
    kinetics: StudyKinetics, by: str = GROUP, groups: Mapping[Key, str] | None = None
) -> pd.DataFrame:
    """Summarise endpoints and concentrations by group.

    Parameters
    ----------
    kinetics : StudyKinetics
    by : str
        Name of the first column.
    groups : mapping of (str, int) to str, optional
        Group by subject and course; by default the dose groups.

    Returns
    -------
    DataFrame
        One row per group, course, analyte and parameter, then one per group, course, analyte and visit under the
        parameter ``CONCENTRATION``, with the columns of ``summary.csv``; ``PERCENTAGE`` (of the parent) where
        percentages are the results.

        Endpoints: censored and doubtful values take no part and are counted; the median of times to an event
        is the Kaplan-Meier one, which needs them. Concentrations below the LLOQ: of CAR+ T cells they count as 0 in the
        mean, SD, median and range, and leave no geometric mean (the custom of pharmacokinetics); B cells count as half
        of the limit that they lie below.
    """
    own = kinetics.groups if groups is None else groups
    rows = [*_endpoint_rows(kinetics, own), *_visit_rows(kinetics, own)]
    return SUMMARY.frame(rows, rounded=False).rename(columns={GROUP: by})


def subgroup_summary(kinetics: StudyKinetics) -> pd.DataFrame:
    """Summarise by each subgroup of the settings: subjects whose companion says yes, no, or nothing.

    Parameters
    ----------
    kinetics : StudyKinetics

    Returns
    -------
    DataFrame
        As ``subgroup_summary.csv`` holds it.
    """
    rows: list[dict[str, Any]] = []
    for subgroup in kinetics.study.endpoints.subgroups:
        status = status_of(kinetics.study, subgroup, list(kinetics.groups))
        sizes = {(word, course): sum(status[key] == word and key[1] == course for key in status)
                 for word in status.values() for course in courses_in(status)}  # fmt: skip
        for row in (*_endpoint_rows(kinetics, status), *_visit_rows(kinetics, status)):
            word = row.pop(GROUP)
            known = {"test": subgroup.test, "at_visit": subgroup.visit or ANY_VISIT, "status": word}
            rows.append(known | {"n_subjects": sizes[word, row["course"]]} | row)
    return SUBGROUP_SUMMARY.frame(rows, rounded=False)


def _endpoint_rows(kinetics: StudyKinetics, groups: Mapping[Key, str]) -> Iterator[dict[str, Any]]:
    endpoints = kinetics.endpoints
    definitions = endpoint_definitions(windows_in(endpoints["parameter"].unique()))
    asked = [(analyte, one) for kind in Kinetics for analyte in analytes(kind)
             for one in definitions.values() if one.kinetics is kind]  # fmt: skip
    found: dict[tuple[int, str, str, str], list[dict[Any, Any]]] = {}  # rows by what is summarised
    for row in endpoints.to_dict("records"):
        course = int(row["course"])
        place = course, groups.get((row["subject"], course), ""), row["analyte"], row["parameter"]
        found.setdefault(place, []).append(row)
    for course in sorted({course for course, *_ in found}):
        for group in dict.fromkeys(groups.values()):
            for analyte, definition in asked:
                if rows := found.get((course, group, analyte, definition.code)):
                    yield {
                        GROUP: group,
                        "course": course,
                        "analyte": analyte,
                        **_of_endpoint(rows, definition),
                    }


def _of_endpoint(rows: Sequence[Mapping[Any, Any]], definition: EndpointDefinition) -> dict[str, Any]:
    known = [row for row in rows if not math.isnan(row["value"])]
    censored = [row["qualifier"] in (Qualifier.BELOW, Qualifier.ABOVE) for row in known]
    good = [is_reliable(row["qualifier"], row["reason"]) for row in known]
    numbers = [row["value"] for row in known]
    values = statistics([number for number, is_good in zip(numbers, good, strict=True) if is_good])
    if definition.summary is Summary.SURVIVAL and known:
        values["median"] = median_day(kaplan_meier(numbers, [not one for one in censored]))
    return {
        "parameter": definition.code,
        "unit": definition.unit,
        "visit": "",
        "n": sum(good),
        "n_censored": sum(censored),
        "n_doubtful": len(known) - sum(good) - sum(censored),
        "n_not_evaluable": len(rows) - len(known),
        **values,
        "speaks": definition.summary,
        "baseline": str(rows[0]["baseline"]),
    }


def _visit_rows(kinetics: StudyKinetics, groups: Mapping[Key, str]) -> Iterator[dict[str, Any]]:
    order = {group: place for place, group in enumerate(dict.fromkeys(groups.values()))}
    for kind in Kinetics:
        for analyte in analytes(kind):
            planned: dict[tuple[int, str, float, str], list[Visit]] = {}
            for course in (kinetics.percentages or kinetics.courses).get(analyte, ()):
                group = groups.get(course.key, "")
                for (day, name), visit in one_per_visit(course).items():
                    planned.setdefault((course.number, group, day, name), []).append(visit)
            for key in sorted(planned, key=lambda one: (one[0], order.get(one[1], len(order)), *one[2:])):
                yield _of_visit(key, planned[key], analyte, kind, in_percent=bool(kinetics.percentages))


def _of_visit(
    key: tuple[int, str, float, str], visits: list[Visit], analyte: str, kind: Kinetics, *, in_percent: bool
) -> dict[str, Any]:
    course, group, day, name = key
    seen = [visit for visit in visits if visit.is_evaluable]
    return {
        GROUP: group,
        "course": course,
        "analyte": analyte,
        "parameter": PERCENTAGE if in_percent else CONCENTRATION,
        "unit": PERCENT if in_percent else CELLS_PER_UL,
        "visit": name,
        "day": day,
        "n": len(seen),
        "n_below_lloq": sum(not visit.is_quantified for visit in seen),
        "n_not_evaluable": len(visits) - len(seen),
        **statistics([_counts_as(visit, kind) for visit in seen]),
        "speaks": Summary.MEDIAN,
    }


def _counts_as(visit: Visit, kind: Kinetics) -> float:
    """Number that a concentration takes part with."""
    if visit.is_quantified:
        return visit.value or 0.0
    return 0.0 if kind is Kinetics.EXPANSION else visit.imputed or 0.0
