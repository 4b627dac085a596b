"""One small simulated study for all tests of the room."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pytest

from bcelldepl.simulation import simulate

Rows = list[dict[str, str]]


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the scenario `small`, seed 0."""
    folder = tmp_path_factory.mktemp("small")
    simulate(folder, scenario="small")
    return folder


@pytest.fixture(scope="session")
def read_table() -> Callable[[Path], Rows]:
    def read(path: Path) -> Rows:
        with path.open(newline="", encoding="utf-8") as handle:
            return list(csv.DictReader(handle))

    return read
