"""Names of units, written one way everywhere."""

from __future__ import annotations

from typing import Final

__all__ = ["CELLS_PER_UL", "DAY", "MICROLITRES_PER_NANOLITRE", "PERCENT"]

CELLS_PER_UL: Final = "cells/uL"
DAY: Final = "day"
PERCENT: Final = "%"
MICROLITRES_PER_NANOLITRE: Final = 1e-3
