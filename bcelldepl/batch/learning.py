"""The models of a study: which of its tubes share one, which are kept, and which are learned now."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from threadpoolctl import threadpool_limits

from bcelldepl.batch.outcome import FittedTube
from bcelldepl.batch.strategies import Strategies
from bcelldepl.definitions.markers import TIME
from bcelldepl.errors import Problem, StudyError
from bcelldepl.gating.model.event_sample import EventSample, events_per_tube
from bcelldepl.gating.model.kept import KeptModel, models_from_text, models_to_text
from bcelldepl.gating.model.learn import learn
from bcelldepl.gating.model.study_model import StudyModel
from bcelldepl.gating.strategy import Strategy
from bcelldepl.store import OF_THE_STUDY, Store, StoreError
from bcelldepl.study import Role, Study, Tube

__all__ = ["Group", "Models", "group_tubes", "keep_models", "kept_models", "learn_models"]

_PLACE = ("models", OF_THE_STUDY, "kept")  # in the store

Sampler = Callable[[Sequence[Tube], int], Mapping[str, EventSample]]


@dataclass(frozen=True)
class Group:
    """Tubes that are gated by one model.

    Attributes
    ----------
    strategy : Strategy
    cytometer : str
    panel : dict of str to str
        Channel by marker.
    tubes : tuple of Tube
        Those that it may be learned from.
    """

    strategy: Strategy
    cytometer: str
    panel: Mapping[str, str]
    tubes: tuple[Tube, ...]


def group_tubes(tubes: Sequence[Tube], fitted: Sequence[FittedTube], strategies: Strategies) -> list[Group]:
    """Put the tubes together that have a strategy which learns, a cytometer and a panel in common.

    Parameters
    ----------
    tubes : sequence of Tube
    fitted : sequence of FittedTube
        What is known of each, in the same order.
    strategies : Strategies

    Returns
    -------
    list of Group
        The largest first. Samples make a group; controls without the label of their marker join one.
    """
    found: dict[tuple[str, str, tuple[tuple[str, str], ...]], list[Tube]] = {}
    for tube, one in zip(tubes, fitted, strict=True):
        strategy = strategies.of(tube)
        if strategy.learns and not one.failure and _teaches(tube, strategy):
            panel = tuple(sorted(_panel(one).items()))
            found.setdefault((strategy.name, one.cytometer, panel), []).append(tube)
    by_name = {strategy.name: strategy for strategy in strategies.all}
    groups = [
        Group(by_name[name], cytometer, dict(panel), tuple(sorted(members, key=lambda tube: tube.file)))
        for (name, cytometer, panel), members in found.items()
        if any(tube.role is Role.SAMPLE for tube in members)
    ]
    return sorted(groups, key=lambda one: (-len(one.tubes), one.strategy.name, one.tubes[0].file))


def _teaches(tube: Tube, strategy: Strategy) -> bool:
    """Whether a tube shows all that kinds of cells are told by."""
    if tube.role is Role.FMO:
        return (tube.role_marker or "").casefold() not in map(str.casefold, strategy.lineages.markers)
    return tube.role is Role.SAMPLE


def _panel(fitted: FittedTube) -> dict[str, str]:
    return {marker: channel for marker, channel in fitted.panel.items() if marker != TIME}


def kept_models(store: Store, *, again: bool = False) -> tuple[KeptModel, ...]:
    """Return the models that a results folder has learned.

    Parameters
    ----------
    store : Store
    again : bool
        Whether they are about to be learned again: those that cannot be read are as if there were none.

    Returns
    -------
    tuple of KeptModel

    Raises
    ------
    StoreError
        Where they cannot be read.
    """
    kept = store.stage(*_PLACE)
    try:
        return () if kept is None else models_from_text(kept[0])
    except ValueError as error:
        if again:
            return ()
        what = "the models of the study cannot be read: an earlier build wrote them, or they are damaged"
        raise StoreError(what, remedy="learn again: run --learn-again --why ...") from error


def keep_models(store: Store, models: Sequence[KeptModel]) -> None:
    """Keep models for the runs that come.

    Parameters
    ----------
    store : Store
    models : sequence of KeptModel
    """
    if models:
        store.keep_stage(*_PLACE, models_to_text(models), b"")


@dataclass(frozen=True)
class Models:
    """The models of a study.

    Attributes
    ----------
    kept : tuple of KeptModel
    changes : tuple of dict of str to object
        What was learned now, for the audit record.
    """

    kept: tuple[KeptModel, ...] = ()
    changes: tuple[Mapping[str, object], ...] = ()

    def of(self, tube: Tube, fitted: FittedTube, strategy: Strategy) -> KeptModel | None:
        """Return the model that a tube is gated by; None where its strategy learns none, or no sample is like it."""
        if not strategy.learns or fitted.failure:
            return None
        panel = _panel(fitted)
        alike = [
            one for one in self.kept if one.strategy == strategy.name and one.cytometer == fitted.cytometer
        ]
        exact = [one for one in alike if dict(one.panel) == panel]
        wider = [one for one in alike if panel.items() <= one.panel.items()]
        return next(iter(exact or ([] if tube.role is Role.SAMPLE else wider)), None)

    @property
    def questions(self) -> tuple[str, ...]:
        """What the study is asked."""
        several = len(self.kept) > 1
        return tuple(
            f"{one.name}: {question}" if several else question
            for one in self.kept
            for question in one.model.questions
        )


def learn_models(
    study: Study,
    groups: Sequence[Group],
    kept: Sequence[KeptModel],
    sample: Sampler,
    inputs: Mapping[str, str],
    *,
    again: bool = False,
) -> Models:
    """Keep the models that there are, and learn those that are missing.

    A kept model is learned anew, from the tubes that it was learned from, where its strategy or the names that the
    study gives to clusters have changed.

    Parameters
    ----------
    study : Study
    groups : sequence of Group
    kept : sequence of KeptModel
        Of earlier runs.
    sample : callable
        Takes tubes and how many events of each; gives their samples by file.
    inputs : mapping of str to str
        SHA-256 by file.
    again : bool
        Learn every model anew, from all tubes there are, on the scales that it has.

    Returns
    -------
    Models

    Raises
    ------
    StudyError
        The study names clusters of models that are to be replaced.
    """
    if again and kept and study.gating.kinds:
        what = "[gating.kinds] names clusters that are about to be learned again"
        raise StudyError(
            [Problem(study.path.name, what, "remove it, learn again, then check the new clusters")]
        )
    models: list[KeptModel] = []
    changes: list[Mapping[str, object]] = []
    waiting = list(kept)
    for group in groups:
        former = next(
            (m for m in waiting if m.is_of(group.strategy.name, group.cytometer, group.panel)), None
        )
        if former is not None:
            waiting.remove(former)
        first = (
            max((model.model.clusters[-1].number for model in models if model.model.clusters), default=0) + 1
        )
        why = _why(study, group, former, again)
        if former is not None and not why:
            models.append(former)
            continue
        name = _name(
            group.strategy.name, {*(model.name for model in models), *(model.name for model in waiting)}
        )
        if former is not None:
            name, first = former.name, first if again else former.model.clusters[0].number
        learned = _learn(study, group, former, sample, first, again)
        if learned is None:
            continue
        files, model = learned
        models.append(
            KeptModel(
                name=name,
                strategy=group.strategy.name,
                strategy_sha256=group.strategy.sha256,
                cytometer=group.cytometer,
                panel=dict(group.panel),
                tubes={file: inputs[file] for file in files},
                given=_given(study),
                model=model,
            )
        )
        changes.append({"model": name, "because": why, "tubes": len(files), "sha256": model.digest})
    return Models((*models, *waiting), tuple(changes))


def _why(study: Study, group: Group, former: KeptModel | None, again: bool) -> str:
    """Say why a model is learned now; empty where the former one stays."""
    if former is None:
        return "no model was kept for this strategy, cytometer and panel"
    if again:
        return "learning again was requested"
    if former.strategy_sha256 != group.strategy.sha256:
        return "the strategy changed"
    return "the study file names other clusters" if dict(former.given) != _given(study) else ""


def _given(study: Study) -> dict[str, tuple[int, ...]]:
    return dict(study.gating.kinds)


def _name(strategy: str, taken: set[str]) -> str:
    names = [strategy, *(f"{strategy} {number}" for number in range(2, len(taken) + 3))]
    return next(name for name in names if name not in taken)


def _learn(
    study: Study, group: Group, former: KeptModel | None, sample: Sampler, first_number: int, again: bool
) -> tuple[list[str], StudyModel] | None:
    """Learn a model, and say of which tubes; None where no tube could be sampled."""
    tubes, strategy = group.tubes, group.strategy
    if former is not None and again:
        strategy = strategy.on_scales(former.model.scales)
    elif former is not None:
        tubes = tuple(tube for tube in tubes if tube.file in former.tubes) or tubes
    wanted = events_per_tube(len(tubes))
    samples = sample(tubes, wanted)
    usable = [samples[tube.file].first(wanted) for tube in tubes if tube.file in samples]
    if not any(one.events for one in usable):
        return None
    with threadpool_limits(1, user_api="blas"):  # its products are small: threads would wait for each other
        return [one.tube for one in usable], learn(usable, strategy, study.gating.kinds, first_number)
