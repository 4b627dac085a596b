"""Workers and threads share the cores."""

from __future__ import annotations

import os

import pytest
from joblib import Parallel, delayed

from bcelldepl.kernels.threads import threads


def test_alone_a_process_may_use_all_its_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NUMBA_NUM_THREADS", raising=False)
    assert 1 <= threads() <= (os.cpu_count() or 1)


def test_a_user_may_say_how_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NUMBA_NUM_THREADS", "3")
    assert threads() == 3


def test_workers_share_the_cores() -> None:
    n_workers = 2
    shares = Parallel(n_jobs=n_workers)(delayed(threads)() for _ in range(4))
    assert max(shares) * n_workers <= max(os.cpu_count() or 1, n_workers)
