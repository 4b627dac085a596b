"""The store keeps what it is given, one process at a time, and says what is wrong with it."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bcelldepl.store import LockedError, Store, StoreError
from bcelldepl.store.lock import LOCK

TABLES = {
    "mixed": pd.DataFrame({
        "text": ["a", "", None, "1"],
        "events": pd.array([1, None, 3, 2**53 + 1], dtype="Int64"),
        "value": [0.1, np.nan, np.inf, -0.0],
        "flag": [True, False, True, False],
        "either": [1, 2.5, "x", None],
    }),
    "empty": pd.DataFrame({"a": pd.Series(dtype="float64"), "b": pd.Series(dtype="object")}),
    "bare": pd.DataFrame(),
}  # fmt: skip


@pytest.mark.parametrize("name", ["mixed", "empty"])
def test_tables_come_back_as_they_were(tmp_path: Path, name: str) -> None:
    with Store(tmp_path, "test") as store:
        back = store.keep_table(name, TABLES[name])
        assert list(back.dtypes) == list(TABLES[name].dtypes)
        assert back.to_csv(index=False) == TABLES[name].to_csv(index=False)
        again = store.keep_table(name, TABLES[name].iloc[:1])
        assert len(again) == len(TABLES[name].iloc[:1])


def test_stages_are_kept_by_tube_and_key(tmp_path: Path) -> None:
    with Store(tmp_path, "test") as store:
        store.keep_stage("fit", "a.fcs", "k1", "{}", b"png")
        store.keep_stage("fit", "a.fcs", "k2", "[]", b"")
        store.keep_stage("fit", "b.fcs", "k1", "1", b"")
        store.append("export")
    with Store(tmp_path, "test") as store:
        assert store.stage("fit", "a.fcs", "k2") == ("[]", b"")
        assert store.stage("fit", "a.fcs", "k1") is None
        assert store.stage("count", "a.fcs", "k2") is None
        store.prune([], ["a.fcs"], [])
        assert store.stage("fit", "b.fcs", "k1") is None
    assert sorted(path.name for path in tmp_path.iterdir()) == ["audit.jsonl", "seal.json", "study.db"]


def test_a_stage_whose_bits_flipped_is_not_believed(tmp_path: Path) -> None:
    with Store(tmp_path, "test") as store:
        store.keep_stage("fit", "a.fcs", "k", "12", b"")
    with sqlite3.connect(tmp_path / "study.db") as connection:
        connection.execute("UPDATE stages SET content = '13'")
    connection.close()
    with Store(tmp_path, "test") as store:
        assert store.stage("fit", "a.fcs", "k") is None


def test_the_record_cannot_be_edited_by_accident(tmp_path: Path) -> None:
    with Store(tmp_path, "test") as store:
        store.append("export")
        for statement in ("DELETE FROM audit", "UPDATE audit SET line = ''"):
            with pytest.raises(sqlite3.IntegrityError, match="append only"):
                store._connection.execute(statement)


def test_a_record_that_was_cut_is_told_in_the_record_itself(tmp_path: Path) -> None:
    for _ in range(3):
        with Store(tmp_path, "test") as store:
            store.append("export")
    with sqlite3.connect(tmp_path / "study.db") as connection:
        connection.execute("DROP TRIGGER audit_is_not_cut")
        connection.execute("DELETE FROM audit WHERE number = 3")
        connection.execute(
            "CREATE TRIGGER audit_is_not_cut BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'append only'); END"
        )
    connection.close()
    for _ in range(2):  # told once
        with Store(tmp_path, "test") as store:
            actions = [entry.content["action"] for entry in store.entries]
            assert actions == ["export", "export", "discrepancy"]
            assert "entry 3 is missing" in store.entries[-1].content["what"]["problems"][0]


def test_a_new_store_goes_on_with_the_record_of_the_one_moved_away(tmp_path: Path) -> None:
    with Store(tmp_path, "test") as store:
        store.append("export", why="first")
    (tmp_path / "study.db").unlink()
    with Store(tmp_path, "test") as store:
        store.append("export", why="second")
    entries = [json.loads(line) for line in (tmp_path / "audit.jsonl").read_text().splitlines()]
    assert [one["action"] for one in entries] == ["export", "discrepancy", "export"]
    assert [one["why"] for one in entries] == ["first", "", "second"]
    assert entries[1]["what"]["problems"] == ["study.db was removed since the last command closed it"]


def test_what_is_no_store_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "study.db"
    path.write_bytes(b"not a database at all, but long enough to have a header" * 40)
    with pytest.raises(StoreError, match=r"study\.db.*move it away"):
        Store(tmp_path, "test")
    assert path.read_bytes().startswith(b"not a database")
    path.unlink()
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE patients (name)")
    connection.close()
    with pytest.raises(StoreError, match="another program"):
        Store(tmp_path, "test")
    assert not (tmp_path / LOCK).exists()


def test_a_trigger_that_somebody_else_put_there_is_refused(tmp_path: Path) -> None:
    Store(tmp_path, "test").close()
    with sqlite3.connect(tmp_path / "study.db") as connection:
        connection.execute("CREATE TRIGGER t AFTER INSERT ON stages BEGIN DELETE FROM facts; END")
    connection.close()
    with pytest.raises(StoreError, match="tables are not those"):
        Store(tmp_path, "test")


HOLD = """
import sys, time
from pathlib import Path
from bcelldepl.store import Store
store = Store(Path(sys.argv[1]), "run")
store.append("run started")
print("held", flush=True)
time.sleep(60)
"""


def test_the_second_is_told_who_holds_the_folder_and_a_dead_process_holds_nothing(tmp_path: Path) -> None:
    holder = subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(LockedError, match=rf"`bcelldepl run` of .*process {holder.pid} on .*since 20"):
            Store(tmp_path, "test")
    finally:
        holder.kill()
        holder.communicate()
    assert (tmp_path / LOCK).is_file()
    with Store(tmp_path, "test") as store:
        assert [entry.content["action"] for entry in store.entries] == ["run started"]
        assert json.loads((tmp_path / LOCK).read_text())["pid"] == os.getpid()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["audit.jsonl", "seal.json", "study.db"]


def test_two_in_one_process_exclude_each_other_too(tmp_path: Path) -> None:
    with Store(tmp_path, "run"), pytest.raises(LockedError):
        Store(tmp_path, "test")
    Store(tmp_path, "test").close()
