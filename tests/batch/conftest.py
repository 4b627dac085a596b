"""One small simulated study, run once for every test that only looks at results."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from bcelldepl.batch import Results, run
from bcelldepl.simulate import simulate
from bcelldepl.study import load_study

# They tell when and by whom the study was run; all else has the same bytes every time.
RUN_DEPENDENT = {"run.json", "report.html", "study.db", "audit.jsonl", "seal.json"}


@pytest.fixture(scope="session")
def digests() -> Callable[[Path], dict[str, str]]:
    """SHA-256 of every file of a results folder that depends on the study alone, by name."""

    def of(folder: Path) -> dict[str, str]:
        return {
            path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(folder.rglob("*"))
            if path.is_file() and path.name not in RUN_DEPENDENT
        }

    return of


@pytest.fixture(scope="session")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a simulated study of two subjects, ten tubes."""
    folder = tmp_path_factory.mktemp("simulated")
    simulate(folder, scenario="small", subjects=2, seed=3)
    return folder


@pytest.fixture(scope="session")
def results(simulated: Path, tmp_path_factory: pytest.TempPathFactory) -> Results:
    """Results of that study, made in one process."""
    return run(load_study(simulated / "study.toml"), tmp_path_factory.mktemp("results"), workers=1)


@pytest.fixture
def copy(simulated: Path, tmp_path: Path) -> Path:
    """A copy of the study that a test may spoil."""
    folder = tmp_path / "study"
    shutil.copytree(simulated, folder, ignore=shutil.ignore_patterns("labels"))
    return folder
