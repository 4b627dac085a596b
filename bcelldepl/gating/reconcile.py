"""The evidence ladder: each gate of each tube takes the best evidence that the batch has for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from bcelldepl.gating.evidence import Evidence
from bcelldepl.gating.rules.base import Fit, Rule
from bcelldepl.gating.strategy import Strategy

__all__ = ["TubeFits", "reconcile"]


@dataclass(frozen=True)
class TubeFits:
    """What the first pass found in one tube, and what the ladder needs to know of it.

    Attributes
    ----------
    key : str
        The tube; unique.
    subject, batch : str
    before_infusion : bool
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
    before_infusion: bool
    role: str
    role_marker: str
    scales: Mapping[str, str]
    fits: Mapping[str, Fit]

    def is_control_of(self, marker: str) -> bool:
        """Whether no event of this tube can truly be positive for a marker that only the infusion brings."""
        if self.role == "fmo":
            return self.role_marker.casefold() == marker.casefold()
        return self.role == "unstained" or (
            marker == "CAR" and self.role == "sample" and self.before_infusion
        )

    def shows(self, rule: Rule) -> bool:
        """Whether this tube can show where a population lies: a control without the marker cannot."""
        return not (
            self.role in ("unstained", "blank", "single")
            or (self.role == "fmo" and self.role_marker in rule.markers)
        )


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
        having = [tube for tube in ordered if rule.name in tube.fits]
        believed = _believe(rule, having)
        for tube in having:
            settled[tube.key][rule.name] = _climb(rule, tube, having, believed)
    return settled


def _believe(rule: Rule, tubes: Sequence[TubeFits]) -> dict[str, Fit]:
    """Fits on the tube's own data that hold up beside those of other tubes."""
    own = {
        t.key: t.fits[rule.name]
        for t in tubes
        if t.fits[rule.name].evidence is Evidence.DATA and t.shows(rule)
    }
    scales = {t.key: t.scales for t in tubes}
    believed = {}
    for key, fit in own.items():
        others = [other for k, other in own.items() if k != key and scales[k] == scales[key]]
        if not rule.implausible(fit, others):
            believed[key] = fit
    return believed


def _climb(rule: Rule, tube: TubeFits, tubes: Sequence[TubeFits], believed: Mapping[str, Fit]) -> Fit:
    own = tube.fits[rule.name]
    if not rule.control and tube.key in believed:
        return own
    if not rule.control and own.evidence in (Evidence.DATA, Evidence.FIXED) and not rule.markers:
        return own
    others = [t for t in tubes if t.key != tube.key and t.scales == tube.scales]
    doubt = ""
    if own.evidence is Evidence.DATA and tube.key not in believed:
        doubt = rule.implausible(own, [believed[t.key] for t in others if t.key in believed])
    why = doubt or own.reason

    def donors(belongs: Callable[[TubeFits], bool], fits: Mapping[str, Fit]) -> list[Fit]:
        return [fits[t.key] for t in others if belongs(t) and t.key in fits]

    if rule.control:
        controls = {
            t.key: t.fits[rule.name]
            for t in tubes
            if t.is_control_of(rule.control) and t.fits[rule.name].evidence is not Evidence.FAILED
        }
        if tube.key in controls:
            return replace(own, evidence=Evidence.CONTROL, reason="")
        for belongs, whose in (
            (lambda t: t.subject == tube.subject, "this subject's"),
            (lambda t: t.batch == tube.batch, "this batch's"),
            (lambda t: True, "the study's"),
        ):  # type: tuple[Callable[[TubeFits], bool], str]
            carried = _carry(rule, own, donors(belongs, controls))
            if carried:
                return replace(carried, evidence=Evidence.CONTROL, reason=f"cut from {whose} control tubes")
    else:
        carried = _carry(rule, own, donors(lambda t: t.subject == tube.subject, believed))
        if carried:
            return replace(
                carried,
                evidence=Evidence.SUBJECT,
                reason=f"{why}; gate carried from this subject's other tubes",
            )
        for belongs in (lambda t: t.batch == tube.batch, lambda t: True):
            carried = _carry(rule, own, donors(belongs, believed))
            if carried:
                return replace(
                    carried, evidence=Evidence.BATCH, reason=f"{why}; gate carried from other subjects' tubes"
                )
    fixed = rule.fallback(own)
    if fixed:
        evidence = Evidence.FIXED
        reason = f"{why or 'no control tube'}; the strategy's fixed gate is used"
        return replace(fixed, evidence=evidence, reason=reason, review=own.evidence is not Evidence.FIXED)
    return Fit(
        None,
        Evidence.FAILED,
        f"{why or 'no control tube'}, and no other tube can lend a gate",
        own.parent_events,
        review=True,
    )


def _carry(rule: Rule, own: Fit, donors: Sequence[Fit]) -> Fit | None:
    return rule.carry(own, donors) if donors else None
