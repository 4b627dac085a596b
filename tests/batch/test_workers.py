"""Jobs for several processes."""

from __future__ import annotations

import time

import pytest

from bcelldepl.batch import workers


def stay(seconds):
    began = time.monotonic()
    time.sleep(seconds)
    return began, time.monotonic()


@pytest.mark.parametrize("compiled", [False, True])
def test_where_no_kernel_is_compiled_the_first_job_is_done_alone(compiled, tmp_path, monkeypatch):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    if compiled:
        (tmp_path / "package").mkdir()
        (tmp_path / "package" / "kernel.nbi").touch()
    workers._compiled.cache_clear()
    try:
        results = dict(workers.as_done(stay, [(1.5,), (0.0,), (0.0,)], 2))
    finally:
        workers._compiled.cache_clear()
    assert sorted(results) == [0, 1, 2]
    others = min(began for began, _ in (results[1], results[2]))
    assert (others < results[0][1]) == compiled
