"""`export`: results in the format asked for, entered in the audit record."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bcelldepl.arguments import as_path
from bcelldepl.definitions.export_formats import EXPORT_FORMATS, ExportKind, formats_of
from bcelldepl.errors import ExchangeError, Problem
from bcelldepl.near_names import did_you_mean
from bcelldepl.results import Results, as_results
from bcelldepl.store.access_log import recorded_access

__all__ = ["Exported", "export"]

(EVENTS,) = formats_of(ExportKind.EVENTS)


@dataclass(frozen=True, repr=False)
class Exported:
    """What an export wrote.

    Attributes
    ----------
    files : tuple of Path
    left_out : tuple of Problem
        Tubes and populations whose events could not be written.
    unrecorded : str
        Why the export is not in the audit record of the results; empty where it is.
    """

    files: tuple[Path, ...]
    left_out: tuple[Problem, ...] = ()
    unrecorded: str = ""

    def __repr__(self) -> str:
        more = f", {len(self.left_out)} left out" if self.left_out else ""
        return (
            f"Exported({len(self.files)} files{more}: {', '.join(path.name for path in self.files[:3])}, ...)"
        )


def export(
    results: Results | str | os.PathLike[str],
    to: str,
    out: str | os.PathLike[str],
    *,
    populations: Sequence[str] = (),
    why: str = "",
    progress: Callable[[str, int, int], None] | None = None,
) -> Exported:
    """Write results for those who work on with them.

    Parameters
    ----------
    results : Results or path
        Results, or the folder that `run` wrote.
    to : str
        ``csv``, ``parquet``, ``xpt``, ``dataset-json`` or ``define`` (SDTM and ADaM style tables); ``gatingml`` or
        ``flowjo`` (gates); ``fcs`` (events of populations); ``rtf`` (tables and listings of a study report); ``xlsx``
        (one workbook).
    out : path
        Folder to write to; made if not there.
    populations : sequence of str
        Whose events are written; with ``fcs`` alone.
    why : str
        The reason, for the audit record.
    progress : callable, optional
        Called with a tube, how many are done, and of how many.

    Returns
    -------
    Exported

    Raises
    ------
    ArgumentError
        `results` or `out` is not a path.
    ExchangeError
        The folder is no finished run, the format is not known, or a value does not fit into it: nothing is written.
    StoreError
        Another process works on the results, or their store is damaged.
    """
    if to not in EXPORT_FORMATS:
        remedy = did_you_mean(str(to), EXPORT_FORMATS) or f"known: {', '.join(EXPORT_FORMATS)}"
        raise ExchangeError(f"{to!r} is not a format", "to", remedy)
    names = [populations] if isinstance(populations, str) else list(populations)
    if names and to != EVENTS:
        raise ExchangeError(f"populations are for {EVENTS} only", "populations", "remove one of the two")
    if to == EVENTS and not names:
        raise ExchangeError("no population is given", "populations", "give one or more, such as B and CAR_T")
    folder, target = as_results(results).folder, as_path(out, "out", "the folder to write to")
    with recorded_access(folder, "export") as access:
        files, left_out = _write(folder, to, target, names, progress)
        access.record(files, why=why, what={"to": to, "out": str(target.absolute()), "populations": names})
    return Exported(tuple(files), tuple(left_out), access.unrecorded)


def _write(
    folder: Path,
    to: str,
    out: Path,
    populations: Sequence[str],
    progress: Callable[[str, int, int], None] | None,
) -> tuple[list[Path], Sequence[Problem]]:
    """Let those who know the format write it; what only one format needs is imported for it."""
    match EXPORT_FORMATS[to].kind:
        case ExportKind.EVENTS:
            from bcelldepl.gate_exchange.subsets import export_subsets

            return export_subsets(folder, populations, out)
        case ExportKind.GATES:
            from bcelldepl.gate_exchange.export import export_gates

            return export_gates(folder, to, out, progress=progress), ()
        case ExportKind.TABLES:
            from bcelldepl.cdisc.export import export as export_tables

            return export_tables(folder, to, out), ()
        case ExportKind.LISTINGS:
            from bcelldepl.listings import export_listings

            return export_listings(folder, out), ()
        case ExportKind.WORKBOOK:
            from bcelldepl.exports.workbook import export_workbook

            return export_workbook(folder, out), ()
