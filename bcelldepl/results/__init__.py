"""The results folder of a study, read."""

from __future__ import annotations

from bcelldepl.results.folder import Results, tube_stem

__all__ = ["Results", "tube_stem"]
