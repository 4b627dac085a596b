"""Values of one population by both methods over all tubes, in the quantity that most tubes share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bcelldepl.comparison.acceptance import Verdict
from bcelldepl.comparison.tube import TubeComparison
from bcelldepl.comparison.tube_pair import Quantity, TubePair

__all__ = ["FEWEST_EVENTS", "PairedValues", "paired_values"]

FEWEST_EVENTS: Final = 50  # of the manual side, for a ratio to be taken: of fewer it is chance


@dataclass(frozen=True)
class PairedValues:
    """Values by both methods, tube by tube.

    Attributes
    ----------
    population : str
    quantity : Quantity
    tubes : tuple of TubeComparison, length n
    manual, auto : ndarray of float64, shape (n,)
    quantified : ndarray of bool, shape (n,)
        Tubes whose ratio means anything.
    disagreeing : ndarray of bool, shape (n,)
        Tubes that disagree on this population.
    """

    population: str
    quantity: Quantity
    tubes: tuple[TubeComparison, ...]
    manual: NDArray[np.float64]
    auto: NDArray[np.float64]
    quantified: NDArray[np.bool_]
    disagreeing: NDArray[np.bool_]


def paired_values(tubes: Sequence[TubeComparison], population: str) -> PairedValues:
    """Gather the values of a population.

    Parameters
    ----------
    tubes : sequence of TubeComparison
    population : str
        Name of the population.

    Returns
    -------
    PairedValues
        In one quantity: of those that tubes can be compared in, the one that most have. Bounds (``<5``) are no values.
    """
    own = [
        (tube, one.pair, one.verdict is Verdict.DISAGREE)
        for tube in tubes
        for one in tube.populations
        if one.pair.population == population and not one.pair.below
    ]
    has = Counter(
        quantity for _, pair, _ in own for quantity in Quantity if pair.values(quantity) is not None
    )
    order = list(Quantity)
    quantity = max(has, key=lambda one: (has[one], -order.index(one)), default=Quantity.PER_UL)
    found = [(*one, values) for one in own if (values := one[1].values(quantity)) is not None]
    return PairedValues(
        population,
        quantity,
        tuple(tube for tube, *_ in found),
        np.array([manual for *_, (_, manual) in found], dtype=np.float64),
        np.array([auto for *_, (auto, _) in found], dtype=np.float64),
        np.array([_is_quantified(pair) for _, pair, *_ in found], dtype=np.bool_),
        np.array([disagrees for _, _, disagrees, _ in found], dtype=np.bool_),
    )


def _is_quantified(pair: TubePair) -> bool:
    counted = pair.manual_counted
    events = pair.manual_events if pair.manual_events is not None else counted.events if counted else None
    return events is None or events >= FEWEST_EVENTS
