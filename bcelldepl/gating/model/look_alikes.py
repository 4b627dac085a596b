"""Cells that are of a kind by all markers but those that they should carry: B cells whose CD19 is masked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from bcelldepl.gating.model.alignment import Alignment
from bcelldepl.gating.model.components import DEGREES, Component, Frame, frame_of
from bcelldepl.gating.model.lineages import Kind, Lineages
from bcelldepl.gating.model.place import natural_points
from bcelldepl.gating.model.study_model import StudyModel
from bcelldepl.gating.rules.kinds import KindsRule
from bcelldepl.kernels.components import component_densities
from bcelldepl.kernels.membership import spaced_events

if TYPE_CHECKING:
    from bcelldepl.gating.strategy import Strategy
    from bcelldepl.signal import Signal

__all__ = ["look_alikes"]

_MOST: Final = 5_000  # events that are looked at; of more, every so many
_MAIN: Final = 0.1  # of a kind's cells; a component of fewer does not say what they look like
_ALIKE: Final = 3.0  # squared distance, in spreads, of components that are the same cells
_FIRST: Final = 0.1  # part of the events, from which the search starts
_ROUNDS: Final = 200
_LIKELIER: Final = 0.5  # probability from which an event is such a cell rather than any other
_STILL: Final = 1e-3  # events by which their number moves at the end
_BACKGROUND: Final = 1e-12  # density of what is of no kind


def look_alikes(
    model: StudyModel,
    strategy: Strategy,
    alignment: Alignment,
    signal: Signal,
    membership: Mapping[str, NDArray[np.bool_]],
) -> dict[str, float]:
    """How many events of a tube that no gate took are of a kind by all markers but some.

    The lineages say which kinds may come so: such as B cells without CD19. Any panel tells, as B cells differ from
    other cells without a marker in scatter and CD45, and in how much of each stain they bind; the less sure, the fewer
    stains there are.

    Parameters
    ----------
    model : StudyModel
    strategy : Strategy
    alignment : Alignment
        Of the tube.
    signal : Signal
        Of the tube, on the model's scales.
    membership : mapping of str to ndarray of bool
        Events by population.

    Returns
    -------
    dict of str to float
        Their number by kind; of those alone that the strategy knows, and whose like the study shows.
    """
    found = {}
    for row in strategy.lineages.kinds:
        rule = next((one for one in strategy.populations if _is_of(one, row)), None)
        if not row.like or row.within or rule is None or rule.parent not in membership:
            continue
        mixture = _Mixture.of(model, alignment, row, strategy.lineages)
        if mixture is None:
            continue
        free = membership[rule.parent] & ~_taken(strategy, row, membership)
        events = int(np.count_nonzero(free))
        some = spaced_events(free, max(-(-events // _MOST), 1))
        likely = mixture.likely(natural_points(model, signal.take(model.markers, some)))
        found[row.name] = round(likely * events / max(len(some), 1), 3)
    return found


def _is_of(rule: object, row: Kind) -> bool:
    return isinstance(rule, KindsRule) and tuple(rule.kinds) == (row.name,)


def _taken(strategy: Strategy, row: Kind, membership: Mapping[str, NDArray[np.bool_]]) -> NDArray[np.bool_]:
    """Events of the reported populations of other kinds, and of the likely ones of the kind that they are like."""
    like = set(strategy.lineages.family(row.like))
    taken = np.zeros(len(next(iter(membership.values()))), dtype=np.bool_)
    for rule in strategy.populations:
        if not isinstance(rule, KindsRule) or not rule.kinds or row.name in rule.kinds:
            continue
        likely = rule.rare and like.issuperset(rule.kinds)
        if rule.name in membership and (likely or rule.report):
            taken |= membership[rule.name]
    return taken


@dataclass(frozen=True)
class _Mixture:
    """The study's components in the markers that such cells do not lack, where a tube has them.

    Attributes
    ----------
    columns : list of int
        Of the model's markers.
    frame : Frame
    alike : ndarray of bool, shape (n_components,)
        Which of them are such cells.
    """

    columns: list[int]
    frame: Frame
    alike: NDArray[np.bool_]

    @classmethod
    def of(cls, model: StudyModel, alignment: Alignment, row: Kind, lineages: Lineages) -> _Mixture | None:
        """Make it of a tube; None where the study shows none of the kind, or the panel lacks a marker.

        A cluster of such cells may have been taken for cells without a marker, such as basophils: a component that
        lies where the kind does is of it, whatever it was called.
        """
        own = [one for one in model.components if one.kind == row.like]
        if not own or not set(model.markers).issuperset((*row.but, *row.needs)):
            return None
        main = [one for one in own if one.share >= _MAIN * sum(other.share for other in own)]
        family = set(lineages.family(row.like))
        others = [one for one in model.components if one.kind not in family]
        columns = [axis for axis, marker in enumerate(model.markers) if marker not in row.but]
        frame = frame_of([_in_columns(one, columns) for one in (*main, *others)])
        alike = [place < len(main) or one.kind == row.name for place, one in enumerate((*main, *others))]
        for place in range(len(main), len(alike)):
            alike[place] |= min(_distance(frame, place, its) for its in range(len(main))) < _ALIKE
        shift = np.array(alignment.shift)[columns]
        levels = [
            model.level_of(model.markers[axis], frame.mean[:, place]) for place, axis in enumerate(columns)
        ]
        moved = replace(frame, mean=frame.mean + shift * np.column_stack(levels))
        return cls(columns, moved, np.array(alike))

    def likely(self, points: NDArray[np.float32]) -> int:
        """How many of some events are likelier such cells than any others, by shares fitted to these events alone.

        Where a panel hardly tells them from other cells, each event may be either: the sum of what is likely says
        little then, and none is likelier.

        Parameters
        ----------
        points : ndarray of float32, shape (k, n_events)
            In all markers of the model, in natural units.
        """
        n, frame, alike = points.shape[1], self.frame, self.alike
        if not n:
            return 0
        densities = np.empty((len(alike), n), dtype=np.float32)
        component_densities(
            np.ascontiguousarray(points[self.columns]), 0, n, frame.mean.astype(np.float32),
            frame.whitener.astype(np.float32), np.exp(frame.height).astype(np.float32), DEGREES, densities,
        )  # fmt: skip
        like = int(np.count_nonzero(alike))
        shares = np.where(alike, _FIRST / like, (1.0 - _FIRST) / max(len(alike) - like, 1))
        number, likely = _FIRST * n, np.zeros(n, dtype=np.float32)
        for _ in range(_ROUNDS):
            weighted = densities * shares[:, None].astype(np.float32)
            weighted /= weighted.sum(axis=0) + np.float32(_BACKGROUND)
            shares, likely = weighted.sum(axis=1, dtype=np.float64) / n, weighted[alike].sum(axis=0)
            before, number = number, n * float(shares[alike].sum())
            if abs(number - before) < _STILL:
                break
        return int(np.count_nonzero(likely > _LIKELIER))


def _in_columns(one: Component, columns: Sequence[int]) -> Component:
    mean, covariance = np.array(one.mean)[columns], np.array(one.covariance)[np.ix_(columns, columns)]
    return Component(one.kind, one.cluster, one.share, tuple(mean), tuple(map(tuple, covariance)))


def _distance(frame: Frame, one: int, other: int) -> float:
    """Squared distance of two components, in the spreads that they have on average."""
    away = frame.mean[one] - frame.mean[other]
    return float(away @ np.linalg.solve((frame.covariance[one] + frame.covariance[other]) / 2, away))
