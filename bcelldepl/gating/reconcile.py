"""The evidence ladder: each gate of each tube takes the best evidence that the study has for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bcelldepl.definitions.markers import CAR
from bcelldepl.gating.evidence import Evidence
from bcelldepl.gating.rules.base import Fit, Rule
from bcelldepl.gating.strategy import Strategy

__all__ = ["TubeFits", "reconcile"]

MAX_PEERS = (
    60  # tubes that a gate is held against: more would tell nothing new, and take the square of the time
)


@dataclass(frozen=True)
class TubeFits:
    """What the first pass found in one tube, and what the ladder needs to know of it.

    Attributes
    ----------
    key : str
        The tube; unique.
    subject, batch : str
    before_first_infusion : bool
        Drawn before the infusion: no cell can carry the CAR yet.
    role, role_marker : str
        ``"fmo"`` and ``"CAR"``; `role_marker` is empty for a sample.
    scales : dict of str to str
        From `Signal`; gates are carried only between tubes on the same scales.
    fits : dict of str to Fit
    """

    key: str
    subject: str
    batch: str
    before_first_infusion: bool
    role: str
    role_marker: str
    scales: Mapping[str, str]
    fits: Mapping[str, Fit]

    def is_control_of(self, marker: str) -> bool:
        """Whether no event of this tube can truly be positive for a marker that only the infusion brings."""
        if self.role == "fmo":
            return self.role_marker.casefold() == marker.casefold()
        return self.role == "unstained" or (
            marker == CAR and self.role == "sample" and self.before_first_infusion
        )

    def shows(self, rule: Rule) -> bool:
        """Whether this tube can show where a population lies: a control without the marker cannot."""
        if self.role == "fmo":
            return self.role_marker.casefold() not in {marker.casefold() for marker in rule.markers}
        return self.role == "sample"


def reconcile(tubes: Sequence[TubeFits], strategy: Strategy) -> dict[str, dict[str, Fit]]:
    """Second pass: climb the ladder for every gate of every tube.

    Parameters
    ----------
    tubes : sequence of TubeFits
        The whole study; their order does not matter to the result.
    strategy : Strategy

    Returns
    -------
    dict of str to dict of str to Fit
        By tube and population. Every fit has a shape, or stands on ``FAILED``.
    """
    ordered = sorted(tubes, key=lambda tube: tube.key)
    settled: dict[str, dict[str, Fit]] = {tube.key: {} for tube in tubes}
    for rule in strategy.populations:
        ladder = _Ladder(rule, [tube for tube in ordered if rule.name in tube.fits])
        for tube in ladder.tubes:
            settled[tube.key][rule.name] = ladder.climb(tube)
    return settled


class _Ladder:
    """One rule over all tubes: who can be believed, and who lends to whom."""

    def __init__(self, rule: Rule, tubes: Sequence[TubeFits]) -> None:
        self.rule = rule
        self.tubes = tubes
        scales = {tube.key: tuple(tube.scales.get(marker) for marker in rule.markers) for tube in tubes}
        alike: dict[tuple[str | None, ...], list[TubeFits]] = {}
        for tube in tubes:
            alike.setdefault(scales[tube.key], []).append(tube)
        # Of each tube, those that have the rule's markers on the same scales; it is among them itself.
        self.alike = {tube.key: alike[scales[tube.key]] for tube in tubes}
        self.own = {
            tube.key: tube.fits[rule.name]
            for tube in tubes
            if tube.fits[rule.name].evidence is Evidence.DATA and tube.shows(rule)
        }
        circles = _circles(self.alike, self.own)
        self.doubts = {
            tube.key: rule.implausible(self.own[tube.key], circles[tube.key].peers(tube))
            for tube in tubes
            if tube.key in self.own
        }
        self.believed = {key: fit for key, fit in self.own.items() if not self.doubts[key]}
        self.circles = _circles(self.alike, self.believed)
        self.controls = {
            tube.key: tube.fits[rule.name]
            for tube in tubes
            if rule.control
            and tube.is_control_of(rule.control)
            and tube.fits[rule.name].evidence is not Evidence.FAILED
        }

    def climb(self, tube: TubeFits) -> Fit:
        """Take the first rung that holds."""
        own = tube.fits[self.rule.name]
        if tube.key in self.controls:
            return replace(own, evidence=Evidence.CONTROL)
        if not self.rule.control and not self.rule.markers:
            return own
        peers = self.circles[tube.key].peers(tube)
        if not self.rule.control and tube.key in self.believed:
            return self.rule.pooled(own, peers)
        why = self.doubts.get(tube.key) or own.reason
        for evidence, words, lenders in self._rungs(tube):
            carried = self.rule.carry(own, lenders, peers) if lenders else None
            if carried:
                reason = words if self.rule.control else f"{why}; {words}"
                return replace(carried, evidence=evidence, reason=reason)
        return self._last_resort(own, why or "no control tube")

    def _rungs(self, tube: TubeFits) -> Iterator[tuple[Evidence, str, list[Fit]]]:
        """Lenders, best first: this subject's tubes, then its batch's, then the study's."""
        others = [one for one in self.alike[tube.key] if one.key != tube.key]
        circles = (
            ("this subject's", [one for one in others if one.subject == tube.subject]),
            ("this batch's", [one for one in others if one.batch == tube.batch]),
            ("the study's", others),
        )
        for whose, circle in circles:
            if self.rule.control:
                lenders = [self.controls[one.key] for one in circle if one.key in self.controls]
                yield Evidence.CONTROL, f"cut from {whose} control tubes", lenders
            else:
                lenders = [self.believed[one.key] for one in circle if one.key in self.believed]
                rung = Evidence.SUBJECT if whose == "this subject's" else Evidence.BATCH
                yield rung, f"gate carried over from {whose} other tubes", lenders

    def _last_resort(self, own: Fit, why: str) -> Fit:
        fixed = self.rule.fallback(own)
        if fixed is None:
            reason = f"{why}, and no gate could be borrowed from another tube"
            return Fit(None, Evidence.FAILED, reason, own.parent_events, review=True)
        if own.evidence is Evidence.FIXED:  # the strategy means it so
            return own
        reason = f"{why}; the strategy's fixed gate is used"
        return replace(fixed, evidence=Evidence.FIXED, reason=reason, review=True)


def _circles(alike: Mapping[str, list[TubeFits]], fits: Mapping[str, Fit]) -> dict[str, _Circle]:
    """The circle of each tube, of those on the same scales that have a fit: one for all that are in it."""
    distinct = {id(tubes): tubes for tubes in alike.values()}
    circles = {number: _Circle(tubes, fits) for number, tubes in distinct.items()}
    return {key: circles[id(tubes)] for key, tubes in alike.items()}


class _Circle:
    """Tubes on the same scales that have a fit, as columns: every tube is compared with every other."""

    def __init__(self, tubes: Sequence[TubeFits], fits: Mapping[str, Fit]) -> None:
        chosen = [tube for tube in tubes if tube.key in fits]
        self._fits = [fits[tube.key] for tube in chosen]
        self._keys, self._subjects, self._batches = (
            np.array([getattr(tube, name) for tube in chosen], dtype=object)
            for name in ("key", "subject", "batch")
        )

    def peers(self, tube: TubeFits) -> list[Fit]:
        """Fits of other tubes: this subject's, this batch's, and evenly of the rest."""
        close = (self._subjects == tube.subject) | (self._batches == tube.batch)
        near = np.flatnonzero(close & (self._keys != tube.key))[:MAX_PEERS].tolist()
        far = np.flatnonzero(~close).tolist()
        room = MAX_PEERS - len(near)
        step = max(-(-len(far) // room), 1) if room else 1
        return [self._fits[place] for place in (*near, *(far[::step] if room else ()))]
