"""Figures and the self-contained study report."""

from __future__ import annotations

from bcelldepl.report.curves import draw_curves
from bcelldepl.report.gates import draw_gate
from bcelldepl.report.images import save_figure
from bcelldepl.report.page import write_report
from bcelldepl.report.path import draw_gating_path
from bcelldepl.report.pictures import GateNote, TubePicture, picture_tube
from bcelldepl.report.strip import draw_strip

__all__ = [
    "GateNote",
    "TubePicture",
    "draw_curves",
    "draw_gate",
    "draw_gating_path",
    "draw_strip",
    "picture_tube",
    "save_figure",
    "write_report",
]
