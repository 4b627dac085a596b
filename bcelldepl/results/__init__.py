"""The results folder of a study, and its tubes as the run saw them."""

from __future__ import annotations

from bcelldepl.results.folder import Results, tube_stem
from bcelldepl.results.tube import read_signal

__all__ = ["Results", "read_signal", "tube_stem"]
