"""What a tube can detect and quantify, and the code that a count earns."""

from __future__ import annotations

from bcelldepl.definitions.codes import ResultCode
from bcelldepl.study.config import LimitSettings

__all__ = ["limit_per_ul", "result_code"]


def limit_per_ul(events: int, analysed_volume_ul: float) -> float:
    """Concentration at which a tube yields that many events.

    Parameters
    ----------
    events : int
        Events of the limit, such as 20 for the LOD or 50 for the LLOQ.
    analysed_volume_ul : float
        Blood that the tube's events come from [uL].

    Returns
    -------
    float
        Limit [cells/uL].
    """
    return events / analysed_volume_ul


def result_code(events: int, limits: LimitSettings) -> ResultCode:
    """Return the code that a count earns in a tube that can be evaluated.

    Parameters
    ----------
    events : int
        Events counted.
    limits : LimitSettings

    Returns
    -------
    ResultCode
    """
    if events >= limits.lloq_events:
        return ResultCode.QUANTIFIED
    if events >= limits.lod_events:
        return ResultCode.DETECTED_BELOW_LLOQ
    return ResultCode.NOT_DETECTED
