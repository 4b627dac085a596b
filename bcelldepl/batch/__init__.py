"""The whole study: every tube fitted, the gates reconciled, every tube counted, the results written."""

from __future__ import annotations

from bcelldepl.batch.run import run
from bcelldepl.results import Results

__all__ = ["Results", "run"]
