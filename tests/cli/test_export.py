"""``bcelldepl export``."""

from __future__ import annotations

import shutil

import pytest
import typer
from typer.testing import CliRunner

from bcelldepl.cli.export import export
from bcelldepl.fcs import read_fcs


@pytest.fixture
def command():
    app = typer.Typer()
    app.command()(export)
    return lambda *words: CliRunner().invoke(app, [str(word) for word in words])


def test_an_unknown_format_is_refused(command, tmp_path) -> None:
    found = command(tmp_path, "--to", "spss", "--out", tmp_path / "out")
    assert found.exit_code == 2
    assert "'spss' is not a format" in found.output
    assert "known: csv, parquet, xpt, dataset-json, gatingml, flowjo, fcs, define, rtf, xlsx" in found.output
    assert not (tmp_path / "out").exists()


def test_a_folder_that_is_no_result_is_refused(command, tmp_path) -> None:
    found = command(tmp_path, "--to", "csv", "--out", tmp_path / "out")
    assert found.exit_code == 2
    assert "there is no run.json" in found.output
    assert "give a results folder" in found.output


def test_words_are_needed(command, tmp_path) -> None:
    assert command(tmp_path).exit_code == 2


def test_events_of_a_population_as_fcs_files(command, results, tmp_path) -> None:
    own = shutil.copytree(results.folder, tmp_path / "results")  # an export is entered in its record
    out = tmp_path / "events"
    assert command(own, "--to", "fcs", "--out", out, "--population", "B").exit_code == 0
    written = {path.name: read_fcs(path).n_events for path in out.rglob("*.fcs") if "FMO" not in path.name}
    counts = results.counts[results.counts["population"] == "B"]["events"]
    assert sorted(events for events in written.values() if events) == sorted(counts[counts > 0])


def test_events_need_a_population_and_tables_take_none(command, tmp_path) -> None:
    assert command(tmp_path, "--to", "fcs", "--out", tmp_path / "out").exit_code == 2
    assert command(tmp_path, "--to", "csv", "--out", tmp_path / "out", "--population", "B").exit_code == 2
