"""Workers and threads share the cores."""

from __future__ import annotations

import os
import threading
import time
import weakref

import numpy as np
import pytest
from joblib import Parallel, delayed

from bcelldepl.runtime.threads import in_threads, over_spans, threads


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


@pytest.mark.parametrize("n_threads", [1, 2, 5])
@pytest.mark.parametrize("n_events", [0, 1, 10, 11, 100])
def test_spans_cover_every_event_in_order_for_any_number_of_threads(
    monkeypatch: pytest.MonkeyPatch, n_threads: int, n_events: int
) -> None:
    monkeypatch.setenv("NUMBA_NUM_THREADS", str(n_threads))
    spans = over_spans(lambda first, last: (first, last), n_events, 10)
    assert [event for first, last in spans for event in range(first, last)] == list(range(n_events))
    assert all(last - first == 10 for first, last in spans[:-1])


def test_what_goes_wrong_in_a_span_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NUMBA_NUM_THREADS", "2")

    def work(first: int, last: int) -> None:
        raise ValueError(f"{first} to {last}")

    with pytest.raises(ValueError, match=r"to [12]0"):
        over_spans(work, 20, 10)


def test_sums_do_not_depend_on_the_number_of_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(0).random(1_000)
    totals = set()
    for n_threads in ("1", "2", "3"):
        monkeypatch.setenv("NUMBA_NUM_THREADS", n_threads)
        totals.add(sum(over_spans(lambda first, last: values[first:last].sum(), len(values), 64)))
    assert len(totals) == 1


def test_work_may_share_out_its_own_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NUMBA_NUM_THREADS", "3")
    tables = in_threads(lambda row: in_threads(lambda column: row * column, range(8)), range(20))
    assert tables == [[row * column for column in range(8)] for row in range(20)]


def test_after_an_error_nobody_begins_another_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NUMBA_NUM_THREADS", "2")
    for in_helper in (False, True):
        begun = []
        failed = threading.Event()

        def work(number: int, in_helper: bool = in_helper, begun: list[int] = begun, failed=failed) -> None:  # type: ignore[no-untyped-def]
            begun.append(number)
            if (threading.current_thread() is not threading.main_thread()) is in_helper:
                failed.set()
                raise ValueError(number)
            assert failed.wait(10)
            time.sleep(0.05)  # until what failed has told the others

        with pytest.raises(ValueError):
            in_threads(work, range(1_000))
        assert len(begun) <= 3


def test_a_task_within_a_task_is_done_by_its_own_thread_and_nothing_of_it_is_held(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("NUMBA_NUM_THREADS", "2")
    held: list[weakref.ref[np.ndarray]] = []

    def outer(number: int) -> tuple[int, set[int], int]:
        array = np.zeros(10)
        held.append(weakref.ref(array))
        own = set(in_threads(lambda part: threading.get_ident() if len(array) > part else 0, range(8)))
        time.sleep(0.002)
        return number, own, sum(one() is not None for one in list(held))

    found = in_threads(outer, range(40))
    assert [number for number, _, _ in found] == list(range(40))
    assert all(len(own) == 1 for _, own, _ in found)
    assert max(alive for _, _, alive in found) <= 4
    assert len(set(in_threads(lambda _: (time.sleep(0.01), threading.get_ident())[1], range(8)))) == 2
