"""Scales of a study, chosen once from the events of all its tubes and then the same for each."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from bcelldepl.definitions.markers import SCATTER, is_stain
from bcelldepl.gating.model.event_sample import EventSample, pool
from bcelldepl.runtime.threads import in_threads
from bcelldepl.signal.transform import Transform

__all__ = ["choose_scales", "natural_unit"]

_ENOUGH = 120_000  # events of all tubes
_LOWEST = 0.5  # percent of the events; how far the lowest lie from zero is the noise of the widest negative
_HIGHEST = 99.9  # percent of the events below the top of a linear scale
_LEAST_COFACTOR = 1e-6  # of the top
_OFFSET = 0.1  # of the lower quartile; a scale on which no signal comes nearer to zero has its zero elsewhere
_SCALED_STAINS = 0.75  # part of the stains that must look so for the values to be taken as transformed
_SPREADS_TO_ONE = 2.0  # of the dim half, in a natural unit of a linear scale


def choose_scales(samples: Sequence[EventSample], given: Mapping[str, Transform]) -> dict[str, Transform]:
    """Choose a scale for each marker.

    An asinh whose linear part is as wide as the noise about zero: narrower, a negative that spreads about zero would
    fall apart into two peaks; wider, dim cells would be pressed together. Values that are transformed already, as some
    programs export them, show no signal about zero in any stain; they stay on a linear scale.

    Parameters
    ----------
    samples : sequence of EventSample
    given : mapping of str to Transform
        Scales that the strategy or the study sets: by marker, ``scatter`` or ``fluorescence``.

    Returns
    -------
    dict of str to Transform
        By marker; height and width of a scatter share the scale of its area, so that ratios are differences.
    """
    names = [name for name in samples[0].signals if all(name in sample.signals for sample in samples)]
    some = [sample.first(max(_ENOUGH // len(samples), 1)) for sample in samples]
    # In order, for then quantiles take a fraction of the time, and to sort takes less than one of them else.
    pooled = dict(zip(names, in_threads(lambda name: np.sort(pool(some, name)), names), strict=True))
    transformed = _are_transformed([values for name, values in pooled.items() if is_stain(name)])

    def scale_of(name: str) -> Transform:
        set_by_user = given.get(name) or given.get("fluorescence" if is_stain(name) else "scatter")
        if set_by_user is not None:
            return set_by_user
        area = _area_of(name)
        values = pooled.get(area, pooled[name])
        top = max(sample.tops.get(area, sample.tops[name]) for sample in samples)
        if transformed and is_stain(name):
            return Transform(kind="linear", top=float(np.percentile(values, _HIGHEST)))
        return Transform(kind="asinh", top=top, cofactor=_cofactor(values, top))

    return dict(zip(names, in_threads(scale_of, names), strict=True))


def natural_unit(transform: Transform, values: NDArray[np.float32]) -> float:
    """How many natural units (on an asinh: natural logarithms of bright signals) a position of 1 is worth.

    Parameters
    ----------
    transform : Transform
        With a top of its own.
    values : ndarray of float32, shape (n_events,)
        Linear signals; they give the unit of a linear scale, which has none by itself.
    """
    if transform.kind == "asinh":
        return math.asinh(1.0 / transform.cofactor)
    if transform.kind == "logicle":
        return transform.decades * math.log(10.0)
    assert isinstance(transform.top, float)
    return transform.top / (_SPREADS_TO_ONE * max(_spread_of_dim_half(values), 1e-6 * transform.top))


def _area_of(name: str) -> str:
    return f"{name[:3]}-A" if name in SCATTER else name


def _cofactor(values: NDArray[np.float32], top: float) -> float:
    """Width of the linear part, as a fraction of the top."""
    lowest = abs(float(np.percentile(values, _LOWEST)))
    width = max(lowest, 0.5 * _spread_of_dim_half(values))
    return float(np.clip(width / top, _LEAST_COFACTOR, 0.5))


def _spread_of_dim_half(values: NDArray[np.float32]) -> float:
    """Robust standard deviation of the dimmer half about its own median."""
    dim = values[values < np.median(values)]
    return 1.4826 * float(np.median(np.abs(dim - np.median(dim)))) if dim.size else 0.0


def _are_transformed(stains: Sequence[NDArray[np.float32]]) -> bool:
    """Whether the stains' zero lies elsewhere than at 0."""
    apart = [
        float(np.percentile(values, _LOWEST)) > _OFFSET * float(np.percentile(values, 25)) > 0.0
        for values in stains
    ]
    return bool(apart) and sum(apart) >= _SCALED_STAINS * len(apart)
