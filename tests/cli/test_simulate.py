"""``bcelldepl simulate`` as a user types it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from bcelldepl.cli.simulate import simulate

APP = typer.Typer()
APP.command()(simulate)
RUN = CliRunner()
ONE = ["--scenario", "small", "--subjects", "1"]


def test_it_writes_a_study_and_names_the_next_command(tmp_path: Path) -> None:
    out = tmp_path / "study"
    result = RUN.invoke(APP, [str(out), *ONE])
    assert result.exit_code == 0, result.output
    assert "5 simulated tubes" in result.stdout
    assert f"bcelldepl run {out / 'study.toml'}" in result.stdout
    assert (out / "truth.csv").is_file()


def test_a_former_simulation_is_replaced(tmp_path: Path) -> None:
    assert RUN.invoke(APP, [str(tmp_path), *ONE]).exit_code == 0
    assert RUN.invoke(APP, [str(tmp_path), *ONE, "--seed", "3"]).exit_code == 0
    assert "seed 3" in (tmp_path / "study.toml").read_text()


def test_a_folder_with_other_files_needs_force(tmp_path: Path) -> None:
    (tmp_path / "thesis.docx").write_bytes(b"years of work")
    refused = RUN.invoke(APP, [str(tmp_path), *ONE])
    assert refused.exit_code == 2
    assert "--force" in refused.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.docx"]
    assert RUN.invoke(APP, [str(tmp_path), *ONE, "--force"]).exit_code == 0
    assert (tmp_path / "thesis.docx").read_bytes() == b"years of work"


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["--scenario", "huge"], "trial, small, hard"),
        (["--subjects", "0"], "subjects"),
        (["--drift", "9"], "drift"),
    ],
)
def test_a_wrong_request_ends_with_2_and_says_why(tmp_path: Path, arguments: list[str], word: str) -> None:
    result = RUN.invoke(APP, [str(tmp_path / "out"), *arguments])
    assert result.exit_code == 2
    assert word in result.stderr
    assert not (tmp_path / "out").exists()


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert RUN.invoke(APP, [str(tmp_path / "file")]).exit_code == 2


def test_the_command_module_is_light() -> None:
    code = "import sys, bcelldepl.cli.simulate; print('numpy' in sys.modules)"
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "False"
    )
