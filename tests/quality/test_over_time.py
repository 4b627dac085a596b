"""Quality control over time: robust limits against a plain twin, and Westgard rules on either side of their limits."""

from __future__ import annotations

import statistics
from types import SimpleNamespace

import numpy as np
import pytest

from bcelldepl.definitions.quality_measures import FEWEST_TUBES, QUALITY_MEASURES
from bcelldepl.quality.over_time import (
    TubeQuality,
    broken_rules,
    quality_over_time,
    robust_mean_sd,
    tube_brightness,
)
from bcelldepl.signal import Signal
from bcelldepl.signal.marker_axis import MarkerAxis
from bcelldepl.signal.quality_mask import Quality
from bcelldepl.signal.transform import Transform


def algorithm_a(values: list[float]) -> tuple[float, float]:
    """ISO 13528, annex C, word for word."""
    mean = statistics.median(values)
    sd = 1.483 * statistics.median(abs(value - mean) for value in values)
    for _ in range(500):
        delta = 1.5 * sd
        drawn_in = [min(max(value, mean - delta), mean + delta) for value in values]
        mean = sum(drawn_in) / len(values)
        sd = 1.134 * (sum((one - mean) ** 2 for one in drawn_in) / (len(values) - 1)) ** 0.5
    return mean, sd


@pytest.mark.parametrize("seed", range(4))
def test_mean_and_sd_are_those_of_algorithm_a(seed: int) -> None:
    values = np.random.default_rng(seed).normal(50, 4, 24)
    values[0] += 60
    assert robust_mean_sd(values) == pytest.approx(algorithm_a(values.tolist()), rel=1e-6)


def test_of_normal_values_they_are_mean_and_sd() -> None:
    values = np.random.default_rng(1).normal(100, 10, 50_000)
    assert robust_mean_sd(values) == pytest.approx((100, 10), rel=0.01)


def test_an_odd_value_among_ten_is_seen_which_the_plain_sd_hides() -> None:
    values = np.array([98, 99, 100, 101, 102, 97, 103, 100, 99, 160.0])
    mean, sd = robust_mean_sd(values)
    assert (160 - values.mean()) / values.std(ddof=1) < 3
    assert broken_rules((values - mean) / sd) == [None] * 9 + ["1-3s"]


@pytest.mark.parametrize(
    ("deviations", "rules"),
    [
        ([3.0, 0.0], [None, None]),
        ([3.01, 0.0, -3.01], ["1-3s", None, "1-3s"]),
        ([2.01, 2.01], ["2-2s", "2-2s"]),
        ([2.0, 2.01], [None, None]),
        ([2.5, -2.5], [None, None]),
        ([2.5, 0.0, 2.5], [None, None, None]),
        ([-2.1, -3.5, -2.1, 0.0], ["2-2s", "1-3s", "2-2s", None]),
        ([2.5, np.nan, 2.5], [None, None, None]),
        ([], []),
    ],
)
def test_westgard_rules(deviations: list[float], rules: list[str | None]) -> None:
    assert broken_rules(np.array(deviations)) == rules


def tube(
    number: int, *, seen: float | None = None, cd3: float | None = None, cytometer: str = "A",
    acquired: str | None = None, events: tuple[int | None, ...] = (),
) -> TubeQuality:  # fmt: skip
    names = ("T", "B", "NK", "lymphocytes")
    return TubeQuality(
        file=f"{number}.fcs", subject="S", visit=f"V{number}", batch="W1", cytometer=cytometer,
        acquired=f"2026-01-{number + 1:02d}" if acquired is None else acquired, beads_seen=seen, bead_count=50_000,
        concentrations=tuple(SimpleNamespace(population=a, events=b) for a, b in zip(names, events, strict=False)),  # type: ignore[misc]
        brightness={} if cd3 is None else {"CD3_OF_T": cd3},
    )  # fmt: skip


def test_each_tube_stands_beside_those_of_its_cytometer_in_the_order_of_acquisition() -> None:
    tubes = [tube(n, seen=1000 + 10 * (n % 3), cytometer="A" if n % 2 else "B") for n in range(24)]
    tubes[5] = tube(5, seen=9000)
    table = quality_over_time(tubes[::-1])
    beads = table[table["measure"] == "BEADS_SEEN"]
    assert beads["cytometer"].tolist() == ["A"] * 12 + ["B"] * 12
    assert beads["acquired"].tolist() == sorted(beads["acquired"][:12]) + sorted(beads["acquired"][12:])
    assert beads.loc[beads["rule"] != "", ["file", "rule"]].to_numpy().tolist() == [["5.fcs", "1-3s"]]
    mean, sd = robust_mean_sd(beads["value"][:12].to_numpy())
    assert beads["mean"].iloc[0] == pytest.approx(mean, rel=1e-5)
    assert beads["deviation_sd"].iloc[3] == pytest.approx((beads["value"].iloc[3] - mean) / sd, rel=1e-4)
    recovery = table[table["measure"] == "BEAD_RECOVERY"]
    np.testing.assert_allclose(recovery["value"], beads["value"] / 500)


@pytest.mark.parametrize("tubes", [FEWEST_TUBES - 1, FEWEST_TUBES])
def test_few_tubes_give_values_and_no_limits(tubes: int) -> None:
    table = quality_over_time([tube(n, cd3=5000.0 + n) for n in range(tubes)])
    assert table["measure"].unique().tolist() == ["CD3_OF_T"]
    assert table["n"].tolist() == [tubes] * tubes
    assert table["mean"].notna().all() == (tubes >= FEWEST_TUBES)
    assert table["value"].notna().all()


def test_the_sum_of_lymphocytes_needs_all_of_its_parts() -> None:
    table = quality_over_time(
        [tube(0, events=(70, 10, 15, 100)), tube(1, events=(70, None, 15, 100)), tube(2, events=(0, 0, 0, 0))]
    )
    assert table[["file", "value"]].to_numpy().tolist() == [["0.fcs", 95.0]]


def test_tubes_without_a_date_come_last_and_alike_values_have_no_limits() -> None:
    table = quality_over_time([tube(n, cd3=1.0, acquired="" if n == 0 else None) for n in range(12)])
    assert table["file"].tolist()[-1] == "0.fcs"
    assert table["mean"].isna().all()
    assert (table["rule"] == "").all()


@pytest.mark.parametrize("cells", [29, 30])
def test_brightness_is_the_median_in_the_units_of_the_instrument(cells: int) -> None:
    axis = MarkerAxis(Transform(kind="asinh", top=100_000.0, cofactor=0.001), 262_144.0)
    signals = np.linspace(2000.0, 4000.0, 61)
    members = np.zeros(61, dtype=np.bool_)
    members[:cells] = True
    columns = {"CD3": axis.positions(signals).astype(np.float32)}
    signal = Signal(columns, Quality(np.ones(61, dtype=np.bool_), 1.0, {}), {}, axes={"CD3": axis})
    found = tube_brightness(signal, {"T": members})
    expected = {} if cells < 30 else {"CD3_OF_T": pytest.approx(np.median(signals[:30]), rel=1e-4)}
    assert found == expected
    assert QUALITY_MEASURES["CD3_OF_T"].population == "T"
