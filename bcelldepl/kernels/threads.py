"""How many threads this process may use: all its cores alone, its share of them among workers."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TypeVar

__all__ = ["over_spans", "threads"]

Result = TypeVar("Result")


def threads() -> int:
    """Threads for one tube.

    Returns
    -------
    int
        ``NUMBA_NUM_THREADS`` where it is set, by the user or by joblib, which gives each of its workers its share;
        else the cores that this process may run on. So workers and threads never fight over the cores.
    """
    share = os.environ.get("NUMBA_NUM_THREADS", "")
    if share.isdecimal() and int(share) > 0:
        return int(share)
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on every system
        return os.cpu_count() or 1


def over_spans(work: Callable[[int, int], Result], n_events: int, span: int) -> list[Result]:
    """Share events between the threads, span by span.

    Parameters
    ----------
    work : callable
        Takes the first event of a span and the one past its last; calls kernels, which let other threads run.
    n_events, span : int
        The spans do not depend on the number of threads, and neither does what is made of their results.

    Returns
    -------
    list
        Of what `work` gave, in the order of the events.
    """
    starts = range(0, n_events, span)
    ends = [min(start + span, n_events) for start in starts]
    if len(starts) < 2 or threads() == 1:
        return [work(start, end) for start, end in zip(starts, ends, strict=True)]
    return list(_pool(os.getpid(), threads()).map(work, starts, ends))


@cache
def _pool(process: int, size: int) -> ThreadPoolExecutor:  # noqa: ARG001
    """Threads of this process: those of another would not be there after a fork."""
    return ThreadPoolExecutor(size)
