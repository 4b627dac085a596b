"""``bcelldepl init`` and ``bcelldepl check`` as a user meets them: words, files, exit codes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bcelldepl.cli.main import app


def bcelldepl(*words: object, code: int) -> tuple[str, str]:
    result = CliRunner().invoke(app, [str(word) for word in words], env={"COLUMNS": "200"})
    assert result.exit_code == code, result.output
    return result.stdout, result.stderr


@pytest.fixture
def folder(simulated: Path, tmp_path: Path) -> Path:
    """The FCS files of a simulated study alone."""
    shutil.copytree(simulated / "fcs", tmp_path / "lab" / "fcs")
    return tmp_path / "lab"


def test_from_a_folder_to_a_study_that_can_be_run(folder: Path) -> None:
    said, _ = bcelldepl("init", folder, code=0)
    assert "strategy cart_pd (guessed)" in said
    assert "left to you:" in said
    assert f"then: bcelldepl check {folder / 'study.toml'}" in said
    said, errors = bcelldepl("init", folder, code=2)
    assert "is there already, and is not overwritten" in errors
    said, _ = bcelldepl("check", folder / "study.toml", code=2)
    assert "guesses of `bcelldepl init` that nobody has confirmed" in said
    assert '"auto" can count no sample' in said
    assert "cannot be run: 1 problem, 1 doubt; nothing was counted" in said
    assert not (folder / "results").exists()


def test_a_file_that_cannot_be_read_is_named(folder: Path) -> None:
    (folder / "fcs" / "S03_D10.fcs").write_bytes(b"x")
    _, errors = bcelldepl("init", folder, "--out", folder.parent, code=1)
    assert errors.startswith("fcs/S03_D10.fcs: not an FCS file")
    said, _ = bcelldepl("check", folder.parent / "study.toml", code=2)
    assert "lab/fcs/S03_D10.fcs: not an FCS file" in said


def test_check_of_a_sound_study_and_of_none(simulated: Path, tmp_path: Path) -> None:
    said, _ = bcelldepl("check", simulated / "study.toml", code=0)
    assert "SIM-SMALL can be run: 0 problems, 0 doubts; nothing was counted" in said
    content = json.loads(bcelldepl("check", simulated / "study.toml", "--json", code=0)[0])
    assert (content["can_run"], content["problems"], content["doubts"]) == (True, [], [])
    said, _ = bcelldepl("check", tmp_path / "study.toml", code=2)
    assert "no such study file" in said
    _, errors = bcelldepl("init", tmp_path / "none", code=2)
    assert "is not a folder" in errors


def test_lines_to_paste_stand_below_their_problem(simulated: Path, tmp_path: Path) -> None:
    shutil.copytree(simulated, tmp_path / "study")
    toml = tmp_path / "study" / "study.toml"
    toml.write_text(toml.read_text().replace('"cart_pd"', '"mine.toml"'), encoding="utf-8")
    strategy = Path(__file__).parents[2] / "gates" / "cart_pd.toml"
    text = strategy.read_text(encoding="utf-8").replace('marker = "CAR"', 'marker = "CD7"')
    (tmp_path / "study" / "mine.toml").write_text(text.replace("CAR_T", "CD7_T"), encoding="utf-8")
    said, _ = bcelldepl("check", toml, code=2)
    place = said.index("CD7: no channel found")
    assert said[place:].splitlines()[1:3][0].strip() == "[panel]"
    assert said[place:].splitlines()[2].strip().startswith('CD7 = "DETECTOR"  # one of FITC-A (CD3 FITC)')
    assert said.count("CD7: no channel found") == 1
