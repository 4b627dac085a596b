"""Many tubes on a Dask cluster: the same jobs, done by workers that read the same storage."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import Any, TypeVar

from bcelldepl.errors import WorkersError
from bcelldepl.runtime.memory import keep_memory
from bcelldepl.store.versions import versions

__all__ = ["on_cluster"]

Result = TypeVar("Result")
_PATIENCE_S = 15  # for the scheduler to answer


def on_cluster(
    work: Callable[..., Result], jobs: Sequence[tuple[Any, ...]], address: str
) -> Generator[tuple[int, Result], None, None]:
    """Do one job per tube on a cluster, and give the place of each and its result as soon as it is there.

    A worker that is lost loses nothing: the scheduler gives its jobs to another.

    Parameters
    ----------
    work : callable
        At the top level of a module.
    jobs : sequence of tuple
        Its arguments, per tube.
    address : str
        Of the scheduler, such as ``tcp://host:8786``.

    Yields
    ------
    (int, Result)

    Raises
    ------
    WorkersError
        Where Dask is not installed, no scheduler answers, it has no worker, a worker runs another version of the
        program or of a library that can move a number, or one tube has brought down worker after worker.
    """
    where = f"--workers {address}"
    try:
        from distributed import Client, as_completed
        from distributed.scheduler import KilledWorker
    except ImportError:
        remedy = "install bcelldepl with the extra `cluster`"
        raise WorkersError("Dask is not installed", where, remedy) from None
    try:
        client = Client(address, timeout=_PATIENCE_S)
    except (OSError, ValueError) as error:
        what = f"no Dask scheduler answers ({type(error).__name__})"
        raise WorkersError(what, where, "start one with `dask scheduler`") from error
    with client:
        if not client.scheduler_info(n_workers=-1)["workers"]:
            raise WorkersError("the scheduler has no worker", where, "start some with `dask worker`")
        mine = versions()
        futures = {
            client.submit(_by_the_same_program, mine, work, job, pure=False): index
            for index, job in enumerate(jobs)
        }
        try:
            for future in as_completed(futures):
                try:
                    other, result = future.result()
                except KilledWorker as error:
                    what = f"several workers crashed on the same tube: {error}"
                    raise WorkersError(what, where, "give the workers more memory, and run again") from error
                if other != mine:
                    raise WorkersError(_difference(mine, other), where, "install the same versions there")
                yield futures[future], result
        finally:
            client.cancel(list(futures))


def _by_the_same_program(
    expected: dict[str, str], work: Callable[..., Result], job: tuple[Any, ...]
) -> tuple[dict[str, str], Result | None]:
    """Do a job where the worker runs the very program that asks for it; workers may come and go at any time."""
    mine = versions()
    keep_memory()
    return mine, work(*job) if mine == expected else None


def _difference(mine: dict[str, str], other: dict[str, str]) -> str:
    names = [name for name in mine if mine[name] != other.get(name)]
    parts = [f"{name} {other.get(name)} there, {mine[name]} here" for name in names]
    return f"a worker runs other versions: {'; '.join(parts)}"
