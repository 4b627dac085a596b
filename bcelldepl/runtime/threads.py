"""How many threads this process may use, all its cores alone or its share of them among workers; and work for them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, wait
from functools import cache
from threading import local
from typing import Final, TypeVar

__all__ = ["HELPER", "in_threads", "over_spans", "threads"]

HELPER: Final = "bcelldepl-helper"  # names of the threads begin so

_own = local()  # whether a thread is at a task that it shares with others

Part = TypeVar("Part")
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


def in_threads(task: Callable[[Part], Result], parts: Iterable[Part]) -> list[Result]:
    """Do a task for every part, in as many threads as this process may use; the caller's is one of them.

    Within such a task it is done by the thread of that alone: the others have theirs.

    Parameters
    ----------
    task : callable
        Takes a part; should spend its time in kernels that let other threads run.
    parts : iterable

    Returns
    -------
    list
        What the task gave, in the order of the parts.
    """
    listed = list(parts)
    done: dict[int, Result] = {}
    waiting = iter(range(len(listed)))  # whoever is free takes the next

    def work() -> None:
        _own.shares = True
        try:
            for number in waiting:
                done[number] = task(listed[number])
        finally:
            _own.shares = False
            for _ in waiting:  # after an error nobody begins another
                pass

    n_helpers = 0 if getattr(_own, "shares", False) else min(threads(), len(listed)) - 1
    if n_helpers < 1:
        return [task(part) for part in listed]
    helpers = [_pool(os.getpid(), threads() - 1).submit(work) for _ in range(n_helpers)]
    try:
        work()
    finally:
        begun = [helper for helper in helpers if not helper.cancel()]
        wait(begun)
    for helper in begun:
        helper.result()  # raises what went wrong there
    return [done[number] for number in range(len(listed))]


def over_spans(work: Callable[[int, int], Result], n_events: int, span: int = 32_768) -> list[Result]:
    """Share events between the threads, span by span.

    Parameters
    ----------
    work : callable
        Takes the first event of a span and the one past its last; else as for `in_threads`.
    n_events, span : int
        The spans do not depend on the number of threads, and neither does what is made of their results.

    Returns
    -------
    list
        Of what `work` gave, in the order of the events.
    """
    return in_threads(lambda first: work(first, min(first + span, n_events)), range(0, n_events, span))


@cache
def _pool(process: int, size: int) -> ThreadPoolExecutor:  # noqa: ARG001
    """Threads of this process: those of another would not be there after a fork."""
    return ThreadPoolExecutor(size, HELPER)
