"""What is no longer so is named, with its place; what is as recorded is left alone."""

from __future__ import annotations

import hashlib
import json
import os
import random
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from bcelldepl.batch import run
from bcelldepl.store import LockedError, Store, StoreError
from bcelldepl.study import load_study
from bcelldepl.verification import verify
from bcelldepl.verification.findings import CheckedPart, Finding, Part, Verification
from bcelldepl.verification.page import write_page

PROGRAM = [sys.executable, "-c", "from bcelldepl.cli.program import main; main()"]


def bcelldepl(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*PROGRAM, *map(str, words)], capture_output=True, text=True, check=False)


def found(study: Path) -> list[str]:
    return [str(finding) for finding in verify(study / "results").findings]


def digests(folder: Path) -> dict[str, str]:
    return {str(p): hashlib.sha256(p.read_bytes()).hexdigest() for p in folder.rglob("*") if p.is_file()}


def test_a_sound_study_has_no_finding_and_is_left_as_it_was(study: Path) -> None:
    before = digests(study)
    verification = verify(study / "results")
    assert verification.findings == []
    assert verification.exit_code == 0
    assert {str(check.part): check.checked for check in verification.checks}["inputs"] == 5
    assert all(check.checked for check in verification.checks if check.part != "review")  # nobody judged it
    assert digests(study) == before


FLIPS = {
    "fcs/S01_D10.fcs": "inputs: fcs/S01_D10.fcs: its bytes changed",
    "results/counts.csv": "outputs: counts.csv: its bytes changed",
    "results/gates/fcs__S01_D10.json": "outputs: gates/fcs__S01_D10.json: its bytes changed",
    "results/study.db": "store: study.db",
    "results/audit.jsonl": "audit record: audit.jsonl",
    "results/run.json": "audit record: run.json",
    "results/seal.json": "",
}


@pytest.mark.parametrize("name", FLIPS)
def test_one_flipped_bit_is_named(study: Path, name: str) -> None:
    path, chance = study / name, random.Random(name)
    original = path.read_bytes()
    for _ in range(4):
        data = bytearray(original)
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        path.write_bytes(data)
        sentences = found(study)
        assert any(sentence.startswith(FLIPS[name]) for sentence in sentences), sentences
    path.write_bytes(original)
    assert found(study) == []


def test_an_edited_entry_of_the_record_is_named_even_where_copy_and_seal_are_made_to_fit(study: Path) -> None:
    with Store(study / "results", "test") as store:
        store.append("export", why="honest")
        store.append("export", why="later")
    with sqlite3.connect(study / "results" / "study.db") as connection:
        connection.execute("DROP TRIGGER audit_is_not_edited")
        connection.execute("UPDATE audit SET line = replace(line, 'honest', 'forged')")
        connection.execute(
            "CREATE TRIGGER audit_is_not_edited BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'append only'); END"
        )
    connection.close()
    with Store(study / "results", "test"):
        pass  # writes the copy and the seal anew
    sentences = found(study)
    assert any("audit record: entry 4: does not follow from entry 3" in one for one in sentences)
    assert any("study.db was changed since the last command closed it" in one for one in sentences)


def test_settings_rows_gates_by_hand_and_missing_files_are_named(study: Path) -> None:
    toml = study / "study.toml"
    toml.write_text(toml.read_text() + "\n[limits]\nlod_events = 10\n")
    sheet = study / "samples.csv"
    lines = sheet.read_text().splitlines()
    lines[1] = lines[1].replace(",BL,", ",V1,")
    sheet.write_text("\n".join(lines) + "\n")
    (study / "overrides.toml").write_text(
        '[[override]]\nfile = "fcs/S01_D10.fcs"\npopulation = "CAR_T"\ncut = 0.6\n'
        'who = "core lab"\nwhen = 2026-11-02\nwhy = "dim cells"\n'
    )
    (study / "fcs" / "S01_D28.fcs").unlink()
    (study / "results" / "figures" / "curves.png").unlink()
    text = "\n".join(found(study))
    assert "study: study.toml: [limits.lod_events] is not what it was" in text
    assert "visit was 'BL', is 'V1'" in text
    assert "study: overrides.toml: 1 gates set by hand, and not those of the run" in text
    assert "inputs: fcs/S01_D28.fcs: is not there any more" in text
    assert "outputs: figures/curves.png: is not there any more" in text


def test_a_rerun_compares_tables_and_gates(study: Path) -> None:
    assert verify(study / "results", rerun=True, workers=1).findings == []
    (study / "fcs" / "S01_D10.fcs").write_bytes(b"no FCS file any more")
    again = verify(study / "results", rerun=True, workers=1)
    places = {finding.where for finding in again.findings if finding.part == Part.RERUN}
    assert {"counts.csv", "gates/fcs__S01_D10.json"} <= places


def test_a_run_after_a_change_makes_all_as_recorded_again_and_the_record_tells(study: Path) -> None:
    counts = study / "results" / "counts.csv"
    counts.write_text(counts.read_text().replace("QUANTIFIED", "NOT_DETECTED"))
    assert found(study)
    run(load_study(study / "study.toml"), workers=1)
    assert found(study) == []
    (study / "results" / "run.json").write_text("{}")
    run(load_study(study / "study.toml"), workers=1)
    (sentence,) = found(study)
    assert "run.json was changed since the last command closed it" in sentence


def test_no_results_or_results_in_use_are_refused(study: Path, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="neither run"):
        verify(tmp_path)
    done = bcelldepl("verify", tmp_path)
    assert done.returncode == 2
    assert "neither" in done.stderr
    with Store(study / "results", "run"), pytest.raises(LockedError, match="in use"):
        verify(study / "results", wait_s=0.0)


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="needs rights that can be taken away")
def test_a_folder_that_is_read_only_can_be_verified(study: Path) -> None:
    (study / "results").chmod(0o555)
    try:
        assert found(study) == []
    finally:
        (study / "results").chmod(0o755)


def test_exports_and_comparisons_stand_in_the_record(study: Path, tmp_path: Path) -> None:
    results = study / "results"
    assert (
        bcelldepl("export", results, "--to", "csv", "--out", tmp_path / "out", "--why", "asked").returncode
        == 0
    )
    manual = tmp_path / "manual.csv"
    manual.write_text("file,population,events\nfcs/S01_BL.fcs,B,500\nfcs/S01_D28.fcs,B,1\n")
    assert bcelldepl("compare", results, manual, "--why", "second reader").returncode in (0, 1)
    entries = [json.loads(line) for line in (results / "audit.jsonl").read_text().splitlines()]
    assert [one["action"] for one in entries] == ["run started", "run finished", "export", "comparison"]
    assert [one["why"] for one in entries] == ["first look", "first look", "asked", "second reader"]
    for path, sha256 in (entries[2]["outputs"] | entries[3]["outputs"]).items():
        assert hashlib.sha256(Path(path).read_bytes()).hexdigest() == sha256
    assert entries[3]["inputs"][str(manual)] == hashlib.sha256(manual.read_bytes()).hexdigest()
    done = bcelldepl("verify", results, "--json")
    assert done.returncode == 0, done.stdout
    assert json.loads(done.stdout)["as_recorded"] is True


def test_the_command_names_what_is_wrong_and_writes_a_page(study: Path) -> None:
    (study / "results" / "counts.csv").write_text("edited")
    done = bcelldepl("verify", study / "results")
    assert done.returncode == 1
    assert "outputs: counts.csv: its bytes changed" in done.stderr
    assert "counts.csv" in (study / "results" / "verification.html").read_text()


def test_the_page_escapes_what_it_shows(tmp_path: Path) -> None:
    check = CheckedPart(Part.INPUTS, 1, [Finding(Part.INPUTS, "<script>alert(1)</script>", "x")])
    write_page(
        tmp_path / "page.html", Verification(tmp_path, "<b>", "2026-01-01T00:00:00+00:00", "u", (check,))
    )
    page = (tmp_path / "page.html").read_text()
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert "1 item is no longer as recorded" in page
