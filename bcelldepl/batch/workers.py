"""Many tubes at once: the same order and the same bytes for any number of workers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

__all__ = ["Progress", "as_done", "map_tubes"]

Progress = Callable[[str, int, int], None]  # stage or tube, done, of how many
Result = TypeVar("Result")


def map_tubes(
    work: Callable[..., Result],
    jobs: Sequence[tuple[Any, ...]],
    names: Sequence[str],
    workers: int,
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
    workers : int
        Processes; 1 works in this one.
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
    work: Callable[..., Result], jobs: Sequence[tuple[Any, ...]], workers: int
) -> Iterable[tuple[int, Result]]:
    """Do one job per tube, and give the place of each and its result as soon as it is there: in no certain order.

    Parameters
    ----------
    work, jobs, workers
        As in `map_tubes`.
    """
    if workers <= 1 or len(jobs) <= 1:
        for index, job in enumerate(jobs):
            yield index, work(*job)
        return
    from joblib import Parallel, delayed

    parallel = Parallel(n_jobs=min(workers, len(jobs)), return_as="generator_unordered", batch_size=1)
    yield from parallel(delayed(_numbered)(index, work, job) for index, job in enumerate(jobs))


def _numbered(index: int, work: Callable[..., Result], job: tuple[Any, ...]) -> tuple[int, Result]:
    return index, work(*job)
