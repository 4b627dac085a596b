"""Gates whose shapes are known, as a list of steps for the streaming kernel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bcelldepl.definitions.markers import SCATTER
from bcelldepl.gating.regions import Region
from bcelldepl.gating.rules.base import Rule
from bcelldepl.gating.rules.boolean import BooleanRule
from bcelldepl.gating.strategy import ALL
from bcelldepl.kernels.charts import AXIS_NUMBERS, axis_of, chart_of
from bcelldepl.kernels.rows import FETCHED
from bcelldepl.kernels.sieve import WORK_ROWS
from bcelldepl.kernels.stream import (
    COMBINE,
    COUNT,
    GATE,
    STEP_NUMBERS,
    STRIDE,
    WEIGH,
    stream_tile,
)
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
        The last counts signals that are no numbers.
    weights, numbers, tables, table_ends, axes, charts, steps, regions, combinations : ndarray
        As `bcelldepl.kernels.stream.stream_tile` takes them.
    """

    populations: tuple[str, ...]
    ends: Mapping[str, tuple[int, int]]
    n_counts: int
    weights: NDArray[np.float64]
    numbers: NDArray[np.float64]
    tables: NDArray[np.float64]
    table_ends: NDArray[np.int64]
    axes: NDArray[np.float64]
    charts: NDArray[np.uint8]
    steps: NDArray[np.int64]
    regions: NDArray[np.float64]
    combinations: NDArray[np.uint64]
    _spare: list[Room] = field(default_factory=list, repr=False)  # from files before: fresh memory costs more

    @property
    def combines(self) -> bool:
        """Whether the kernel needs the memberships of a tile."""
        return bool(self.combinations.any())

    def room(self) -> Room:
        """Memory for one thread; nothing is counted in it yet."""
        with suppress(IndexError):
            room = self._spare.pop()
            room.counts[:] = 0
            return room
        n_markers = len(self.weights)
        return Room(
            np.empty((n_markers + 2, STRIDE), np.uint32),
            np.empty((len(self.populations) + 2, STRIDE), np.uint32),
            np.empty((FETCHED, STRIDE), np.float32),
            np.empty((WORK_ROWS, STRIDE)),
            np.zeros(self.n_counts, np.int64),
        )

    def give_back(self, room: Room) -> None:
        """Let the next file have this memory."""
        self._spare.append(room)

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
            self.table_ends, self.axes, self.charts, self.steps, self.regions, self.combinations,
            room.squares, room.lists, room.fetched, room.work, room.counts, members,
        )  # fmt: skip


_EVERY = np.empty(0, np.bool_)


@dataclass(frozen=True)
class Room:
    """Memory that a thread uses again from tile to tile, and its counts."""

    squares: NDArray[np.uint32]
    lists: NDArray[np.uint32]
    fetched: NDArray[np.float32]
    work: NDArray[np.float64]
    counts: NDArray[np.int64]


def plan_gates(rules: Sequence[tuple[Rule, str]], shapes: Mapping[str, Any], recipe: Recipe) -> Plan | None:
    """Lay out the steps.

    Parameters
    ----------
    rules : sequence of (Rule, str)
        Each with its parent, parents first.
    shapes : mapping of str to Any
        By population; a population that is not named holds no event.
    recipe : Recipe
        Where the markers come from.

    Returns
    -------
    Plan or None
        None where a gate is no region. A marker is worked out for the first population that is gated by it, and for
        others only where they are not part of that one.
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
            return None
        layout.judge(GATE, parent, regions.gate, number)
        if regions.ends is not None:
            ends[rule.name] = layout.n_counts, layout.n_counts + 1
            for region in regions.ends:
                layout.judge(COUNT, parent, region, layout.n_counts)
                layout.n_counts += 1
    return layout.plan(ends, combinations)


@dataclass
class _Layout:
    """Steps as they are laid out, and whose signals are at hand."""

    recipe: Recipe
    parents: Mapping[str, str]
    steps: list[list[int]] = field(default_factory=list)
    regions: list[NDArray[np.float64]] = field(default_factory=list)
    charts: list[NDArray[np.uint8]] = field(default_factory=list)
    n_rows: int = 0
    n_squares: int = 0
    made: set[tuple[int, str]] = field(default_factory=set)  # markers, each for the events of a population

    def __post_init__(self) -> None:
        self.numbers = {name: number for number, name in enumerate(self.parents)}
        self.markers = {marker: number for number, marker in enumerate(self.recipe.markers)}
        self.n_counts = len(self.numbers)

    def step(self, task: int, population: str, *own: int, target: int = 0) -> None:
        """Add a step."""
        middle = [*own, *[0] * (STEP_NUMBERS - 3 - len(own))]
        self.steps.append([task, self.numbers[population], *middle, target])

    def judge(self, task: int, population: str, region: Region, target: int) -> None:
        """Add the steps of a region: its signals, where they are not at hand, and its judgement."""
        names = [region.markers[k] for k in (0, -1)]
        markers = [self.markers[name] for name in names]
        x_scale, y_scale = (self.recipe.markers[name].scale[0] for name in names)
        self._weigh(markers, population)
        chart = chart_of(region.kind, region.numbers, x_scale, None if names[0] == names[1] else y_scale)
        row, self.n_rows = self.n_rows, self.n_rows + len(region.numbers)
        square, self.n_squares = self.n_squares, self.n_squares + len(chart)
        self.regions.append(region.numbers)
        self.charts.append(chart)
        places = row, self.n_rows, square, self.n_squares
        self.step(task, population, *markers, region.kind, *places, target=target)

    def _weigh(self, markers: Sequence[int], population: str) -> None:
        """Weigh channels into signals for a population, unless they are at hand."""
        line = self._ancestry(population)
        missing = [m for m in dict.fromkeys(markers) if not any((m, name) in self.made for name in line)]
        if len(missing) == 2 and self._share(*missing):
            pairs = [(missing[0], missing[1])]
        else:
            pairs = [(marker, marker) for marker in missing]
        for one, other in pairs:
            self.made |= {(one, population), (other, population)}
            stained = int(list(self.recipe.markers)[one] not in SCATTER)
            self.step(WEIGH, population, one, other, stained)

    def _share(self, one: int, other: int) -> bool:
        """Whether two markers can be weighed at once: both stains or neither, of the same channels or of one each."""
        (first, a), (second, b) = (list(self.recipe.markers.items())[marker] for marker in (one, other))
        same = np.array_equal(a.weights != 0.0, b.weights != 0.0)
        plain = all(np.count_nonzero(recipe.weights) == 1 == recipe.weights.max() for recipe in (a, b))
        return (first in SCATTER) == (second in SCATTER) and (same or plain)

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
            n_counts=self.n_counts + 1,
            weights=np.array([one.weights for one in recipes]).reshape(
                len(recipes), len(self.recipe.channels)
            ),
            numbers=numbers,
            tables=np.concatenate(pieces) if pieces else np.zeros((1, 4)),
            table_ends=np.array([tables[id(one.scale[1])] for one in recipes], np.int64).reshape(-1, 2),
            axes=np.array([axis_of(one.scale[0]) for one in recipes]).reshape(-1, AXIS_NUMBERS),
            charts=np.concatenate([*self.charts, np.zeros(1, np.uint8)]),
            steps=np.array(self.steps, np.int64).reshape(-1, STEP_NUMBERS),
            regions=np.concatenate([*self.regions, np.zeros((1, 6))]),
            combinations=combinations,
        )
