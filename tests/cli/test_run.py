"""``bcelldepl run`` as a user meets it: words, exit codes, interruption."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bcelldepl.simulation import simulate

PROGRAM = [sys.executable, "-c", "from bcelldepl.cli.program import main; main()"]


def bcelldepl(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*PROGRAM, *map(str, words)], capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cli") / "study"
    simulate(folder, scenario="small", subjects=1, seed=5)
    return folder / "study.toml"


def test_a_sound_study_ends_with_0_or_names_what_to_look_at(study: Path, tmp_path: Path) -> None:
    done = bcelldepl("run", study, "--out", tmp_path / "out", "--workers", "1")
    assert "5 tubes" in done.stdout
    assert (tmp_path / "out" / "report.html").is_file()
    assert done.returncode == (1 if "review" in done.stderr or "failed" in done.stderr else 0)
    again = bcelldepl("run", study, "--out", tmp_path / "out")
    assert "nothing was run" in again.stdout
    assert again.returncode == done.returncode


def test_an_override_without_a_place_in_the_strategy_runs_nothing(study: Path, tmp_path: Path) -> None:
    shutil.copytree(study.parent, tmp_path / "study")
    (tmp_path / "study" / "overrides.toml").write_text(
        '[[override]]\nfile = "fcs/S01_D10.fcs"\npopulation = "b cells"\ncut = 0.4\n'
        'who = "core lab"\nwhen = 2026-11-02\nwhy = "dim"\n',
        encoding="utf-8",
    )
    done = bcelldepl("run", tmp_path / "study" / "study.toml")
    assert done.returncode == 2
    assert "overrides.toml, fcs/S01_D10.fcs, b cells" in done.stderr
    assert not (tmp_path / "study" / "results").exists()


def test_a_bad_tube_gives_1_and_its_name_on_stderr(study: Path, tmp_path: Path) -> None:
    shutil.copytree(study.parent, tmp_path / "study")
    (tmp_path / "study" / "fcs" / "S01_D10.fcs").write_bytes(b"this is not an FCS file")
    done = bcelldepl("run", tmp_path / "study" / "study.toml", "--workers", "1")
    assert done.returncode == 1
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("fcs/S01_D10.fcs: failed: ")]
    assert len(line) > 40
    assert "Traceback" not in done.stderr


def test_everything_wrong_with_a_request_is_said_at_once_and_gives_2(study: Path, tmp_path: Path) -> None:
    shutil.copytree(study.parent, tmp_path / "study")
    sheet = tmp_path / "study" / "samples.csv"
    lines = sheet.read_text().splitlines()
    cells = lines[2].split(",")
    cells[3] = ""  # the day
    lines[2] = ",".join(cells)
    sheet.write_text("\n".join([*lines, lines[1]]) + "\n")
    toml = tmp_path / "study" / "study.toml"
    toml.write_text(toml.read_text() + "\n[limits]\nloq_events = 50\n")
    done = bcelldepl("run", toml)
    assert done.returncode == 2
    assert "loq_events" in done.stderr
    assert "day" in done.stderr
    assert lines[1].split(",")[0] in done.stderr  # the file that stands twice
    assert "nothing was run" in done.stderr
    assert not (tmp_path / "study" / "results").exists()


def test_a_missing_column_gives_2(study: Path, tmp_path: Path) -> None:
    shutil.copytree(study.parent, tmp_path / "study")
    sheet = tmp_path / "study" / "samples.csv"
    sheet.write_text(sheet.read_text().replace("subject,", "patient,", 1))
    done = bcelldepl("run", tmp_path / "study" / "study.toml")
    assert done.returncode == 2
    assert "subject" in done.stderr


def test_an_unknown_strategy_gives_2_and_lists_the_shipped_ones(study: Path, tmp_path: Path) -> None:
    shutil.copytree(study.parent, tmp_path / "study")
    toml = tmp_path / "study" / "study.toml"
    toml.write_text(toml.read_text().replace('"cart_pd"', '"no_such"'))
    done = bcelldepl("run", toml)
    assert done.returncode == 2
    assert "cart_pd" in done.stderr


def test_settings_are_shown_with_their_defaults(study: Path) -> None:
    done = bcelldepl("run", study, "--show-config")
    assert done.returncode == 0
    assert "lloq_events = 50" in done.stdout


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from bcelldepl.cli import main; "
        "print([m for m in ('numpy', 'pandas', 'numba', 'matplotlib', 'flowkit', 'scipy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.skipif(os.name != "posix", reason="sends a POSIX signal")
def test_an_interruption_gives_130_without_traceback_or_half_written_files(
    study: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    process = subprocess.Popen(
        [*PROGRAM, "run", str(study), "--out", str(out), "--workers", "2"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    while process.poll() is None and not (out / "study.db").exists():  # whose tubes are counted from now on
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=600)  # a kernel that is being compiled ends first
    assert process.returncode == 130
    assert "Traceback" not in errors
    assert not out.exists() or not list(out.rglob("*.part"))
