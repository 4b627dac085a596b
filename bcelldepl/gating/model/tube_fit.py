"""How many cells of each kind of a mixture a tube holds, and where its negative lies."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bcelldepl.gating.model.natural_grid import Numbers
from bcelldepl.gating.model.positive_mixture import LARGEST_SHIFT, Shapes
from bcelldepl.kernels.mixture import fit_parts

__all__ = ["TubeFit", "fit_tube"]

_FLOOR = 1e-7  # of a density, for events that no shape explains
_STRETCHES = (-0.6, 2.0)  # of the spread of the negative, as natural logarithms
_COARSE_SHIFTS = np.linspace(-LARGEST_SHIFT, LARGEST_SHIFT, 31)
_COARSE_STRETCHES = np.array([-0.35, -0.1, 0.15, 0.4, 0.8, 1.3])
_ANCHORS = np.linspace(-LARGEST_SHIFT, LARGEST_SHIFT, 5)  # shifts at which positives are looked at first
_COARSE_ROUNDS, _SEARCH_ROUNDS, _ROUNDS = 25, 15, 100
_FIRST_STEPS = (0.5, 0.12)  # spreads, and of the logarithm of the spread
_FINEST = 0.02
_LAST_STEPS = np.array([0.6, 0.5])  # times what the root of the events leaves open
_MOST_STEPS = 14
_FIRST_GUESS = 0.05  # of the events: positives
_SPARSE = 1.0  # event by which positives must explain a tube better, so that a stray makes none


@dataclass(frozen=True)
class TubeFit:
    """How many there are of each kind, wherever the negative may lie.

    Attributes
    ----------
    used : ndarray of int64, shape (n_used,)
        Bins that hold events, those that bind every stain behind the others.
    seen : ndarray of float64, shape (n_used,)
        Events.
    binds : ndarray of bool, shape (n_used,)
    shapes : Shapes
    places, stretches : ndarray of float64, shape (n_hypotheses,)
        Middle of the negative, as linear signal; logarithm of its spread beside that of the controls.
    density : ndarray of float64, shape (n_hypotheses, 4, n_used)
        Of negatives, bright and dim positives, and unspecific cells.
    part : ndarray of float64, shape (n_hypotheses, 4)
        Of the events, by kind.
    bound : ndarray of float64, shape (n_hypotheses,)
        Part of the positives that bind every stain.
    fit : ndarray of float64, shape (n_hypotheses,)
        Logarithm of how likely it is.
    """

    used: NDArray[np.int64]
    seen: Numbers
    binds: NDArray[np.bool_]
    shapes: Shapes
    places: Numbers
    stretches: Numbers
    density: Numbers
    part: Numbers
    bound: Numbers
    fit: Numbers

    @cached_property
    def weight(self) -> Numbers:
        """How likely each hypothesis is, beside the others; sums to 1."""
        likely = np.exp(self.fit - self.fit.max())
        return np.asarray(likely / likely.sum())

    @property
    def events(self) -> float:
        """Of the tube."""
        return float(self.seen.sum())

    @property
    def expected(self) -> float:
        """Positives."""
        return float(self.weight @ self.part[:, 1:3].sum(axis=1)) * self.events

    @property
    def negative_part(self) -> float:
        """Negatives, of the events."""
        return float(self.weight @ self.part[:, 0])

    @property
    def best(self) -> int:
        """Number of the likeliest hypothesis."""
        return int(np.argmax(self.fit))

    @property
    def place(self) -> float:
        """Of the negative, as linear signal, where it is likeliest."""
        return float(self.places[self.best])

    @property
    def stretch(self) -> float:
        """Logarithm of the spread of the negative beside that of the controls, where it is likeliest."""
        return float(self.stretches[self.best])

    @property
    def shift(self) -> float:
        """Of the negative against that of the controls, in natural units."""
        return float(self.weight @ np.arcsinh(self.places) - np.arcsinh(self.shapes.negative.place))

    @property
    def gain(self) -> float:
        """Logarithm of how much likelier as many positives as are expected are than none."""
        every = np.arange(len(self.places))
        some, none = (self.likelihood(positives, every, _ROUNDS) for positives in (self.expected, 0.0))
        return some - none

    def held(self) -> Numbers:
        """Events of each kind by bin, where the negative is likeliest; shape (4, 2, n_bins)."""
        best, bins = self.best, len(self.shapes.grid)
        every = self.part[best][:, None] * self.density[best]
        every[1:3] *= np.where(self.binds, self.bound[best], 1.0 - self.bound[best])
        held = np.zeros((4, 2 * bins))
        held[:, self.used] = self.seen * every / every.sum(axis=0)
        return held.reshape(4, 2, bins)

    def likelihood(self, positives: float, kept: NDArray[np.intp], rounds: int) -> float:
        """Logarithm of the likelihood that so many events are positive, under some of the hypotheses.

        Parameters
        ----------
        positives : float
        kept : ndarray of intp, shape (n_kept,)
            Their numbers.
        rounds : int
            In which the other kinds are fitted anew.
        """
        share = float(np.clip(positives / self.events, 1e-9, 1.0 - 1e-6))
        part, bound, fit = self.part[kept], self.bound[kept], np.empty(len(kept))
        fit_parts(
            self.density[kept],
            self.seen,
            self.binds,
            part,
            bound,
            fit,
            *self.shapes.expected,
            0.0,
            share,
            rounds,
        )
        fit += self.shapes.prior(self.places[kept], self.stretches[kept])
        return float(np.logaddexp.reduce(fit))


def fit_tube(counts: Numbers, shapes: Shapes, at: tuple[float, float] | None = None) -> TubeFit:
    """Fit how many there are of each kind, and where the negative lies.

    Parameters
    ----------
    counts : ndarray of float64, shape (2, n_bins)
        From `cell_counts`.
    shapes : Shapes
    at : (float, float), optional
        Place and stretch of the negative, where they are known.

    Returns
    -------
    TubeFit
    """
    tube = _Tube(counts.reshape(-1), shapes)
    if at is not None or not len(tube.used):
        places, stretches = np.array([at or (shapes.negative.place, 0.0)]).T
        return tube.fit(places, stretches, tube.guess, _ROUNDS)
    start = tube.search()
    around = np.arange(-3.0, 4.0)
    by_place, by_stretch = (one.ravel() for one in np.meshgrid(around, around))
    return tube.fit(
        *tube.beside(start, by_place, by_stretch, tube.last_steps), start.part[start.best], _ROUNDS
    )


class _Tube:
    """Events of a tube, and hypotheses about them."""

    def __init__(self, counts: Numbers, shapes: Shapes) -> None:
        self.shapes = shapes
        self.used = np.flatnonzero(counts)
        self.seen = counts[self.used]
        self.binds = self.used >= len(shapes.grid)
        self.bins = self.used % len(shapes.grid)
        events = max(float(self.seen.sum()), 1.0)
        self.last_steps = np.maximum(_LAST_STEPS / np.sqrt(events), _FINEST)
        self.known: dict[float, Numbers] = {}  # positives by place of the negative

    @property
    def guess(self) -> Numbers:
        """Parts that a fit begins with."""
        usual, dim, _ = self.shapes.expected[0]
        positive = np.array([1.0 - dim, dim]) * _FIRST_GUESS
        return np.array([1.0 - usual - _FIRST_GUESS, *positive, usual])

    def fit(
        self,
        places: Numbers,
        stretches: Numbers,
        start: Numbers,
        rounds: int,
        positives: Numbers | None = None,
    ) -> TubeFit:
        """Fit the parts under each hypothesis; positives as the middle one has them, unless they are given."""
        shapes = self.shapes
        if positives is None:
            positives = self.positives(float(places[len(places) // 2]))
        density = np.empty((len(places), 4, len(self.used)))
        spreads = shapes.negative.spread * np.exp(stretches)
        density[:, 0] = shapes.negative.on(shapes.grid, places, spreads)[:, self.bins]
        density[:, 1:3] = positives
        density[:, 3] = shapes.unspecific[self.bins]
        density += _FLOOR
        for kind, binding in ((0, shapes.binding[0]), (3, shapes.binding[2])):
            density[:, kind] *= np.where(self.binds, binding, 1.0 - binding)
        part, fit = np.tile(start, (len(places), 1)), np.zeros(len(places))
        expected, weight = shapes.expected
        bound = np.full(len(places), expected[2])
        fit_parts(density, self.seen, self.binds, part, bound, fit, expected, weight, _SPARSE, -1.0, rounds)
        fit += shapes.prior(places, stretches)
        return TubeFit(self.used, self.seen, self.binds, shapes, places, stretches, density, part, bound, fit)

    def positives(self, place: float) -> Numbers:
        """Densities of bright and dim positives in the bins that hold events; shape (2, n_used)."""
        if place not in self.known:
            self.known[place] = self.shapes.positives(place)[:, self.bins]
        return self.known[place]

    def beside(
        self, start: TubeFit, by_place: Numbers, by_stretch: Numbers, steps: Numbers
    ) -> tuple[Numbers, Numbers]:
        """Hypotheses some steps off the best of a fit."""
        spread = self.shapes.negative.spread * np.exp(start.stretch)
        places = start.place + by_place * steps[0] * spread
        return places, np.clip(start.stretch + by_stretch * steps[1], *_STRETCHES)

    def search(self) -> TubeFit:
        """Find where the negative is likeliest: everywhere at first, then in ever smaller steps."""
        shifts, stretches = (one.ravel() for one in np.meshgrid(_COARSE_SHIFTS, _COARSE_STRETCHES))
        near = np.abs(shifts[:, None] - _ANCHORS).argmin(axis=1)
        positives = np.array([self.positives(float(place)) for place in self.shapes.place_at(_ANCHORS)])
        places = self.shapes.place_at(shifts)
        best = self.fit(places, stretches, self.guess, _COARSE_ROUNDS, positives[near])
        coarse = 0.5 * (_COARSE_SHIFTS[1] - _COARSE_SHIFTS[0]) * float(np.hypot(1.0, best.place))
        steps = np.array([max(_FIRST_STEPS[0], coarse / self.shapes.negative.spread), _FIRST_STEPS[1]])
        around = np.arange(-1.0, 2.0)
        by_place, by_stretch = (one.ravel() for one in np.meshgrid(around, around))
        for _ in range(_MOST_STEPS):
            steps = np.maximum(steps, self.last_steps)
            hypotheses = self.beside(best, by_place, by_stretch, steps)
            best = self.fit(*hypotheses, best.part[best.best], _SEARCH_ROUNDS)
            if best.best == len(by_place) // 2:
                if np.array_equal(steps, self.last_steps):
                    break
                steps /= 2.0
        return best
