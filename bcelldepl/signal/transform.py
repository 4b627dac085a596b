"""Scales on which markers are gated: fixed by the strategy, the same for every tube of a study."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

from bcelldepl.definitions.markers import SCATTER
from bcelldepl.kernels.compensation import marker_positions
from bcelldepl.kernels.positions import asinh_table, linear_table, logicle_table

__all__ = ["ScaleTable", "Transform", "transform_of"]

ScaleTable = tuple[NDArray[np.float64], NDArray[np.float64]]


class Transform(BaseModel):
    """One scale. Positions are 0 to 1 over the detector's range; logicle puts zero signal a little above 0.

    Attributes
    ----------
    kind : {"linear", "asinh", "logicle"}
    top : float or "range"
        Signal at position 1; ``"range"`` takes ``$PnR``, so that makers with other ranges share a strategy.
    decades, width, negative : float
        M, W and A of the logicle.
    cofactor : float
        Of the asinh, as a fraction of the top.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["linear", "asinh", "logicle"]
    top: Annotated[float, Field(gt=0, allow_inf_nan=False)] | Literal["range"] = "range"
    decades: float = Field(4.5, gt=0)
    width: float = Field(0.5, ge=0)
    negative: float = Field(0.0, ge=0)
    cofactor: float = Field(0.001, gt=0)

    @model_validator(mode="after")
    def _wide_enough(self) -> Transform:
        if self.kind == "logicle" and 2 * self.width > self.decades:
            msg = "width may be at most half of decades"
            raise ValueError(msg)
        if self.kind == "logicle" and self.negative > self.decades - 2 * self.width:
            msg = "negative may be at most decades less twice width"
            raise ValueError(msg)
        return self

    def top_signal(self, channel_range: float) -> float:
        """Signal at position 1 for a channel of the given ``$PnR``."""
        return channel_range if self.top == "range" else self.top

    def words(self, channel_range: float) -> str:
        """Say the scale of a channel of the given ``$PnR``."""
        top = self.top_signal(channel_range)
        return f"{self.kind} to {top:g}" + (
            f", linear below {self.cofactor * top:.4g}" if self.kind == "asinh" else ""
        )

    def apply(self, column: NDArray[np.float32], channel_range: float) -> NDArray[np.float32]:
        """Put a column on this scale.

        Parameters
        ----------
        column : ndarray of float32, shape (n_events,)
            Compensated signal, linear.
        channel_range : float
            ``$PnR`` of the channel.

        Returns
        -------
        ndarray of float32, shape (n_events,)
            Positions. NaN stays NaN.
        """
        out = np.empty_like(column)
        marker_positions(column[np.newaxis], np.ones(1), *self.table(channel_range), out)
        return out

    def table(self, channel_range: float) -> ScaleTable:
        """Numbers and pieces of this scale for a channel, as the kernels take them."""
        return _tables(self, self.top_signal(channel_range))


@lru_cache(maxsize=64)
def _tables(transform: Transform, top: float) -> ScaleTable:
    if transform.kind == "linear":
        return linear_table(top)
    if transform.kind == "asinh":
        return asinh_table(top, transform.cofactor * top)
    return logicle_table(top, transform.width, transform.decades, transform.negative)


def transform_of(marker: str, transforms: Mapping[str, Transform]) -> Transform:
    """The scale of a marker: its own, else the one of all scatter or of all fluorescence.

    Parameters
    ----------
    marker : str
    transforms : mapping of str to Transform
        By marker, with ``scatter`` and ``fluorescence`` for those that are not named.

    Returns
    -------
    Transform
    """
    return transforms.get(marker) or transforms["scatter" if marker in SCATTER else "fluorescence"]
