"""``bcelldepl export``."""

from __future__ import annotations

import pytest
import typer
from typer.testing import CliRunner

from bcelldepl.cli.export import export


@pytest.fixture
def command():
    app = typer.Typer()
    app.command()(export)
    return lambda *words: CliRunner().invoke(app, [str(word) for word in words])


def test_an_unknown_format_is_refused(command, tmp_path) -> None:
    found = command(tmp_path, "--to", "spss", "--out", tmp_path / "out")
    assert found.exit_code == 2
    assert "'spss' is no format" in found.output
    assert "known: csv, parquet, xpt, dataset-json, gatingml, flowjo" in found.output
    assert not (tmp_path / "out").exists()


def test_a_folder_that_is_no_result_is_refused(command, tmp_path) -> None:
    found = command(tmp_path, "--to", "csv", "--out", tmp_path / "out")
    assert found.exit_code == 2
    assert "there is no counts.csv" in found.output
    assert "give the folder that" in found.output


def test_words_are_needed(command, tmp_path) -> None:
    assert command(tmp_path).exit_code == 2
