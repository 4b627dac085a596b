"""Result tables in SQLite, and back as they were: the CSV and Parquet files are their exports."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["drop_table", "read_table", "table_names", "write_table"]

# Floats have none: SQLite makes 0 of -0.0 in a REAL column, and every bit is to come back.
_TYPES: Final = {"i": "INTEGER", "u": "INTEGER", "b": "INTEGER"}


def write_table(connection: sqlite3.Connection, name: str, table: pd.DataFrame) -> None:
    """Put a table in place of the former one of its name; the caller commits.

    Parameters
    ----------
    connection : Connection
    name : str
    table : DataFrame
        Columns of numbers (nullable ones too), truth values or text.
    """
    drop_table(connection, name)
    columns = [(str(column), table[column].dtype) for column in table.columns]
    described = [(name, i, column, str(dtype)) for i, (column, dtype) in enumerate(columns)]
    connection.executemany("INSERT INTO table_columns VALUES (?, ?, ?, ?)", described)
    if not columns:
        return
    kinds = ", ".join(f"{_quoted(column)} {_TYPES.get(dtype.kind, '')}" for column, dtype in columns)
    connection.execute(f"CREATE TABLE {_quoted(name)} ({kinds})")
    values = [
        [
            None if missing else value
            for value, missing in zip(cells.tolist(), cells.isna().tolist(), strict=True)
        ]
        for _, cells in table.items()
    ]
    marks = ", ".join("?" * len(columns))
    connection.executemany(f"INSERT INTO {_quoted(name)} VALUES ({marks})", zip(*values, strict=True))


def read_table(connection: sqlite3.Connection, name: str) -> pd.DataFrame:
    """Return a table as it was put in.

    Parameters
    ----------
    connection : Connection
        To the store's database.
    name : str

    Returns
    -------
    DataFrame

    Raises
    ------
    KeyError
        Where there is none of this name.
    """
    import pandas as pd

    described = connection.execute(
        "SELECT column_name, dtype FROM table_columns WHERE name = ? ORDER BY position", (name,)
    ).fetchall()
    if not described:
        raise KeyError(name)
    rows = connection.execute(f"SELECT * FROM {_quoted(name)} ORDER BY rowid").fetchall()
    table = pd.DataFrame(rows, columns=[column for column, _ in described], dtype=object)
    return table.astype(dict(described))


def drop_table(connection: sqlite3.Connection, name: str) -> None:
    """Remove a table, if it is there; the caller commits.

    Parameters
    ----------
    connection : Connection
        To the store's database.
    name : str
    """
    connection.execute(f"DROP TABLE IF EXISTS {_quoted(name)}")
    connection.execute("DELETE FROM table_columns WHERE name = ?", (name,))


def table_names(connection: sqlite3.Connection) -> list[str]:
    """Names of the result tables.

    Parameters
    ----------
    connection : Connection
        To the store's database.

    Returns
    -------
    list of str
    """
    return [name for (name,) in connection.execute("SELECT DISTINCT name FROM table_columns ORDER BY name")]


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
