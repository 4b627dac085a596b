"""The strategies of a study: one for all tubes, and those of batches that have their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bcelldepl.batch.outcome import FittedTube
from bcelldepl.definitions.populations import PLASMABLASTS, B
from bcelldepl.errors import Problem, StudyError
from bcelldepl.gating.reconcile import TubeFits, reconcile
from bcelldepl.gating.rules.base import Fit
from bcelldepl.gating.strategy import Strategy, load_strategy
from bcelldepl.near_names import did_you_mean
from bcelldepl.study import Study, Tube
from bcelldepl.tubes.overrides import check_overrides

__all__ = ["Strategies", "load_strategies"]


@dataclass(frozen=True)
class Strategies:
    """What each tube is gated by.

    Attributes
    ----------
    common : Strategy
    of_batch : mapping of str to Strategy
        By batches that have one of their own.
    """

    common: Strategy
    of_batch: Mapping[str, Strategy] = field(default_factory=dict)

    def of(self, tube: Tube) -> Strategy:
        """Return the strategy of a tube."""
        return self.of_batch.get(tube.batch or "", self.common)

    @property
    def all(self) -> tuple[Strategy, ...]:
        """Every strategy once, the common one first."""
        return tuple(dict.fromkeys((self.common, *self.of_batch.values())))

    def reconcile(
        self, tubes: Sequence[Tube], fitted: Sequence[FittedTube], facts: Sequence[TubeFits]
    ) -> dict[str, dict[str, Fit]]:
        """Reconcile the gates of the tubes that could be fitted: those of one strategy lend to each other.

        Parameters
        ----------
        tubes : sequence of Tube
        fitted : sequence of FittedTube
        facts : sequence of TubeFits
            Of each tube, in the same order.

        Returns
        -------
        dict of str to dict of str to Fit
            By tube and population.
        """
        fits: dict[str, dict[str, Fit]] = {}
        for strategy in (one for one in self.all if not one.learns):
            own = [
                fact
                for tube, one, fact in zip(tubes, fitted, facts, strict=True)
                if self.of(tube) is strategy and not one.failure
            ]
            fits |= reconcile(own, strategy)
        return fits


def load_strategies(study: Study) -> Strategies:
    """Load every strategy of a study, and refuse what no tube could be run with.

    Parameters
    ----------
    study : Study

    Returns
    -------
    Strategies

    Raises
    ------
    StrategyError
        A strategy cannot be read.
    StudyError
        ``[panel]`` names a marker that no strategy uses, two strategies have one name, or an override fits none.
    """
    common = _load(study, study.strategy)
    named = {common.name: common}
    problems = []
    of_batch = {}
    for batch, settings in study.batch.items():
        strategy = common if settings.strategy is None else _load(study, settings.strategy)
        where = f"{study.path.name} [batch.{batch}]"
        if named.setdefault(strategy.name, strategy) != strategy:
            what = f"another strategy of the study is also called {strategy.name!r}"
            problems.append(Problem(where, what, "give each its own `name`"))
        of_batch[batch] = named[strategy.name]
        problems += _unused_markers(settings.panel, [strategy], where)
    strategies = Strategies(common, of_batch)
    problems += _unused_markers(study.panel, strategies.all, f"{study.path.name} [panel]")
    for strategy in strategies.all:
        own = {tube.file for tube in study.tubes if strategies.of(tube) is strategy}
        overrides = tuple(one for one in study.overrides if one.file in own)
        problems += check_overrides(study.model_copy(update={"overrides": overrides}), strategy)
    if problems:
        raise StudyError(problems)
    return strategies


def _load(study: Study, name: str) -> Strategy:
    strategy = load_strategy(name, study.folder)
    return strategy if study.gating.plasmablasts == "B" else strategy.without(B, PLASMABLASTS)


def _unused_markers(panel: Mapping[str, str], strategies: Sequence[Strategy], where: str) -> list[Problem]:
    used = list(dict.fromkeys(marker for strategy in strategies for marker in strategy.markers))
    names = " or ".join(repr(strategy.name) for strategy in strategies)
    what, all_of_them = f"the strategy {names} uses no marker of this name", f"it uses {', '.join(used)}"
    return [
        Problem(f"{where} {marker}", what, did_you_mean(marker, used) or all_of_them)
        for marker in panel
        if marker not in used
    ]
