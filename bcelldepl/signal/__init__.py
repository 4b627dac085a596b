"""From an acquisition to signals: markers found, compensated, transformed, and judged for quality."""

from __future__ import annotations

from bcelldepl.signal.panel import resolve_panel
from bcelldepl.signal.signal import Signal, make_signal
from bcelldepl.signal.transform import Transform

__all__ = ["Signal", "Transform", "make_signal", "resolve_panel"]
