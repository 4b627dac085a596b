"""The passes over all tubes of a study: what each shows, where its gates lie, and what they hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from bcelldepl.batch.inputs import Identity, matrix_files
from bcelldepl.batch.learning import Models, group_tubes, keep_models, learn_models
from bcelldepl.batch.memory import RunMemory
from bcelldepl.batch.outcome import CountedTube, FittedTube
from bcelldepl.batch.placing import place, sample
from bcelldepl.batch.record import digest_of
from bcelldepl.batch.stages import CODEC, Job, Stages
from bcelldepl.batch.strategies import Strategies
from bcelldepl.batch.tube import count, fit, role_name
from bcelldepl.batch.workers import Progress
from bcelldepl.gating.model.event_sample import EventSample
from bcelldepl.gating.model.kept import KeptModel
from bcelldepl.gating.model.place import PLACED_EVENTS, borrowed_evidence
from bcelldepl.gating.model.study_model import StudyModel
from bcelldepl.gating.reconcile import TubeFits
from bcelldepl.gating.rules.base import Fit
from bcelldepl.gating.strategy import Strategy
from bcelldepl.quality.before_counting import check_before_counting
from bcelldepl.quality.checks import Outcome
from bcelldepl.quality.course_checks import check_courses, course_shifts
from bcelldepl.quality.depletion_checks import check_depletion
from bcelldepl.quality.expansion_checks import check_expansion
from bcelldepl.quality.look_alike_checks import check_look_alikes
from bcelldepl.quality.rate_checks import check_rates
from bcelldepl.quality.row_checks import check_guesses
from bcelldepl.quality.stain_checks import check_stains
from bcelldepl.report.pictures import TubePicture, picture_tube
from bcelldepl.store import Store
from bcelldepl.store.versions import versions
from bcelldepl.study import (
    AcceptanceLimits,
    EndpointSettings,
    GatingSettings,
    ReviewSettings,
    Role,
    Study,
    Tube,
)

__all__ = ["GatedStudy", "Passes"]


@dataclass(frozen=True)
class GatedStudy:
    """The tubes of a study, each with its gates.

    Attributes
    ----------
    fitted : tuple of FittedTube
        In the order of the study.
    fits : dict of str to dict of str to Fit
        Gates by tube and population, of tubes that could be gated.
    models : Models
    """

    fitted: tuple[FittedTube, ...]
    fits: Mapping[str, Mapping[str, Fit]]
    models: Models


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
    tell : callable
        Told of every tube that is done.
    memory : RunMemory, optional
        Of earlier runs in this process.
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
        tell: Progress,
        memory: RunMemory | None = None,
    ) -> None:
        self.study = study
        self.strategies = strategies
        self.identities = identities
        self.stages = Stages(store, workers, fresh, tell, memory)
        self.places: dict[str, str] = {}  # of tubes that a model gates: digests of what placed their gates
        # What travels to a worker is one tube and the settings that it may use: what it never sees, like the endpoints,
        # can change without a tube being done again.
        self.settings = study.model_copy(
            update={
                "tubes": (),
                "companion_results": (),
                "warnings": (),
                "tube_notes": {},
                "guesses": {},
                "overrides": (),  # a gate set by hand changes how its tube is counted, not what the tube shows
                "gating": GatingSettings(),  # what it says is in the strategies and the models
                "endpoints": EndpointSettings(),
                "agreement": AcceptanceLimits(),
                "review": ReviewSettings(),
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

    def gate(self, kept: Sequence[KeptModel], learn_again: bool) -> GatedStudy:
        """Find the gates of every tube: by the study's models, or by what the tubes lend to each other.

        Parameters
        ----------
        kept : sequence of KeptModel
            Of earlier runs.
        learn_again : bool
            Whether to learn them anew.

        Returns
        -------
        GatedStudy
        """
        tubes = self.study.tubes
        fitted = self._fit()
        sampled: dict[str, EventSample] = {}

        def take(wanted_of: Sequence[Tube], wanted: int) -> Mapping[str, EventSample]:
            sampled.update(self._sample(wanted_of, wanted))
            return sampled

        inputs = {tube.file: self.identities[tube.file].sha256 for tube in tubes}
        groups = group_tubes(tubes, fitted, self.strategies)
        models = learn_models(self.study, groups, kept, take, inputs, again=learn_again)
        keep_models(self.stages.store, models.kept)
        fitted = self._place(fitted, models, sampled)
        facts = [_tube_fits(tube, one) for tube, one in zip(tubes, fitted, strict=True)]
        fits = self.strategies.reconcile(tubes, fitted, facts)
        fits |= {one.file: dict(one.fits) for one in fitted if one.model and not one.failure}
        return GatedStudy(tuple(fitted), fits, models)

    def _fit(self) -> list[FittedTube]:
        """What each tube shows by itself."""
        jobs = [Job(tube, self._basis(tube), self.keys[tube.file]) for tube in self.study.tubes]
        return self.stages.each("fit", "gates", fit, jobs, lambda fitted: not fitted.failure)

    def _basis(self, tube: Tube) -> tuple[Tube, Study, Strategy, Identity]:
        return tube, self.settings, self.strategies.of(tube), self.identities[tube.file]

    def _sample(self, tubes: Sequence[Tube], wanted: int) -> Mapping[str, EventSample]:
        """Take a part of the events of some tubes; one that cannot be read is left out."""
        jobs = [
            Job(tube, (*self._basis(tube), wanted), digest_of([self.keys[tube.file], wanted]))
            for tube in tubes
        ]
        # Not kept: what they teach is, and so are the gates. To write them takes as long as to take them again.
        sampled = self.stages.each("sample", "cells of the study", sample, jobs, lambda _: False)
        return {one.file: one.sample for one in sampled if one.sample is not None}

    def _place(
        self, fitted: Sequence[FittedTube], models: Models, sampled: Mapping[str, EventSample]
    ) -> list[FittedTube]:
        """Place the gates of the tubes whose strategy learns; those of others stay as they are."""
        jobs = []
        for tube, one in zip(self.study.tubes, fitted, strict=True):
            strategy = self.strategies.of(tube)
            if one.failure or not strategy.learns:
                continue
            kept = models.of(tube, one, strategy)
            others = [
                other.file for other in self.study.tubes if other.subject == tube.subject and other != tube
            ]
            borrowed = borrowed_evidence(kept.model, strategy, others) if kept else {}
            words = {name: evidence.value for name, evidence in borrowed.items()}
            key = digest_of([self.keys[tube.file], kept.model.digest if kept else "", words])
            taken = sampled.get(tube.file)
            if taken is not None:
                taken = taken.first(PLACED_EVENTS)  # more need not travel
            arguments = (*self._basis(tube), one, kept, borrowed, taken)
            jobs.append(Job(tube, arguments, key))
        placed = self.stages.each("place", "places of the gates", place, jobs, lambda one: not one.failure)
        self.places = {job.tube.file: job.key for job in jobs}
        by_file = {one.file: one for one in placed}
        return [by_file.get(one.file, one) for one in fitted]

    def count(
        self, gated: GatedStudy, of_controls: Mapping[str, Sequence[Outcome]]
    ) -> list[tuple[CountedTube, TubePicture]]:
        """Count and draw every tube with its gates.

        Parameters
        ----------
        gated : GatedStudy
        of_controls : mapping of str to sequence of Outcome
            By file, what is odd about the controls that matrices were made of.

        Returns
        -------
        list of (CountedTube, TubePicture)
            In the order of the study.
        """
        tubes = self.study.tubes
        failed = [
            check_guesses(self.study.guesses),
            of_controls,
            check_before_counting(tubes, gated.fitted),
            check_stains(
                [
                    (one, self.strategies.of(tube))
                    for tube, one in zip(tubes, gated.fitted, strict=True)
                    if tube.role is Role.SAMPLE and not one.failure
                ]
            ),
        ]
        jobs = []
        for tube, one in zip(tubes, gated.fitted, strict=True):
            kept = gated.models.of(tube, one, self.strategies.of(tube))
            own = gated.fits.get(tube.file, {})
            doubts = [one.sentence for by_file in failed for one in by_file.get(tube.file, ())]
            by_hand = self.study.overrides_of(tube.file)
            settings = self.settings.model_copy(update={"overrides": by_hand})
            arguments = (
                tube, settings, self.strategies.of(tube), self.identities[tube.file], one, own,
                kept.model if kept else None, doubts,
            )  # fmt: skip
            words = [override.model_dump(mode="json") for override in by_hand]
            # Gates that a model gave are told by what they were placed by.
            text, numbers = ("", b"") if one.model else CODEC.encode(own)
            gates = self.places[tube.file] if one.model else [text, numbers.hex()]
            key = digest_of([self.keys[tube.file], gates, words, doubts])
            jobs.append(Job(tube, arguments, key))
        done = self.stages.each("count", "counts", _count_and_draw, jobs, lambda one: not one[0].failure)
        return [
            (replace(counted, digest=digest_of([job.key, counted.failure])), picture)
            for job, (counted, picture) in zip(jobs, self._beside(done, gated.fitted), strict=True)
        ]

    def _beside(
        self, done: Sequence[tuple[CountedTube, TubePicture]], fitted: Sequence[FittedTube]
    ) -> list[tuple[CountedTube, TubePicture]]:
        """Hold what was counted in each tube against the others."""
        tubes, counted = self.study.tubes, [one for one, _ in done]
        batches = {one.file: one.batch for one in fitted}
        in_doubt = {one.file for one in counted if one.doubts}  # perhaps other tubes' files
        rates = check_rates(tubes, counted, batches, course_shifts(tubes, counted, in_doubt))
        in_doubt |= {file for file, found in rates.items() if any(one.needs_review for one in found)}
        courses = check_courses(tubes, counted, course_shifts(tubes, counted, in_doubt))
        in_doubt |= set(courses)
        failed = [
            courses,
            rates,
            check_depletion(tubes, counted, in_doubt),
            check_expansion(tubes, counted, in_doubt),
            check_look_alikes(tubes, counted),
        ]
        beside = []
        for one, picture in done:
            one = one.with_outcomes(outcome for by_file in failed for outcome in by_file.get(one.file, ()))
            beside.append((one, replace(picture, status=one.status, reason=one.reason)))
        return beside


def _tube_fits(tube: Tube, fitted: FittedTube) -> TubeFits:
    """What the evidence ladder needs to know of a tube."""
    return TubeFits(
        key=tube.file,
        subject=tube.subject,
        batch=fitted.batch,
        before_first_infusion=tube.before_first_infusion,
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
    model: StudyModel | None,
    doubts: Sequence[str],
) -> tuple[CountedTube, TubePicture]:
    counted = count(tube, study, strategy, fitted, fits, identity, model)
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
