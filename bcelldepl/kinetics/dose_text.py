"""Doses in names of groups: read where they can mean one thing, else not at all."""

from __future__ import annotations

import math
import re
import unicodedata
from typing import Final

__all__ = ["dose_of_group"]

_TIMES: Final = r"\s*[x*]\s*10\s*(?:\^|\*\*)?\s*"
_ALONE: Final = r"(?<![A-Za-z0-9.,*^])"  # what stands before belongs to another number or word
# 3e5, 0.3 x 10^5, 1.0 x 10**5, 10^5: a number with an exponent.
_POWER: Final = re.compile(
    rf"{_ALONE}(?:(\d+(?:[.,]\d+)?)(?:{_TIMES}|[eE]\+?)|10(?:\^|\*\*))(\d+)(?!\d|[.,]\d)"
)
# 300000 cells, 100 000/kg, 100,000 cells/kg: whole cells before their unit; marks of thousands are blanks or one sign.
_WHOLE: Final = re.compile(
    rf"{_ALONE}(?<!\d )(?:(\d+)|([1-9]\d{{0,2}}(?:([ ,.'])\d{{3}})(?:\3\d{{3}})*))\s*(?:cells\b|/\s*kg)"
)

_PRODUCT: Final = re.compile(r"\d\s*[x*]\s*\d")  # 2 x 100,000: two infusions, or one number?


def dose_of_group(name: str) -> float | None:
    """Read a dose from the name of a group, such as ``0.3e5/kg``, ``1.0 x 10**5/kg`` or ``100,000 cells/kg``.

    A number with neither an exponent nor cells or kg behind it, as in ``DL2`` or ``2026-A``, is a rank or a year. A
    name in which two different doses can be read has none.

    Parameters
    ----------
    name : str
        Of a dose group. Superscripts, the sign of multiplication and narrow blanks are read as their plain forms.

    Returns
    -------
    float or None
        [cells/kg]; None where no dose can be read.
    """
    text = (
        unicodedata.normalize("NFKC", _with_power_signs(name)).replace("\u00d7", "x").replace("\u00b7", "*")
    )
    text = re.sub(r"\s", " ", text).replace("X", "x")
    powers = [f"{(found[1] or '1').replace(',', '.')}e{found[2]}" for found in _POWER.finditer(text)]
    rest = _POWER.sub(" ", text) if powers else text
    if _PRODUCT.search(rest):
        return None
    wholes = [re.sub(r"[ ,.']", "", found[1] or found[2]) for found in _WHOLE.finditer(rest)]
    doses = {float(dose) for dose in (*powers, *wholes)}
    return doses.pop() if len(doses) == 1 and all(map(math.isfinite, doses)) else None


def _with_power_signs(name: str) -> str:
    """Put a power sign before superscript digits, which would join the 10 before them: 10⁵ is 10^5, not 105."""
    return re.sub(r"(?<=10)(?=[\u2070\u00b9\u00b2\u00b3\u2074-\u2079])", "^", name)
