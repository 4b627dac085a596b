"""A spillover matrix from single-stain controls, by robust regression.

Each control holds cells or beads with one dye, bright and without it. What the dye gives to another detector is the
slope of a line through the events, fitted robustly (Huber), so that dying cells, doublets and a few events of another
dye do not tilt it. Then the controls are compensated and the lines fitted again: slopes that are left are errors of
the matrix, which is corrected by them until they are gone. After AutoSpill (Roca et al., Nat Commun 2021;12:2890); its
gate on the scatter is left out, for the fit is robust.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bcelldepl.errors import CompensationError
from bcelldepl.fcs.acquisition import Spillover

__all__ = [
    "CLEAR_RANGE",
    "FEWEST_EVENTS",
    "LARGEST_SLOPE",
    "MOST_ERROR",
    "ControlMatrix",
    "Lines",
    "fit_lines",
    "matrix_from_controls",
]

Floats = NDArray[np.float64]

FEWEST_EVENTS: Final = 1_000
CLEAR_RANGE: Final = 40.0  # from the dimmest events to the brightest, in widths of the dimmest twentieth
LARGEST_SLOPE: Final = 1.0  # a dye is brightest in its own detector
MOST_ERROR: Final = 0.005  # standard error of a part
_SMALLEST_CORRECTION: Final = 1e-5
_MOST_ROUNDS: Final = 20
_MOST_EVENTS: Final = 100_000  # of a control; more do not make the lines better known
_HUBER: Final = 1.345  # standard deviations: 95 % of the efficiency of least squares where errors are normal
_MAD_OF_NORMAL: Final = 0.6745
_MOST_STEPS: Final = 100
_SMALLEST_STEP: Final = 1e-9


@dataclass(frozen=True)
class Lines:
    """Lines through the events of one control, one for each detector.

    Attributes
    ----------
    slopes, intercepts, errors : ndarray of float64, shape (n_detectors,)
        `errors` are standard errors of the slopes, whatever the spread along the line is.
    """

    slopes: Floats
    intercepts: Floats
    errors: Floats


@dataclass(frozen=True)
class ControlMatrix:
    """A matrix with its evidence.

    Attributes
    ----------
    spillover : Spillover
    errors : ndarray of float64, shape (n, n)
        Standard error of each part; 0 on the diagonal.
    lines : tuple of Lines
        Through the events as measured, in the order of the detectors.
    rounds : int
        Corrections that were made.
    """

    spillover: Spillover
    errors: Floats
    lines: tuple[Lines, ...]
    rounds: int


def matrix_from_controls(
    controls: Mapping[str, Floats], detectors: Sequence[str], keyword: str = "controls", where: str = ""
) -> ControlMatrix:
    """Find the matrix that leaves no slope in any control.

    Parameters
    ----------
    controls : mapping of str to ndarray of float64, shape (n_detectors, n_events)
        By the dye's own detector, one for each: signals of all detectors, linear, without events at the end of a scale.
    detectors : sequence of str, length n_detectors
        Channel names, in the order of rows.
    keyword : str
        What the matrix is called.
    where : str
        For messages.

    Returns
    -------
    ControlMatrix

    Raises
    ------
    CompensationError
        A control has too few events, no clear difference between its dim and its bright ones, is brighter in another
        detector, or does not tell its spillover well enough.
    """
    n = len(detectors)
    events = [_thinned(controls[name], name, where) for name in detectors]
    lines = tuple(fit_lines(values[own], values) for own, values in enumerate(events))
    for own, (name, values, line) in enumerate(zip(detectors, events, lines, strict=True)):
        _check(name, own, values[own], line, detectors, where)
    matrix = np.vstack([line.slopes for line in lines])
    errors = np.vstack([line.errors for line in lines])
    left, rounds = np.full((n, n), np.inf), 0
    while np.abs(left - np.eye(n)).max() >= _SMALLEST_CORRECTION and rounds < _MOST_ROUNDS:
        inverse = np.linalg.inv(matrix)
        for own, values in enumerate(events):
            compensated = inverse.T @ values
            left[own] = fit_lines(compensated[own], compensated).slopes
        matrix = left @ matrix
        matrix /= np.diag(matrix)[:, np.newaxis]
        rounds += 1
    return ControlMatrix(Spillover(tuple(detectors), matrix, keyword), errors, lines, rounds)


def fit_lines(x: Floats, y: Floats) -> Lines:
    """Fit a line of each row of `y` on `x` by Huber's M-estimate, its scale by the median of the residuals.

    Parameters
    ----------
    x : ndarray of float64, shape (n_events,)
    y : ndarray of float64, shape (n_rows, n_events)

    Returns
    -------
    Lines
        One for each row.
    """
    weights = np.ones_like(y)
    slopes = np.zeros(len(y))
    for _ in range(_MOST_STEPS):
        total = weights.sum(axis=1)
        x_mean, y_mean = (weights @ x) / total, (weights * y).sum(axis=1) / total
        away = x - x_mean[:, np.newaxis]
        found = (weights * away * y).sum(axis=1) / (weights * away * away).sum(axis=1)
        intercepts = y_mean - found * x_mean
        residuals = y - found[:, np.newaxis] * x - intercepts[:, np.newaxis]
        scale = np.median(np.abs(residuals), axis=1) / _MAD_OF_NORMAL
        bound = _HUBER * np.maximum(scale, np.finfo(float).tiny)[:, np.newaxis]
        weights = bound / np.maximum(np.abs(residuals), bound)
        moved, slopes = np.abs(found - slopes).max(), found
        if moved < _SMALLEST_STEP:
            break
    inside = np.abs(residuals) <= bound
    spread = (inside * away * away).sum(axis=1)
    errors = np.sqrt(((away * weights * residuals) ** 2).sum(axis=1)) / np.where(spread > 0, spread, np.inf)
    return Lines(slopes, intercepts, errors)


def _thinned(values: Floats, name: str, where: str) -> Floats:
    if values.shape[1] < FEWEST_EVENTS:
        what = (
            f"the control of {name} has {values.shape[1]:,} events on the scale, fewer than {FEWEST_EVENTS:,}"
        )
        raise CompensationError(what, where, "measure more, or dimmer, events")
    return values[:, :: -(-values.shape[1] // _MOST_EVENTS)]


def _check(name: str, own: int, signal: Floats, line: Lines, detectors: Sequence[str], where: str) -> None:
    """Refuse a control that cannot tell what its dye gives to other detectors."""
    low, twentieth, high = np.quantile(signal, (0.005, 0.05, 0.995))
    if high - low < CLEAR_RANGE * (twentieth - low):
        what = f"the control of {name} has no dim and bright events that are clearly separated"
        raise CompensationError(
            what, where, "take brighter cells or beads, with negative ones or an unstained tube"
        )
    others = np.delete(np.arange(len(detectors)), own)
    if not len(others):
        return
    largest = others[np.argmax(line.slopes[others])]
    if line.slopes[largest] > LARGEST_SLOPE:
        what = f"the control of {name} is brighter in {detectors[largest]}"
        raise CompensationError(what, where, "correct its role in the sample sheet: single:MARKER")
    worst = others[np.argmax(line.errors[others])]
    if line.errors[worst] > MOST_ERROR:
        what = (
            f"the control of {name} gives its spillover into {detectors[worst]} only to "
            f"{100 * line.errors[worst]:.2g} % (standard error; at most {100 * MOST_ERROR:g} %)"
        )
        raise CompensationError(what, where, "take brighter cells or beads, or measure more of them")
