"""The quick ones of the faults; ``disk_and_rights.py`` runs into all of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from disk_and_rights import FAULTS, UnableError, make_study

QUICK = (
    "disk of 400 kB",
    "results may not be written",
    "a tube vanishes before it is counted",
    "a folder named like a tube",
    "a folder named like the sheet",
    "a file named like the results",
)


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return make_study(tmp_path_factory.mktemp("faults"))


@pytest.mark.parametrize("name", QUICK)
def test_a_fault_is_said_in_words_and_nothing_done_is_lost(study: tuple[Path, Path], name: str) -> None:
    try:
        outcome = FAULTS[name](*study)
    except UnableError as error:
        pytest.skip(str(error))
    assert outcome.good, outcome
