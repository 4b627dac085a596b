"""`Store`: the SQLite file of a results folder, opened by one process at a time."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bcelldepl.definitions.files import AUDIT, RUN, STORE
from bcelldepl.store.audit import Entry, chain_problems, make_entry, read_lines
from bcelldepl.store.content import read_entries, stage_sha256
from bcelldepl.store.errors import StoreError
from bcelldepl.store.files import remove_parts, sha256_of, write_bytes
from bcelldepl.store.lock import FolderLock
from bcelldepl.store.schema import check_layout, lay_out
from bcelldepl.store.seal import Seal, changed_files, read_seal, write_seal
from bcelldepl.store.tables import drop_table, read_table, table_names, write_table

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

__all__ = ["FIGURE", "OF_THE_STUDY", "Store"]

FIGURE = "figure"  # the stage of figures, which stand by the names of their files in place of a tube
OF_THE_STUDY = ""  # in place of a tube, for what a stage gives for all of them
_REMEDY = "restore it, or move it away: `run` computes everything again, and takes the audit record from audit.jsonl"


class Store:
    """The store of a results folder. A context manager; closing it writes ``audit.jsonl`` and ``seal.json``.

    Parameters
    ----------
    folder : Path
        The results folder; made where it is not there.
    doing : str
        What others who want it are told, such as ``run``.
    wait_s : float
        How long to wait for another process [s].

    Raises
    ------
    LockedError
        Another process has it.
    StoreError
        It is damaged, or no store of ours.
    OSError
        The folder cannot be written to.
    """

    def __init__(self, folder: Path, doing: str, wait_s: float = 0.0) -> None:
        self.folder = folder
        self._lock = FolderLock(folder, doing, wait_s)
        try:
            remove_parts(folder)
            seal = read_seal(folder)
            # A killed process left no seal of what it wrote; any other change of these files is not ours.
            changed = [] if self._lock.left_behind else changed_files(folder, seal)
            self._connection = _open(folder / STORE)
            self._begin(seal, changed)
        except BaseException:
            if hasattr(self, "_connection"):
                self._connection.close()
            self._lock.release()
            raise

    def _begin(self, seal: Seal | None, changed: list[str]) -> None:
        with _in_words(self.folder / STORE):
            if not check_layout(self._connection):
                lay_out(self._connection)
            if not self.entries:
                self._take_over()
            before = self.entries
            told = {words for entry in before for words in entry.content.get("what", {}).get("problems", [])}
            problems = chain_problems(before, (seal.entries, seal.head) if seal else None)
            news = [words for number, what in problems if (words := f"entry {number} {what}") not in told]
            news += changed
            if news and before:  # told in the record itself, for the next seal hides it
                self.append("discrepancy", what={"problems": news})

    def _take_over(self) -> None:
        """Go on with the record that a store which was moved away has left as a file."""
        try:
            lines = read_lines((self.folder / AUDIT).read_text(encoding="ascii"))
        except FileNotFoundError:
            return
        except ValueError as error:
            raise StoreError(f"it cannot be read: {error}", AUDIT, "restore it, or move it away") from error
        with self._transaction():
            rows = [(number, entry.line) for number, entry in enumerate(lines, start=1)]
            self._connection.executemany("INSERT INTO audit VALUES (?, ?)", rows)

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the store and leave its seal."""
        try:
            entries = self.entries
            self._connection.close()
            if entries:
                write_bytes(self.folder / AUDIT, "".join(f"{entry.line}\n" for entry in entries).encode())
                names = [name for name in (STORE, AUDIT, RUN) if (self.folder / name).is_file()]
                sealed = {name: sha256_of(self.folder / name) for name in names}
                write_seal(self.folder, Seal(len(entries), entries[-1].sha256, sealed))
        finally:
            self._connection.close()
            self._lock.release()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with _in_words(self.folder / STORE):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:  # a full disk has ended it already
                    self._connection.execute("ROLLBACK")
                raise

    def stage(self, stage: str, tube: str, key: str) -> tuple[str, bytes] | None:
        """Return what a pass gave for a tube; None where nothing is there under this key, or it was damaged."""
        row = self._connection.execute(
            "SELECT content, attachment, sha256 FROM stages WHERE stage = ? AND tube = ? AND key = ?",
            (stage, tube, key),
        ).fetchone()
        if row is None or row[2] != stage_sha256(stage, tube, key, row[0], row[1]):
            return None
        return row[0], row[1]

    def keep_stage(self, stage: str, tube: str, key: str, content: str, attachment: bytes) -> None:
        """Keep what a pass gave for a tube, in place of what it gave before; safe against a kill from here on."""
        sha256 = stage_sha256(stage, tube, key, content, attachment)
        with self._transaction():
            self._connection.execute(
                "INSERT OR REPLACE INTO stages VALUES (?, ?, ?, ?, ?, ?)",
                (stage, tube, key, content, attachment, sha256),
            )

    def keep_table(self, name: str, table: pd.DataFrame) -> pd.DataFrame:
        """Keep a result table in place of the former one, and return it as it is kept."""
        with self._transaction():
            write_table(self._connection, name, table)
        return read_table(self._connection, name)

    def keep_facts(self, facts: Mapping[str, Any]) -> None:
        """Keep plain data by name, in place of all there was."""
        with self._transaction():
            self._connection.execute("DELETE FROM facts")
            rows = [(name, json.dumps(value, sort_keys=True)) for name, value in facts.items()]
            self._connection.executemany("INSERT INTO facts VALUES (?, ?)", rows)

    def prune(self, tables: Collection[str], tubes: Collection[str], figures: Collection[str]) -> None:
        """Forget the tables, tubes and figures that are not among these."""
        with self._transaction():
            for name in set(table_names(self._connection)) - set(tables):
                drop_table(self._connection, name)
            known = self._connection.execute("SELECT stage, tube FROM stages").fetchall()
            gone = [
                (stage, name)
                for stage, name in known
                if (name not in figures if stage == FIGURE else name not in tubes and name != OF_THE_STUDY)
            ]
            self._connection.executemany("DELETE FROM stages WHERE stage = ? AND tube = ?", gone)

    @property
    def entries(self) -> list[Entry]:
        """The audit record, oldest first."""
        return read_entries(self._connection)

    def append(
        self,
        action: str,
        *,
        why: str = "",
        what: Mapping[str, Any] | None = None,
        inputs: Mapping[str, str] | None = None,
        outputs: Mapping[str, str] | None = None,
        settings: Mapping[str, Any] | None = None,
    ) -> tuple[int, str]:
        """Add an entry to the audit record; see `bcelldepl.store.audit.make_entry`.

        Returns
        -------
        int, str
            Its number and its hash.
        """
        before = self.entries
        entry = make_entry(
            before, action, why=why, what=what, inputs=inputs, outputs=outputs, settings=settings
        )
        with self._transaction():
            self._connection.execute("INSERT INTO audit VALUES (?, ?)", (len(before) + 1, entry.line))
        return len(before) + 1, entry.sha256


def _open(path: Path) -> sqlite3.Connection:
    with _in_words(path):
        connection = sqlite3.connect(path, isolation_level=None, timeout=10.0)
        try:
            # Exclusive before the first use of the log: no shared memory then, which network folders do not have.
            connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            connection.execute("PRAGMA trusted_schema = OFF")
            connection.execute("PRAGMA cell_size_check = ON")
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            problems = [words for (words,) in connection.execute("PRAGMA quick_check(3)")]
        except BaseException:
            connection.close()
            raise
    if problems != ["ok"]:
        connection.close()
        raise StoreError(f"it is damaged: {'; '.join(problems)}", str(path), _REMEDY)
    return connection


@contextmanager
def _in_words(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        if getattr(error, "sqlite_errorname", "") in ("SQLITE_FULL", "SQLITE_READONLY", "SQLITE_CANTOPEN"):
            raise OSError(f"{path}: {error}") from error
        raise StoreError(f"it cannot be opened: {error}", str(path), _REMEDY) from error
    except sqlite3.DatabaseError as error:
        raise StoreError(f"it is damaged: {error}", str(path), _REMEDY) from error
    except StoreError as error:
        raise error if error.where else StoreError(error.what, str(path), _REMEDY) from None
