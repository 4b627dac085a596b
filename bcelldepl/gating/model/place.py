"""The gates of one tube by the study's model: aligned on a part of its events, then placed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bcelldepl.definitions.reasons import Reason
from bcelldepl.gating.evidence import Evidence
from bcelldepl.gating.model.alignment import ALIGNED_EVENTS, Alignment, align
from bcelldepl.gating.model.brightness import brightness_by_kind
from bcelldepl.gating.model.event_sample import EventSample
from bcelldepl.gating.model.gates import gate_in_tube
from bcelldepl.gating.model.study_model import StudyModel
from bcelldepl.gating.regions import inside
from bcelldepl.gating.rules.base import Columns, Fit, Rule
from bcelldepl.gating.rules.kinds import SHOWN_EVENTS, KindsRule
from bcelldepl.gating.rules.positives import PositivesRule
from bcelldepl.gating.rules.singlets import SingletRule, SingletShape

if TYPE_CHECKING:
    from bcelldepl.gating.strategy import Strategy

__all__ = ["PLACED_EVENTS", "Placed", "borrowed_evidence", "natural_points", "place_gates"]

PLACED_EVENTS = 2 * ALIGNED_EVENTS  # of a tube's sample, of which at least half are single


@dataclass(frozen=True)
class Placed:
    """Gates of a tube, and where it lies in the study.

    Attributes
    ----------
    fits : dict of str to Fit
        By population.
    alignment : Alignment or None
        None where the tube lacks a marker of the model.
    brightness : dict of str to dict of str to float
        Median of each marker in natural units, by kind that the sample shows.
    """

    fits: dict[str, Fit]
    alignment: Alignment | None
    brightness: dict[str, dict[str, float]]


def place_gates(
    model: StudyModel, strategy: Strategy, sample: EventSample, borrowed: Mapping[str, Evidence] | None = None
) -> Placed:
    """Place the gates of one tube.

    Parameters
    ----------
    model : StudyModel
    strategy : Strategy
    sample : EventSample
        Of the tube.
    borrowed : mapping of str to Evidence, optional
        What a gate stands on whose kinds the tube does not show, from `borrowed_evidence`.

    Returns
    -------
    Placed
    """
    rules = [rule for rule, _ in strategy.rules_for(sample.signals)]
    missing = [marker for marker in model.markers if marker not in sample.signals]
    if missing:
        reason = Reason.NOT_IN_MODEL.format(markers=", ".join(missing))
        return Placed(
            {rule.name: Fit(None, Evidence.FAILED, reason, 0, review=True) for rule in rules}, None, {}
        )
    points = _single_points(model, strategy, sample.first(PLACED_EVENTS))
    alignment = align(model, points)
    fits = {rule.name: _fit(rule, model, alignment, borrowed or {}) for rule in rules}
    return Placed(fits, alignment, brightness_by_kind(model, points, alignment))


def borrowed_evidence(model: StudyModel, strategy: Strategy, others: Collection[str]) -> dict[str, Evidence]:
    """Say what each gate of a tube stands on if the tube itself does not show its kinds.

    Parameters
    ----------
    model : StudyModel
    strategy : Strategy
    others : collection of str
        The other tubes of its subject.

    Returns
    -------
    dict of str to Evidence
        ``SUBJECT`` where another tube of the subject showed them, else ``BATCH``.
    """
    seen = [model.seen[tube] for tube in others if tube in model.seen]
    standing = {}
    for rule in strategy.populations:
        if isinstance(rule, KindsRule):
            shown = any(sum(kinds.get(kind, 0) for kind in rule.kinds) >= SHOWN_EVENTS for kinds in seen)
            standing[rule.name] = Evidence.SUBJECT if shown else Evidence.BATCH
    return standing


def natural_points(model: StudyModel, positions: Columns) -> NDArray[np.float32]:
    """Events in natural units.

    Parameters
    ----------
    model : StudyModel
    positions : mapping of str to ndarray of float32, shape (n_events,)
        On the model's scales.

    Returns
    -------
    ndarray of float32, shape (k, n_events)
    """
    rows = [
        positions[marker] * np.float32(unit) for marker, unit in zip(model.markers, model.units, strict=True)
    ]
    return np.ascontiguousarray(rows, dtype=np.float32)


def _single_points(model: StudyModel, strategy: Strategy, sample: EventSample) -> NDArray[np.float32]:
    positions = sample.positions(model.scales)
    points = natural_points(model, positions)
    rule = next((one for one in strategy.populations if isinstance(one, SingletRule)), None)
    if rule is not None and model.singlets and all(marker in positions for marker in rule.markers):
        points = points[:, inside(rule.regions(SingletShape(**model.singlets)).gate, positions)]
    return np.ascontiguousarray(points[:, :ALIGNED_EVENTS])


def _fit(rule: Rule, model: StudyModel, alignment: Alignment, borrowed: Mapping[str, Evidence]) -> Fit:
    if isinstance(rule, KindsRule):
        boundary = model.boundaries.get(rule.name)
        if boundary is None:
            reason = Reason.NOT_SHOWN if rule.expected else Reason.NOT_IN_STUDY
            return Fit(None, Evidence.FAILED, reason.format(population=rule.name), 0)
        evidence = borrowed.get(rule.name, Evidence.BATCH)
        return Fit(gate_in_tube(model, boundary, alignment), evidence, "", alignment.events)
    if isinstance(rule, SingletRule):
        if not model.singlets:
            return Fit(
                None, Evidence.FAILED, "too few events of the study to find the singlets", 0, review=True
            )
        return Fit(SingletShape(**model.singlets), Evidence.DATA, "", alignment.events)
    if isinstance(rule, PositivesRule):
        positives = model.positives.get(rule.name)
        if positives is None:
            return Fit(None, Evidence.FAILED, Reason.NO_CONTROL.format(marker=rule.marker), 0)
        return Fit(positives, Evidence.CONTROL, "", positives.control_events)
    return Fit(rule.drawn, Evidence.FIXED if rule.markers else Evidence.DATA, "", 0)
