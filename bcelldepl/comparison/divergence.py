"""The first gate at which two gatings of the same events part ways."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Divergence", "Share", "Stage", "first_divergence"]

_MOST = 0.5  # of the disputed events: a gate that explains so many is the one
_MANY = 0.25  # else the first gate that explains so many


@dataclass(frozen=True)
class Stage:
    """One gate on the way from all events to a population.

    Attributes
    ----------
    name : str
    member : ndarray of bool, shape (n_events,)
        Events that passed this gate and all before it.
    channels : frozenset of str
        What the gate is drawn on.
    also : str
        Name of the gate of the other gating that is known to mean the same population; empty for none.
    """

    name: str
    member: NDArray[np.bool_]
    channels: frozenset[str] = frozenset()
    also: str = ""


@dataclass(frozen=True)
class Share:
    """What one pair of gates contributes to the dispute.

    Attributes
    ----------
    auto, manual : str
        Gates on the same channels; empty where one of the two gatings has none.
    shut_out_by_auto, shut_out_by_manual : int
        Events of the other's population that this gate is the first to shut out.
    """

    auto: str
    manual: str
    shut_out_by_auto: int
    shut_out_by_manual: int

    @property
    def events(self) -> int:
        """Disputed events that this pair explains."""
        return self.shut_out_by_auto + self.shut_out_by_manual

    @property
    def name(self) -> str:
        """Its automated name, else its manual one."""
        return self.auto or f"{self.manual} (manual)"


@dataclass(frozen=True)
class Divergence:
    """Where two gatings differ.

    Attributes
    ----------
    gate : Share
        The pair of gates to look at.
    disputed : int
        Events that one of the populations has and the other has not.
    shares : tuple of Share
        All pairs that explain any, in the order of the gating.
    """

    gate: Share
    disputed: int
    shares: tuple[Share, ...]


def first_divergence(auto: Sequence[Stage], manual: Sequence[Stage]) -> Divergence | None:
    """Trace every disputed event to the gate that was the first to shut it out.

    Parameters
    ----------
    auto, manual : sequence of Stage
        From the root to the population, each not empty.

    Returns
    -------
    Divergence or None
        None where no event is disputed. Its gate is the one that explains half of the disputed events, or else the
        first that explains a quarter, or else the one that explains most.
    """
    final_auto, final_manual = auto[-1].member, manual[-1].member
    disputed = int(np.count_nonzero(final_auto ^ final_manual))
    if not disputed:
        return None
    by_auto = _first_to_shut_out(auto, final_manual & ~final_auto)
    by_manual = _first_to_shut_out(manual, final_auto & ~final_manual)
    partner = _partners(auto, manual)
    placed: list[tuple[float, Share]] = []
    for i, stage in enumerate(auto):
        mine = [j for j, p in partner.items() if p == i]
        name = next((manual[j].name for j in mine if by_manual[j]), manual[mine[0]].name if mine else "")
        placed.append(
            ((i + 1) / len(auto), Share(stage.name, name, by_auto[i], sum(by_manual[j] for j in mine)))
        )
    for j, stage in enumerate(manual):
        if j not in partner:
            placed.append(((j + 1) / len(manual) - 1e-6, Share("", stage.name, 0, by_manual[j])))
    shares = [share for _, share in sorted(placed, key=lambda item: item[0]) if share.events]
    most = max(shares, key=lambda share: share.events)
    many = [share for share in shares if share.events >= _MANY * disputed]
    gate = most if most.events >= _MOST * disputed or not many else many[0]
    return Divergence(gate, disputed, tuple(shares))


def _first_to_shut_out(stages: Sequence[Stage], lost: NDArray[np.bool_]) -> list[int]:
    counts = []
    for stage in stages:
        out = lost & ~stage.member
        counts.append(int(np.count_nonzero(out)))
        lost = lost & stage.member
    return counts


def _partners(auto: Sequence[Stage], manual: Sequence[Stage]) -> dict[int, int]:
    """Manual gate to automated gate: the last ones mean each other, the others are aligned in their order.

    The alignment has the greatest sum of likenesses of all that do not cross (Needleman and Wunsch, 1970,
    doi:10.1016/0022-2836(70)90057-4).
    """
    n, m = len(auto) - 1, len(manual) - 1
    best = np.zeros((n + 1, m + 1))
    for i in range(1, n + 1):
        for j in range(1, m + 1):
            together = best[i - 1, j - 1] + _likeness(auto[i - 1], manual[j - 1])
            best[i, j] = max(together, best[i - 1, j], best[i, j - 1])
    partner = {m: n}
    i, j = n, m
    while i and j:
        if best[i, j] == best[i - 1, j]:
            i -= 1
        elif best[i, j] == best[i, j - 1]:
            j -= 1
        else:
            i, j = i - 1, j - 1
            partner[j] = i
    return partner


def _likeness(auto: Stage, manual: Stage) -> float:
    """Part of the channels that are the same, where it is half or more; more where both mean one population."""
    shared = len(auto.channels & manual.channels)
    part = shared / len(auto.channels | manual.channels) if shared else 0.0
    return (part if part >= 0.5 else 0.0) + (1.0 if manual.also and manual.also == auto.name else 0.0)
