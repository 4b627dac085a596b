"""The results folder of a study, read."""

from __future__ import annotations

from bcelldepl.results.folder import Results, as_results, open_results, tube_stem

__all__ = ["Results", "as_results", "open_results", "tube_stem"]
