"""Which events are of a kind that a tube has hardly any of."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from bcelldepl.gating.model.alignment import Alignment, posteriors
from bcelldepl.gating.model.study_model import StudyModel

__all__ = ["probability_of"]

_HALVINGS = 60  # of the interval that the share lies in
_SUREST = 1e-15  # probability of other kinds; it is never less


def probability_of(
    model: StudyModel,
    points: NDArray[np.float32],
    alignment: Alignment,
    kinds: Collection[str],
    tube_events: int,
) -> NDArray[np.float64]:
    """Probability of each of some events to be of some kinds, with the share that these have in the whole tube.

    A tube is aligned by a sample of its events, which may hold none of a kind that is rare, and then does not tell its
    share. Here it is such that as many events are of the kinds as it expects of the whole tube, less one: there may be
    some, even where none is seen.

    Parameters
    ----------
    model : StudyModel
    points : ndarray of float32, shape (k, n_events)
        In natural units, of all events of the tube that may be of the kinds.
    alignment : Alignment
        Of the tube.
    kinds : collection of str
    tube_events : int
        Events of the tube.

    Returns
    -------
    ndarray of float64, shape (n_events,)
    """
    own = np.isin(model.kinds, list(kinds))
    by_sample = posteriors(model, points, alignment)[own].sum(axis=0)
    odds = by_sample / np.maximum(1.0 - by_sample, _SUREST)
    expected = max(
        float(np.array(alignment.shares)[own].sum()) * tube_events, 1e-30
    )  # by the share in the sample

    def probability(times: float) -> NDArray[np.float64]:
        found: NDArray[np.float64] = odds * times / (1.0 + odds * times)
        return found

    low, high = 0.0, (points.shape[1] + 1.0) / expected  # times the share in the sample
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        enough = probability(middle).sum() + 1.0 >= middle * expected
        low, high = (middle, high) if enough else (low, middle)
    return probability(low)
