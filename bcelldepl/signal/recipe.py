"""How the position of every marker comes of a file's channels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bcelldepl.definitions.markers import SCATTER, is_stain
from bcelldepl.errors import PanelError
from bcelldepl.fcs.acquisition import Recording, Spillover
from bcelldepl.kernels.compensation import exact_positions, marker_positions
from bcelldepl.signal.compensation import plan_unmixing
from bcelldepl.signal.marker_axis import MarkerAxis
from bcelldepl.signal.transform import ScaleTable, Transform, transform_of

__all__ = ["MarkerRecipe", "Recipe", "plan_markers"]


@dataclass(frozen=True)
class MarkerRecipe:
    """One marker.

    Attributes
    ----------
    weights : ndarray of float64, shape (n_channels,)
        Of the recipe's channels: the marker's signal is their weighted sum, in float64.
    scale : tuple of ndarray of float64
        Numbers and pieces of its scale.
    words : str
        The scale in words; gates are carried only between tubes whose scales are the same.
    axis : MarkerAxis
        From positions to the instrument's units and back.
    """

    weights: NDArray[np.float64]
    scale: ScaleTable
    words: str
    axis: MarkerAxis


@dataclass(frozen=True)
class Recipe:
    """Channels to read, and what to make of them.

    Attributes
    ----------
    channels : tuple of str
        Channel names (``$PnN``) to read.
    markers : dict of str to MarkerRecipe
        In the order of the panel's scatter, then its stains.
    """

    channels: tuple[str, ...]
    markers: Mapping[str, MarkerRecipe]

    def positions(self, values: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Positions of some events, of all markers.

        Parameters
        ----------
        values : ndarray of float32, shape (n_channels, n_events)
            Linear, of `channels`.

        Returns
        -------
        ndarray of float32, shape (n_markers, n_events)
        ndarray of int64, shape (n_markers,)
            Events whose signal is infinite or no number.
        """
        out = np.empty((len(self.markers), values.shape[1]), dtype=np.float32)
        beyond = [
            marker_positions(values, one.weights, *one.scale, own)
            for one, own in zip(self.markers.values(), out, strict=True)
        ]
        return out, np.array(beyond, dtype=np.int64)

    def exact(self, marker: str, values: NDArray[np.float32]) -> NDArray[np.float64]:
        """Exact positions of some events.

        Parameters
        ----------
        marker : str
        values : ndarray of float32, shape (n_channels, n_events)
            Linear, of `channels`.

        Returns
        -------
        ndarray of float64, shape (n_events,)
        """
        recipe = self.markers[marker]
        out = np.empty(values.shape[1])
        exact_positions(np.ascontiguousarray(values), recipe.weights, recipe.scale[0], out)
        return out


def plan_markers(
    acquisition: Recording,
    panel: Mapping[str, str],
    transforms: Mapping[str, Transform],
    spillover: Spillover | None,
    extra: Sequence[str] = (),
) -> Recipe:
    """Plan what to read for a panel, how to compensate it, and the scale of each marker.

    Parameters
    ----------
    acquisition : Recording
    panel : mapping of str to str
        Marker to channel name, from `resolve_panel`.
    transforms : mapping of str to Transform
        By marker, with ``"scatter"`` and ``"fluorescence"`` for those not named.
    spillover : Spillover or None
        The matrix to use; None for data that is already compensated or has but one fluorochrome.
    extra : sequence of str
        Channels that are read beside, behind the others.

    Returns
    -------
    Recipe

    Raises
    ------
    CompensationError
        Where the matrix cannot be used.
    PanelError
        Where a channel has no range (``$PnR``), and the scale needs one.
    """
    ranges = {channel.name: channel.range for channel in acquisition.channels}
    scatter = [marker for marker in panel if marker in SCATTER]
    stains = [marker for marker in panel if is_stain(marker)]
    where = acquisition.path.name
    plan = plan_unmixing(spillover, [panel[marker] for marker in stains], list(ranges), where=where)
    channels = tuple(dict.fromkeys([*(panel[marker] for marker in scatter), *plan.detectors, *extra]))
    row = {name: i for i, name in enumerate(channels)}
    markers = {}
    _check_ranges(
        {panel[marker]: transform_of(marker, transforms) for marker in (*scatter, *stains)}, ranges, where
    )
    for marker in (*scatter, *stains):
        weights = np.zeros(len(channels))
        if marker in SCATTER:
            weights[row[panel[marker]]] = 1.0
        else:
            weights[[row[name] for name in plan.detectors]] = plan.weights[:, stains.index(marker)]
        transform = transform_of(marker, transforms)
        channel_range = ranges[panel[marker]]
        markers[marker] = MarkerRecipe(
            weights,
            transform.table(channel_range),
            transform.words(channel_range),
            MarkerAxis(transform, channel_range),
        )
    return Recipe(channels, markers)


def _check_ranges(scales: Mapping[str, Transform], ranges: Mapping[str, float], where: str) -> None:
    """Refuse channels that have no range where the scale is that of the range."""
    without = [name for name, scale in scales.items() if scale.top == "range" and not ranges[name] > 0]
    if without:
        raise PanelError(
            f"$PnR of {', '.join(without)} is not a number above 0: the range, which sets the scale, is not known",
            where,
            "export the file again with its ranges, or give `top` in the strategy's transforms",
        )
