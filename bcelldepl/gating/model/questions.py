"""What a study must be asked: kinds that its strategy reports and its clusters do not show."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bcelldepl.gating.model.study_model import StudyModel
from bcelldepl.gating.rules.kinds import KindsRule

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
        Sentences, each with what to write into ``study.toml``.
    """
    present = set(model.kinds.tolist())
    questions = []
    for rule in strategy.populations:
        if not (isinstance(rule, KindsRule) and rule.report and rule.kinds) or present & set(rule.kinds):
            continue
        if rule.expected:
            kind = rule.kinds[0]
            questions.append(
                f"no cluster of this study could be named {rule.name}; look at the clusters in gates/model.json, "
                f"and if one of them is {rule.name}, name it in study.toml: [kinds] {kind} = [its number]"
            )
    return tuple(questions)
