"""Gates of kinds that may be gone from a tube, drawn tighter where part of what they hold is of other kinds."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from bcelldepl.definitions.reasons import Reason
from bcelldepl.gating.populations import Populations
from bcelldepl.gating.rules.base import Fit
from bcelldepl.gating.rules.kinds import KindsRule, KindsShape
from bcelldepl.kernels.membership import spaced_events
from bcelldepl.signal import Signal

if TYPE_CHECKING:
    from bcelldepl.gating.strategy import Strategy

__all__ = ["tighter_gates"]

_OTHERS = 0.1  # of the events in a gate: fewer of other kinds do not move it


def tighter_gates(
    populations: Populations, strategy: Strategy, signal: Signal, most_others: float
) -> dict[str, Fit]:
    """Find the gates whose inner end holds nearer to as many events as the tube has of their kinds.

    A gate stands where an event is as likely of its kinds as of the others in a study that has both. In a tube whose
    B cells are gone, the few events that cross it are mostly others. How many are of its kinds is known from all
    markers at once, with the shares of this tube.

    Parameters
    ----------
    populations : Populations
        By the gates as they were placed: with the membership of every event, and what the study's model takes the
        events for.
    strategy : Strategy
    signal : Signal
        Of the tube, on the model's scales.
    most_others : float
        Events of other kinds; more need review, and the gate stays as it was placed, with them in it.

    Returns
    -------
    dict of str to Fit
        By population, of the gates that are to be drawn where an event is 95 % likely of its kinds. The upper end of
        their interval is the gate as it was placed.
    """
    tighter = {}
    for rule in strategy.populations:
        found, fit = populations.members.get(rule.name), populations.fits.get(rule.name)
        if not (isinstance(rule, KindsRule) and rule.rare and rule.report) or found is None or fit is None:
            continue
        shape = fit.shape
        if found.fitting is None or not isinstance(shape, KindsShape) or not shape.inner:
            continue
        others = found.events - found.fitting
        if not max(1.0, _OTHERS * found.events) <= others <= most_others:
            continue
        tight = replace(shape, corners=shape.inner, outer=shape.corners)
        events = spaced_events(populations.membership[rule.name], 1)
        held = np.count_nonzero(rule.holds(tight, signal.take((tight.x, tight.y), events)))
        if abs(held - found.fitting) < others:
            reason = Reason.DRAWN_TIGHT.format(others=round(others), events=found.events)
            tighter[rule.name] = replace(fit, shape=tight, reason=reason)
    return tighter
