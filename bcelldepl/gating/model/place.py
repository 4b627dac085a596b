"""The gates of one tube by the study's model: aligned on a part of its events, then placed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bcelldepl.gating.evidence import Evidence
from bcelldepl.gating.model.alignment import ALIGNED_EVENTS, Alignment, align
from bcelldepl.gating.model.event_sample import choose_events
from bcelldepl.gating.model.gates import gate_in_tube
from bcelldepl.gating.model.study_model import StudyModel
from bcelldepl.gating.regions import inside
from bcelldepl.gating.rules.base import Fit, Rule
from bcelldepl.gating.rules.kinds import KindsRule
from bcelldepl.gating.rules.positives import PositivesRule
from bcelldepl.gating.rules.singlets import SingletRule, SingletShape
from bcelldepl.signal import Signal

if TYPE_CHECKING:
    from bcelldepl.gating.strategy import Strategy

__all__ = ["Placed", "natural_points", "place_gates"]


@dataclass(frozen=True)
class Placed:
    """Gates of a tube, and where it lies in the study."""

    fits: dict[str, Fit]
    alignment: Alignment


def place_gates(
    model: StudyModel, strategy: Strategy, signal: Signal, borrowed: Evidence = Evidence.BATCH
) -> Placed:
    """Place the gates of one tube.

    Parameters
    ----------
    model : StudyModel
    strategy : Strategy
        On the model's scales.
    signal : Signal
    borrowed : Evidence
        What a gate stands on whose kinds this tube does not show.

    Returns
    -------
    Placed
    """
    keep = signal.quality.keep
    band = _singlets(model, strategy)
    if band is not None and all(marker in signal.columns for marker in band[0].markers):
        keep = keep & inside(band[0].regions(band[1]).gate, signal.columns)
    missing = [marker for marker in model.markers if marker not in signal.columns]
    points = natural_points(model, signal)
    events = choose_events(points, keep, ALIGNED_EVENTS)
    alignment = align(model, np.ascontiguousarray(points[:, events]))
    fits = {}
    for rule, _ in strategy.rules_for(signal.columns):
        fits[rule.name] = _fit(rule, model, alignment, band, missing, borrowed)
    return Placed(fits, alignment)


def natural_points(model: StudyModel, signal: Signal) -> NDArray[np.float32]:
    """Signals of all events in natural units; shape (k, n_events). A marker that the tube lacks is 0."""
    points = np.zeros((len(model.markers), signal.n_events), dtype=np.float32)
    for row, marker, unit in zip(points, model.markers, model.units, strict=True):
        if marker in signal.columns:
            np.multiply(signal.columns[marker], np.float32(unit), out=row)
    return points


def _singlets(model: StudyModel, strategy: Strategy) -> tuple[SingletRule, SingletShape] | None:
    rule = next((one for one in strategy.populations if isinstance(one, SingletRule)), None)
    return (rule, SingletShape(**model.singlets)) if rule is not None and model.singlets else None


def _fit(
    rule: Rule,
    model: StudyModel,
    alignment: Alignment,
    band: tuple[SingletRule, SingletShape] | None,
    missing: list[str],
    borrowed: Evidence,
) -> Fit:
    if isinstance(rule, KindsRule):
        boundary = model.boundaries.get(rule.name)
        if boundary is None:
            return Fit(None, Evidence.FAILED, f"the study shows no {' or '.join(rule.kinds)}", 0)
        if boundary.x in missing or boundary.y in missing:
            lacking = boundary.x if boundary.x in missing else boundary.y
            return Fit(None, Evidence.FAILED, f"this tube has no {lacking}, in which the gate is drawn", 0)
        return Fit(gate_in_tube(model, boundary, alignment), borrowed, "", alignment.events)
    if isinstance(rule, SingletRule):
        if band is None:
            return Fit(None, Evidence.FAILED, "too few events of the study to find the singlets", 0)
        return Fit(band[1], Evidence.DATA, "", alignment.events)
    if isinstance(rule, PositivesRule):
        positives = model.positives.get(rule.name)
        if positives is None:
            return Fit(
                None, Evidence.FAILED, f"no control tube shows the {rule.marker} negative", 0, review=True
            )
        return Fit(positives, Evidence.CONTROL, "", positives.control_events)
    if rule.drawn is not None:
        return Fit(rule.drawn, Evidence.FIXED if rule.markers else Evidence.DATA, "", 0)
    return Fit(
        None, Evidence.FAILED, "a gate that each tube is searched for cannot stand beside learned gates", 0
    )
