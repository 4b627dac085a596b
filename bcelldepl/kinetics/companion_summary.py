"""Companions by dose group and visit: numbers averaged, answers and texts counted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from bcelldepl.definitions.codes import Qualifier
from bcelldepl.definitions.columns import round_significant
from bcelldepl.definitions.tables import COMPANION_SUMMARY, COMPANIONS
from bcelldepl.kinetics.groups import NO, YES, Key, members
from bcelldepl.kinetics.statistics import share, statistics
from bcelldepl.study import Study
from bcelldepl.study.companions import CompanionResult

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["companion_summary", "companions_table"]


def companions_table(study: Study) -> pd.DataFrame:
    """Other results of the study, on the same days as the kinetics; one row per subject, test and day.

    Parameters
    ----------
    study : Study

    Returns
    -------
    DataFrame
        As ``companions.csv`` holds it.
    """
    groups = _groups(study)
    rows = (
        one.model_dump()
        | {"dose_group": groups.get((one.subject, one.course), ""), "day": round_significant(one.day)}
        for one in study.companion_results
    )
    return COMPANIONS.frame(rows, rounded=False)


def companion_summary(study: Study) -> pd.DataFrame:
    """Summarise other results by dose group and visit.

    Parameters
    ----------
    study : Study

    Returns
    -------
    DataFrame
        As ``companion_summary.csv`` holds it. Results that say yes or no are counted as n/N with the exact interval,
        whatever words they use; other texts by category. Of a subject's several results of a visit the last counts.
    """
    rows: list[dict[str, Any]] = []
    tests = list(dict.fromkeys(one.test for one in study.companion_results))
    for test in tests:
        of_test = [one for one in study.companion_results if one.test == test]
        days = _days(of_test)
        for group, course, keys in members(_groups(study)):
            for visit, day in sorted(days.items(), key=lambda one: (one[1], one[0])):
                latest = {(one.subject, one.course): one for one in of_test if one.visit == visit}
                results = [latest[key] for key in keys if key in latest]
                if results:
                    cells = {"dose_group": group, "course": course, "test": test, "unit": results[0].unit,
                             "visit": visit, "day": day}  # fmt: skip
                    rows += [cells | values for values in _summaries(results)]
    return COMPANION_SUMMARY.frame(rows)


def _groups(study: Study) -> dict[Key, str]:
    return {(tube.subject, tube.course): tube.dose_group for tube in study.tubes}


def _days(results: Sequence[CompanionResult]) -> dict[str, float]:
    """Day by which each visit is put in order: the median of its results."""
    days: dict[str, list[float]] = {}
    for one in results:
        days.setdefault(one.visit, []).append(one.day)
    return {visit: round_significant(sorted(found)[len(found) // 2], 3) for visit, found in days.items()}


def _summaries(results: Sequence[CompanionResult]) -> Iterator[dict[str, Any]]:
    numbers = [one for one in results if one.value is not None]
    if numbers:
        censored = [one for one in numbers if one.qualifier != Qualifier.EQUAL]
        values = statistics([_counts_as(one) for one in numbers])
        yield {"category": "", "n": len(numbers), "n_censored": len(censored), **values}
    texts = [_category(one) for one in results if one.value is None]
    if texts:
        for category in (YES, NO) if set(texts) <= {YES, NO} else sorted(set(texts)):
            percent, low, high = share(texts.count(category), len(results))
            yield {"category": category, "n": len(results), "n_category": texts.count(category), "percent": percent,
                   "ci_low_percent": low, "ci_high_percent": high}  # fmt: skip


def _counts_as(one: CompanionResult) -> float:
    value = one.value or 0.0
    return value / 2.0 if one.qualifier == Qualifier.BELOW else value


def _category(one: CompanionResult) -> str:
    return one.text if one.answer is None else YES if one.answer else NO
