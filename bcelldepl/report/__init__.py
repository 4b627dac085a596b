"""Figures and the self-contained study report."""

from __future__ import annotations

from bcelldepl.report.curves import draw_curves
from bcelldepl.report.gating_path import draw_gating_path
from bcelldepl.report.page import write_report
from bcelldepl.report.pictures import GateNote, TubePicture, picture_tube
from bcelldepl.report.thumbnail import draw_thumbnail

__all__ = [
    "GateNote",
    "TubePicture",
    "draw_curves",
    "draw_gating_path",
    "draw_thumbnail",
    "picture_tube",
    "write_report",
]
