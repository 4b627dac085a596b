"""Read manual results, whatever their form."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Final

from bcelldepl.comparison.count_table import read_count_tables
from bcelldepl.definitions.export_formats import EXPORT_FORMATS
from bcelldepl.errors import ExchangeError, Problem
from bcelldepl.gate_exchange.manual import EVERY_FILE, Manual, ManualTube
from bcelldepl.gate_exchange.read import read_gates

__all__ = ["read_manual"]

_TABLES: Final = (".csv", ".tsv", ".txt", ".xlsx")


def read_manual(path: Path) -> dict[str, Manual]:
    """Read manual results, whatever their form.

    Parameters
    ----------
    path : Path
        FlowJo workspace, Gating-ML, or a count table (``.csv``, ``.tsv``, ``.xlsx``). XML is told by its content. Or a
        folder of Gating-ML documents, one per tube, named as ``bcelldepl export`` names them.

    Returns
    -------
    dict of str to Manual
        By the name of the reader that a column of the table says; empty where none is named.

    Raises
    ------
    ExchangeError
        For a file that is none of these or holds nothing to compare with.
    """
    if path.is_dir():
        readers = {"": _documents_of_tubes(path)}
    elif path.suffix.lower() in _TABLES:
        readers = read_count_tables(path)
    else:
        readers = {"": read_gates(path)}
    for manual in readers.values():
        if not any(tube.populations for tube in manual.tubes):
            reasons = "; ".join(map(str, manual.skipped)) or "it names no population"
            raise ExchangeError(f"the {manual.form} contains nothing to compare with: {reasons}", path.name)
    return readers


def _documents_of_tubes(folder: Path) -> Manual:
    """Read a document per tube, whose gates are for the file that the document is named after."""
    tubes: list[ManualTube] = []
    skipped: list[Problem] = []
    suffix = EXPORT_FORMATS["gatingml"].suffix
    documents = sorted(folder.glob("*.xml"))
    for path in documents:
        try:
            manual = read_gates(path)
        except ExchangeError as error:
            skipped.append(Problem(path.name, f"{error.what}: skipped", error.remedy))
            continue
        skipped += manual.skipped
        name = path.name.removesuffix(suffix).removesuffix(path.suffix).replace("__", "/")
        tubes += [
            replace(tube, names=(f"{name}.fcs",)) if tube.names == (EVERY_FILE,) else tube
            for tube in manual.tubes
        ]
    if not documents:
        raise ExchangeError(
            "the folder contains no .xml file", str(folder), "give Gating-ML, one file per tube"
        )
    return Manual(folder, "folder of gates", tuple(tubes), tuple(skipped))
