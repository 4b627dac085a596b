"""How bright each kind of cell is in one tube: what a stain that was left out changes in all kinds alike."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from bcelldepl.gating.model.alignment import Alignment, sure_kinds
from bcelldepl.gating.model.study_model import StudyModel
from bcelldepl.kernels.quantiles import quantiles

__all__ = ["LEAST_CHANGE", "brightness_by_kind"]

LEAST_CHANGE: Final = 0.55  # natural logarithm, of a background: by less than 1.7 times, gains wander too

_SHOWN = 30  # events of a kind, from which its median is known
_SURE = 0.5  # probability from which an event is of a kind


def brightness_by_kind(
    model: StudyModel, points: NDArray[np.float32], alignment: Alignment
) -> dict[str, dict[str, float]]:
    """Median signal of each kind of cell.

    Parameters
    ----------
    model : StudyModel
    points : ndarray of float32, shape (k, n_events)
        Of the tube, in natural units.
    alignment : Alignment

    Returns
    -------
    dict of str to dict of str to float
        By kind and marker, in natural units; kinds with too few events are left out.
    """
    kinds, found = sure_kinds(model, points, alignment, _SURE)
    brightness = {}
    for number, kind in enumerate(kinds):
        own = found == number
        if np.count_nonzero(own) >= _SHOWN:
            medians = np.round(quantiles(points[:, own], (0.5,))[:, 0], 4)
            brightness[kind] = dict(zip(model.markers, medians.tolist(), strict=True))
    return brightness
