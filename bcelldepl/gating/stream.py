"""Counting a file with known gates, without ever holding its events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bcelldepl.errors import CompensationError, StrategyError
from bcelldepl.fcs.acquisition import Channel, Recording, Spillover
from bcelldepl.fcs.read import open_recording
from bcelldepl.fcs.tiles import TileReader
from bcelldepl.gating.counted import add_population, with_wholes
from bcelldepl.gating.evidence import Evidence
from bcelldepl.gating.plan import MAX_POPULATIONS, Plan, Room, plan_gates
from bcelldepl.gating.populations import Population, Populations
from bcelldepl.gating.rules.base import Fit, Rule
from bcelldepl.gating.rules.boolean import BooleanRule
from bcelldepl.gating.strategy import ALL, Strategy, load_strategy
from bcelldepl.runtime.garbage_collector import without_collections
from bcelldepl.runtime.threads import in_threads
from bcelldepl.runtime.threads import threads as share_of_cores
from bcelldepl.signal.panel import resolve_panel
from bcelldepl.signal.recipe import Recipe, plan_markers

__all__ = ["count_file", "count_files", "stream_gates"]

ONE_THREAD_EVENTS = 25_000  # fewer are counted as fast by one thread


def count_file(
    file: str | Path | Recording,
    strategy: Strategy | str,
    fits: Mapping[str, Fit] | None = None,
    *,
    panel: Mapping[str, str] | None = None,
    spillover: Spillover | str | None = "file",
    keep_membership: bool = False,
    threads: int | None = None,
) -> Populations:
    """Count the populations of one file with gates that are known before it is read.

    The file streams through a buffer of a mebibyte for each thread; memory does not grow with the file.

    Parameters
    ----------
    file : path or Recording
        An `Acquisition` is one.
        Of a path, only what counting needs is looked at.
    strategy : Strategy or str
        Or its name or path.
    fits : mapping of str to Fit, optional
        Gates by population, settled; default those that the strategy draws itself.
    panel : mapping of str to str, optional
        Marker to detector (``$PnN``) or label (``$PnS``), where the file's labels do not say it.
    spillover : Spillover or None or "file"
        The matrix to use; None for data that needs none.
    keep_membership : bool
        Whether to return the membership of every event.
    threads : int, optional
        Default one for fewer than 25,000 events, else as many as there are cores; never more than this process's share.

    Returns
    -------
    Populations
        Of all events of the file: no quality mask, no pictures. Memberships are those of exact positions, as those
        of `bcelldepl.gating.tube.apply_gates` are.

    Raises
    ------
    FcsError, PanelError, CompensationError
        Where the file cannot be read, lacks a marker, or has no usable matrix.
    StrategyError
        Where a gate is not known before the tube is seen.

    Examples
    --------
    >>> from bcelldepl.gating.stream import count_file
    >>> counted = count_file("tube.fcs", "my_gates.toml")  # doctest: +SKIP
    >>> counted.members["lymphocytes"].events  # doctest: +SKIP
    41233
    """
    recording = file if isinstance(file, Recording) else open_recording(file)
    strategy = strategy if isinstance(strategy, Strategy) else load_strategy(strategy)
    matrix = recording.spillover if isinstance(spillover, str) else spillover
    task = _Task(
        strategy,
        recording.channels,
        tuple((panel or {}).items()),
        None if matrix is None else (matrix.channels, matrix.matrix.tobytes()),
        recording,
        matrix,
        fits,
    )
    with without_collections():  # the first call starts Numba
        layout = _lay_out_once(task) if fits is None else _lay_out(task)
    counts, members = stream_gates(
        recording, layout.channels, layout.plan, threads=threads, keep_membership=keep_membership
    )
    return _populations(layout, counts, members)


@dataclass(frozen=True)
class _Task:
    """What the steps for a file depend on; files of a study have that in common, and so their steps."""

    strategy: Strategy
    file_channels: tuple[Channel, ...]
    panel: tuple[tuple[str, str], ...]
    weights: tuple[tuple[str, ...], bytes] | None
    recording: Recording = field(compare=False)
    spillover: Spillover | None = field(compare=False)
    fits: Mapping[str, Fit] | None = field(compare=False)


@dataclass(frozen=True)
class _Layout:
    """Rules with their parents, their gates, the channels to read, and the steps."""

    rules: Sequence[tuple[Rule, str]]
    fits: Mapping[str, Fit]
    channels: tuple[str, ...]
    plan: Plan


def _lay_out(task: _Task) -> _Layout:
    """Find the markers and lay out the steps."""
    strategy = task.strategy
    needed = _markers_of_gates(strategy, task.fits or {})
    markers = resolve_panel(
        task.file_channels,
        strategy.required_markers,
        [marker for marker in strategy.optional_markers if marker in needed],
        dict(task.panel),
        where=task.recording.path.name,
        one_of=strategy.alternatives,
    )
    rules = strategy.rules_for(markers)
    fits = drawn_gates(rules) if task.fits is None else task.fits
    recipe = plan_markers(task.recording, markers, strategy.all_transforms, task.spillover)
    plan = plan_known(rules, fits, recipe)
    if plan is None:
        unknown = [rule.name for rule, _ in rules if not _is_known(rule, fits)]
        raise StrategyError(
            f"the gates of {', '.join(unknown) or 'so many populations'} need the whole tube",
            strategy.name,
            "count it in a study, by `bcelldepl run`",
        )
    return _Layout(rules, fits, recipe.channels, plan)


def _markers_of_gates(strategy: Strategy, fits: Mapping[str, Fit]) -> set[str]:
    """Markers by which it is known which gates a tube has, and those that its gates are drawn in."""
    markers = {m for rule in strategy.populations for m in (*rule.markers, *sum(rule.alternatives, ()))}
    for rule in strategy.populations:
        fit = fits.get(rule.name)
        markers |= set(rule.axes(fit.shape)) if fit is not None and _holds(fit) else set()
    return markers


_lay_out_once = lru_cache(maxsize=16)(
    _lay_out
)  # files share the steps of a strategy that draws all its gates


def count_files(
    files: Sequence[str | Path], strategy: Strategy | str, *, threads: int | None = None, **settings: object
) -> list[Populations]:
    """Count many files, one thread to each.

    Parameters
    ----------
    files : sequence of path
    strategy : Strategy or str
    threads : int, optional
        Files at a time; by default the cores that this process may use.
    **settings
        As for `count_file`.

    Returns
    -------
    list of Populations
        In the order of the files.

    Raises
    ------
    FcsError, PanelError, CompensationError, StrategyError
        As for `count_file`, of the first file that fails.
    """
    strategy = strategy if isinstance(strategy, Strategy) else load_strategy(strategy)
    with ThreadPoolExecutor(threads or share_of_cores()) as pool:
        return list(
            pool.map(lambda file: count_file(file, strategy, threads=1, **settings), files)  # type: ignore[arg-type]
        )


def drawn_gates(rules: Sequence[tuple[Rule, str]]) -> dict[str, Fit]:
    """Gates that the strategy draws itself."""
    return {
        rule.name: Fit(rule.drawn, Evidence.DATA if isinstance(rule, BooleanRule) else Evidence.FIXED, "", 0)
        for rule, _ in rules
        if rule.drawn is not None
    }


def plan_known(rules: Sequence[tuple[Rule, str]], fits: Mapping[str, Fit], recipe: Recipe) -> Plan | None:
    """Lay out the steps for gates that are all known; None where one is not, or where they are too many."""
    if len(rules) >= MAX_POPULATIONS or any(rule.name not in fits for rule, _ in rules):
        return None
    return plan_gates(rules, {name: fit.shape for name, fit in fits.items() if _holds(fit)}, recipe)


def _holds(fit: Fit) -> bool:
    return fit.evidence is not Evidence.FAILED


def _is_known(rule: Rule, fits: Mapping[str, Fit]) -> bool:
    fit = fits.get(rule.name)
    if fit is None:
        return False
    return not _holds(fit) or isinstance(rule, BooleanRule) or rule.regions(fit.shape) is not None


def stream_gates(
    recording: Recording,
    channels: Sequence[str],
    plan: Plan,
    *,
    threads: int | None = None,
    keep_membership: bool = False,
    keep: NDArray[np.bool_] | None = None,
) -> tuple[NDArray[np.int64], NDArray[np.uint64] | None]:
    """Stream a file through a plan.

    Parameters
    ----------
    recording : Recording
        Or a whole `Acquisition`.
    channels : sequence of str
        Of the plan's recipe.
    plan : Plan
    threads : int, optional
    keep_membership : bool
    keep : ndarray of bool, shape (n_events,), optional
        Events to gate; default all.

    Returns
    -------
    counts : ndarray of int64
        As the plan numbers them; a stain that is no number, in an event that is still in, is an error.
    members : ndarray of uint64, shape (n_events,), or None
        Bits of the populations of each event, where asked for.
    """
    n_events = recording.n_events
    reader = TileReader(recording, channels)
    members = np.empty(n_events, np.uint64) if keep_membership else None

    def span(first: int, last: int) -> NDArray[np.int64]:
        room: Room = plan.room()
        passing = np.empty(0, np.uint64)

        def gate(rows: NDArray[np.float32], start: int) -> None:
            nonlocal passing
            stop = start + len(rows)
            if plan.combines and len(passing) < len(rows):
                passing = np.empty(len(rows), np.uint64)
            bits = passing[: len(rows)] if members is None else members[start:stop]
            plan.gate(rows, reader.places, room, bits, None if keep is None else keep[start:stop])

        reader.read(first, last, gate)
        counts: NDArray[np.int64] = room.counts.copy()
        plan.give_back(room)
        return counts

    def checked(counts: NDArray[np.int64]) -> NDArray[np.int64]:
        if counts[-1]:
            what = f"signals of stains are infinite or no numbers in {counts[-1]:,} places"
            remedy = "export the file again, or check its spillover matrix"
            raise CompensationError(what, recording.path.name, remedy)
        return counts

    n_threads = threads or (1 if n_events < ONE_THREAD_EVENTS else share_of_cores())
    edges = [n_events * k // n_threads for k in range(n_threads + 1)]
    return checked(np.sum(in_threads(lambda edge: span(*edge), pairwise(edges)), axis=0)), members


def _populations(
    layout: _Layout, counts: NDArray[np.int64], members: NDArray[np.uint64] | None
) -> Populations:
    """Counts as populations, each with its evidence."""
    plan, fits = layout.plan, layout.fits
    events = {name: int(counts[number]) for number, name in enumerate(plan.populations)}
    found: dict[str, Population] = {}
    for rule, parent in layout.rules:
        name = rule.name
        ends = [int(counts[place]) for place in plan.ends.get(name, ())] or [events[name]] * 2
        fit = rule.standing(fits[name], events[name])
        add_population(found, rule, parent, fit, events[parent], events[name], (ends[0], ends[1]))
    membership = {}
    if members is not None:
        for number, name in enumerate(plan.populations):
            if name != ALL:
                membership[name] = ((members >> np.uint64(number)) & np.uint64(1)).astype(np.bool_)
    return Populations(with_wholes(found, (rule for rule, _ in layout.rules)), (), membership, dict(fits))
