"""Tables that others are given, and matrices that tubes are read by, are those that the run wrote."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from bcelldepl.definitions.files import MODELS
from bcelldepl.definitions.tables import COUNTS, ENDPOINTS, TUBES
from bcelldepl.errors import ExchangeError
from bcelldepl.store.files import sha256_of

__all__ = ["changed_files", "refuse_changed_files"]

TABLES: Final = (COUNTS.file, f"{COUNTS.name}.parquet", ENDPOINTS.file, TUBES.file)


def changed_files(folder: Path, record: Mapping[str, Any], names: Iterable[str]) -> list[str]:
    """Tell which files are not there as the run wrote them.

    Parameters
    ----------
    folder : Path
        The results folder.
    record : mapping
        ``run.json``; files that it does not name are not asked for.
    names : iterable of str

    Returns
    -------
    list of str
    """
    recorded = record.get("outputs", {})
    return [
        name
        for name in names
        if name in recorded and not ((folder / name).is_file() and sha256_of(folder / name) == recorded[name])
    ]


def refuse_changed_files(folder: Path, record: Mapping[str, Any]) -> None:
    """Refuse results whose tables, or matrices made of controls, were edited after the run: nobody would know of it.

    Parameters
    ----------
    folder : Path
        The results folder.
    record : mapping
        ``run.json``.

    Raises
    ------
    ExchangeError
        Where one is gone, or not as ``run.json`` has it.
    """
    wanted = [*TABLES, MODELS, *record.get("matrices_of_controls", {}).values()]
    if changed := changed_files(folder, record, wanted):
        what = f"{' and '.join(changed)} changed since the run"
        remedy = "`bcelldepl run` writes them again from the store; `bcelldepl verify` lists what changed"
        raise ExchangeError(what, str(folder), remedy)
