"""Jobs for the processes of this machine: the same results for any number of them."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Any, TypeVar

from bcelldepl.errors import WorkersError
from bcelldepl.runtime.compiled import compiled_before
from bcelldepl.runtime.copies import copies, copies_at_hand
from bcelldepl.runtime.garbage_collector import leave_quickly
from bcelldepl.runtime.memory import keep_memory

__all__ = ["in_processes"]

Result = TypeVar("Result")
Numbered = tuple[int, Callable[..., Result], tuple[Any, ...]]  # a job


def in_processes(
    work: Callable[..., Result], jobs: Sequence[tuple[Any, ...]], processes: int, *, in_order: bool = False
) -> Generator[tuple[int, Result], None, None]:
    """Do jobs, and give the place of each and its result as soon as it is there.

    Workers that are at hand begin at once, all others when the first result is asked for.

    Parameters
    ----------
    work : callable
        At the top level of a module, so that processes can find it.
    jobs : sequence of tuple
        Its arguments.
    processes : int
        1 works in this one.
    in_order : bool
        Give the results in the order of the jobs.

    Yields
    ------
    (int, Result)

    Raises
    ------
    WorkersError
        Where a process was killed.
    """
    pool = copies_at_hand()
    if pool is None or processes <= 1 or len(jobs) <= 1 or not compiled_before():
        return _when_asked_for(work, jobs, processes, in_order)
    with _no_process_lost(processes):
        waiting = {pool.submit(work, *job): index for index, job in enumerate(jobs)}
    return _of_copies(waiting, processes, in_order)


def _when_asked_for(
    work: Callable[..., Result], jobs: Sequence[tuple[Any, ...]], processes: int, in_order: bool
) -> Generator[tuple[int, Result], None, None]:
    if processes <= 1 or len(jobs) <= 1:
        for index, job in enumerate(jobs):
            yield index, work(*job)
        return
    # Processes that each compile the same kernels on few cores take longer than one that does it for all.
    alone = 0 if compiled_before() else 1
    numbered = [(index, work, job) for index, job in enumerate(jobs)]
    with _no_process_lost(processes), copies(min(processes, len(jobs))):
        pool = copies_at_hand()
        for some in filter(None, (numbered[:alone], numbered[alone:])):
            if pool is None:
                yield from _in_new_processes(some, min(processes, len(jobs)), in_order)
            else:
                waiting = {pool.submit(work, *job): index for index, work, job in some}
                yield from _of_copies(waiting, processes, in_order)


@contextmanager
def _no_process_lost(processes: int) -> Iterator[None]:
    """Say in words that a process was killed."""
    try:
        yield
    except BrokenProcessPool as error:
        remedy = "run again, with fewer --workers if memory was short: the tubes that are done are kept"
        raise WorkersError("a worker process was killed", f"--workers {processes}", remedy) from error


def _of_copies(
    waiting: dict[Future[Result], int], processes: int, in_order: bool
) -> Generator[tuple[int, Result], None, None]:
    n_jobs = len(waiting)
    try:
        with _no_process_lost(processes):
            for future in (next(iter(waiting)) for _ in range(n_jobs)) if in_order else as_completed(waiting):
                result = future.result()
                yield waiting.pop(future), result
    finally:
        for future in waiting:
            future.cancel()


def _in_new_processes(
    jobs: Sequence[Numbered[Result]], processes: int, in_order: bool
) -> Generator[tuple[int, Result], None, None]:
    from joblib import Parallel, delayed

    return_as = "generator" if in_order else "generator_unordered"
    parallel = Parallel(n_jobs=processes, return_as=return_as, batch_size=1)
    yield from parallel([delayed(_numbered)(*job) for job in jobs])


def _numbered(index: int, work: Callable[..., Result], job: tuple[Any, ...]) -> tuple[int, Result]:
    keep_memory()
    leave_quickly()
    return index, work(*job)
