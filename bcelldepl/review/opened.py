"""One tube opened for review: its events in memory, gated as recorded, and gated again with gates that are moved."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bcelldepl.counting import Concentration, TubeFacts, count_tube, tube_facts
from bcelldepl.gating.counted import add_population, with_wholes
from bcelldepl.gating.events import Events
from bcelldepl.gating.evidence import Evidence
from bcelldepl.gating.model.alignment import Alignment
from bcelldepl.gating.model.composition import with_composition
from bcelldepl.gating.model.place import PLACED_EVENTS, place_gates
from bcelldepl.gating.model.study_model import StudyModel
from bcelldepl.gating.populations import Population, Populations
from bcelldepl.gating.rules.base import Applied, Columns, Fit, Rule
from bcelldepl.gating.strategy import ALL, Strategy
from bcelldepl.review.flags import Flag, flags_of
from bcelldepl.study import Override, Role, Study, Tube
from bcelldepl.tubes.overrides import fits_with_overrides, standing_on, strategy_with_overrides
from bcelldepl.tubes.read import open_tube
from bcelldepl.tubes.regate import GatedTube
from bcelldepl.tubes.sample import take_sample

__all__ = ["Gated", "TubeUnderReview"]

Index = NDArray[np.int32]


@dataclass(frozen=True)
class Gated:
    """A tube with one set of gates.

    Attributes
    ----------
    strategy : Strategy
        With the gates that were set by hand.
    fits : dict of str to Fit
    members : dict of str to Population
    index : dict of str to ndarray of int32
        Events of each population; ``"all"`` are those that the quality mask kept.
    parents : dict of str to str
        By population, in the order of the strategy.
    """

    strategy: Strategy
    fits: Mapping[str, Fit]
    members: Mapping[str, Population]
    index: Mapping[str, Index]
    parents: Mapping[str, str]

    def rule(self, population: str) -> Rule:
        """The rule of a population."""
        return next(rule for rule in self.strategy.populations if rule.name == population)


class TubeUnderReview:
    """A tube with its events.

    Parameters
    ----------
    tube : Tube
    study : Study
    gated : GatedTube
        As it was counted.
    strategy : Strategy
        Without gates set by hand.
    model : StudyModel or None
        That the tube was gated by; None where the strategy learns none.
    """

    def __init__(
        self, tube: Tube, study: Study, gated: GatedTube, strategy: Strategy, model: StudyModel | None
    ) -> None:
        self.tube = tube
        self.study = study
        self.gated = gated
        self.strategy = strategy
        self.model = model
        self.automated = strategy.on_scales(model.scales) if model else strategy

    @cached_property
    def as_counted(self) -> Gated:
        """The tube with its recorded gates."""
        return self._gate(self.gated.strategy, self.gated.fits, None, set())

    def with_gates(self, overrides: Sequence[Override]) -> Gated:
        """Gate the tube with these gates set by hand; only what they decide about is gated again.

        Parameters
        ----------
        overrides : sequence of Override
            All that the tube is to have; one for each gate that it has now may be among them unchanged.

        Raises
        ------
        ValueError
            Where the strategy has no place for one.
        """
        strategy = strategy_with_overrides(self.automated, overrides)
        fits = fits_with_overrides(self.gated.fits, strategy, overrides)
        before = self.as_counted
        moved = {name for name, fit in fits.items() if fit.shape != before.fits[name].shape}
        rules = {rule.name: rule for rule in strategy.populations}
        moved |= {name for name, rule in rules.items() if rule != before.rule(name)}
        return self._gate(strategy, fits, before, moved) if moved else replace(before, fits=fits)

    def concentrations(self, gated: Gated) -> tuple[Concentration, ...]:
        """Cells/uL of every reported population, by the same code as in a run."""
        populations = Populations(dict(gated.members))
        return count_tube(populations, self.facts, self.study.counting, self.study.limits)

    @cached_property
    def facts(self) -> TubeFacts:
        """Beads, volumes and haematology counts of the tube."""
        acquisition, quality = self.gated.acquisition, self.gated.signal.quality
        return tube_facts(
            self.tube,
            acquisition.volume.microlitres,
            acquisition.volume.reason,
            quality.kept_time_fraction,
            acquisition.acquisition_seconds,
        )

    @cached_property
    def alignment(self) -> Alignment | None:
        """Where the tube lies in the study, found again from the sample that the run took."""
        if self.model is None:
            return None
        opened = open_tube(self.tube, self.study, self.strategy)
        sample = take_sample(opened, self.tube, self.strategy, PLACED_EVENTS)
        return place_gates(self.model, self.strategy, sample).alignment

    @cached_property
    def flags(self) -> tuple[Flag, ...]:
        """Flags of the model's checks, with the events that they speak of, as the tube was counted."""
        if self.model is None or self.alignment is None or self.tube.role is not Role.SAMPLE:
            return ()
        return flags_of(self.gated, self.model, self.alignment)

    def columns(self, index: Index) -> Columns:
        """Positions of some events by marker."""
        return Events(self.gated.signal, index)

    def _gate(
        self, strategy: Strategy, fits: Mapping[str, Fit], before: Gated | None, moved: set[str]
    ) -> Gated:
        signal = self.gated.signal
        index: dict[str, Index] = {ALL: np.flatnonzero(signal.quality.keep).astype(np.int32)}
        members: dict[str, Population] = {}
        parents: dict[str, str] = {}
        events: dict[str, Events] = {}
        for rule, parent in strategy.rules_for(signal.columns):
            parents[rule.name] = parent
            if before is not None and not standing_on(rule.name, strategy) & moved:
                members[rule.name], index[rule.name] = before.members[rule.name], before.index[rule.name]
                continue
            fit = fits[rule.name]
            columns: Columns
            if rule.uses and not rule.markers:
                within = {name: _belongs(index[name], signal.n_events)[index[parent]] for name in rule.uses}
                columns = Events(signal, index[parent], within)
            else:
                columns = events.setdefault(parent, Events(signal, index[parent]))
            applied = (
                Applied(np.zeros(len(index[parent]), dtype=np.bool_), (0, 0))
                if fit.evidence is Evidence.FAILED
                else rule.apply(fit.shape, columns)
            )
            index[rule.name] = index[parent][applied.inside]
            held = len(index[rule.name])
            standing = rule.standing(fit, held)
            add_population(members, rule, parent, standing, len(index[parent]), held, applied.at_ends)
        found = with_wholes(members, strategy.populations)
        gated = [name for name in parents if before is None or members[name] is not before.members[name]]
        return Gated(strategy, fits, self._composed(strategy, found, index, gated), index, parents)

    def _composed(
        self,
        strategy: Strategy,
        members: Mapping[str, Population],
        index: Mapping[str, Index],
        gated: Collection[str],
    ) -> Mapping[str, Population]:
        """Add to populations that were gated what the model takes their events for: intervals depend on it."""
        if self.model is None or self.alignment is None:
            return members
        signal = self.gated.signal
        names = {*gated, *(members[name].parent for name in gated)} & set(index)
        membership = {name: _belongs(index[name], signal.n_events) > 0 for name in names}
        populations = Populations(members=dict(members), membership=membership)
        return with_composition(populations, strategy, self.model, self.alignment, signal, gated).members


def _belongs(index: Index, n_events: int) -> NDArray[np.float32]:
    belongs = np.zeros(n_events, dtype=np.float32)
    belongs[index] = 1.0
    return belongs
