"""What a study must be asked: what its strategy reports and its tubes do not show."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bcelldepl.gating.model.study_model import StudyModel
from bcelldepl.gating.rules.kinds import KindsRule
from bcelldepl.gating.rules.positives import PositivesRule

if TYPE_CHECKING:
    from bcelldepl.gating.strategy import Strategy

__all__ = ["ask"]


def ask(model: StudyModel, strategy: Strategy) -> tuple[str, ...]:
    """Ask once for each reported population that the study does not show.

    Parameters
    ----------
    model : StudyModel
    strategy : Strategy

    Returns
    -------
    tuple of str
        Sentences, each with what to do.
    """
    present = set(model.kinds.tolist())
    questions = []
    for rule, _ in strategy.rules_for(model.scales):
        if isinstance(rule, KindsRule) and rule.expected and not present & set(rule.kinds):
            questions.append(
                f"no cells of the study could be identified as {rule.name}: see figures/clusters.png and "
                f"gates/clusters.csv; if one of the clusters is {rule.name}, name it in study.toml: "
                f"[gating.kinds] {rule.kinds[0]} = [NUMBER]"
            )
        if isinstance(rule, PositivesRule) and rule.name not in model.positives:
            questions.append(
                f"no control tube shows the {rule.marker}-negative cells, so {rule.name} cannot be counted: is there "
                f"no tube from before the first infusion (day 0 or earlier), and no FMO (role fmo:{rule.marker})?"
            )
    return tuple(questions)
