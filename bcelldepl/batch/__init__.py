"""The whole study: every tube fitted, the gates reconciled, every tube counted, the results written."""

from __future__ import annotations

from bcelldepl.batch.results import Results
from bcelldepl.batch.run import run

__all__ = ["Results", "run"]
