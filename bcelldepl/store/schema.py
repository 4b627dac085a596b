"""How a store is laid out, and the check that a file is one."""

from __future__ import annotations

import sqlite3

from bcelldepl.store.errors import StoreError

__all__ = ["check_layout", "lay_out"]

APPLICATION_ID = 0x6263_6C64  # "bcld", tells the file from any other SQLite database
VERSION = 1

_SCHEMA = (
    # What was computed of each tube in each pass; the key is a digest of all that it depends on.
    """CREATE TABLE stages (stage TEXT NOT NULL, tube TEXT NOT NULL, key TEXT NOT NULL, content TEXT NOT NULL,
    attachment BLOB NOT NULL, sha256 TEXT NOT NULL, PRIMARY KEY (stage, tube))""",
    # Settings, strategy, rows of the sample sheet, versions: as JSON.
    "CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL)",
    # The result tables lie in tables of their own names; this one knows their columns.
    """CREATE TABLE table_columns (name TEXT NOT NULL, position INTEGER NOT NULL, column_name TEXT NOT NULL,
    dtype TEXT NOT NULL, PRIMARY KEY (name, position))""",
    "CREATE TABLE audit (number INTEGER PRIMARY KEY, line TEXT NOT NULL)",
    # Against accidents: who may write the file can drop these, and the chain of hashes is what shows it.
    "CREATE TRIGGER audit_is_not_edited BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'append only'); END",
    "CREATE TRIGGER audit_is_not_cut BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'append only'); END",
)


def lay_out(connection: sqlite3.Connection) -> None:
    """Make the tables of a new store.

    Parameters
    ----------
    connection : Connection
        To the store's database.
    """
    connection.execute("BEGIN IMMEDIATE")
    for statement in _SCHEMA:
        connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {VERSION}")
    connection.execute("COMMIT")


def check_layout(connection: sqlite3.Connection) -> bool:
    """Tell whether a database is laid out as a store; False where it is empty.

    Parameters
    ----------
    connection : Connection
        To the store's database.

    Returns
    -------
    bool

    Raises
    ------
    StoreError
        Where it is something else, is of a later version, or holds triggers or views that we did not put there.
    """
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    found = connection.execute("SELECT type, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
    if not found and not version:
        return False
    if application != APPLICATION_ID:
        raise StoreError("it is a database of another program")
    if version > VERSION:
        raise StoreError(
            f"it was written by a later version of bcelldepl (layout {version}, this version reads {VERSION})"
        )
    statements = {sql for _, sql in found}
    foreign = [sql for kind, sql in found if kind != "table" and sql not in _SCHEMA]
    if foreign or not statements >= set(_SCHEMA):
        raise StoreError("its tables are not those that bcelldepl makes")
    return True
