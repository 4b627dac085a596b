"""Scales on which markers are gated: fixed by the strategy, the same for every tube of a study."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

from bcelldepl.kernels.scales import asinh_scale, logicle_coefficients, logicle_scale

__all__ = ["Transform"]


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
        top = self.top_signal(channel_range)
        out = np.empty_like(column)
        if self.kind == "linear":
            np.multiply(column, np.float32(1.0 / top), out=out)
        elif self.kind == "asinh":
            asinh_scale(column, self.cofactor * top, top, out)
        else:
            logicle_scale(column, logicle_coefficients(top, self.width, self.decades, self.negative), out)
        return out
