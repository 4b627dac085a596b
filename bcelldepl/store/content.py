"""What lies in a store, read without changing it: for those who check it."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bcelldepl.store.audit import Entry

__all__ = [
    "damaged_stages",
    "integrity_problems",
    "open_to_read",
    "read_entries",
    "read_facts",
    "stage_sha256",
]


@contextmanager
def open_to_read(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a store that nobody writes to; not a byte of it or beside it changes, and a folder may be read only.

    Parameters
    ----------
    path : Path
        The store.

    Yields
    ------
    Connection

    Raises
    ------
    sqlite3.DatabaseError
        On first use, where it is no database.
    """
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)
    try:
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA cell_size_check = ON")
        yield connection
    finally:
        connection.close()


def integrity_problems(connection: sqlite3.Connection) -> list[str]:
    """Say what SQLite finds wrong with the file; empty for a sound one.

    Parameters
    ----------
    connection : Connection
        To the store's database.

    Returns
    -------
    list of str
    """
    found = [words for (words,) in connection.execute("PRAGMA integrity_check(10)")]
    return [] if found == ["ok"] else found


def stage_sha256(stage: str, tube: str, key: str, content: str, attachment: bytes) -> str:
    """Hash of a stage and of what it belongs to: a bit that flips in any of it is noticed.

    Parameters
    ----------
    stage : str
        ``fit`` or ``count``.
    tube : str
        As in the sample sheet.
    key : str
        Digest of all that it depends on.
    content : str
        JSON.
    attachment : bytes
        Arrays.

    Returns
    -------
    str
    """
    total = hashlib.sha256("\0".join((stage, tube, key, content)).encode("utf-8", "surrogatepass"))
    total.update(attachment)
    return total.hexdigest()


def damaged_stages(connection: sqlite3.Connection) -> tuple[int, list[tuple[str, str]]]:
    """Check every stage against its hash.

    Parameters
    ----------
    connection : Connection
        To the store's database.

    Returns
    -------
    int
        Stages that there are.
    list of (str, str)
        Stage and tube of those whose bytes are not those that were written.
    """
    number, damaged = 0, []
    rows = connection.execute(
        "SELECT stage, tube, key, content, attachment, sha256 FROM stages ORDER BY stage, tube"
    )
    for stage, tube, key, content, attachment, sha256 in rows:
        number += 1
        if stage_sha256(stage, tube, key, content, attachment) != sha256:
            damaged.append((stage, tube))
    return number, damaged


def read_facts(connection: sqlite3.Connection) -> dict[str, Any]:
    """Read settings, strategy, rows of the sample sheet and versions of the last finished run.

    Parameters
    ----------
    connection : Connection
        To the store's database.

    Returns
    -------
    dict of str to object
    """
    return {name: json.loads(value) for name, value in connection.execute("SELECT name, value FROM facts")}


def read_entries(connection: sqlite3.Connection) -> list[Entry]:
    """Read the audit record, oldest entry first.

    Parameters
    ----------
    connection : Connection
        To the store's database.

    Returns
    -------
    list of Entry
    """
    return [Entry(line) for (line,) in connection.execute("SELECT line FROM audit ORDER BY number")]
