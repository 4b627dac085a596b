"""Cells positive for a marker that controls lack: the negative's shape is theirs; where it lies, the tube's own.

A tube's cells are a mixture of negatives, of whose shape the controls tell; of positives, bright and dim, whose signal
comes on top of that of a negative, and is that of the study; and of cells that bind some of every stain, which controls
show too, and which other markers tell from positives. Where the negative lies, how wide it is and how many there are of
each is found together.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bcelldepl.gating.model.natural_grid import STEP, Numbers, to_linear
from bcelldepl.gating.model.negative import Negative
from bcelldepl.gating.model.study_model import PositiveModel

__all__ = ["FAR_SHIFT", "FEW_NEGATIVES", "LARGEST_SHIFT", "Shapes", "Signals"]

LARGEST_SHIFT = 2.4  # natural units, by which a negative may lie off that of the controls
FEW_NEGATIVES = 0.1  # of the cells: fewer hardly show where the positives begin
FAR_SHIFT = 1.2  # natural units, three times as bright: a tube whose negative lies higher needs review
_USUAL_SHIFT = 0.6  # natural units
_USUAL_STRETCH = 0.15  # of the logarithm of a spread, beside what gain explains
_BY_NEGATIVE = 25  # places of the negative that the signal of a positive is added to
_UNSPECIFIC_EVENTS = 20.0  # that the part of the controls weighs as at most: tubes differ by a fifth
_DIM_EVENTS = 30.0  # positives, that the study's part of dim ones weighs as
_LIKE_OTHERS = 1000.0  # positives that those of the study weigh as, in how many bind every stain


@dataclass(frozen=True)
class Signals:
    """Signal of positives beyond that of a negative: normal on a logarithmic scale, bright ones and dim ones.

    Attributes
    ----------
    means, spreads : ndarray of float64, shape (2,)
        Natural logarithms of linear signal, in units of the scale's linear part.
    dim_part : float
        Of the positives.
    """

    means: Numbers
    spreads: Numbers
    dim_part: float

    def densities(self, beyond: Numbers) -> Numbers:
        """Of bright and dim ones at linear signals beyond a negative, by logarithm; shape (2, ...)."""
        logarithm = np.log(np.maximum(beyond, 1e-12))
        shape = (2, *(1,) * beyond.ndim)
        away = (logarithm - self.means.reshape(shape)) / self.spreads.reshape(shape)
        return np.asarray(np.exp(-0.5 * away**2) / self.spreads.reshape(shape) * (beyond > 0.0))


@dataclass(frozen=True)
class Shapes:
    """The kinds of cells of a mixture.

    Attributes
    ----------
    grid : ndarray of float64, shape (n_bins,)
        Centres of bins, in natural units.
    negative : Negative
    signals : Signals
    unspecific : ndarray of float64, shape (n_bins,)
        Density of cells that bind every stain.
    binding : ndarray of float64, shape (3,)
        Part of negatives, positives and unspecific cells that other markers show to bind every stain.
    usual : float
        Part of the controls' cells that are unspecific.
    control_events : float
        From which that part is known.
    """

    grid: Numbers
    negative: Negative
    signals: Signals
    unspecific: Numbers
    binding: Numbers
    usual: float
    control_events: float

    @classmethod
    def of(cls, model: PositiveModel) -> Shapes:
        """Those of a learned model."""
        return cls(
            np.asarray(model.low + model.step * np.arange(len(model.unspecific)), dtype=np.float64),
            Negative(model.place, model.spread, np.array(model.negative)),
            Signals(np.array(model.signal_means), np.array(model.signal_spreads), model.dim_part),
            np.array(model.unspecific),
            np.array(model.binding),
            max(model.unspecific_part, 1e-9),
            max(float(model.control_events), 1.0),
        )

    def beyond(self, place: float) -> Numbers:
        """Linear signal of each bin beyond that of negatives of a tube; shape (n_bins, n_negatives)."""
        zone = self.negative.quantiles(_BY_NEGATIVE)
        return np.asarray(to_linear(self.grid)[:, None] - (place + self.negative.spread * zone))

    def positives(self, place: float) -> Numbers:
        """Densities of bright and dim positives where a tube has its negative; shape (2, n_bins)."""
        beyond = self.beyond(place)
        some = slice(int(np.count_nonzero(beyond[:, 0] <= 0.0)), None)  # below, there are none
        by_negative = self.signals.densities(beyond[some]) / np.maximum(beyond[some], 1e-12)
        density = np.zeros((2, len(beyond)))
        density[:, some] = by_negative.sum(axis=2) * np.hypot(1.0, to_linear(self.grid[some]))
        return np.asarray(density / np.maximum(density.sum(axis=1, keepdims=True) * STEP, 1e-300))

    @property
    def expected(self) -> tuple[Numbers, Numbers]:
        """What is expected of a tube, and the events that it weighs as: for `fit_parts`."""
        expected = np.array([self.usual, self.signals.dim_part, float(self.binding[1])])
        # Tubes differ, and few of the controls' cells tell little: the two variances add up.
        events = 1.0 / (1.0 / _UNSPECIFIC_EVENTS + 1.0 / (self.usual * self.control_events))
        return expected, np.array([events / self.usual, _DIM_EVENTS, _LIKE_OTHERS])

    def place_at(self, shift: Numbers) -> Numbers:
        """Place of a negative that lies so many natural units off that of the controls."""
        return to_linear(np.arcsinh(self.negative.place) + shift)

    def prior(self, places: Numbers, stretches: Numbers) -> Numbers:
        """Logarithm of how likely a negative lies there, and is as wide.

        Gain stretches it as it moves it, an error of compensation moves it alone: all between is as likely.
        """
        shift = np.arcsinh(places) - np.arcsinh(self.negative.place)
        ratio = np.maximum(places, 1e-12) / max(self.negative.place, 1e-12)
        gain = np.log(ratio) if self.negative.place > 0.0 else np.zeros_like(places)
        off = np.maximum(stretches - np.maximum(gain, 0.0), 0.0)
        off += np.maximum(np.where(places > 0.0, np.minimum(gain, 0.0), 0.0) - stretches, 0.0)
        return np.asarray(-0.5 * (off / _USUAL_STRETCH) ** 2 - 0.5 * (shift / _USUAL_SHIFT) ** 2)
