"""How numbers are written in figures and on the page."""

from __future__ import annotations

import math

__all__ = ["DASH", "concentration", "limit", "percent", "percentage", "plain_number", "signal", "whole"]

DASH = "\u2013"
_NONE = 1e-6  # a signal of less is zero, found by halving


def whole(number: float) -> str:
    """Write a count of events with thousands marked: ``12,345``; a dash where it is not known.

    Parameters
    ----------
    number : float

    Returns
    -------
    str
    """
    return DASH if math.isnan(number) else f"{round(number):,}"


def percent(part: float, total: float) -> str:
    """Write a share with about three figures: ``12.3 %``, ``0.0042 %``; a dash of nothing.

    Parameters
    ----------
    part, total : float

    Returns
    -------
    str
    """
    if not total > 0 or math.isnan(part):
        return DASH
    return f"{percentage(100 * part / total)} %"


def percentage(share: float) -> str:
    """Write a number of percent with about three figures: ``12.3``, ``0.0042``; a dash where it is not known.

    Parameters
    ----------
    share : float
        [%].

    Returns
    -------
    str
    """
    if math.isnan(share):
        return DASH
    if share == 0 or share >= 10:
        return f"{share:.1f}"
    return f"{share:.{max(2, 1 - math.floor(math.log10(share)))}f}"


def concentration(per_ul: float) -> str:
    """Write cells per microlitre: whole from 100 upwards, three figures below.

    Parameters
    ----------
    per_ul : float
        [cells/uL].

    Returns
    -------
    str
    """
    if math.isnan(per_ul):
        return DASH
    return f"{per_ul:,.0f}" if per_ul >= 100 else f"{per_ul:.1f}" if per_ul >= 10 else f"{per_ul:.2f}"


def limit(per_ul: float) -> str:
    """Write a limit in cells per microlitre with two figures: ``5.0``, ``0.37``, ``120``.

    Parameters
    ----------
    per_ul : float
        [cells/uL].

    Returns
    -------
    str
    """
    if math.isnan(per_ul):
        return DASH
    if per_ul <= 0:
        return "0"
    return f"{per_ul:,.{max(0, 1 - math.floor(math.log10(per_ul)))}f}"


def plain_number(value: float) -> str:
    """Write the number of a tick without trailing zeros, and 0 without a sign.

    Parameters
    ----------
    value : float

    Returns
    -------
    str
    """
    rounded = float(f"{value:.6g}") + 0.0  # -0.0 + 0.0 is 0.0
    return f"{rounded:,g}" if abs(rounded) < 1e6 else f"{rounded:.3g}"


def signal(value: float) -> str:
    """Write a signal in the instrument's units with three figures: ``1,240``, ``-35``, ``0.62``.

    Parameters
    ----------
    value : float

    Returns
    -------
    str
    """
    rounded = 0.0 if abs(value) < _NONE else float(f"{value:.3g}") + 0.0
    return f"{rounded:,.0f}" if abs(rounded) >= 100 else f"{rounded:g}"
