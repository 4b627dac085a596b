"""An ellipse around the densest cluster of two markers near a place that the strategy names."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from bcelldepl.gating.evidence import Evidence
from bcelldepl.gating.regions import Regions, ellipse
from bcelldepl.gating.rules.base import Columns, Fit, Outline, Rule
from bcelldepl.kernels.histogram import histogram_2d
from bcelldepl.kernels.trimming import trim

__all__ = ["EllipseRule", "EllipseShape", "ellipse_edge"]

_BINS = 64
_ROUNDS = 30
_MOVES = 3  # of the window, after a cluster that it cuts off
_MIN_POOL = 4
_ROOM = 2.0  # standard deviations that must lie between the centre and the ends of the window


@dataclass(frozen=True)
class EllipseShape:
    """An ellipse in transformed units.

    Attributes
    ----------
    centre : tuple of float
    covariance : tuple of tuple of float
    squared_radius : float
        Squared Mahalanobis distance of the edge.
    """

    centre: tuple[float, float]
    covariance: tuple[tuple[float, float], tuple[float, float]]
    squared_radius: float


class EllipseRule(Rule):
    """Events within an ellipse fitted to a cluster.

    Attributes
    ----------
    x, y : str
        Markers.
    near : tuple of float
        Where the cluster is looked for, in transformed units.
    reach : tuple of float
        Half width and half height of the window around `near`.
    probability : float
        Part of a normal cluster that the ellipse holds.
    min_events : int
        Fewer in the cluster are no evidence.
    min_spread : float
        No axis of the ellipse is taken narrower (beads can be narrower than a bin).
    pool : bool
        Whether tubes share one ellipse, as a person draws one gate for all, so that it does not move when one kind of
        cell in it is gone. A tube whose own cluster is clearly elsewhere keeps its own.
    """

    rule: Literal["ellipse"]
    x: str
    y: str
    near: tuple[float, float]
    reach: tuple[float, float] = (0.2, 0.2)
    probability: float = Field(0.99, gt=0, lt=1)
    min_events: int = 50
    min_spread: float = 0.004
    pool: bool = False

    @property
    def markers(self) -> tuple[str, ...]:
        """Both axes."""
        return (self.x, self.y)

    def fit(self, columns: Columns, references: Mapping[str, Columns]) -> Fit:  # noqa: ARG002
        """Fit the cluster in the window; where the window's edge cuts it off, look again around what was found."""
        near, fit = self.near, self._fit_near(self.near, columns)
        for _ in range(_MOVES):
            if not self._cut_off(fit, near):
                break
            moved = self._fit_near(fit.shape.centre, columns)
            if moved.shape is None:
                break
            near, fit = fit.shape.centre, moved
        if self._cut_off(fit, near):
            reason = f"the cluster lies at the edge of its search region, at {self._place(fit.shape)}"
            return replace(fit, reason=reason, review=True)
        if fit.shape and max(np.abs(np.subtract(fit.shape.centre, self.near)) / self.reach) > 1.0:
            reason = f"the cluster lies outside its usual region, at {self._place(fit.shape)}"
            return replace(fit, reason=reason, review=True)
        return fit

    def _cut_off(self, fit: Fit, near: tuple[float, float]) -> bool:
        """Whether the window around a place ends within the cluster: its ellipse is then that of a part of it."""
        if fit.shape is None:
            return False
        spread = np.sqrt(np.diagonal(fit.shape.covariance))
        room = np.array(self.reach) - np.abs(np.subtract(fit.shape.centre, near))
        return bool((room < _ROOM * spread).any())

    def _place(self, shape: EllipseShape) -> str:
        return f"{shape.centre[0]:.2f} in {self.x} and {shape.centre[1]:.2f} in {self.y}"

    def _fit_near(self, near: tuple[float, float], columns: Columns) -> Fit:
        """Climb to the densest place in the window, then fit mean and covariance to what is near it."""
        x, y = columns[self.x], columns[self.y]
        n = len(x)
        (cx, cy), (rx, ry) = near, self.reach
        window = np.flatnonzero((np.abs(x - cx) < rx) & (np.abs(y - cy) < ry))
        missing = f"fewer than {self.min_events} events near {self.x} {cx:g}, {self.y} {cy:g}"
        if len(window) < self.min_events:
            return Fit(None, Evidence.FAILED, missing, n)
        x, y = x[window], y[window]
        centre = self._densest(x, y, near)
        inside = (np.abs(x - centre[0]) < rx / 3.0) & (np.abs(y - centre[1]) < ry / 3.0)
        dx, dy = x[inside] - centre[0], y[inside] - centre[1]
        moments = [len(dx), dx.sum(), dy.sum(), (dx * dx).sum(), (dx * dy).sum(), (dy * dy).sum()]
        sums = np.array(moments, dtype=np.float64)
        covariance = np.eye(2)
        for _ in range(_ROUNDS):
            if sums[0] < self.min_events / 2:
                return Fit(None, Evidence.FAILED, missing, n)
            centre, covariance = _moments(centre, sums, self.min_spread)
            precision = np.asarray(np.linalg.inv(covariance), dtype=np.float64)
            if not trim(x, y, centre, precision, _squared_radius(0.95), inside, sums):
                break
        if sums[0] < self.min_events:
            return Fit(None, Evidence.FAILED, missing, n)
        shape = EllipseShape(
            (float(centre[0]), float(centre[1])),
            (
                (float(covariance[0, 0]), float(covariance[0, 1])),
                (float(covariance[1, 0]), float(covariance[1, 1])),
            ),
            float(_squared_radius(self.probability)),
        )
        return Fit(shape, Evidence.DATA, "", n)

    def _densest(
        self, x: NDArray[np.float32], y: NDArray[np.float32], near: tuple[float, float]
    ) -> NDArray[np.float64]:
        from scipy.ndimage import gaussian_filter  # slow to import, and only fits need it

        (cx, cy), (rx, ry) = near, self.reach
        counts = np.zeros((_BINS, _BINS), dtype=np.uint32)
        low, high = (cx - rx, cy - ry), (cx + rx, cy + ry)
        histogram_2d(x, y, (low[0], high[0]), (low[1], high[1]), counts)
        i, j = np.unravel_index(int(np.argmax(gaussian_filter(counts.astype(np.float64), 2.0))), counts.shape)
        return np.array([low[0] + (i + 0.5) * 2 * rx / _BINS, low[1] + (j + 0.5) * 2 * ry / _BINS])

    def carry(self, own: Fit, donors: Sequence[Fit], peers: Sequence[Fit] = ()) -> Fit | None:
        """Take the donors' median ellipse: a cluster that is absent has no landmark of its own."""
        return replace(own, shape=self._median(peers if self.pool and len(peers) >= _MIN_POOL else donors))

    def pooled(self, own: Fit, peers: Sequence[Fit]) -> Fit:
        """Take the median ellipse of all tubes, unless this tube's own cluster lies outside its inner half."""
        if not self.pool or len(peers) + 1 < _MIN_POOL:
            return own
        shared = self._median([own, *peers])
        off = np.array(own.shape.centre) - np.array(shared.centre)
        far = float(off @ np.linalg.solve(np.array(shared.covariance), off)) > _squared_radius(0.5)
        return own if far else replace(own, shape=shared)

    def _median(self, fits: Sequence[Fit]) -> EllipseShape:
        centre = np.median([one.shape.centre for one in fits], axis=0)
        covariance = np.median([one.shape.covariance for one in fits], axis=0)
        return EllipseShape(
            (float(centre[0]), float(centre[1])),
            (
                (float(covariance[0, 0]), float(covariance[0, 1])),
                (float(covariance[1, 0]), float(covariance[1, 1])),
            ),
            float(_squared_radius(self.probability)),
        )

    def regions(self, shape: EllipseShape) -> Regions:
        """Within the ellipse; the interval moves the edge by 5 % of its radius."""
        gate, low, high = (
            ellipse(self.x, self.y, shape.centre, shape.covariance, shape.squared_radius * part**2)
            for part in (1.0, 0.95, 1.05)
        )
        return Regions(gate, (low, high))

    def outline(self, shape: EllipseShape | None, columns: Columns) -> Outline:  # noqa: ARG002
        """Draw the ellipse."""
        if shape is None:
            return Outline(self.x, self.y)
        return Outline(
            self.x,
            self.y,
            (ellipse_edge(np.array(shape.centre), np.array(shape.covariance), shape.squared_radius),),
        )


def _squared_radius(probability: float) -> float:
    """Squared Mahalanobis radius that holds a part of a normal cluster in two markers (chi-square, 2 degrees)."""
    return -2.0 * math.log1p(-probability)


def _trimming(probability: float) -> float:
    """Part of a normal cluster's covariance that is left when it is trimmed at that radius."""
    radius = _squared_radius(probability)
    return (1.0 - math.exp(-0.5 * radius) * (1.0 + 0.5 * radius)) / probability


def _moments(
    origin: NDArray[np.float64], sums: NDArray[np.float64], min_spread: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and covariance of events trimmed at 95 %, made whole again (the trimmed covariance is too small).

    `sums` are those of `trim`, taken from `origin`.
    """
    events, x, y, xx, xy, yy = sums
    shift = np.array([x, y]) / events
    covariance = (np.array([[xx, xy], [xy, yy]]) - events * np.outer(shift, shift)) / (events - 1.0)
    return origin + shift, covariance / _trimming(0.95) + np.eye(2) * min_spread**2


def ellipse_edge(
    centre: NDArray[np.float64], covariance: NDArray[np.float64], squared_radius: float, corners: int = 72
) -> NDArray[np.float64]:
    """Corners of an ellipse's edge, shape (corners, 2)."""
    angle = np.linspace(0.0, 2.0 * np.pi, corners, endpoint=False)
    circle = np.stack([np.cos(angle), np.sin(angle)]) * np.sqrt(squared_radius)
    edge: NDArray[np.float64] = (centre[:, None] + np.linalg.cholesky(covariance) @ circle).T
    return edge
