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
        usable = (
            row.like in shown
            and row.of in shown
            and all(marker in markers for marker in (*row.but, *row.needs))
        )
        if row.like and row.name not in shown and usable:
            expected.append(_expected(row, components, markers))
    return (*components, *expected)


def _expected(row: Kind, components: Sequence[Component], markers: Sequence[str]) -> Component:
    like, of = (
        max((c for c in components if c.kind == kind), key=lambda c: c.share) for kind in (row.like, row.of)
    )
    mean, covariance = np.array(like.mean), np.array(like.covariance)
    for axis in (markers.index(marker) for marker in row.but):
        mean[axis] = of.mean[axis]
        covariance[axis, :] = covariance[:, axis] = 0.0
        covariance[axis, axis] = of.covariance[axis][axis]
    return Component(
        row.name, -1, _SHARE, tuple(mean.tolist()), tuple(tuple(values) for values in covariance.tolist())
    )
