"""Summaries by dose group: every endpoint, and every visit's concentration with its below-LLOQ counts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from bcelldepl.definitions.codes import Qualifier
from bcelldepl.definitions.columns import round_significant
from bcelldepl.definitions.endpoints import Summary, endpoint_definitions, windows_in
from bcelldepl.definitions.populations import Kinetics, analytes
from bcelldepl.definitions.tables import SUMMARY
from bcelldepl.kinetics.courses import courses
from bcelldepl.kinetics.endpoint import is_reliable
from bcelldepl.kinetics.survival import kaplan_meier, median_day
from bcelldepl.kinetics.visits import Course, Visit
from bcelldepl.study import Study
from bcelldepl.units import CELLS_PER_UL

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["CONCENTRATION", "one_per_visit", "statistics", "summarise"]

CONCENTRATION: Final = "CONCENTRATION"
LARGEST_SQUARED: Final = 1e150  # beyond it the SD is no number
LARGEST_LOG_VARIANCE: Final = 700.0  # beyond it the CV is no number
STATISTICS: Final = tuple(SUMMARY.names[SUMMARY.names.index("mean") : SUMMARY.names.index("speaks")])


def summarise(
    counts: pd.DataFrame, endpoints: pd.DataFrame, by: str = "dose_group", study: Study | None = None
) -> pd.DataFrame:
    """Summarise endpoints and concentrations by group.

    Parameters
    ----------
    counts : DataFrame
        Rows of ``counts.csv``.
    endpoints : DataFrame
        Rows of ``endpoints.csv``.
    by : str
        A column of both, constant in a subject: ``dose_group``, or one that the caller added.
    study : Study, optional
        Tells control tubes from samples, and actual days. Without it every row of the counts is a sample.

    Returns
    -------
    DataFrame
        One row per group, analyte and parameter, then one per group, analyte and visit under the parameter
        ``CONCENTRATION``: `by`, `analyte`, `parameter`, `unit`, `visit`, `day` (nominal), `n` (values that the
        statistics rest on), `n_below_lloq`, `n_censored`, `n_doubtful`, `n_not_evaluable`, `mean`, `sd`,
        `cv_percent`, `geometric_mean`, `geometric_cv_percent`, `median`, `min`, `max`, `speaks` (which average
        is meant to be quoted).

        Endpoints: censored and doubtful values take no part and are counted; the median of times to an event
        is the Kaplan-Meier one, which needs them. Concentrations: below LLOQ is 0 in the mean, SD, median and
        range, and leaves no geometric mean.
    """
    rows = [*_endpoint_rows(endpoints, by), *_visit_rows(counts, endpoints, by, study)]
    return SUMMARY.frame(rows, rounded=False).rename(columns={"dose_group": by})


def statistics(values: Sequence[float]) -> dict[str, float | None]:
    """Descriptive statistics of a sample.

    Parameters
    ----------
    values : sequence of float

    Returns
    -------
    dict of str to float or None
        None where not defined: SD and CV of one value, geometric ones where a value is not above zero.
    """
    found: dict[str, float | None] = dict.fromkeys(STATISTICS)
    if not len(values):
        return found
    sample = np.asarray(values, dtype=float)
    found |= {"mean": sample.mean(), "median": np.median(sample), "min": sample.min(), "max": sample.max()}
    several = len(sample) > 1
    if several and sample.max() < LARGEST_SQUARED:
        found["sd"] = float(sample.std(ddof=1))
        if sample.mean() > 0:
            found["cv_percent"] = float(100.0 * sample.std(ddof=1) / sample.mean())
    if (sample > 0).all():
        logs = np.log(sample)
        found["geometric_mean"] = float(np.exp(logs.mean()))
        if several and logs.var(ddof=1) < LARGEST_LOG_VARIANCE:
            found["geometric_cv_percent"] = float(100.0 * math.sqrt(math.expm1(logs.var(ddof=1))))
    return {name: None if value is None else round_significant(value) for name, value in found.items()}


def _endpoint_rows(endpoints: pd.DataFrame, by: str) -> list[dict[str, Any]]:
    definitions = endpoint_definitions(windows_in(endpoints["parameter"].unique()))
    asked = [(analyte, one) for kind in Kinetics for analyte in analytes(kind)
             for one in definitions.values() if one.kinetics is kind]  # fmt: skip
    rows = []
    for group in dict.fromkeys(endpoints[by]):
        of_group = endpoints[endpoints[by] == group]
        for analyte, definition in asked:
            of_code = of_group[(of_group["analyte"] == analyte) & (of_group["parameter"] == definition.code)]
            if of_code.empty:
                continue
            known = of_code[of_code["value"].notna()]
            censored = known["qualifier"].isin([Qualifier.BELOW, Qualifier.ABOVE])
            good = [is_reliable(q, r) for q, r in zip(known["qualifier"], known["reason"], strict=True)]
            values = statistics(known.loc[good, "value"].tolist())
            if definition.summary is Summary.SURVIVAL and len(known):
                curve = kaplan_meier(known["value"].tolist(), (~censored).tolist())
                values["median"] = median_day(curve)
            rows.append(
                {
                    "dose_group": group,
                    "analyte": analyte,
                    "parameter": definition.code,
                    "unit": definition.unit,
                    "visit": "",
                    "n": sum(good),
                    "n_censored": int(censored.sum()),
                    "n_doubtful": len(known) - sum(good) - int(censored.sum()),
                    "n_not_evaluable": len(of_code) - len(known),
                    **values,
                    "speaks": definition.summary,
                }
            )
    return rows


def _visit_rows(
    counts: pd.DataFrame, endpoints: pd.DataFrame, by: str, study: Study | None
) -> list[dict[str, Any]]:
    groups = dict(zip(endpoints["subject"], endpoints[by], strict=True))
    rows = []
    for analyte in (*analytes(Kinetics.EXPANSION), *analytes(Kinetics.DEPLETION)):
        if not (counts["population"] == analyte).any():
            continue
        planned: dict[tuple[Any, float, str], list[Visit]] = {}
        for course in courses(counts, study or _no_study(), analyte):
            for (day, name), visit in one_per_visit(course).items():
                planned.setdefault((groups.get(course.subject, ""), day, name), []).append(visit)
        order = {group: place for place, group in enumerate(dict.fromkeys(groups.values()))}
        for group, day, name in sorted(planned, key=lambda key: (order.get(key[0], len(order)), *key[1:])):
            visits = planned[group, day, name]
            seen = [visit for visit in visits if visit.is_evaluable]
            values = [(visit.value or 0.0) if visit.is_quantified else 0.0 for visit in seen]
            rows.append(
                {
                    "dose_group": group,
                    "analyte": analyte,
                    "parameter": CONCENTRATION,
                    "unit": CELLS_PER_UL,
                    "visit": name,
                    "day": day,
                    "n": len(seen),
                    "n_below_lloq": sum(not visit.is_quantified for visit in seen),
                    "n_not_evaluable": len(visits) - len(seen),
                    **statistics(values),
                    "speaks": Summary.MEDIAN,
                }
            )
    return rows


def one_per_visit(course: Course) -> dict[tuple[float, str], Visit]:
    """Choose the visit of a subject that stands for each planned one.

    Where a visit was made twice, an evaluable one goes first, then the one nearest to the plan, then the
    earlier.

    Parameters
    ----------
    course : Course

    Returns
    -------
    dict of (nominal day, name) to Visit
    """
    chosen: dict[tuple[float, str], Visit] = {}
    for visit in course.visits:
        key = (visit.nominal_day, visit.visit)
        if key not in chosen or _rank(visit) < _rank(chosen[key]):
            chosen[key] = visit
    return chosen


def _rank(visit: Visit) -> tuple[bool, float, float]:
    return not visit.is_evaluable, abs(visit.day - visit.nominal_day), visit.day


def _no_study() -> Study:
    return Study(path=Path(), folder=Path(), samples_path=Path(), samples="none", id="none", strategy="none")
