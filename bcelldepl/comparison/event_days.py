"""The days of depletion and reconstitution by either method's counts."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from bcelldepl.comparison.judged_statistic import Statistic
from bcelldepl.comparison.statistics import Estimate, day_shift
from bcelldepl.comparison.tube import TubeComparison
from bcelldepl.counting.intervals import garwood
from bcelldepl.counting.limits import result_code
from bcelldepl.definitions.codes import Qualifier
from bcelldepl.definitions.courses import of_course
from bcelldepl.definitions.endpoints import DEPLETION_DAY, RECONSTITUTION_DAY
from bcelldepl.definitions.populations import B
from bcelldepl.study import Study

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["day_statistics", "event_days"]

_DAYS = (DEPLETION_DAY, RECONSTITUTION_DAY)


def event_days(tubes: Sequence[TubeComparison], counts: pd.DataFrame, study: Study | None) -> list[Statistic]:
    """Compare the days of depletion and reconstitution, by the same rules from either side's counts.

    Parameters
    ----------
    tubes : sequence of TubeComparison
    counts : DataFrame
        ``counts.csv``.
    study : Study or None
        Without its rules no day is told.

    Returns
    -------
    list of Statistic
    """
    from bcelldepl.kinetics import endpoints_table

    theirs = {
        tube.file: (counted.events, one.pair.manual_per_ul)
        for tube in tubes
        for one in tube.populations
        if one.pair.population == B and one.pair.auto_per_ul is not None and not one.pair.below
        if one.pair.manual_per_ul is not None and (counted := one.pair.manual_counted) is not None
    }
    if study is None or not theirs:
        return []
    shared = counts[counts["file"].isin(theirs) & (counts["population"] == B)].copy()
    found = [theirs[file] for file in shared["file"]]
    events, per_ul = [e or 0 for e, _ in found], [c or 0.0 for _, c in found]
    # Without an event the volume is ours.
    volume = [
        e / c if c > 0 else v for e, c, v in zip(events, per_ul, shared["analysed_volume_ul"], strict=True)
    ]
    ends = [garwood(e) for e in events]
    manual = shared.assign(
        events=events,
        cells_per_ul=per_ul,
        ci_low_per_ul=[end.low / v for end, v in zip(ends, volume, strict=True)],
        ci_high_per_ul=[end.high / v for end, v in zip(ends, volume, strict=True)],
        result=[result_code(e, study.limits) for e in events],
    )
    auto, by_hand = _event_days(endpoints_table(shared, study)), _event_days(endpoints_table(manual, study))
    return day_statistics(auto, by_hand)


def _event_days(endpoints: pd.DataFrame) -> dict[str, dict[str, float | None]]:
    """Days by parameter, subject and course; None where a subject does not reach the event."""
    days: dict[str, dict[str, float | None]] = {}
    for row in cast("list[dict[str, Any]]", endpoints.to_dict("records")):
        if row["parameter"] in _DAYS:
            reached = float(row["value"]) if row["qualifier"] == Qualifier.EQUAL else None
            who = of_course(str(row["subject"]), int(row["course"]))
            days.setdefault(row["parameter"], {})[who] = reached
    return days


def day_statistics(
    auto: Mapping[str, Mapping[str, float | None]], manual: Mapping[str, Mapping[str, float | None]]
) -> list[Statistic]:
    """Compare the days of events, such as depletion, subject by subject.

    Parameters
    ----------
    auto, manual : mapping of str to mapping of str to float or None
        Parameter to subject to day.

    Returns
    -------
    list of Statistic
    """
    rows = []
    for parameter in auto:
        moved = day_shift(manual.get(parameter, {}), auto[parameter])
        name = parameter.lower()
        rows.append(Statistic(B, f"{name}_shift_days", moved.shift))
        largest = max((abs(days) for days in moved.days.values()), default=math.nan)
        rows.append(Statistic(B, f"{name}_largest_shift_days", _plain(largest, len(moved.days))))
        alone = len(moved.only_reference) + len(moved.only_test)
        rows.append(Statistic(B, f"{name}_by_one_method_only", _plain(alone, len(auto[parameter]))))
    return rows


def _plain(value: float, n: int) -> Estimate:
    return Estimate(value, math.nan, math.nan, n)
