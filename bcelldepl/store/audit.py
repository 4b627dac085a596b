"""The audit record: a chain of entries, each of which holds the hash of the one before it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bcelldepl.store.identity import now, who
from bcelldepl.store.versions import versions

__all__ = ["START", "Entry", "chain_problems", "make_entry", "read_lines"]

START = "0" * 64  # what the first entry holds in place of a hash


@dataclass(frozen=True)
class Entry:
    """One entry of the record.

    Attributes
    ----------
    line : str
        Its JSON as it stands in ``audit.jsonl``: keys sorted, no blanks, ASCII.
    """

    line: str

    @property
    def content(self) -> dict[str, Any]:
        """The entry as data; empty where the line is no JSON object."""
        try:
            found = json.loads(self.line)
        except (ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) else {}

    @property
    def sha256(self) -> str:
        """SHA-256 of the line: what the next entry holds as ``previous``."""
        return hashlib.sha256(self.line.encode()).hexdigest()


def make_entry(
    before: Sequence[Entry],
    action: str,
    *,
    why: str = "",
    what: Mapping[str, Any] | None = None,
    inputs: Mapping[str, str] | None = None,
    outputs: Mapping[str, str] | None = None,
    settings: Mapping[str, Any] | None = None,
) -> Entry:
    """Make the entry that follows others.

    Parameters
    ----------
    before : sequence of Entry
        The record so far.
    action : str
        ``run started``, ``run finished``, ``export``, ``comparison``, ``discrepancy``, or one of `ReviewAction`.
    why : str
        The reason, in the words of the person; empty where none was given.
    what : mapping
        What was done, as plain data.
    inputs, outputs : mapping of str to str
        SHA-256 by name.
    settings : mapping
        After defaults.

    Returns
    -------
    Entry
    """
    content = {
        "number": len(before) + 1,
        "previous": before[-1].sha256 if before else START,
        "when": now(),
        "who": who(),
        "action": action,
        "why": why,
        "what": dict(what or {}),
        "inputs": dict(inputs or {}),
        "outputs": dict(outputs or {}),
        "settings": dict(settings or {}),
        "versions": versions(),
    }
    return Entry(json.dumps(content, sort_keys=True, separators=(",", ":")))


def chain_problems(entries: Sequence[Entry], head: tuple[int, str] | None = None) -> list[tuple[int, str]]:
    """Say where a record is not what was written.

    Parameters
    ----------
    entries : sequence of Entry
    head : tuple of int and str, optional
        How many entries there once were, and the hash of the last of them, from a place outside the record.

    Returns
    -------
    list of (int, str)
        The number of an entry and what is wrong with it, in words; empty for a sound record.
    """
    problems = []
    previous = START
    for number, entry in enumerate(entries, start=1):
        content = entry.content
        if not content:
            problems.append((number, "cannot be read: it was edited or damaged"))
        elif content.get("number") != number:
            words = f"is numbered {content.get('number')!r}: entries were dropped, added or reordered"
            problems.append((number, words))
        elif content.get("previous") != previous:
            words = (
                f"does not follow from entry {number - 1}: that one was edited or replaced"
                if number > 1
                else "is not the first that was written"
            )
            problems.append((number, words))
        previous = entry.sha256
    if head is not None:
        problems += _against(entries, *head)
    return problems


def _against(entries: Sequence[Entry], length: int, sha256: str) -> list[tuple[int, str]]:
    if len(entries) < length:
        return [(length, f"is missing: there are {len(entries)} entries, there once were {length}")]
    if length and entries[length - 1].sha256 != sha256:
        return [(length, "is not the one that was written: it, or one before it, was edited or replaced")]
    return []


def read_lines(text: str) -> list[Entry]:
    """Read ``audit.jsonl``.

    Parameters
    ----------
    text : str

    Returns
    -------
    list of Entry
    """
    return [Entry(line) for line in text.split("\n") if line]
