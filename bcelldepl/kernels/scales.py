"""The logicle scale: its coefficients, and the position of a signal on it."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from bcelldepl.runtime.compiled import kernel

__all__ = ["logicle_coefficients", "logicle_position"]

_MAX_STEPS = 40
_TAYLOR_TERMS = 16


@kernel
def _solve_d(b: float, w: float) -> float:
    """Find d in ``2 (ln d - ln b) + w (b + d) = 0`` by bisection, 0 < d < b."""
    if w == 0.0:
        return b
    low, high = 0.0, b
    for _ in range(200):
        middle = 0.5 * (low + high)
        if 2.0 * (math.log(middle) - math.log(b)) + w * (b + middle) < 0.0:
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)


@kernel
def logicle_coefficients(top: float, width: float, decades: float, negative: float) -> NDArray[np.float64]:
    """Coefficients of the biexponential ``S(y) = a exp(b y) - c exp(-d y) - f``.

    Parameters
    ----------
    top : float
        T, the signal at the top of the scale.
    width : float
        W, decades of the linear part.
    decades : float
        M, decades of the whole scale.
    negative : float
        A, additional negative decades.

    Returns
    -------
    ndarray of float64, shape (6 + n_terms,)
        a, b, c, d, f, the position x1 of zero, and the Taylor terms of S about x1.

    References
    ----------
    Moore and Parks, Cytometry A 81A:273-277 (2012), doi:10.1002/cyto.a.22030.
    """
    w = width / (decades + negative)
    x2 = negative / (decades + negative)
    x1 = x2 + w
    x0 = x2 + 2.0 * w
    b = (decades + negative) * math.log(10.0)
    d = _solve_d(b, w)
    c_over_a = math.exp(x0 * (b + d))
    f_over_a = math.exp(b * x1) - c_over_a / math.exp(d * x1)
    a = top / (math.exp(b) - f_over_a - c_over_a / math.exp(d))
    result = np.empty(6 + _TAYLOR_TERMS)
    result[0], result[1], result[2] = a, b, c_over_a * a
    result[3], result[4], result[5] = d, f_over_a * a, x1
    rising, falling = a * math.exp(b * x1), -c_over_a * a / math.exp(d * x1)
    for term in range(_TAYLOR_TERMS):
        rising *= b / (term + 1)
        falling *= -d / (term + 1)
        result[6 + term] = rising + falling
    result[7] = 0.0  # the second derivative vanishes at zero by construction
    return result


@kernel
def logicle_position(value: float, k: NDArray[np.float64]) -> float:
    """Position of one value on the logicle scale, by Halley's iteration.

    Parameters
    ----------
    value : float
        Signal.
    k : ndarray of float64
        From `logicle_coefficients`.

    Returns
    -------
    float
    """
    a, b, c, d, f, x1 = k[0], k[1], k[2], k[3], k[4], k[5]
    if value == 0.0:
        return float(x1)
    negative = value < 0.0
    if negative:
        value = -value
    if not value < np.inf:
        return -math.inf if negative else value  # NaN stays NaN
    # Both starts lie beyond the root, where the curve is convex, so that the steps cannot overshoot: the tangent at
    # zero, and a exp(b x) = value + a exp(b x1), whose last term is the slope k[6] less its falling part.
    x = min(x1 + value / k[6], math.log(value / a + k[6] * d / (a * b * (b + d))) / b)
    for _ in range(_MAX_STEPS):
        rising, falling = a * math.exp(b * x), c * math.exp(-d * x)
        if x < x1 + 1e-2:  # near zero the difference of exponentials cancels: use the series
            y = 0.0
            for term in range(_TAYLOR_TERMS - 1, -1, -1):
                y = (y + k[6 + term]) * (x - x1)
            y -= value
        else:
            y = (rising - f) - (falling + value)
        slope = b * rising + d * falling
        curvature = b * b * rising - d * d * falling
        step = y / (slope * (1.0 - y * curvature / (2.0 * slope * slope)))
        x -= step
        if abs(step) < 1e-14:
            break
    return float(2.0 * x1 - x if negative else x)
