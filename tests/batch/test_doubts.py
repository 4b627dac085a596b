"""Mistakes that every count of its own tube hides: a person is asked to look."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from rewriting import rewrite

from bcelldepl.batch import Results, run
from bcelldepl.fcs import read_fcs
from bcelldepl.study import load_study


@pytest.fixture(scope="module")
def reasons(simulated: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Why each tube needs a look; three tubes were spoiled."""
    folder = tmp_path_factory.mktemp("doubts") / "study"
    shutil.copytree(simulated, folder)
    fcs = folder / "fcs"
    labels = [c.label for c in read_fcs(fcs / "S01_D28.fcs").channels]
    cd19, cd56 = (next(label for label in labels if marker in label) for marker in ("CD19", "56"))
    rewrite(fcs / "S01_D28.fcs", rename={cd19: cd56, cd56: cd19})
    rewrite(fcs / "S02_D28.fcs", DATE="01-JAN-2001")
    kinds = np.load(folder / "labels" / "S02_D90.npy")
    beads = np.isin(kinds, [20, 21])
    late = np.arange(len(kinds)) > len(kinds) // 2
    rewrite(fcs / "S02_D90.fcs", only=~(beads & late & (np.arange(len(kinds)) % 2 == 0)))
    results: Results = run(load_study(folder / "study.toml"), folder / "results", workers=1)
    return dict(zip(results.tubes["file"], results.tubes["reason"], strict=True))


def test_two_labels_exchanged_in_one_tube(reasons: dict[str, str]) -> None:
    assert "is CD56 in all other tubes of the subject: a label may be wrong" in reasons["fcs/S01_D28.fcs"]
    assert "is CD19 in all other tubes of the subject: a label may be wrong" in reasons["fcs/S01_D28.fcs"]
    assert sum("a label may be wrong" in reason for reason in reasons.values()) == 1


def test_a_file_older_than_the_blood(reasons: dict[str, str]) -> None:
    assert "measured on 2001-01-01 by $DATE, but the blood was drawn on " in reasons["fcs/S02_D28.fcs"]
    assert sum("by $DATE" in reason for reason in reasons.values()) == 1


def test_beads_that_settle(reasons: dict[str, str]) -> None:
    assert "beads per cell of the first half of the acquisition are" in reasons["fcs/S02_D90.fcs"]
    assert sum("beads per cell" in reason for reason in reasons.values()) == 1
