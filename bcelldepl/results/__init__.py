"""The results folder of a study, and its tubes as the run saw them."""

from __future__ import annotations

from typing import Any

from bcelldepl.results.folder import Results, tube_stem

__all__ = ["Results", "read_signal", "tube_stem"]


def __getattr__(name: str) -> Any:
    if name == "read_signal":  # reads events: imported when first used, so that looking at results stays fast
        from bcelldepl.results.tube import read_signal

        return read_signal
    msg = f"module 'bcelldepl.results' has no attribute {name!r}"
    raise AttributeError(msg)
