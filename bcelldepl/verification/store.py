"""The store: is the file sound, are its parts what was written, and are the tables what the CSV files say?"""

from __future__ import annotations

import hashlib
import sqlite3
from pathlib import Path

from bcelldepl.batch.outputs import FACTS
from bcelldepl.definitions.files import STORE
from bcelldepl.spreadsheet import csv_text
from bcelldepl.store import StoreError
from bcelldepl.store.content import damaged_stages, integrity_problems, open_to_read, read_facts
from bcelldepl.store.files import sha256_of
from bcelldepl.store.schema import check_layout
from bcelldepl.store.seal import read_seal
from bcelldepl.store.tables import read_table, table_names
from bcelldepl.verification.findings import CheckedPart, Part
from bcelldepl.verification.reference import Reference

__all__ = ["check_store"]


def check_store(folder: Path, reference: Reference) -> CheckedPart:
    """Check ``study.db`` without changing it.

    Parameters
    ----------
    folder : Path
        The results folder.
    reference : Reference

    Returns
    -------
    CheckedPart
    """
    check = CheckedPart(Part.STORE)
    path = folder / STORE
    if not path.is_file():
        check.found(STORE, "is missing")
        return check
    log = path.with_name(f"{STORE}-wal")
    if log.is_file() and log.stat().st_size:
        check.found(STORE, "a command was interrupted while writing: run the study again")
    try:
        with open_to_read(path) as connection:
            _check_content(check, connection, reference)
    except (sqlite3.Error, StoreError, ValueError, KeyError, TypeError) as error:
        check.found(STORE, f"is damaged: {error}")
    seal = read_seal(folder)
    if seal and seal.files.get(STORE) != sha256_of(path):
        inside = "" if check.findings else "; its content agrees with its checksums"
        check.found(STORE, f"its bytes are not those that the last command left{inside}")
    return check


def _check_content(check: CheckedPart, connection: sqlite3.Connection, reference: Reference) -> None:
    check.checked += 1
    for words in integrity_problems(connection):
        check.found(STORE, words)
    if not check_layout(connection):
        raise StoreError("it is empty")
    stages, damaged = damaged_stages(connection)
    check.checked += stages
    for stage, tube in damaged:
        check.found(f"{STORE}, stages, {tube}", f"what the {stage} gave is not what was written")
    outputs = reference.files("outputs")
    for name in table_names(connection):
        check.checked += 1
        exported = hashlib.sha256(csv_text(read_table(connection, name)).encode()).hexdigest()
        if exported != outputs.get(f"{name}.csv"):
            check.found(f"{STORE}, table {name}", f"is not what was written to {name}.csv")
    facts = read_facts(connection)
    for name in FACTS:
        check.checked += 1
        if reference.run and facts.get(name) != reference.run.get(name):
            check.found(f"{STORE}, {name}", "is not what run.json says")
