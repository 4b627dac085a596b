"""What every room's tests share: a place for kernels, the program that they start, real data, a study with results."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import bcelldepl

if TYPE_CHECKING:
    from bcelldepl.batch import Results

ROOT = Path(__file__).resolve().parent.parent

# A program that a test starts is of the package that is tested, not of the folder that it is started in.
own = [str(Path(bcelldepl.__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
os.environ |= {"PYTHONSAFEPATH": "1", "PYTHONPATH": os.pathsep.join(filter(None, own))}


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of real FCS files with truth; the test is skipped, visibly, where there is none."""
    folder = Path(os.environ.get("BCELLDEPL_REAL_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no real data at {folder}: set BCELLDEPL_REAL_DATA")
    return folder


@pytest.fixture(scope="session")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a simulated study of two subjects, ten tubes."""
    from bcelldepl.simulate import simulate

    folder = tmp_path_factory.mktemp("simulated")
    simulate(folder, scenario="small", subjects=2, seed=3)
    return folder


@pytest.fixture(scope="session")
def results(simulated: Path, tmp_path_factory: pytest.TempPathFactory) -> Results:
    """Results of that study, made in one process; to look at only."""
    from bcelldepl.batch import run
    from bcelldepl.study import load_study

    return run(load_study(simulated / "study.toml"), tmp_path_factory.mktemp("results"), workers=1)
