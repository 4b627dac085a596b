"""Results handed over: in which format by whom, and the workbook of a laboratory."""

from __future__ import annotations

from bcelldepl.exports.export import Exported, export

__all__ = ["Exported", "export"]
