"""The record of a run: whether a results folder still holds what the study would give."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from bcelldepl.definitions.files import RUN, STORE
from bcelldepl.gating.shipped import strategy_file
from bcelldepl.store.content import open_to_read
from bcelldepl.store.files import sha256_of
from bcelldepl.store.versions import versions
from bcelldepl.study import Study

__all__ = ["digest", "digest_of", "is_current", "recorded", "remove_stale", "sheet_rows"]


def digest_of(content: Any) -> str:
    """SHA-256 of plain data.

    Parameters
    ----------
    content : object
        What JSON can hold.

    Returns
    -------
    str
        Hexadecimal digits.
    """
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def digest(study: Study, inputs: Mapping[str, str], judged: Sequence[Any] = ()) -> str:
    """One digest of all that the results depend on: inputs, settings, strategies and versions.

    Parameters
    ----------
    study : Study
    inputs : mapping of str to str
        SHA-256 by the name of each input.
    judged : sequence
        What people said of the tubes, as `StudyReview.content` gives it.

    Returns
    -------
    str
        Hexadecimal digits.
    """
    named = [study.strategy, *(study.strategy_of(batch) for batch in study.batch)]
    strategies = [sha256_of(strategy_file(name, study.folder)) for name in named]
    return digest_of({
        "settings": study.settings(),
        "tubes": sheet_rows(study),
        "overrides": [override.model_dump(mode="json") for override in study.overrides],
        "strategies": strategies,
        "notes": [study.warnings, study.tube_notes, study.guesses],
        "inputs": dict(inputs),
        "versions": versions(),
        **({"review": list(judged)} if judged else {}),
    })  # fmt: skip


def sheet_rows(study: Study) -> list[dict[str, Any]]:
    """Rows of the sample sheet as they were understood, in the order of the study.

    Parameters
    ----------
    study : Study

    Returns
    -------
    list of dict of str to object
        Ready for JSON; without paths.
    """
    return [tube.model_dump(mode="json", exclude={"path"}) for tube in study.tubes]


def remove_stale(folder: Path, outputs: Collection[str]) -> None:
    """Remove what an earlier run wrote here and this one did not: a failed tube must not show its former gates.

    Parameters
    ----------
    folder : Path
        The results folder.
    outputs : collection of str
        Names of what this run wrote.
    """
    for name in recorded(folder).get("outputs", {}):
        path = (folder / name).resolve()
        if name not in outputs and path.is_relative_to(folder.resolve()):
            path.unlink(missing_ok=True)


def recorded(folder: Path) -> dict[str, Any]:
    """What ``run.json`` says of the last run; empty where it cannot be read.

    Parameters
    ----------
    folder : Path
        The results folder.

    Returns
    -------
    dict of str to object
        Its ``outputs``, where there are some, are a dict.
    """
    try:
        content = json.loads((folder / RUN).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    sound = isinstance(content, dict) and isinstance(content.get("outputs", {}), dict)
    return content if sound else {}


def is_current(folder: Path, wanted: str, figures: Collection[str] = ()) -> bool:
    """Tell whether a folder holds, unchanged, what this digest would give; not where a file changed during the run.

    Parameters
    ----------
    folder : Path
        The results folder.
    wanted : str
        From `digest`.
    figures : collection of str
        Formats that its figures must be there in.

    Returns
    -------
    bool
    """
    try:
        record = recorded(folder)
        outputs: dict[str, str] = record["outputs"]
        return (
            bool(
                record["digest"] == wanted
                and not record.get("disturbed")
                and set(figures) <= set(record["figures"])
            )
            and _opens(folder / STORE)
            and all(sha256_of(folder / name) == sha for name, sha in outputs.items())
        )
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _opens(store: Path) -> bool:
    """Whether a store is one; what is wrong with one that is not, whoever opens it to write says."""
    try:
        with open_to_read(store) as connection:
            connection.execute("SELECT 1 FROM stages LIMIT 1")
            return True
    except (sqlite3.Error, OSError):
        return False
