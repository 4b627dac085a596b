"""Checks of a tube by the study's model: cells that no kind explains, and gates that hold other cells or too few."""

from __future__ import annotations

import math
from collections.abc import Iterator

from bcelldepl.gating.model.alignment import Alignment
from bcelldepl.gating.model.study_model import StudyModel
from bcelldepl.gating.populations import Population, Populations
from bcelldepl.gating.rules.kinds import KindsRule
from bcelldepl.gating.strategy import Strategy
from bcelldepl.quality.checks import CHECKS, Outcome
from bcelldepl.quality.limits import CHANCE_ERRORS, DIFFERENT_CELLS, DIFFERENT_PART

__all__ = ["check_by_model"]


def check_by_model(
    populations: Populations, strategy: Strategy, model: StudyModel, alignment: Alignment, single_events: int
) -> tuple[Outcome, ...]:
    """Hold a tube against the study's model.

    Parameters
    ----------
    populations : Populations
        With what the model takes their events for.
    strategy : Strategy
    model : StudyModel
    alignment : Alignment
        Of the tube.
    single_events : int
        Of the tube, of which the alignment's are a sample.

    Returns
    -------
    tuple of Outcome
        ``unexplained``; for each reported population that is told by kinds, ``other_cells`` (the gate holds others)
        and ``missed_cells`` (more such cells were acquired than the gate holds).
    """
    found = [CHECKS["unexplained"].judge(alignment.unexplained, percent=100 * alignment.unexplained)]
    for rule in strategy.populations:
        population = populations.members.get(rule.name)
        if (
            isinstance(rule, KindsRule)
            and rule.report
            and population is not None
            and population.fitting is not None
        ):
            found += _of_population(population, rule, model, alignment, single_events)
    return tuple(found)


def _of_population(
    population: Population, rule: KindsRule, model: StudyModel, alignment: Alignment, single_events: int
) -> Iterator[Outcome]:
    assert population.fitting is not None
    others = population.events - population.fitting
    allowed = DIFFERENT_CELLS + DIFFERENT_PART * population.events
    yield CHECKS["other_cells"].judge(
        others, limits=(None, allowed), population=population.name, others=round(others)
    )
    share = sum(
        part for part, kind in zip(alignment.shares, model.kinds.tolist(), strict=True) if kind in rule.kinds
    )
    expected = share * single_events
    sampled = max(share * alignment.events, 1.0)
    allowed = DIFFERENT_CELLS + DIFFERENT_PART * expected + CHANCE_ERRORS * expected / math.sqrt(sampled)
    missed = expected - population.events
    yield CHECKS["missed_cells"].judge(
        missed,
        limits=(None, allowed),
        population=population.name,
        events=population.events,
        expected=round(expected),
    )
