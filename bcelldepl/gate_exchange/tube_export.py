"""The automated gates of one tube, written for another program, read back and held against what was meant."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bcelldepl.definitions.export_formats import EXPORT_FORMATS
from bcelldepl.gate_exchange.evaluate import Channels, evaluate
from bcelldepl.gate_exchange.gate import GateTree
from bcelldepl.gate_exchange.gate import Path as GatePath
from bcelldepl.gate_exchange.gates_from_fits import PortableGates, portable_gates
from bcelldepl.gate_exchange.read import gates_of_document
from bcelldepl.gate_exchange.write_flowjo import WorkspaceSample, for_flowjo, sample_element, workspace
from bcelldepl.gate_exchange.write_gatingml import gating_ml
from bcelldepl.gate_exchange.xml_documents import parse_document
from bcelldepl.gating.strategy import ALL
from bcelldepl.results import tube_stem
from bcelldepl.tubes.regate import GatedResults, GatedTube

__all__ = ["FLOWJO", "ExportedGate", "ExportedTube", "export_tube"]

FLOWJO = "flowjo"


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


@dataclass(frozen=True)
class ExportedTube:
    """The gates of one tube, written.

    Attributes
    ----------
    file : str
    name : str
        Of the file to write; empty for a sample of a workspace.
    content : bytes
        A document, or the sample of a workspace; empty where the tube was skipped.
    rows : tuple of ExportedGate
    """

    file: str
    name: str
    content: bytes
    rows: tuple[ExportedGate, ...]


def export_tube(gated: GatedResults, file: str, number: int, to: str, out: Path) -> ExportedTube:
    """Write the gates of one tube, and read them back.

    Parameters
    ----------
    gated : GatedResults
    file : str
    number : int
        Of the tube in a workspace, from 1.
    to : {"gatingml", "flowjo"}
    out : Path
        Folder that it is written to, from where a workspace names the FCS file.

    Returns
    -------
    ExportedTube
    """
    tube, reason = gated.try_tube(file)
    if tube is None:
        return ExportedTube(file, "", b"", (ExportedGate(file, "", "", 0, 0, 0, 0, f"skipped: {reason}"),))
    packed = portable_gates(tube)
    if to != FLOWJO:
        name = f"{tube_stem(file)}{EXPORT_FORMATS[to].suffix}"
        content = gating_ml(packed.tree)
        members, lost = _read_back(content, name, tube)
    else:
        fcs = Path(os.path.relpath(tube.acquisition.path.resolve(), out.resolve())).as_posix()
        sample = WorkspaceSample(fcs, tube.acquisition, for_flowjo(packed.tree), {})
        members, lost = _read_back(workspace([sample], ""), file, tube)
        # The counts that are stored are those of the gates as another program reads them.
        counts = {path: int(np.count_nonzero(member)) for path, member in members.items()}
        name, content = "", sample_element(replace(sample, counts=counts), number)
    return ExportedTube(file, name, content, tuple(_rows(tube, packed, members, lost)))


def _read_back(
    document: bytes, name: str, tube: GatedTube
) -> tuple[dict[GatePath, NDArray[np.bool_]], dict[GatePath, str]]:
    """Members of the gates of a document, and those that cannot be evaluated."""
    tree = gates_of_document(parse_document(document, name), Path(name)).tubes[0].tree or GateTree({})
    return evaluate(tree, Channels(tube.acquisition, tree.matrices))


def _rows(
    tube: GatedTube,
    packed: PortableGates,
    members: Mapping[GatePath, NDArray[np.bool_]],
    lost: Mapping[GatePath, str],
) -> list[ExportedGate]:
    """Compare the gates as written with those that were meant, event by event."""
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
