"""Kinds that a study does not show, as their lineage says that they would look."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bcelldepl.gating.model.components import Component
from bcelldepl.gating.model.lineages import Kind, Lineages

__all__ = ["add_expected"]

_SHARE = 1e-7  # of all events: nothing is missed of them, and where a tube has some they are found


def add_expected(
    components: tuple[Component, ...], lineages: Lineages, markers: Sequence[str]
) -> tuple[Component, ...]:
    """Add a component for each kind that may come, such as B cells whose CD19 is masked.

    Parameters
    ----------
    components : tuple of Component
        Of the clusters that were found.
    lineages : Lineages
    markers : sequence of str
        That components lie in, in order.

    Returns
    -------
    tuple of Component
    """
    shown = {one.kind for one in components}
    expected = []
    for row in lineages.kinds:
        if not row.like or row.name in shown or not set(markers).issuperset((*row.but, *row.needs)):
            continue
        like, of = (_largest(components, lineages.family(kind)) for kind in (row.like, row.of))
        if like is not None and of is not None:
            expected.append(_expected(row, like, of, markers))
    return (*components, *expected)


def _largest(components: Sequence[Component], kinds: Sequence[str]) -> Component | None:
    return max((one for one in components if one.kind in kinds), key=lambda one: one.share, default=None)


def _expected(row: Kind, like: Component, of: Component, markers: Sequence[str]) -> Component:
    mean, covariance = np.array(like.mean), np.array(like.covariance)
    for axis in (markers.index(marker) for marker in row.but):
        mean[axis] = of.mean[axis]
        covariance[axis, :] = covariance[:, axis] = 0.0
        covariance[axis, axis] = of.covariance[axis][axis]
    return Component(
        row.name, -1, _SHARE, tuple(mean.tolist()), tuple(tuple(values) for values in covariance.tolist())
    )
