"""Whether a study has tubes that show the negative of a marker whose positives are counted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bcelldepl.gating.rules.positives import PositivesRule
from bcelldepl.gating.strategy import Strategy
from bcelldepl.setup.findings import Severity, StudyFinding
from bcelldepl.study import Role, Study

__all__ = ["missing_negatives"]


def missing_negatives(study: Study, strategies: Sequence[Strategy]) -> Iterator[StudyFinding]:
    """Say which positives cannot be counted for want of a control.

    Parameters
    ----------
    study : Study
    strategies : sequence of Strategy

    Yields
    ------
    StudyFinding
        At most one for each marker.
    """
    markers = {
        rule.marker: rule.name
        for strategy in strategies
        for rule in strategy.populations
        if isinstance(rule, PositivesRule)
    }
    before = any(tube.role is Role.SAMPLE and tube.before_first_infusion for tube in study.tubes)
    for marker, population in markers.items():
        left_out = any(
            tube.role is Role.FMO and (tube.role_marker or "").casefold() == marker.casefold()
            for tube in study.tubes
        )
        if not before and not left_out:
            what = f"no control shows the {marker} negative, so {population} cannot be counted"
            remedy = (
                f"add a sample from before the first infusion (day 0 or earlier), or an FMO (role fmo:{marker}); or "
                "choose a strategy that does not report it"
            )
            yield StudyFinding(Severity.DOUBT, what, study.samples, remedy)
