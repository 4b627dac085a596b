"""Positives of tubes drawn from a known mixture: how many, with which interval, wherever the negative lies."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray

from bcelldepl.gating.evidence import Evidence
from bcelldepl.gating.model.control_shapes import control_shapes
from bcelldepl.gating.model.event_sample import EventSample
from bcelldepl.gating.model.left_spill import without_spill
from bcelldepl.gating.model.natural_grid import STEP, cell_counts, make_grid
from bcelldepl.gating.model.negative import Negative
from bcelldepl.gating.model.positive_count import count_positives
from bcelldepl.gating.model.positive_mixture import Signals
from bcelldepl.gating.model.positives import _Cells, _learn
from bcelldepl.gating.model.study_model import PositiveModel
from bcelldepl.gating.rules.base import Fit
from bcelldepl.gating.rules.positives import PositivesRule

UNIT = 9.0
GRID = make_grid(UNIT)
DIM_PART = 0.3
RULE = PositivesRule(rule="positives", name="CAR_T", parent="T", marker="CAR", side="above")


def tube(
    negatives: int,
    positives: int,
    seed: int,
    *,
    left: float = 0.0,
    gain: float = 1.0,
    dim_part: float = DIM_PART,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """CAR and CD3 of T cells in natural units: `left` of CD3 by compensation, and gain of the detector."""
    rng = np.random.default_rng([seed, negatives, positives])
    every = negatives + positives
    cd3 = 60.0 * np.exp(rng.normal(0.0, 0.35, every))
    car = rng.normal(0.0, 0.5, every) + 0.6 * np.exp(rng.normal(0.0, 0.4, every))
    logarithm = np.where(
        rng.random(positives) < dim_part, rng.normal(1.9, 0.6, positives), rng.normal(3.4, 0.6, positives)
    )
    car[negatives:] += np.exp(logarithm)
    return np.arcsinh(gain * car + left * cd3).astype(np.float32), np.arcsinh(cd3).astype(np.float32)


@cache
def model(*positives: int) -> PositiveModel:
    """Of a study of two controls and other tubes with so many positives, in which compensation errs by a little."""
    numbers = (0, 0, *(positives or (40, 300, 900, 20, 150, 500)))
    drawn = [tube(6_000, n, seed, left=0.01 * (seed % 3 - 1)) for seed, n in enumerate(numbers)]
    counts = {
        f"{k}": cell_counts(without_spill(car, [cd3]), np.zeros(len(car), dtype=bool), GRID)
        for k, (car, cd3) in enumerate(drawn)
    }
    samples = [EventSample(name, {}, {}, control=int(name) < 2) for name in counts]
    learned = _learn("CAR", samples, _Cells(UNIT, GRID, None, counts, (("CD3", UNIT),)))
    assert learned is not None
    return learned


def counted(
    drawn: tuple[NDArray[np.float32], NDArray[np.float32]], learned: PositiveModel | None = None
) -> tuple[int, int, int, Fit]:
    """Events of the gate and at both ends of its interval, and the gate."""
    columns = dict(zip(("CAR", "CD3"), (one / np.float32(UNIT) for one in drawn), strict=True))
    fit = RULE.settle(Fit(learned or model(), Evidence.CONTROL, "", 0), columns)
    applied = RULE.apply(fit.shape, columns)
    return int(applied.inside.sum()), min(applied.at_ends), max(applied.at_ends), fit


@pytest.mark.parametrize("positives", [0, 30, 400, 6_000, 30_000])
@pytest.mark.parametrize("left", [-0.05, 0.0, 0.02])
@pytest.mark.parametrize("gain", [0.8, 1.3])
def test_positives_are_counted_wherever_the_negative_lies(positives: int, left: float, gain: float) -> None:
    """Below zero the negative was too wide, above too narrow: dim cells were lost, or negatives called positive."""
    found, low, high, fit = counted(tube(6_000, positives, 11, left=left, gain=gain))
    assert found == pytest.approx(positives, rel=0.06, abs=8 if positives else 1)
    assert low <= found <= high
    assert not fit.review


@pytest.mark.parametrize("dim_part", [0.0, 0.6])
def test_a_tube_may_have_more_or_fewer_dim_ones_than_the_study(dim_part: float) -> None:
    found, *_ = counted(tube(6_000, 2_000, 12, dim_part=dim_part))
    assert found == pytest.approx(2_000, rel=0.04)


def test_the_interval_holds_the_number_expected() -> None:
    """Of 40 tubes with a Poisson number of positives; with what a count leaves, 95 % should."""
    rng = np.random.default_rng(13)
    held = 0
    for seed in range(40):
        left, gain = rng.normal(0.0, 0.02), np.exp(rng.normal(0.0, 0.1))
        found, low, high, _ = counted(tube(3_000, int(rng.poisson(120)), seed, left=left, gain=gain))
        below, above = (np.hypot(side, 1.96 * np.sqrt(found)) for side in (found - low, high - found))
        held += found - below <= 120 <= found + above
    assert held >= 35


def test_without_the_stain_that_spills_a_wider_negative_is_found() -> None:
    """The stain may be missing from a tube: hardly a negative is positive for that."""
    car, cd3 = tube(6_000, 0, 14, left=0.05)
    binds = np.zeros(len(car), dtype=bool)
    clean = without_spill(car, [cd3])
    taken_off, left_on = (count_positives(model(), car, one, binds) for one in (clean, car))
    assert np.count_nonzero(car > left_on.cut) <= 30
    assert np.count_nonzero(car > taken_off.cut) <= 1


@pytest.mark.parametrize(("events", "teaches"), [(90, False), (400, True)])
def test_a_control_of_few_cells_teaches_only_where_there_is_no_other(events: int, teaches: bool) -> None:
    rng = np.random.default_rng(15)
    none = np.zeros(events, dtype=bool)
    usual = [cell_counts(tube(3_000, 0, seed)[0], np.zeros(3_000, dtype=bool), GRID) for seed in (1, 2)]
    odd = cell_counts(rng.normal(2.0, 0.5, events).astype(np.float32), none, GRID)
    with_it, without, alone = (control_shapes(one, GRID).negative for one in ([*usual, odd], usual, [odd]))
    assert (with_it.place != without.place) is teaches
    assert np.arcsinh(alone.place) == pytest.approx(2.0, abs=0.2)


@pytest.mark.parametrize("place", [-1.0, 0.3, 4.0])
def test_density_of_positives_is_that_of_drawn_ones(place: float) -> None:
    rng = np.random.default_rng(16)
    negative = control_shapes([cell_counts(tube(20_000, 0, 3)[0], np.zeros(20_000, dtype=bool), GRID)], GRID)
    signals = Signals(np.array([3.4, 1.9]), np.array([0.6, 0.6]), DIM_PART)
    shapes = replace(negative, signals=signals)
    shape: Negative = shapes.negative
    zone = np.interp(rng.random(200_000), (np.arange(25) + 0.5) / 25, shape.quantiles(25))
    bottom = place + shape.spread * zone
    for kind, (mean, spread) in enumerate(((3.4, 0.6), (1.9, 0.6))):
        drawn = np.arcsinh(bottom + np.exp(rng.normal(mean, spread, len(bottom)))).astype(np.float32)
        counts = cell_counts(drawn, np.zeros(len(drawn), dtype=bool), GRID)[0] / len(drawn)
        expected = shapes.positives(place)[kind] * STEP
        assert np.abs(np.cumsum(counts) - np.cumsum(expected)).max() < 0.01


def test_the_order_of_events_does_not_matter() -> None:
    drawn = tube(20_000, 700, 17, left=0.03)
    order = np.random.default_rng(18).permutation(20_700)
    assert counted(drawn)[3] == counted((drawn[0][order], drawn[1][order]))[3]


@pytest.mark.parametrize(("positives", "doubted"), [(0, False), (25, False), (80, True), (2_000, True)])
def test_what_the_study_has_not_seen_is_found_in_the_tube_and_doubted(positives: int, doubted: bool) -> None:
    """A model that was kept from before the first CAR+ cells: positives may be anywhere for all that it knows."""
    early = model(0, 5, 0, 3)
    assert not early.signals_seen
    assert model().signals_seen
    found, low, high, fit = counted(tube(6_000, positives, 19), early)
    assert found == pytest.approx(positives, rel=0.1, abs=12 if positives else 1)
    assert low <= found <= high
    assert fit.review is doubted
    assert ("learn again" in fit.reason) is doubted


def sticky_tube(negatives: int, sticky: int, seed: int) -> NDArray[np.float32]:
    """CAR of T cells in natural units, so many of which bind every stain."""
    rng = np.random.default_rng([seed, negatives, sticky])
    car = rng.normal(0.0, 0.5, negatives + sticky) + 0.6 * np.exp(rng.normal(0.0, 0.4, negatives + sticky))
    car[negatives:] += np.exp(rng.normal(2.2, 0.7, sticky))
    return np.arcsinh(car).astype(np.float32)


def sticky_model(*others: NDArray[np.float32]) -> PositiveModel:
    """Of a study of two controls, 1 % of whose cells bind every stain, and other tubes."""
    drawn = [sticky_tube(6_000, 60, 1), sticky_tube(6_000, 60, 2), *others]
    counts = {f"{k}": cell_counts(car, np.zeros(len(car), dtype=bool), GRID) for k, car in enumerate(drawn)}
    samples = [EventSample(name, {}, {}, control=int(name) < 2) for name in counts]
    learned = _learn("CAR", samples, _Cells(UNIT, GRID, None, counts))
    assert learned is not None
    return learned


@pytest.mark.parametrize(("sticky", "doubted"), [(15, False), (34, False), (42, True)])
def test_more_cells_that_bind_every_stain_than_controls_show_are_doubted(sticky: int, doubted: bool) -> None:
    """Where no tube shows CAR+ cells clearly, these may be such: 74 were once counted as none, without a remark."""
    learned = sticky_model(*(sticky_tube(6_000, 60, seed) for seed in (3, 4, 5)))
    assert not learned.signals_seen
    columns = {"CAR": sticky_tube(1_500, sticky, 6) / np.float32(UNIT)}
    fit = RULE.settle(Fit(learned, Evidence.CONTROL, "", 0), columns)
    assert fit.review is doubted
    assert ("bind every stain" in fit.reason) is doubted


@pytest.mark.parametrize(("positives", "seen"), [(400, True), (150, False)])
def test_one_tube_of_many_positives_is_not_hidden_by_many_of_few(positives: int, seen: bool) -> None:
    rng = np.random.default_rng(7)
    one = sticky_tube(6_000, 60, 8)
    one[:positives] = np.arcsinh(np.sinh(one[:positives]) + np.exp(rng.normal(3.4, 0.5, positives)))
    others = [sticky_tube(6_000, 60, seed) for seed in range(10, 30)]
    assert sticky_model(*others, one).signals_seen is seen
