"""`compare`: automated against manual gating, of one reader or several, entered in the audit record."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from bcelldepl.arguments import as_path
from bcelldepl.comparison.compare_readers import ReadersComparison, compare_readers, read_readers
from bcelldepl.comparison.compare_source import compare_source
from bcelldepl.comparison.outcome import Comparison
from bcelldepl.errors import ArgumentError
from bcelldepl.results import Results, as_results
from bcelldepl.store.access_log import recorded_access
from bcelldepl.tubes.regate import GatedResults

__all__ = ["compare"]

Source = str | os.PathLike[str]
_WANTED = "a FlowJo workspace, Gating-ML, or a table of counts"


def compare(
    results: Results | Source,
    manual: Source | Sequence[Source],
    out: Source | None = None,
    *,
    mapping: Source | None = None,
    why: str = "",
    progress: Callable[[str, int, int], None] | None = None,
) -> Comparison | ReadersComparison:
    """Compare a study's automated gating with manual gating.

    Parameters
    ----------
    results : Results or path
        Results, or the folder that `run` wrote.
    manual : path or sequence of path
        FlowJo workspace, Gating-ML 2.0, or a table of counts (CSV, XLSX); one per reader. A column ``reader`` of a
        table tells readers apart, too.
    out : path, optional
        Folder for the page and the tables; None writes nothing.
    mapping : path, optional
        A mapping file (TOML): which of their populations and files is which of ours. Without one, names are guessed.
    why : str
        The reason, for the audit record.
    progress : callable, optional
        Called with a tube, how many are done, and of how many.

    Returns
    -------
    Comparison or ReadersComparison
        Of one reader, or of several; `verdict`, `agreement` (a table of statistics) and `files` are of both.

    Raises
    ------
    ArgumentError
        An argument is not a path.
    ExchangeError
        Where either side cannot be read, or no tube or no population of theirs is found among ours.
    StoreError
        Another process works on the results, or their store is damaged.
    """
    folder = as_results(results).folder
    sources = [as_path(one, "manual", _WANTED) for one in _each(manual)]
    target = None if out is None else as_path(out, "out", "the folder to write to")
    names = None if mapping is None else as_path(mapping, "mapping", "a TOML file")
    if target is None:
        return _compare(folder, sources, None, names, progress)
    with recorded_access(folder, "comparison") as access:
        compared = _compare(folder, sources, target, names, progress)
        of_one = [compared] if isinstance(compared, Comparison) else list(compared.comparisons.values())
        tubes = max((len(one.tubes) for one in of_one), default=0)
        what = {"verdict": str(compared.verdict), "tubes": tubes}
        read = [*_files(sources), *([names] if names else [])]
        access.record(compared.files, why=why, what=what, inputs=read)
    return replace(compared, unrecorded=access.unrecorded)


def _compare(
    folder: Path,
    sources: Sequence[Path],
    out: Path | None,
    mapping: Path | None,
    progress: Callable[[str, int, int], None] | None,
) -> Comparison | ReadersComparison:
    gated, readers = GatedResults(folder), read_readers(sources)
    if len(readers) > 1:
        return compare_readers(gated, readers, out, mapping=mapping, progress=progress)
    (source,) = readers.values()
    return compare_source(gated, source, out, mapping=mapping, progress=progress)


def _each(manual: object) -> Iterable[object]:
    if isinstance(manual, str | os.PathLike):
        return [manual]
    if isinstance(manual, Sequence) and manual:
        return manual
    raise ArgumentError(f"{manual!r} is neither a path nor a list of paths", "manual", f"give {_WANTED}")


def _files(paths: Sequence[Path]) -> list[Path]:
    """Files that were read: a folder holds a document per tube."""
    return [file for path in paths for file in (sorted(path.glob("*.xml")) if path.is_dir() else [path])]
