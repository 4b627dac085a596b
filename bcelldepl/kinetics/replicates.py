"""Replicate tubes: a draw that was counted in several tubes is one result.

Evaluable tubes are pooled as if their blood had been one sample, so that events and volumes add up. The pooled
concentration is the mean weighted by 1/LLOQ (the LLOQ is a number of events divided by the volume), and the
pooled LLOQ is 1 / sum(1/LLOQ). The upper end of its interval lies as far above it, on the scale of the square root of
events, as that of the tube where it lies furthest: for counts of none that is exact.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from bcelldepl.definitions.codes import ResultCode
from bcelldepl.kinetics.visits import Visit

__all__ = ["pool_draws"]

ONE_DRAW_DAYS: Final = 1.0 / 24.0  # tubes of one visit that lie this close together are one draw


def pool_draws(tubes: Iterable[Visit]) -> list[Visit]:
    """Pool the tubes of each draw.

    Parameters
    ----------
    tubes : iterable of Visit
        One per tube of one population of one subject.

    Returns
    -------
    list of Visit
        By day; days are unique.
    """
    draws: list[list[Visit]] = []
    for tube in sorted(tubes, key=lambda tube: (tube.day, tube.visit, tube.files)):
        first = next((draw for draw in reversed(draws) if _same_draw(draw[0], tube)), None)
        if first is None:
            draws.append([tube])
        else:
            first.append(tube)
    return sorted((_pooled(draw) for draw in draws), key=lambda visit: visit.day)


def _same_draw(one: Visit, other: Visit) -> bool:
    if one.day == other.day:
        return True
    same_side = (one.day <= 0) == (other.day <= 0)
    return same_side and one.visit == other.visit and abs(one.day - other.day) <= ONE_DRAW_DAYS


def _pooled(draw: Sequence[Visit]) -> Visit:
    good = [tube for tube in draw if tube.is_evaluable] or list(draw)
    if len(draw) == 1:
        return draw[0]
    names = "/".join(dict.fromkeys(tube.visit for tube in draw))
    files = tuple(tube.files[0] for tube in good)
    first = good[0]
    if not first.is_evaluable:
        return replace(first, visit=names, files=files)
    weights = [1.0 / tube.lloq if tube.lloq else 0.0 for tube in good]
    if not all(weights):
        weights = [1.0] * len(good)
    value = math.fsum(w * (tube.value or 0.0) for w, tube in zip(weights, good, strict=True)) / math.fsum(
        weights
    )
    lod, lloq = _pooled_limit([tube.lod for tube in good]), _pooled_limit([tube.lloq for tube in good])
    left_out = len(draw) - len(good)
    reason = f"{len(good)} tubes pooled" + (f", {left_out} not evaluable left out" if left_out else "")
    result = _pooled_result(good, value, lod, lloq)
    parts = [(w * (tube.value or 0.0), tube.log_error) for w, tube in zip(weights, good, strict=True)]
    whole = math.fsum(part for part, _ in parts)
    log_error = math.hypot(*(part * error for part, error in parts)) / whole if whole else 0.0
    return replace(
        first, visit=names, result=result, value=value, lod=lod, lloq=lloq, files=files, reason=reason,
        log_error=log_error, upper=_pooled_upper(good, weights, value),
    )  # fmt: skip


def _pooled_upper(good: Sequence[Visit], weights: Sequence[float], value: float) -> float | None:
    """Upper end of the pooled interval; a weight is a volume, but for a factor that all share."""
    spread = 0.0
    for weight, tube in zip(weights, good, strict=True):
        if tube.upper is None:
            return None
        spread = max(spread, math.sqrt(weight) * (math.sqrt(tube.upper) - math.sqrt(tube.value or 0.0)))
    volume = math.fsum(weights)
    return (math.sqrt(value * volume) + spread) ** 2 / volume


def _pooled_limit(limits: Sequence[float | None]) -> float | None:
    known = [limit for limit in limits if limit]
    return 1.0 / math.fsum(1.0 / limit for limit in known) if len(known) == len(limits) else None


def _pooled_result(good: Sequence[Visit], value: float, lod: float | None, lloq: float | None) -> ResultCode:
    if lod is None or lloq is None:
        # Without limits the pool is worth what its least certain tube is.
        return max((tube.result for tube in good), key=list(ResultCode).index)
    # Numbers of counts.csv have 6 digits: exactly 50 events may read as 4.999999e1 of them.
    if value >= lloq * (1 - 1e-5):
        return ResultCode.QUANTIFIED
    return ResultCode.DETECTED_BELOW_LLOQ if value >= lod * (1 - 1e-5) else ResultCode.NOT_DETECTED
