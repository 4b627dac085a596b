"""Copies of the simulated study that tests may spoil, whole or with one subject; what is compared of results."""

from __future__ import annotations

import hashlib
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from bcelldepl.batch import Results, run
from bcelldepl.simulation import simulate
from bcelldepl.study import load_study

# They tell when and by whom the study was run; all else has the same bytes every time.
RUN_DEPENDENT = {"run.json", "report.html", "study.db", "audit.jsonl", "seal.json"}


def copied(study: Path, folder: Path) -> Path:
    """Copy a study without the labels of its events."""
    return Path(shutil.copytree(study, folder, ignore=shutil.ignore_patterns("labels")))


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
def one_subject(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the same study with its first subject alone, five tubes."""
    folder = tmp_path_factory.mktemp("one")
    simulate(folder, scenario="small", subjects=1, seed=3)
    return folder


@pytest.fixture(scope="session")
def results_of_one(one_subject: Path, tmp_path_factory: pytest.TempPathFactory) -> Results:
    """Results of that study, made in one process; to look at only."""
    return run(load_study(one_subject / "study.toml"), tmp_path_factory.mktemp("results"), workers=1)


@pytest.fixture
def copy(simulated: Path, tmp_path: Path) -> Path:
    """A copy of the study that a test may spoil."""
    return copied(simulated, tmp_path / "study")


@pytest.fixture
def copy_of_one(one_subject: Path, tmp_path: Path) -> Path:
    """A copy of the study of one subject that a test may spoil."""
    return copied(one_subject, tmp_path / "study")
