"""Export the automated gates of a study, read them back, and say what changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Final

from bcelldepl.definitions.export_formats import EXPORT_FORMATS
from bcelldepl.definitions.files import RUN
from bcelldepl.definitions.tables import EXPORTED_GATES
from bcelldepl.gate_exchange.tube_export import FLOWJO, ExportedGate, ExportedTube, export_tube
from bcelldepl.gate_exchange.write_flowjo import workspace
from bcelldepl.runtime.processes import in_processes
from bcelldepl.runtime.threads import threads
from bcelldepl.spreadsheet import csv_text
from bcelldepl.store.files import write_bytes
from bcelldepl.tubes.regate import GatedResults

__all__ = ["export_gates"]

Progress = Callable[[str, int, int], None]

_WORTH_A_PROCESS: Final = 16  # tubes; fewer take less time than a process to begin


def export_gates(
    results: Path, to: str, out: Path, *, progress: Progress | None = None, workers: int | None = None
) -> list[Path]:
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
    workers : int, optional
        Processes; by default one for each core, where there are tubes enough.

    Returns
    -------
    list of Path
        What was written; last ``export.csv``: per tube and population the events before and after. A tube that
        cannot be exported is named there with its reason. The same for any number of workers.

    Raises
    ------
    ExchangeError
        Where `results` is no results folder.
    """
    gated = GatedResults(results)
    out.mkdir(parents=True, exist_ok=True)
    if workers is None:
        workers = min(threads(), len(gated.files) // _WORTH_A_PROCESS)
    written: list[Path] = []
    rows: list[ExportedGate] = []
    samples: list[bytes] = []
    for number, tube in enumerate(_each_tube(gated, to, out, workers), start=1):
        rows += tube.rows
        if tube.content and tube.name:
            write_bytes(out / tube.name, tube.content)
            written.append(out / tube.name)
        elif tube.content:
            samples.append(tube.content)
        if progress:
            progress(tube.file, number, len(gated.files))
    if to == FLOWJO and samples:
        path = out / f"bcelldepl{EXPORT_FORMATS[to].suffix}"
        write_bytes(path, workspace(samples, str(gated.record.get("study", "study"))))
        written.append(path)
    table = out / f"{EXPORTED_GATES.name}.csv"
    write_bytes(table, csv_text(EXPORTED_GATES.frame(vars(row) for row in rows)).encode())
    return [*written, table]


def _each_tube(gated: GatedResults, to: str, out: Path, workers: int) -> Iterator[ExportedTube]:
    """Export tubes in the order of the sheet."""
    if workers <= 1:
        for number, file in enumerate(gated.files, start=1):
            yield export_tube(gated, file, number, to, out)
        return
    stamp = (gated.folder / RUN).stat().st_mtime_ns
    jobs = [(gated.folder, stamp, file, number, to, out) for number, file in enumerate(gated.files, start=1)]
    for _, tube in in_processes(_in_process, jobs, workers, in_order=True):
        yield tube


def _in_process(folder: Path, stamp: int, file: str, number: int, to: str, out: Path) -> ExportedTube:
    return export_tube(_opened(folder, stamp), file, number, to, out)


@lru_cache(maxsize=1)
def _opened(folder: Path, stamp: int) -> GatedResults:  # noqa: ARG001
    """A results folder, opened once per process; the time stamp is that of its record."""
    return GatedResults(folder)
