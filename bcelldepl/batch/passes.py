"""The two passes over all tubes, each tube kept in the store as it is done and taken from there the next time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from typing import Any, TypeVar

from bcelldepl.batch.inputs import Identity, matrix_files
from bcelldepl.batch.outcome import CountedTube, FittedTube
from bcelldepl.batch.record import digest_of
from bcelldepl.batch.strategies import Strategies
from bcelldepl.batch.tube import count, fit, role_name
from bcelldepl.batch.workers import Progress, as_done
from bcelldepl.counting.concentration import Concentration
from bcelldepl.definitions.codes import Method, ResultCode, TubeStatus
from bcelldepl.gating.evidence import Evidence
from bcelldepl.gating.reconcile import TubeFits
from bcelldepl.gating.rules.base import Fit
from bcelldepl.gating.rules.shapes import PARTS, SHAPES
from bcelldepl.gating.strategy import Strategy
from bcelldepl.quality.checks import Outcome
from bcelldepl.quality.control_checks import check_for_samples
from bcelldepl.quality.cross_tube_checks import check_across_tubes
from bcelldepl.quality.row_checks import check_rows
from bcelldepl.report.pictures import GateNote, TubePicture, picture_tube
from bcelldepl.store import Store, StoreError
from bcelldepl.store.codec import Codec
from bcelldepl.store.versions import versions
from bcelldepl.study import AcceptanceLimits, EndpointSettings, Study, Tube

__all__ = ["CODEC", "Passes"]

Result = TypeVar("Result", FittedTube, tuple[CountedTube, TubePicture])

CODEC = Codec(
    FittedTube,
    CountedTube,
    TubePicture,
    GateNote,
    Concentration,
    Fit,
    Evidence,
    Method,
    ResultCode,
    TubeStatus,
    *SHAPES,
    *PARTS,
)


class Passes:
    """The passes over the tubes of one study.

    Parameters
    ----------
    study : Study
    strategies : Strategies
    identities : mapping of str to Identity
        Of every input, by name.
    store : Store
    workers : int or str
        Processes, or the address of a Dask scheduler.
    fresh : bool
        Do every tube again, whatever the store holds.
    """

    def __init__(
        self,
        study: Study,
        strategies: Strategies,
        identities: Mapping[str, Identity],
        store: Store,
        *,
        workers: int | str,
        fresh: bool,
    ) -> None:
        self.study = study
        self.tubes = study.tubes
        self.strategies = strategies
        self.identities = identities
        self.store = store
        self.workers = workers
        self.fresh = fresh
        # What travels to a worker is one tube and the settings that it may use: what it never sees, like the endpoints,
        # can change without a tube being done again.
        self.settings = study.model_copy(
            update={
                "tubes": (),
                "companion_results": (),
                "warnings": (),
                "tube_notes": {},
                "overrides": (),  # a gate set by hand changes how its tube is counted, not what the tube shows
                "endpoints": EndpointSettings(),
                "agreement": AcceptanceLimits(),
            }
        )
        common = digest_of({
            "settings": self.settings.model_dump(
                mode="json", exclude={"path", "folder", "samples_path", "samples", "companions"}
            ),
            "matrices": {name: identities[name].sha256 for name in matrix_files(study)},
            "versions": versions(),
        })  # fmt: skip
        self.keys = {
            tube.file: digest_of(
                [
                    common,
                    strategies.of(tube).sha256,
                    identities[tube.file].sha256,
                    tube.model_dump(mode="json", exclude={"path"}),
                ]
            )
            for tube in study.tubes
        }
        self.computed = {"fit": 0, "count": 0}

    def fit(self, progress: Progress) -> list[FittedTube]:
        """First pass: what each tube shows by itself."""
        jobs = [
            (tube, self.settings, self.strategies.of(tube), self.identities[tube.file]) for tube in self.tubes
        ]
        keys = [self.keys[tube.file] for tube in self.tubes]
        return self._each("fit", fit, jobs, keys, lambda fitted: not fitted.failure, progress)

    def count(
        self,
        fitted: Sequence[FittedTube],
        fits: Mapping[str, Mapping[str, Fit]],
        of_controls: Mapping[str, Sequence[Outcome]],
        progress: Progress,
    ) -> list[tuple[CountedTube, TubePicture]]:
        """Last pass: count and draw with the reconciled gates.

        Parameters
        ----------
        fitted : sequence of FittedTube
            From the first pass.
        fits : mapping of str to mapping of str to Fit
            Reconciled, by tube and population.
        of_controls : mapping of str to sequence of Outcome
            By file, what is odd about the controls that matrices were made of.
        progress : callable
        """
        jobs, keys = [], []
        failed = [
            check_rows(self.tubes),
            of_controls,
            check_for_samples(self.tubes, fitted),
            check_across_tubes(self.tubes, fitted),
        ]
        for tube, one in zip(self.tubes, fitted, strict=True):
            own = fits.get(tube.file, {})
            doubts = [one.sentence for by_file in failed for one in by_file.get(tube.file, ())]
            by_hand = self.study.overrides_of(tube.file)
            settings = self.settings.model_copy(update={"overrides": by_hand})
            strategy = self.strategies.of(tube)
            jobs.append((tube, settings, strategy, self.identities[tube.file], one, own, doubts))
            words = [override.model_dump(mode="json") for override in by_hand]
            keys.append(digest_of([self.keys[tube.file], CODEC.encode(own)[0], words, doubts]))
        return self._each("count", _count_and_draw, jobs, keys, lambda done: not done[0].failure, progress)

    def _each(
        self,
        stage: str,
        work: Callable[..., Result],
        jobs: Sequence[tuple[Any, ...]],
        keys: Sequence[str],
        worth_keeping: Callable[[Result], bool],
        progress: Progress,
    ) -> list[Result]:
        """Take each tube from the store, or do it and keep it there. A failure is not kept: its cause may be gone."""
        names = [tube.file for tube in self.tubes]
        done: dict[int, Result] = {}
        for index, (name, key) in enumerate(zip(names, keys, strict=True)):
            found = None if self.fresh else self._kept(stage, name, key)
            if found is not None:
                done[index] = found
        todo = [number for number in range(len(jobs)) if number not in done]
        self.computed[stage] = len(todo)

        # Closed at once when interrupted: the workers would finish what they are at otherwise.
        left = [(work, jobs[number]) for number in todo]
        with closing(as_done(_encoded, left, self.workers)) as results:
            for place, kept in results:
                index = todo[place]
                result = CODEC.decode(*kept)  # as the next run will find it: the same bytes then
                if worth_keeping(result):
                    self.store.keep_stage(stage, names[index], keys[index], *kept)
                done[index] = result
                progress(names[index], len(done), len(jobs))
        return [done[index] for index in range(len(jobs))]

    def _kept(self, stage: str, tube: str, key: str) -> Any:
        kept = self.store.stage(stage, tube, key)
        try:
            return None if kept is None else CODEC.decode(*kept)
        except StoreError:  # its bytes are those that were written, by a program that knew other shapes
            return None


def _encoded(work: Callable[..., Result], job: tuple[Any, ...]) -> tuple[str, bytes]:
    """Do a job, and give its result as the store keeps it: a worker can do that as well as the parent."""
    return CODEC.encode(work(*job))


def tube_fits(tube: Tube, fitted: FittedTube) -> TubeFits:
    """What the evidence ladder needs to know of a tube."""
    return TubeFits(
        key=tube.file,
        subject=tube.subject,
        batch=fitted.batch,
        before_infusion=tube.before_infusion,
        role=tube.role.value,
        role_marker=tube.role_marker or "",
        scales=fitted.scales,
        fits=fitted.fits,
    )


def _count_and_draw(
    tube: Tube,
    study: Study,
    strategy: Strategy,
    identity: Identity,
    fitted: FittedTube,
    fits: Mapping[str, Fit],
    doubts: Sequence[str],
) -> tuple[CountedTube, TubePicture]:
    counted = count(tube, study, strategy, fitted, fits, identity)
    for doubt in doubts:
        counted = counted.with_doubt(doubt)
    picture = picture_tube(
        counted.views,
        file=tube.file,
        sha256=fitted.sha256,
        subject=tube.subject,
        visit=tube.visit,
        day=tube.day,
        role=role_name(tube),
        status=counted.status,
        reason=counted.reason,
    )
    return counted.without_views(), picture
