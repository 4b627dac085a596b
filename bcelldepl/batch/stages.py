"""What is done for each tube, kept in the store as it is done and taken from there the next time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any, TypeVar

from bcelldepl.batch.memory import RunMemory
from bcelldepl.batch.outcome import CountedTube, FittedTube, SampledTube
from bcelldepl.batch.workers import Progress, as_done
from bcelldepl.counting.concentration import Concentration
from bcelldepl.counting.percentages import Percentage
from bcelldepl.definitions.codes import Method, ResultCode, TubeStatus
from bcelldepl.gating.evidence import Evidence
from bcelldepl.gating.model.alignment import Alignment
from bcelldepl.gating.model.event_sample import EventSample
from bcelldepl.gating.rules.base import Fit
from bcelldepl.gating.rules.shapes import PARTS, SHAPES
from bcelldepl.report.pictures import GateNote, TubePicture
from bcelldepl.runtime.garbage_collector import without_collections
from bcelldepl.store import Store, StoreError
from bcelldepl.store.codec import Codec
from bcelldepl.study import Tube

__all__ = ["CODEC", "Job", "Stages"]

Result = TypeVar("Result", FittedTube, SampledTube, tuple[CountedTube, TubePicture])

CODEC = Codec(
    FittedTube,
    SampledTube,
    EventSample,
    Alignment,
    CountedTube,
    TubePicture,
    GateNote,
    Concentration,
    Percentage,
    Fit,
    Evidence,
    Method,
    ResultCode,
    TubeStatus,
    *SHAPES,
    *PARTS,
)


@dataclass(frozen=True)
class Job:
    """One tube's part of a stage.

    Attributes
    ----------
    tube : Tube
    arguments : tuple
        Of the function that does it.
    key : str
        Digest of all that its result depends on.
    """

    tube: Tube
    arguments: tuple[Any, ...]
    key: str


class Stages:
    """The stages of a run.

    Parameters
    ----------
    store : Store
    workers : int or str
        Processes, or the address of a Dask scheduler.
    fresh : bool
        Do every tube again, whatever the store holds.
    tell : callable
        Told of every tube that is done.
    memory : RunMemory, optional
        Of earlier runs in this process.
    """

    def __init__(
        self,
        store: Store,
        workers: int | str,
        fresh: bool,
        tell: Progress,
        memory: RunMemory | None = None,
    ) -> None:
        self.store = store
        self.workers = workers
        self.fresh = fresh
        self.tell = tell
        self.computed: dict[str, int] = {}
        self.memory = memory

    def each(
        self,
        stage: str,
        words: str,
        work: Callable[..., Result],
        jobs: Sequence[Job],
        worth_keeping: Callable[[Result], bool],
    ) -> list[Result]:
        """Take each tube from the store, or do it and keep it there. A failure is not kept: its cause may be gone.

        Parameters
        ----------
        stage, words : str
            Its name in the store, and what progress calls it.
        work : callable
            At the top level of a module, so that processes can find it.
        jobs : sequence of Job
        worth_keeping : callable
            Tells of a result.

        Returns
        -------
        list
            In the order of the jobs.
        """
        done: dict[int, Result] = {}
        with without_collections():  # what is read stays
            for index, job in enumerate(jobs):
                found = None if self.fresh else self._kept(stage, job)
                if found is not None:
                    done[index] = found
        todo = [number for number in range(len(jobs)) if number not in done]
        self.computed[stage] = self.computed.get(stage, 0) + len(todo)
        # Closed at once when interrupted: the workers would finish what they are at otherwise.
        left = [(work, jobs[number].arguments) for number in todo]
        with closing(as_done(_encoded, left, self.workers)) as results:
            for place, kept in results:
                index = todo[place]
                job = jobs[index]
                result = CODEC.decode(*kept)  # as the next run will find it: the same bytes then
                if worth_keeping(result):
                    self.store.keep_stage(stage, job.tube.file, job.key, *kept)
                done[index] = result
                self.tell(f"{words}: {job.tube.file}", len(done), len(jobs))
        return [done[index] for index in range(len(jobs))]

    def _kept(self, stage: str, job: Job) -> Any:
        place = stage, job.tube.file
        remembered = self.memory.stages if self.memory else {}
        if remembered.get(place, ("",))[0] == job.key:
            return remembered[place][1]
        kept = self.store.stage(stage, job.tube.file, job.key)
        try:
            found = None if kept is None else CODEC.decode(*kept)
            if self.memory and found is not None:
                self.memory.stages[place] = job.key, found
            return found
        except StoreError:  # its bytes are those that were written, by a program that knew other shapes
            return None


def _encoded(work: Callable[..., Result], arguments: tuple[Any, ...]) -> tuple[str, bytes]:
    """Do a job, and give its result as the store keeps it: a worker can do that as well as the parent."""
    return CODEC.encode(work(*arguments))
