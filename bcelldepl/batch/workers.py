"""Many tubes at once: the same order and the same bytes for any number of workers."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import Any, TypeVar

from bcelldepl.runtime.processes import in_processes

__all__ = ["Progress", "as_done", "map_tubes"]

Progress = Callable[[str, int, int], None]  # stage or tube, done, of how many
Result = TypeVar("Result")


def map_tubes(
    work: Callable[..., Result],
    jobs: Sequence[tuple[Any, ...]],
    names: Sequence[str],
    workers: int | str,
    progress: Progress,
) -> list[Result]:
    """Do one job per tube.

    Parameters
    ----------
    work : callable
        At the top level of a module, so that processes can find it.
    jobs : sequence of tuple
        Its arguments, per tube.
    names : sequence of str
        What progress calls each.
    workers : int or str
        Processes, 1 works in this one; or the address of a Dask scheduler.
    progress : callable
        Told of every tube that is done.

    Returns
    -------
    list
        In the order of the jobs.
    """
    results: dict[int, Result] = {}
    for index, result in as_done(work, jobs, workers):
        results[index] = result
        progress(names[index], len(results), len(jobs))
    return [results[index] for index in range(len(jobs))]


def as_done(
    work: Callable[..., Result], jobs: Sequence[tuple[Any, ...]], workers: int | str
) -> Generator[tuple[int, Result], None, None]:
    """Do jobs, and give the place of each and its result as soon as it is there: in no certain order.

    Workers of this machine that are at hand begin at once.

    Parameters
    ----------
    work, jobs, workers
        As in `map_tubes`.

    Yields
    ------
    (int, Result)

    Raises
    ------
    WorkersError
        Where workers are not there, or are lost with what they did.
    """
    if isinstance(workers, str):
        from bcelldepl.batch.cluster import on_cluster

        return on_cluster(work, jobs, workers)
    return in_processes(work, jobs, workers)
