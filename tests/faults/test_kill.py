"""A few of the trials of `kill.py`, which runs fifty; and of `concurrency.py`."""

from __future__ import annotations

import os
from pathlib import Path

import concurrency
import kill
import pytest

pytestmark = pytest.mark.skipif(os.name != "posix", reason="kills process groups")


def test_a_killed_batch_resumes_to_the_same_bytes(tmp_path: Path) -> None:
    for trial in kill.trials(tmp_path, kills=3, subjects=1, seed=5, workers=2):
        assert trial.same_bytes, trial
        assert trial.left_over == (), trial
        assert trial.sound, trial


def test_of_two_runs_at_once_one_is_told_and_no_file_is_torn(tmp_path: Path) -> None:
    for one in concurrency.tries(tmp_path, 2, subjects=1, seed=5):
        assert one.torn == (), one
        assert one.sound, one
        assert one.worked >= 1, one
        assert one.worked + one.told + one.was_current == 2, one
        assert not one.words or "these results are in use: " in one.words
