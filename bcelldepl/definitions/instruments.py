"""What flow cytometers can do: a number beyond this is in another unit, or of another file."""

from __future__ import annotations

from typing import Final

__all__ = ["SAMPLE_FLOW_UL_PER_MIN"]

# Slowest and fastest sample flow, with a margin; a wrong unit of volume is a thousand-fold off.
SAMPLE_FLOW_UL_PER_MIN: Final = (1.0, 2000.0)
