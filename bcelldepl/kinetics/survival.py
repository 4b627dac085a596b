"""Times to an event: Kaplan-Meier curves, for events that are not seen yet when follow-up ends.

Kaplan & Meier, J Am Stat Assoc 1958;53:457-481. The interval is of log(-log S) with Greenwood's variance
(Kalbfleisch & Prentice, The Statistical Analysis of Failure Time Data, 1.4), which stays within 0 and 1; that of the
median inverts it (Brookmeyer & Crowley, Biometrics 1982;38:29-41).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from bcelldepl.counting.intervals import Z_95
from bcelldepl.definitions.codes import Qualifier
from bcelldepl.definitions.endpoints import DEPLETION_DAY, DEPLETION_DURATION, RECONSTITUTION_DAY
from bcelldepl.definitions.tables import TIME_TO_EVENT, TIME_TO_EVENT_SUMMARY
from bcelldepl.kinetics.groups import each_group

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["EVENTS", "event_curves", "event_summary", "kaplan_meier", "median_day"]

EVENTS: Final = (DEPLETION_DAY, DEPLETION_DURATION, RECONSTITUTION_DAY)
CURVE_COLUMNS: Final = TIME_TO_EVENT.names[TIME_TO_EVENT.names.index("day") :]
ROUNDING: Final = 1e-12  # a product of fractions may miss one half by so much


def kaplan_meier(days: Sequence[float], events: Sequence[bool]) -> pd.DataFrame:
    """Share of subjects without the event, by day.

    Parameters
    ----------
    days : sequence of float, length n
        Day of the event, or of the end of follow-up.
    events : sequence of bool, length n
        Whether it was the event. One censored on the day of an event is still at risk then.

    Returns
    -------
    DataFrame
        One row per distinct day, after a first row for day 0: `day`, `n_at_risk`, `n_events`, `n_censored`,
        `survival` and its 95 % interval. The interval is missing where it is not defined: before the first
        event, and once nobody is left without the event.
    """
    import pandas as pd

    rows: list[tuple[float, int, int, int, float, float, float]] = []
    survival, greenwood = 1.0, 0.0
    rows.append((0.0, len(days), 0, 0, survival, math.nan, math.nan))
    for day in sorted(set(days)):
        at_risk = sum(other >= day for other in days)
        here = [event for other, event in zip(days, events, strict=True) if other == day]
        happened = sum(here)
        survival *= 1.0 - happened / at_risk
        if happened < at_risk:
            greenwood += happened / (at_risk * (at_risk - happened))
        rows.append((day, at_risk, happened, len(here) - happened, survival, *_interval(survival, greenwood)))
    return pd.DataFrame(rows, columns=CURVE_COLUMNS)


def median_day(curve: pd.DataFrame, column: str = "survival") -> float | None:
    """Day on which the curve, or an end of its interval, first reaches one half; None where it does not.

    Parameters
    ----------
    curve : DataFrame
        From `kaplan_meier`.
    column : str
        ``survival``, ``ci_low`` or ``ci_high``.

    Returns
    -------
    float or None
    """
    # Where nobody is left without the event the interval is not defined, and the curve is 0.
    values = curve[column].where(curve["survival"] > 0.0, 0.0) if column == "ci_low" else curve[column]
    reached = curve.loc[values <= 0.5 + ROUNDING, "day"]
    return float(reached.iloc[0]) if len(reached) else None


def event_curves(endpoints: pd.DataFrame) -> pd.DataFrame:
    """Kaplan-Meier curves of the times to depletion and to recovery, and of the duration of depletion.

    Parameters
    ----------
    endpoints : DataFrame
        Rows of ``endpoints.csv``. Subjects without depletion are not at risk of recovery, and those whose visits could
        not tell are not at risk at all: both are left out.

    Returns
    -------
    DataFrame
        As ``time_to_event.csv`` holds it: one curve per event, course and dose group.
    """
    rows: list[dict[str, Any]] = []
    for cells, times in _groups(endpoints):
        known = times[times["value"].notna()]
        if len(known):
            curve = kaplan_meier(known["value"].tolist(), _happened(known))
            rows += [
                cells | {str(name): value for name, value in row.items()} for row in curve.to_dict("records")
            ]
    return TIME_TO_EVENT.frame(rows)


def event_summary(endpoints: pd.DataFrame) -> pd.DataFrame:
    """Events, censored times and the median of each time to an event.

    Parameters
    ----------
    endpoints : DataFrame
        Rows of ``endpoints.csv``.

    Returns
    -------
    DataFrame
        As ``time_to_event_summary.csv`` holds it.
    """
    rows = []
    for cells, times in _groups(endpoints):
        known = times[times["value"].notna()]
        days, happened = known["value"].tolist(), _happened(known)
        curve = kaplan_meier(days, happened)
        rows.append(
            cells
            | {
                "n": len(days),
                "n_events": sum(happened),
                "n_censored": len(days) - sum(happened),
                "n_left_out": len(times) - len(days),
                "median": median_day(curve),
                "ci_low": median_day(curve, "ci_low"),
                "ci_high": median_day(curve, "ci_high"),
                "min": min(days, default=None),
                "max": max(days, default=None),
            }
        )
    return TIME_TO_EVENT_SUMMARY.frame(rows)


def _groups(endpoints: pd.DataFrame) -> Iterator[tuple[dict[str, Any], pd.DataFrame]]:
    for event in EVENTS:
        of_event = endpoints[endpoints["parameter"] == event]
        for group, course, times in each_group(of_event):
            yield {"event": event, "dose_group": group, "course": course}, times


def _happened(times: pd.DataFrame) -> list[bool]:
    return [bool(qualifier == Qualifier.EQUAL) for qualifier in times["qualifier"]]


def _interval(survival: float, greenwood: float) -> tuple[float, float]:
    if not 0.0 < survival < 1.0:
        return math.nan, math.nan
    spread = Z_95 * math.sqrt(greenwood) / abs(math.log(survival))
    return survival ** math.exp(spread), survival ** math.exp(-spread)
