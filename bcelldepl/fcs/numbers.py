"""Numbers out of keyword values, without surprises."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from functools import lru_cache

__all__ = ["integer", "pair", "real"]

_MAX_DIGITS = 20


def integer(keywords: Mapping[str, str], key: str) -> int | None:
    """A whole number, ``12``, ``000012`` or ``12.0``; None where absent or something else."""
    return _whole(keywords.get(key, ""))


@lru_cache(
    maxsize=4096
)  # the channels of a file, and the files of a study, say the same numbers again and again
def _whole(text: str) -> int | None:
    text = text.strip()
    if re.fullmatch(r"[+-]?[0-9]+(\.0*)?", text) and len(text) <= _MAX_DIGITS:
        return int(text.split(".")[0])
    return None


def real(keywords: Mapping[str, str], key: str) -> float | None:
    """A finite number, with a decimal comma too; None where absent or something else."""
    return _finite(keywords.get(key, ""))


def pair(keywords: Mapping[str, str], key: str) -> tuple[float, float] | None:
    """Two finite numbers with a comma between them; None where absent or something else."""
    return _two(keywords.get(key, ""))


@lru_cache(maxsize=4096)
def _two(text: str) -> tuple[float, float] | None:
    parts = text.split(",")
    if len(parts) != 2:
        return None
    first, second = (_finite(part) for part in parts)
    return None if first is None or second is None else (first, second)


@lru_cache(maxsize=4096)
def _finite(text: str) -> float | None:
    text = text.strip()
    if not re.fullmatch(r"[+-]?([0-9]+[.,]?[0-9]*|[.,][0-9]+)([eE][+-]?[0-9]{1,3})?", text):
        return None
    number = float(text.replace(",", "."))
    return number if math.isfinite(number) else None
