"""What a row of the speed benchmark is: contenders timed in turn in one process, and goals for their ratios."""

from __future__ import annotations

import importlib.util
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

__all__ = ["OURS", "Bench", "Goal", "Measured", "Row", "paired", "seconds"]

OURS: Final = "ours"
FIRST: Final = "first call of a turn [ms]"
TURN_S: Final = 0.25
LONG_S: Final = 2.0
Work = Callable[[], object]


@dataclass(frozen=True)
class Goal:
    """What a row is to show.

    Attributes
    ----------
    against : str
        A contender, for a ratio of times; or a key of `Measured.values`, for a plain number.
    at_most : float or None
        Ours takes at most so many times as long; or the value is at most this.
    at_least : float or None
        The contender takes at least so many times as long as ours; or the value is at least this.
    """

    against: str
    at_most: float | None = None
    at_least: float | None = None


@dataclass
class Measured:
    """What came of a row.

    Attributes
    ----------
    seconds : dict of str to float
        Median wall-clock time of each contender; `OURS` among them.
    ratios : dict of str to float
        Median over rounds of ours over the contender's, paired within a round.
    values : dict of str to float
        Whatever else was measured: memory, errors, counts.
    goals : list of Goal
    note : str
        One sentence for the table.
    """

    seconds: dict[str, float] = field(default_factory=dict)
    ratios: dict[str, float] = field(default_factory=dict)
    values: dict[str, float] = field(default_factory=dict)
    goals: list[Goal] = field(default_factory=list)
    note: str = ""

    def met(self, goal: Goal) -> bool | None:
        """Whether a goal is met; None where what it is against was not measured."""
        if goal.against in self.values:
            reached = self.values[goal.against]
        elif goal.against in self.ratios:
            ratio = self.ratios[goal.against]
            reached = ratio if goal.at_most is not None else 1.0 / ratio
        else:
            return None
        above = goal.at_most is None or reached <= goal.at_most
        return above and (goal.at_least is None or reached >= goal.at_least)

    def plain(self) -> dict[str, Any]:
        """As JSON takes it."""
        goals = [{**asdict(goal), "met": self.met(goal)} for goal in self.goals]
        return {**asdict(self), "goals": goals}


@dataclass(frozen=True)
class Row:
    """One row of the benchmark.

    Attributes
    ----------
    key : str
        Name for ``--rows`` and in the JSON file.
    title : str
        What the table calls it.
    measure : callable
        Takes a `Bench`.
    """

    key: str
    title: str
    measure: Callable[[Bench], Measured]


@dataclass
class Bench:
    """What a row is given.

    Attributes
    ----------
    folder : Path
        For files; kept between rows, so that rows share tubes.
    quick : bool
        Small sizes and few rounds: to see that everything runs, not to quote.
    missing : set of str
        Packages that a row asked for in vain.
    """

    folder: Path
    quick: bool = False
    missing: set[str] = field(default_factory=set)

    def size(self, full: int, quick: int) -> int:
        """Events in this mode."""
        return quick if self.quick else full

    def has(self, package: str) -> bool:
        """Whether a peer is installed; one that is not is named as not measured."""
        there = importlib.util.find_spec(package) is not None
        if not there:
            self.missing.add(package)
        return there

    def paired(self, contenders: Mapping[str, Work | None], rounds: int = 9) -> Measured:
        """Time contenders in turn; those that are None (not installed) are left out."""
        return paired(contenders, min(rounds, 3) if self.quick else rounds)


def seconds(work: Work) -> float:
    """Wall-clock time of one call."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def paired(contenders: Mapping[str, Work | None], rounds: int) -> Measured:
    """Time contenders in turn, round by round.

    A turn is a first call, in which the caches are another's, and then calls for a quarter of a second, at least one;
    where the first alone takes more than two seconds, the caches were its own most of the time, and it is the turn.

    Returns
    -------
    Measured
        Medians over the rounds of each turn's median, and medians of the ratios of each round: what disturbs the
        machine for a while disturbs both sides of a ratio. Of the first calls, the median of ours as a value.
    """
    works = {name: work for name, work in contenders.items() if work is not None}
    for work in works.values():
        work()  # compiles, and fills the page cache
    first: dict[str, list[float]] = {name: [] for name in works}
    turns: list[dict[str, float]] = []
    for _ in range(rounds):
        turns.append({})
        for name, work in works.items():
            first[name].append(seconds(work))
            long = first[name][-1] > LONG_S
            turns[-1][name] = first[name][-1] if long else _again_and_again(work)
    return Measured(
        {name: statistics.median(turn[name] for turn in turns) for name in works},
        {
            name: statistics.median(turn[OURS] / turn[name] for turn in turns)
            for name in works
            if name != OURS and OURS in works
        },
        {FIRST: 1e3 * statistics.median(first[OURS])} if OURS in works else {},
    )


def _again_and_again(work: Work) -> float:
    """Median time of a call, of as many as a turn takes."""
    times: list[float] = []
    while not times or sum(times) < TURN_S:
        times.append(seconds(work))
    return statistics.median(times)
