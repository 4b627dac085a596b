"""Time to reconstitution: Kaplan-Meier curves, for recoveries that are not seen yet when follow-up ends.

Kaplan & Meier, J Am Stat Assoc 1958;53:457-481. The interval is of log(-log S) with Greenwood's variance
(Kalbfleisch & Prentice, The Statistical Analysis of Failure Time Data, 1.4), which stays within 0 and 1.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from bcelldepl.counting.intervals import Z_95
from bcelldepl.definitions.codes import Qualifier
from bcelldepl.definitions.endpoints import RECONSTITUTION_DAY
from bcelldepl.definitions.tables import RECONSTITUTION

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["kaplan_meier", "median_day", "reconstitution_curves"]

CURVE_COLUMNS: Final = RECONSTITUTION.names[1:]  # after the group


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


def median_day(curve: pd.DataFrame) -> float | None:
    """Day on which the curve first reaches one half; None where it does not.

    Parameters
    ----------
    curve : DataFrame
        From `kaplan_meier`.

    Returns
    -------
    float or None
    """
    # A product of fractions may miss one half by a rounding error.
    reached = curve.loc[curve["survival"] <= 0.5 + 1e-12, "day"]
    return float(reached.iloc[0]) if len(reached) else None


def reconstitution_curves(endpoints: pd.DataFrame, by: str = "dose_group") -> pd.DataFrame:
    """Kaplan-Meier curves of the time from infusion to confirmed recovery of B cells.

    Parameters
    ----------
    endpoints : DataFrame
        Rows of ``endpoints.csv``. Subjects without depletion are not at risk of recovery and are left out.
    by : str
        Column to group by.

    Returns
    -------
    DataFrame
        The columns of `kaplan_meier` after `by`.
    """
    import pandas as pd

    rows = endpoints[(endpoints["parameter"] == RECONSTITUTION_DAY) & endpoints["value"].notna()]
    curves = []
    for group, times in rows.groupby(by, sort=False):
        curve = kaplan_meier(times["value"].tolist(), (times["qualifier"] == Qualifier.EQUAL).tolist())
        curve.insert(0, by, group)
        curves.append(curve)
    return pd.concat(curves, ignore_index=True) if curves else pd.DataFrame(columns=[by, *CURVE_COLUMNS])


def _interval(survival: float, greenwood: float) -> tuple[float, float]:
    if not 0.0 < survival < 1.0:
        return math.nan, math.nan
    spread = Z_95 * math.sqrt(greenwood) / abs(math.log(survival))
    return survival ** math.exp(spread), survival ** math.exp(-spread)
