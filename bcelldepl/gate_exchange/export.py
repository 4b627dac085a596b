"""Export the automated gates of a study, read them back, and say what changed."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bcelldepl.definitions.export_formats import EXPORT_FORMATS
from bcelldepl.definitions.tables import EXPORTED_GATES
from bcelldepl.gate_exchange.evaluate import Channels, evaluate
from bcelldepl.gate_exchange.gate import GateTree
from bcelldepl.gate_exchange.gate import Path as GatePath
from bcelldepl.gate_exchange.gates_from_fits import PortableGates, portable_gates
from bcelldepl.gate_exchange.manual import Manual
from bcelldepl.gate_exchange.read import read_gates
from bcelldepl.gate_exchange.write_flowjo import WorkspaceSample, for_flowjo, workspace
from bcelldepl.gate_exchange.write_gatingml import gating_ml
from bcelldepl.gating.strategy import ALL
from bcelldepl.results import tube_stem
from bcelldepl.spreadsheet import csv_text
from bcelldepl.store.files import write_bytes
from bcelldepl.tubes.regate import GatedResults, GatedTube

__all__ = ["ExportedGate", "export_gates"]

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class ExportedGate:
    """One population as it was written and read back; a row of ``export.csv``.

    Attributes
    ----------
    file, population, path : str
    events : int
        Of the automated gate.
    exported_events : int
        Of what was written, read back.
    only_automated, only_exported : int
        Events that one of the two has alone.
    note : str
        What the format cannot hold, and what stands in; or why the tube was skipped.
    """

    file: str
    population: str
    path: str
    events: int
    exported_events: int
    only_automated: int
    only_exported: int
    note: str


def export_gates(results: Path, to: str, out: Path, *, progress: Progress | None = None) -> list[Path]:
    """Write the automated gates for other programs.

    Parameters
    ----------
    results : Path
        Folder that ``bcelldepl run`` wrote; the study's FCS files must be where they were.
    to : {"gatingml", "flowjo"}
        One Gating-ML 2.0 document per tube, or one FlowJo 10 workspace of all tubes.
    out : Path
        Folder to write to.
    progress : callable, optional
        Called with a tube, how many are done, and of how many.

    Returns
    -------
    list of Path
        What was written; last ``export.csv``: per tube and population the events before and after. A tube that
        cannot be exported is named there with its reason.

    Raises
    ------
    ExchangeError
        Where `results` is no results folder.
    """
    gated = GatedResults(results)
    out.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    rows: list[ExportedGate] = []
    samples: list[WorkspaceSample] = []
    checks: list[tuple[GatedTube, PortableGates]] = []
    for number, file in enumerate(gated.files):
        if progress:
            progress(file, number, len(gated.files))
        tube, reason = gated.try_tube(file)
        if tube is None:
            rows.append(ExportedGate(file, "", "", 0, 0, 0, 0, f"skipped: {reason}"))
            continue
        packed = portable_gates(tube)
        if to == "gatingml":
            path = out / f"{tube_stem(file)}{EXPORT_FORMATS[to].suffix}"
            write_bytes(path, gating_ml(packed.tree))
            written.append(path)
            rows += _compare(tube, packed, _tree_in(read_gates(path), 0))
        else:
            tree = for_flowjo(packed.tree)
            counts = _counts(tree, tube)
            name = Path(os.path.relpath(tube.acquisition.path.resolve(), out.resolve())).as_posix()
            samples.append(WorkspaceSample(name, tube.acquisition, tree, counts))
            checks.append((tube, packed))
    if to == "flowjo" and samples:
        path = out / f"bcelldepl{EXPORT_FORMATS[to].suffix}"
        write_bytes(path, workspace(samples, str(gated.record.get("study", "study"))))
        written.append(path)
        manual = read_gates(path)
        for i, (tube, packed) in enumerate(checks):
            rows += _compare(tube, packed, _tree_in(manual, i))
    table = out / f"{EXPORTED_GATES.name}.csv"
    write_bytes(table, _csv(rows))
    if progress:
        progress("done", len(gated.files), len(gated.files))
    return [*written, table]


def _tree_in(manual: Manual, number: int) -> GateTree:
    return manual.tubes[number].tree or GateTree({})


def _counts(tree: GateTree, tube: GatedTube) -> dict[GatePath, int]:
    members, _ = evaluate(tree, Channels(tube.acquisition, tree.matrices))
    return {path: int(member.sum()) for path, member in members.items()}


def _compare(tube: GatedTube, packed: PortableGates, back: GateTree) -> list[ExportedGate]:
    """Compare the gates as written with those that were meant, event by event."""
    members, lost = evaluate(back, Channels(tube.acquisition, back.matrices))
    rows = []
    for population, auto in tube.membership.items():
        if population == ALL:
            continue
        path = packed.paths[population]
        note = packed.notes.get(population, "")
        found: NDArray[np.bool_] = members.get(path, np.zeros(len(auto), dtype=np.bool_))
        if path not in members:
            note = f"{note}; not read back: {lost.get(path, 'missing')}".removeprefix("; ")
        rows.append(
            ExportedGate(
                tube.file,
                population,
                "/".join(path),
                int(auto.sum()),
                int(found.sum()),
                int(np.count_nonzero(auto & ~found)),
                int(np.count_nonzero(found & ~auto)),
                note,
            )
        )
    return rows


def _csv(rows: list[ExportedGate]) -> bytes:
    return csv_text(EXPORTED_GATES.frame(vars(row) for row in rows)).encode()
