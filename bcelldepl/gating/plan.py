"""Gates whose shapes are known, as a list of steps for the streaming kernel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bcelldepl.gating.regions import Region
from bcelldepl.gating.rules.base import Rule
from bcelldepl.gating.rules.boolean import BooleanRule
from bcelldepl.gating.strategy import ALL
from bcelldepl.kernels.stream import BLOCK, COMBINE, COUNT, GATE, GATHER, MARKER, STEP_NUMBERS, stream_tile
from bcelldepl.signal.recipe import Recipe

__all__ = ["MAX_POPULATIONS", "Plan", "plan_gates"]

MAX_POPULATIONS = 64  # bits of an event's membership, the kept events among them


@dataclass(frozen=True)
class Plan:
    """What the streaming kernel takes.

    Attributes
    ----------
    populations : tuple of str
        By the number of their bit; the first are the kept events.
    ends : dict of str to (int, int)
        Places in the counts of a population with its gate at the two ends of its interval.
    n_counts : int
    weights, numbers, tables, table_ends, steps, gathers, regions, combinations : ndarray
        As `bcelldepl.kernels.stream.stream_tile` takes them.
    """

    populations: tuple[str, ...]
    ends: Mapping[str, tuple[int, int]]
    n_counts: int
    weights: NDArray[np.float64]
    numbers: NDArray[np.float64]
    tables: NDArray[np.float64]
    table_ends: NDArray[np.int64]
    steps: NDArray[np.int64]
    gathers: NDArray[np.int64]
    regions: NDArray[np.float64]
    combinations: NDArray[np.uint64]

    @property
    def combines(self) -> bool:
        """Whether the kernel needs the memberships of a tile."""
        return bool(self.combinations.any())

    def room(self) -> Room:
        """Memory for one thread."""
        n_markers, n_channels = self.weights.shape
        return Room(
            np.empty((n_channels, BLOCK), np.float32),
            np.empty((n_markers, BLOCK)),
            np.empty((n_markers, BLOCK)),
            np.empty((len(self.populations), BLOCK), np.int64),
            np.empty((2, BLOCK)),
            np.zeros(self.n_counts, np.int64),
        )

    def gate(
        self,
        rows: NDArray[np.float32],
        places: NDArray[np.int64],
        room: Room,
        members: NDArray[np.uint64],
        keep: NDArray[np.bool_] | None = None,
    ) -> None:
        """Gate a tile: counts are added to those of the room, members are filled."""
        stream_tile(
            rows, _EVERY if keep is None else keep, places, self.weights, self.numbers, self.tables,
            self.table_ends, self.steps, self.gathers, self.regions, self.combinations,
            room.channels, room.values, room.compact, room.lists, room.work, room.counts, members,
        )  # fmt: skip


_EVERY = np.empty(0, np.bool_)


@dataclass(frozen=True)
class Room:
    """Memory that a thread uses again from tile to tile, and its counts."""

    channels: NDArray[np.float32]
    values: NDArray[np.float64]
    compact: NDArray[np.float64]
    lists: NDArray[np.int64]
    work: NDArray[np.float64]
    counts: NDArray[np.int64]


def plan_gates(rules: Sequence[tuple[Rule, str]], shapes: Mapping[str, Any], recipe: Recipe) -> Plan:
    """Lay out the steps.

    Parameters
    ----------
    rules : sequence of (Rule, str)
        Each with its parent, parents first; every one combines others or has regions.
    shapes : mapping of str to Any
        By population; a population that is not named holds no event.
    recipe : Recipe
        Where the markers come from.

    Returns
    -------
    Plan
        A marker is worked out for the first population that is gated by it, and for others only where they are not
        part of that one.
    """
    layout = _Layout(recipe, {ALL: ALL, **{rule.name: parent for rule, parent in rules}})
    ends: dict[str, tuple[int, int]] = {}
    combinations = np.zeros((len(layout.numbers), 3), np.uint64)
    for rule, parent in rules:
        if rule.name not in shapes:
            continue
        number = layout.numbers[rule.name]
        if isinstance(rule, BooleanRule):
            for k, names in enumerate((rule.all_of, rule.any_of, rule.none_of)):
                combinations[number, k] = sum({1 << layout.numbers[name] for name in names})
            layout.step(COMBINE, parent, target=number)
            continue
        regions = rule.regions(shapes[rule.name])
        if regions is None:
            msg = f"population {rule.name!r} has no region"
            raise ValueError(msg)
        layout.judge(GATE, parent, regions.gate, number)
        if regions.ends is not None:
            ends[rule.name] = layout.n_counts, layout.n_counts + 1
            for region in regions.ends:
                layout.judge(COUNT, parent, region, layout.n_counts)
                layout.n_counts += 1
    return layout.plan(ends, combinations)


@dataclass
class _Layout:
    """Steps as they are laid out, and what is at hand after each."""

    recipe: Recipe
    parents: Mapping[str, str]
    steps: list[list[int]] = field(default_factory=list)
    gathers: list[int] = field(default_factory=list)
    regions: list[NDArray[np.float64]] = field(default_factory=list)
    n_rows: int = 0
    made: dict[str, dict[str, int]] = field(
        default_factory=dict
    )  # step that works out a marker for a population
    gathered: dict[int, str] = field(default_factory=dict)  # population for which a channel was gathered last

    def __post_init__(self) -> None:
        self.numbers = {name: number for number, name in enumerate(self.parents)}
        self.markers = {marker: number for number, marker in enumerate(self.recipe.markers)}
        self.n_counts = len(self.numbers)

    def step(self, task: int, population: str, *own: int, target: int = 0) -> None:
        """Add a step."""
        middle = [*own, *[0] * (STEP_NUMBERS - 3 - len(own))]
        self.steps.append([task, self.numbers[population], *middle, target])

    def judge(self, task: int, population: str, region: Region, target: int) -> None:
        """Add the steps of a region: its markers, where they are not at hand, and its judgement."""
        self._make(region.markers, population)
        fresh = [int(population in self.made[region.markers[k]]) for k in (0, -1)]
        first, self.n_rows = self.n_rows, self.n_rows + len(region.numbers)
        self.regions.append(region.numbers)
        x, y = self.markers[region.markers[0]], self.markers[region.markers[-1]]
        self.step(task, population, x, y, *fresh, region.kind, first, self.n_rows, target=target)

    def _make(self, markers: Sequence[str], population: str) -> None:
        """Work markers out for a population, unless they are for one that it is part of."""
        line = self._ancestry(population)
        missing = []
        for marker in dict.fromkeys(markers):
            made = self.made.setdefault(marker, {})
            nearest = next((name for name in line if name in made), None)
            if nearest is None:
                missing.append(marker)
            elif nearest != population:
                self.steps[made[nearest]][3] = 1
        channels = {c for m in missing for c in np.flatnonzero(self.recipe.markers[m].weights).tolist()}
        wanted = sorted(c for c in channels if self.gathered.get(c) != population)
        if wanted:
            self.step(GATHER, population, len(self.gathers), len(self.gathers) + len(wanted))
            self.gathers += wanted
            self.gathered |= dict.fromkeys(wanted, population)
        for marker in missing:
            self.made[marker][population] = len(self.steps)
            self.step(MARKER, population, self.markers[marker])

    def _ancestry(self, population: str) -> list[str]:
        line = [population]
        while line[-1] != ALL:
            line.append(self.parents[line[-1]])
        return line

    def plan(self, ends: Mapping[str, tuple[int, int]], combinations: NDArray[np.uint64]) -> Plan:
        """Put everything into arrays; markers on the same scale share its table."""
        recipes = list(self.recipe.markers.values())
        width = max((len(one.scale[0]) for one in recipes), default=1)
        numbers = np.zeros((len(recipes), width))
        tables: dict[int, tuple[int, int]] = {}
        pieces: list[NDArray[np.float64]] = []
        for own, one in zip(numbers, recipes, strict=True):
            own[: len(one.scale[0])] = one.scale[0]
            if id(one.scale[1]) not in tables:
                first = sum(map(len, pieces))
                tables[id(one.scale[1])] = first, first + len(one.scale[1])
                pieces.append(one.scale[1])
        return Plan(
            populations=tuple(self.numbers),
            ends=ends,
            n_counts=self.n_counts,
            weights=np.array([one.weights for one in recipes]).reshape(len(recipes), -1),
            numbers=numbers,
            tables=np.concatenate(pieces) if pieces else np.zeros((1, 4)),
            table_ends=np.array([tables[id(one.scale[1])] for one in recipes], np.int64).reshape(-1, 2),
            steps=np.array(self.steps, np.int64).reshape(-1, STEP_NUMBERS),
            gathers=np.array(self.gathers, np.int64),
            regions=np.concatenate([*self.regions, np.zeros((1, 6))]),
            combinations=combinations,
        )
