"""One tube against the model: how far each marker's signal is shifted, and how many of each kind there are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bcelldepl.gating.model.components import DEGREES, Frame
from bcelldepl.gating.model.study_model import StudyModel
from bcelldepl.kernels.components import accumulate_components, component_densities
from bcelldepl.kernels.posteriors import choose_kinds, sum_posteriors
from bcelldepl.runtime.threads import over_spans

__all__ = [
    "ALIGNED_EVENTS", "TUBES_VARY", "Alignment", "align", "expected_events", "posteriors", "sure_kinds",
    "unexplained_events",
]  # fmt: skip

ALIGNED_EVENTS = 6_000  # of a tube: a shift is then known to a few hundredths of a natural unit
_ROUNDS = 10
_STILL = 2e-3  # natural units; a tube whose shift moves by less is aligned
_USUAL = 0.15  # natural units by which tubes of a study are shifted, before it has shown how far
_LEAST, _GREATEST = 0.04, 0.40  # bounds of what it has shown
_MOST_SAY = 200.0  # events: a kind of more has no more say in the shift
TUBES_VARY = 0.08  # natural units that kinds of a tube lie off their places by, once it is aligned
_PRIOR_EVENTS = 0.1  # that the study's shares weigh as, so that a kind may be absent
_AT_ONCE = 6_144  # events whose densities a thread finds at a time
_BACKGROUND = 1e-12  # density of what is of no kind


@dataclass(frozen=True)
class Alignment:
    """Where a tube lies in the study.

    Attributes
    ----------
    shift : tuple of float
        By marker of the model, in natural units of a bright signal.
    shares : tuple of float
        By component.
    events : int
        That it was read from.
    log_density : float
        Mean over the events; low where the model does not fit.
    unexplained : float
        Part of the events that lie far from every kind.
    """

    shift: tuple[float, ...]
    shares: tuple[float, ...]
    events: int
    log_density: float
    unexplained: float


def align(model: StudyModel, points: NDArray[np.float32]) -> Alignment:
    """Fit shift and shares by expectation and maximisation; places and shapes of all kinds are those of the study.

    Parameters
    ----------
    model : StudyModel
    points : ndarray of float32, shape (k, n_events)
        In natural units; finite.
    """
    frame, level = model.frame, model.levels
    n = points.shape[1]
    k, n_components = len(model.markers), len(model.components)
    shift, study = np.zeros(k), model.shares()
    shares = study.copy()
    variances = np.clip(np.array(model.unrest or [_USUAL] * k), _LEAST, _GREATEST) ** 2
    worth = np.ones(n, dtype=np.float32)
    for _ in range(_ROUNDS if n else 0):
        mean = frame.mean + shift * level
        sums = np.zeros((n_components, 2 + k))
        accumulate_components(
            points, worth, 0, n, mean.astype(np.float32), frame.whitener.astype(np.float32),
            (shares * np.exp(frame.height)).astype(np.float32), np.float32(_BACKGROUND), DEGREES, sums,
        )  # fmt: skip
        shares = (sums[:, 0] + _PRIOR_EVENTS * study) / (n + _PRIOR_EVENTS)
        say = _say(frame, sums)
        weight = say * sums[:, 1]
        away = say[:, None] * sums[:, 2 : 2 + k] + weight[:, None] * shift * level
        normal = np.diag(1.0 / variances)
        normal += np.einsum("c,ci,cij,cj->ij", weight, level, frame.precision, level)
        moved = np.linalg.solve(normal, np.einsum("ci,cij,cj->i", level, frame.precision, away))
        still = bool(np.max(np.abs(moved - shift)) < _STILL)
        shift = moved
        if still:
            break
    return _judged(model, points, shift, shares)


def _say(frame: Frame, sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """How much the events of each component count towards the shift.

    Where a kind is gone from a tube, the few events that are given to it are those at its edge: dying B cells, where
    the living ones are gone. They lie to one side of it, and would draw the whole tube there. The farther the middle
    of a component's events is from where the shift so far has it, in what chance and `TUBES_VARY` explain, the less
    they count.
    """
    k = frame.mean.shape[1]
    events = np.maximum(sums[:, 0], 1e-3)
    off = sums[:, 2 : 2 + k] / np.maximum(sums[:, 1], 1e-3)[:, None]
    usual = frame.covariance / events[:, None, None] + TUBES_VARY**2 * np.eye(k)
    far = np.einsum("ci,ci->c", off, np.linalg.solve(usual, off[..., None])[..., 0])
    fits: NDArray[np.float64] = np.minimum(1.0, (DEGREES + k) / (DEGREES + far))  # 1 where it is near
    return fits * np.minimum(1.0, _MOST_SAY / events)


def _judged(
    model: StudyModel, points: NDArray[np.float32], shift: NDArray[np.float64], shares: NDArray[np.float64]
) -> Alignment:
    n = points.shape[1]
    if not n:
        return Alignment(tuple(shift.tolist()), tuple(shares.tolist()), 0, 0.0, 0.0)
    densities = _densities(model, points, shift)
    total = shares @ densities + _BACKGROUND
    far = _far(model, densities)
    return Alignment(
        tuple(np.round(shift, 6).tolist()),
        tuple(shares.tolist()),
        n,
        float(np.log(total).mean()),
        float(far.mean()),
    )


def unexplained_events(
    model: StudyModel, points: NDArray[np.float32], alignment: Alignment
) -> NDArray[np.bool_]:
    """Say which events no component reaches: those that `Alignment.unexplained` counts.

    Parameters
    ----------
    model : StudyModel
    points : ndarray of float32, shape (k, n_events)
        In natural units.
    alignment : Alignment
        Of the tube.

    Returns
    -------
    ndarray of bool, shape (n_events,)
    """
    return _far(model, _densities(model, points, np.array(alignment.shift)))


def _far(model: StudyModel, densities: NDArray[np.float64]) -> NDArray[np.bool_]:
    reached: NDArray[np.bool_] = np.any(densities >= model.frame.edge[:, None], axis=0)
    return ~reached


def posteriors(model: StudyModel, points: NDArray[np.float32], alignment: Alignment) -> NDArray[np.float64]:
    """Probability of every event to be of each component.

    Parameters
    ----------
    model : StudyModel
    points : ndarray of float32, shape (k, n_events)
        In natural units.
    alignment : Alignment
        Of the tube.

    Returns
    -------
    ndarray of float64, shape (n_components, n_events)
        Of an event that no kind explains, they do not add up to 1.
    """
    densities = _densities(model, points, np.array(alignment.shift)) * np.array(alignment.shares)[:, None]
    probability: NDArray[np.float64] = densities / (densities.sum(axis=0) + _BACKGROUND)
    return probability


def expected_events(
    model: StudyModel, points: NDArray[np.float32], alignment: Alignment
) -> NDArray[np.float64]:
    """How many events are of each component: the sums of their `posteriors`.

    Parameters
    ----------
    model : StudyModel
    points : ndarray of float32, shape (k, n_events)
        In natural units.
    alignment : Alignment
        Of the tube.

    Returns
    -------
    ndarray of float64, shape (n_components,)
    """
    expected = np.empty(len(model.components))
    densities = _rounded_densities(model, points, np.array(alignment.shift))
    sum_posteriors(densities, np.array(alignment.shares), _BACKGROUND, expected)
    return expected


def sure_kinds(
    model: StudyModel, points: NDArray[np.float32], alignment: Alignment, sure: float
) -> tuple[list[str], NDArray[np.int32]]:
    """Kinds of a model, and of each event the kind that it is of with a probability of more than `sure`.

    Parameters
    ----------
    model : StudyModel
    points : ndarray of float32, shape (k, n_events)
        In natural units.
    alignment : Alignment
        Of the tube.
    sure : float

    Returns
    -------
    list of str, ndarray of int32, shape (n_events,)
        Places in the list; -1 for an event of which it is not sure.
    """
    kinds, of_component = np.unique(model.kinds, return_inverse=True)
    found = np.empty(points.shape[1], dtype=np.int32)
    densities = _rounded_densities(model, points, np.array(alignment.shift))
    shares = np.array(alignment.shares)
    choose_kinds(densities, shares, _BACKGROUND, of_component.astype(np.int32), len(kinds), sure, found)
    return [str(kind) for kind in kinds], found


def _densities(
    model: StudyModel, points: NDArray[np.float32], shift: NDArray[np.float64]
) -> NDArray[np.float64]:
    return _rounded_densities(model, points, shift).astype(np.float64)


def _rounded_densities(
    model: StudyModel, points: NDArray[np.float32], shift: NDArray[np.float64]
) -> NDArray[np.float32]:
    frame = model.frame
    out = np.empty((len(model.components), points.shape[1]), dtype=np.float32)
    mean = (frame.mean + shift * model.levels).astype(np.float32)
    shapes = mean, frame.whitener.astype(np.float32), np.exp(frame.height).astype(np.float32)
    columns = np.ascontiguousarray(points)
    over_spans(
        lambda first, last: component_densities(columns, first, last, *shapes, DEGREES, out),
        points.shape[1],
        _AT_ONCE,
    )
    return out
