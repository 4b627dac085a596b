"""What the results are held against: ``run.json``, and where that is damaged, what the audit record says of the run."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bcelldepl.definitions.files import AUDIT, RUN, STORE
from bcelldepl.store.audit import Entry, read_lines
from bcelldepl.store.content import open_to_read, read_entries, read_facts

__all__ = ["Reference", "read_reference"]


@dataclass(frozen=True)
class Reference:
    """The record of the last finished run, from its three places.

    Attributes
    ----------
    run : dict
        ``run.json``; empty where it cannot be read.
    entries : list of Entry
        The audit record of ``study.db``; of ``audit.jsonl`` where that cannot be read.
    lines : list of Entry or None
        ``audit.jsonl``; None where it cannot be read.
    facts : dict
        What ``study.db`` holds of ``run.json``; empty where that cannot be read.
    """

    run: dict[str, Any]
    entries: Sequence[Entry] = field(default_factory=list)
    lines: Sequence[Entry] | None = None
    facts: dict[str, Any] = field(default_factory=dict)

    def said(self, name: str, otherwise: Any = None) -> Any:
        """What ``run.json`` says under a name, or ``study.db`` in its place."""
        return self.run.get(name, self.facts.get(name, otherwise))

    @property
    def finished(self) -> dict[str, Any]:
        """The entry of the last finished run; empty where there is none."""
        contents = (entry.content for entry in reversed(self.entries))
        return next((one for one in contents if one.get("action") == "run finished"), {})

    def files(self, kind: str) -> dict[str, str]:
        """SHA-256 by name of the ``inputs`` or ``outputs``, by the audit record where it has them."""
        found = self.finished.get(kind) or self.said(kind) or {}
        return {str(name): str(sha256) for name, sha256 in found.items()} if isinstance(found, dict) else {}


def read_reference(folder: Path) -> Reference:
    """Read what there is; nothing is believed yet.

    Parameters
    ----------
    folder : Path
        The results folder.

    Returns
    -------
    Reference
    """
    lines = _lines(folder / AUDIT)
    entries, facts = lines or [], {}
    try:
        with open_to_read(folder / STORE) as connection:
            entries = read_entries(connection)
            facts = read_facts(connection)
    except (sqlite3.Error, ValueError, TypeError):
        pass  # the check of the store says what is wrong with it
    return Reference(_json(folder / RUN), entries, lines, facts)


def _json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def _lines(path: Path) -> list[Entry] | None:
    try:
        return read_lines(path.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None
