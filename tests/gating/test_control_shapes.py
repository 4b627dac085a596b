"""Which tubes may be controls of a marker: those that hold no cells positive for it, as the others show them."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from bcelldepl.gating.model.control_shapes import ENOUGH, control_shapes, with_reagent, without_positives
from bcelldepl.gating.model.event_sample import EventSample
from bcelldepl.gating.model.natural_grid import Numbers, cell_counts, make_grid
from bcelldepl.gating.model.positives import _Cells, _learn

GRID = make_grid(9.0)


def control(
    positives: int, *, shift: float = 0.0, background: float = 0.0, events: int = 3_000, seed: int = 0
) -> Numbers:
    """T cells of a tube before the infusion, by bin: a negative, perhaps with a dim background, and positives."""
    rng = np.random.default_rng([seed, positives])
    negative = rng.normal(0.4 + shift, 0.5, events - positives)
    negative[rng.random(len(negative)) < background] += 2.5
    values = np.concatenate((negative, rng.normal(4.5 + shift, 0.8, positives))).astype(np.float32)
    return cell_counts(values, rng.random(len(values)) < 0.02, GRID)


@pytest.mark.parametrize(
    ("positives", "stays"), [(0, True), (14, True), (60, False), (600, False), (2_400, False)]
)
def test_a_sample_that_was_taken_for_a_control_is_left_out(positives: int, stays: bool) -> None:
    controls = {"a": control(0, seed=1), "b": control(0, shift=0.5, seed=2), "c": control(positives, seed=3)}
    assert without_positives(controls, GRID) == (["a", "b", "c"] if stays else ["a", "b"])


@pytest.mark.parametrize("shift", [-2.0, 2.0])
def test_a_control_of_another_brightness_stays(shift: float) -> None:
    """Between batches the negative of all cells moves; there is still one of it."""
    assert without_positives({"a": control(0, seed=1), "b": control(0, shift=shift, seed=2)}, GRID) == [
        "a",
        "b",
    ]
    held = {"a": control(0, seed=1), "b": control(300, shift=shift, seed=2)}
    assert without_positives(held, GRID) == ["a"]


def test_of_two_the_one_without_positives_stays() -> None:
    assert without_positives({"a": control(200, seed=1), "b": control(0, seed=2)}, GRID) == ["b"]


def test_two_samples_are_left_out_one_after_the_other() -> None:
    controls = {f"{n}": control(0, seed=n) for n in range(3)} | {
        "x": control(500, seed=4),
        "y": control(90, seed=5),
    }
    assert without_positives(controls, GRID) == ["0", "1", "2"]


def test_a_background_that_all_controls_share_leaves_none_out() -> None:
    controls = {f"{n}": control(0, background=0.03, shift=0.1 * n, seed=n) for n in range(4)}
    assert without_positives(controls, GRID) == list(controls)


@pytest.mark.parametrize("left", [-1.5, 0.0, 3.0])
@pytest.mark.parametrize("gain", [0.7, 1.0, 2.0])
def test_a_control_elsewhere_teaches_the_same_shape(left: float, gain: float) -> None:
    """Once laid over the others in natural units, one below zero made a tail in which CAR+ cells were lost."""
    signal = np.random.default_rng(8).normal(0.5, 0.6, (3, 20_000))
    signal[2] = gain * signal[2] + left
    none = np.zeros(20_000, dtype=bool)
    counts = [cell_counts(np.arcsinh(one).astype(np.float32), none, GRID) for one in signal]
    negative = control_shapes(counts, GRID).negative
    for part in (0.01, 0.1587, 0.5, 0.8413, 0.99):
        assert negative.quantile(part) == pytest.approx(norm.ppf(part), abs=0.06)
    assert negative.place == pytest.approx((0.5 + 0.5 + 0.5 * gain + left) / 3, abs=0.02)
    assert negative.spread == pytest.approx(0.6 * gain ** (1 / 3), rel=0.02)


def around(place: float, events: int = 3_000, spread: float = 1.0) -> Numbers:
    """Cells of a tube, by bin, in linear signal around a place."""
    linear = place + spread * norm.ppf((np.arange(events) + 0.5) / events)
    return cell_counts(np.arcsinh(linear).astype(np.float32), np.zeros(events, dtype=bool), GRID)


@pytest.mark.parametrize(
    ("place", "others", "unstained", "stays"),
    [
        (6.0 * np.exp(-0.65), 3, None, False),
        (6.0 * np.exp(-0.45), 3, None, True),
        (6.0 * np.exp(-0.65), 2, None, True),  # too few tell what is usual
        (12.0, 3, None, True),
        (4.8, 3, 4.0, False),  # halfway lies at 5
        (5.2, 3, 4.0, True),
        (3.0, 3, -1.0, True),  # halfway lies at 2.5
    ],
)
def test_a_control_without_the_background_of_the_reagent_is_none(
    place: float, others: int, unstained: float | None, stays: bool
) -> None:
    """Of two controls it looked the cleaner one, and CAR+ cells were counted that only bound every stain (9 as 387)."""
    tubes = {"a": around(place), "b": around(6.0)} | {str(n): around(6.0) for n in range(others - 1)}
    without = [] if unstained is None else [around(unstained)]
    kept = ["a", "b"] if stays else ["b"]
    assert with_reagent(["a", "b"], tubes, without, GRID) == kept
    assert with_reagent(["a"], tubes, without, GRID) == ["a"]  # there is no other
    few = tubes | {"a": around(place, events=ENOUGH - 1)}
    assert with_reagent(["a", "b"], few, without, GRID) == ["a", "b"]


@pytest.mark.parametrize(("spread", "stays"), [(0.2, False), (0.6, True)])
def test_a_background_that_is_lost_in_the_noise_is_not_missed(spread: float, stays: bool) -> None:
    """From 0.33 to 0.15, at 0.6 to either side: tubes of one batch differ by as much."""
    tubes = {
        name: around(at, spread=spread) for name, at in zip("abcd", (0.15, 0.33, 0.33, 0.33), strict=True)
    }
    assert with_reagent(["a", "b"], tubes, [], GRID) == (["a", "b"] if stays else ["b"])


def test_the_last_control_stays_whatever_it_holds() -> None:
    assert without_positives({"a": control(1_000)}, GRID) == ["a"]


def test_few_cells_tell_nothing() -> None:
    controls = {"a": control(0, seed=1), "b": control(30, events=90, seed=2)}
    assert without_positives(controls, GRID) == ["a", "b"]


@pytest.mark.parametrize("marker", ["CAR", "car"])
def test_a_control_without_the_stain_is_one_in_any_capitals(marker: str) -> None:
    samples = [EventSample("fmo", {}, {}, without=(marker,)), EventSample("day 10", {}, {})]
    counts = {"fmo": control(0, seed=1), "day 10": control(300, seed=2)}
    model = _learn("CAR", samples, _Cells(9.0, GRID, None, counts))
    assert model is not None
    assert model.controls == ("fmo",)
