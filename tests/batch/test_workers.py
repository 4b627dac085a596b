"""Jobs for several processes."""

from __future__ import annotations

import pytest

from bcelldepl.batch import workers
from bcelldepl.runtime.compiled import compiled_before

# What it begins and ends with, by words alone: other processes cannot import a module of tests.
STAY = "[__import__('time').monotonic(), __import__('time').sleep({}), __import__('time').monotonic()]"


@pytest.fixture
def kernels(tmp_path, monkeypatch):
    """Where compiled kernels are looked for; there are none."""
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    compiled_before.cache_clear()
    yield tmp_path
    compiled_before.cache_clear()


def test_kernels_of_an_earlier_run_are_seen(kernels):
    assert not compiled_before()
    (kernels / "package").mkdir()
    (kernels / "package" / "kernel.nbi").touch()
    compiled_before.cache_clear()
    assert compiled_before()


@pytest.mark.usefixtures("kernels")
def test_where_no_kernel_is_compiled_the_first_job_is_done_alone():
    results = dict(workers.as_done(eval, [(STAY.format(seconds),) for seconds in (1.5, 0.0, 0.0)], 2))
    assert sorted(results) == [0, 1, 2]
    assert min(results[1][0], results[2][0]) >= results[0][2]
