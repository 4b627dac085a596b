"""A small finished study that every test may spoil in its own way."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from bcelldepl.batch import run
from bcelldepl.simulation import simulate
from bcelldepl.study import load_study


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a simulated study of one subject, five tubes, with its results; moved since it was run."""
    folder = tmp_path_factory.mktemp("finished")
    simulate(folder / "built", scenario="small", subjects=1, seed=7)
    run(load_study(folder / "built" / "study.toml"), workers=1, why="first look")
    return (folder / "built").rename(folder / "moved")


@pytest.fixture
def study(finished: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return Path(shutil.copytree(finished, tmp_path / "study"))
