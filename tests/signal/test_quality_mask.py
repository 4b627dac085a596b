"""The quality mask: disturbed time is found and named, undisturbed time is left alone."""

from __future__ import annotations

import numpy as np
import pytest
from timelines import TOP, Timeline, judge_in_memory, steady

SECONDS = 100.0


def overlap(block, start, end):
    return max(0.0, min(block.end_s, end) - max(block.start_s, start))


def assert_one_disturbance(quality, start, end, reason, slack=1.5):
    """The blocks cover the stretch, go beyond it by no more than the slack, and give the reason."""
    covered = sum(overlap(block, start, end) for block in quality.blocks)
    total = sum(block.end_s - block.start_s for block in quality.blocks)
    assert covered == pytest.approx(end - start, abs=slack)
    assert total - covered < slack
    assert reason in {block.reason for block in quality.blocks}
    assert quality.kept_time_fraction == pytest.approx(1 - total / SECONDS, abs=0.002)


def test_a_steady_tube_is_kept_whole():
    tube = steady()
    quality = tube.judge()
    assert quality.keep.all()
    assert quality.kept_time_fraction == 1.0
    assert quality.kept_fraction == 1.0
    assert quality.blocks == quality.flags == ()
    assert sum(quality.dropped.values()) == 0


@pytest.mark.parametrize("n", [1_000, 5_000, 20_000, 60_000])
def test_clean_tubes_are_not_cut(n):
    # Fewer than 1 % of clean tubes may be cut; none of 400 is.
    cut = [seed for seed in range(100) if steady(n, seed=seed).judge().blocks]
    assert not cut


@pytest.mark.parametrize("tick", [0.05, 0.1, 0.2, 0.5, 1.0])
@pytest.mark.parametrize("seconds", [30.0, 51.2, 97.0, 300.0])
def test_clean_tubes_of_a_coarse_clock_are_not_cut(tick, seconds):
    for seed in range(3):
        assert steady(30_000, seconds, seed, tick).judge().blocks == ()


@pytest.mark.parametrize("tick", [0.1, 0.5, 1.0])
def test_a_clog_is_found_by_a_coarse_clock(tick):
    tube = steady(tick=tick).thinned(30.0, 42.0, 0.1)
    assert_one_disturbance(tube.judge(), 30.0, 42.0, "rate", slack=2.5)


def test_clean_tubes_of_many_signals_are_not_cut():
    for seed in range(60):
        tubes = [steady(20_000, seed=seed)] + [steady(20_000, seed=[seed, i]) for i in range(7)]
        n = min(len(one.signal) for one in tubes)
        signals = {f"marker {i}": one.signal[:n] for i, one in enumerate(tubes)}
        assert tubes[0].only(np.arange(len(tubes[0].signal)) < n).judge(signals=signals).blocks == ()


def test_clean_tubes_with_a_slowly_sinking_rate_are_not_cut():
    for seed in range(20):
        tube = steady(40_000, seed=seed)
        sinking = np.random.default_rng(seed).random(len(tube.time_s)) < 1 - 0.3 * tube.time_s / SECONDS
        assert tube.only(sinking).judge().kept_time_fraction == 1.0


@pytest.mark.parametrize("keep", [0.05, 0.3])
@pytest.mark.parametrize(("start", "end"), [(30.0, 42.0), (0.0, 10.0), (88.0, 100.0)])
def test_a_clog_is_a_block_of_rate(keep, start, end):
    tube = steady().thinned(start, end, keep)
    assert_one_disturbance(tube.judge(), start, end, "rate")


def test_a_burst_is_a_block_of_rate():
    tube, extra = steady(20_000), steady(40_000, seed=1)
    burst = extra.only(extra.where(60.0, 66.0))
    order = np.argsort(np.concatenate([tube.time_s, burst.time_s]), kind="stable")
    time_s, signal, forward = (
        np.concatenate([getattr(tube, name), getattr(burst, name)])[order]
        for name in ("time_s", "signal", "forward")
    )
    quality = judge_in_memory({"FSC-A": forward}, TOP, time_s, {"CD45": signal})
    assert_one_disturbance(quality, 60.0, 66.0, "rate")


@pytest.mark.parametrize(("start", "end"), [(20.0, 35.0), (50.0, 53.0)])
def test_a_pause_is_a_gap_and_takes_its_time_but_no_events(start, end):
    tube = steady()
    quality = tube.only(~tube.where(start, end)).judge()
    assert_one_disturbance(quality, start, end, "gap")
    assert quality.kept_fraction > 0.97


@pytest.mark.parametrize("by", [-0.15, 0.1])
@pytest.mark.parametrize(("start", "end"), [(40.0, 52.0), (0.0, 8.0)])
def test_a_shifted_signal_is_a_block_of_signal(by, start, end):
    assert_one_disturbance(steady().shifted(start, end, by).judge(), start, end, "signal")


def test_a_shift_in_one_of_many_signals_is_enough():
    tube = steady()
    signals = {"FSC-A": tube.signal, "CD45": tube.signal, "CD19": tube.shifted(70.0, 80.0, 0.2).signal}
    assert_one_disturbance(tube.judge(signals=signals), 70.0, 80.0, "signal")


def mostly_debris(n: int, seed: int, bright: float, by: float) -> Timeline:
    """A tube of which a part is bright, and is dimmed from 40 to 52 s."""
    tube, rng = steady(n, seed=seed), np.random.default_rng(seed)
    size = len(tube.time_s)
    stained = rng.random(size) < bright
    signal = np.where(
        stained, rng.normal(0.6, 0.03, size) + by * tube.where(40.0, 52.0), rng.normal(0.1, 0.1, size)
    )
    return Timeline(tube.time_s, signal.astype(np.float32), tube.forward)


@pytest.mark.parametrize(
    ("n", "bright"),
    [(25_000, 0.2), (25_000, 0.45), (60_000, 0.05), (60_000, 0.2), (60_000, 0.45), (150_000, 0.05)],
)
def test_a_clog_that_dims_few_events_is_a_block_of_signal(n, bright):
    # Less than half as bright, on a scale of five decades: beads leave their gate, the mean signal hardly moves.
    quality = mostly_debris(n, 3, bright, -0.08).judge()
    assert_one_disturbance(quality, 40.0, 52.0, "signal", slack=6.0)


def test_clean_tubes_of_mostly_debris_are_not_cut():
    for seed in range(40):
        assert mostly_debris(40_000, seed, 0.01 * (seed + 1), 0.0).judge().blocks == ()


def test_a_shift_too_small_to_matter_is_kept():
    assert steady(100_000).shifted(40.0, 60.0, 0.005).judge().keep.all()


def test_two_disturbances_are_two_blocks_in_order_of_time():
    tube = steady().thinned(20.0, 28.0, 0.1).shifted(60.0, 70.0, 0.2)
    blocks = tube.judge().blocks
    assert [block.reason for block in blocks] == ["rate", "signal"]
    assert blocks[0].end_s < blocks[1].start_s
    assert blocks[0].start_s == pytest.approx(20.0, abs=1.0)
    assert blocks[1].end_s == pytest.approx(70.0, abs=1.0)


def test_what_is_dropped_is_what_the_blocks_say():
    tube = steady().thinned(20.0, 28.0, 0.2).shifted(60.0, 70.0, 0.2)
    quality = tube.judge()
    by_reason = {"rate": 0, "signal": 0}
    for block in quality.blocks:
        by_reason[block.reason] += block.events
    assert {reason: quality.dropped[reason] for reason in by_reason} == by_reason
    assert quality.keep.size - quality.keep.sum() == sum(quality.dropped.values())
    assert len(quality.flags) == len(quality.blocks)
    assert all(
        f"{block.start_s:.1f}-{block.end_s:.1f} s" in " ".join(quality.flags) for block in quality.blocks
    )


def test_the_kept_time_scales_the_volume_so_that_the_concentration_stays():
    tube = steady(50_000)
    disturbed = tube.thinned(30.0, 50.0, 0.1).judge()
    rate = disturbed.keep.sum() / (disturbed.kept_time_fraction * SECONDS)
    assert rate == pytest.approx(len(tube.time_s) / SECONDS, rel=0.02)


@pytest.mark.parametrize("end", [80.0, 55.0, 40.0])
def test_a_tube_that_runs_empty_is_cut_from_there(end):
    quality = steady().thinned(end, 100.0, 0.1).judge()
    assert quality.kept_time_fraction == pytest.approx(end / 100, abs=0.02)


def test_saturated_and_empty_forward_scatter_are_margins():
    tube = steady()
    forward = tube.forward.copy()
    forward[:50], forward[50:80], forward[80:90], forward[90] = TOP - 1, TOP + 5, 0.0, np.nan
    quality = tube.judge(forward={"FSC-A": forward})
    assert not quality.keep[:91].any()
    assert quality.keep[91:].all()
    assert quality.dropped["margin"] == 91
    assert quality.kept_time_fraction == 1.0


def test_margin_in_either_forward_signal_counts_once():
    tube = steady()
    area, height = tube.forward.copy(), tube.forward.copy()
    area[:10], height[5:20] = TOP, TOP
    quality = tube.judge(forward={"FSC-A": area, "FSC-H": height})
    assert quality.dropped["margin"] == 20
    assert (~quality.keep).sum() == 20


def test_events_off_scale_count_whatever_the_time_keeps():
    tube = steady()
    forward = tube.forward.copy()
    forward[::10] = TOP
    assert tube.judge(forward={"FSC-A": forward}).off_scale_fraction == pytest.approx(0.1, abs=1e-3)


def test_a_margin_event_in_a_bad_block_counts_for_one_reason():
    tube = steady().shifted(40.0, 50.0, 0.2)
    forward = np.where(tube.where(43.0, 47.0), np.float32(TOP), tube.forward)
    quality = tube.judge(forward={"FSC-A": forward})
    assert quality.keep.size - quality.keep.sum() == sum(quality.dropped.values())


@pytest.mark.parametrize("time_s", ["none", "constant", "nan"])
def test_a_tube_without_a_usable_clock_is_kept_and_says_so(time_s):
    tube = steady(5_000)
    clocks = {
        "none": None,
        "constant": np.full_like(tube.time_s, 3.0),
        "nan": np.where(np.arange(len(tube.time_s)) == 7, np.float32(np.nan), tube.time_s),
    }
    quality = tube.judge(time_s=clocks[time_s])
    assert quality.keep.all()
    assert quality.kept_time_fraction == 1.0
    assert any("acquisition not checked" in flag for flag in quality.flags)


@pytest.mark.parametrize("n", [1, 20, 150])
def test_a_short_tube_is_kept_and_says_so(n):
    tube = steady(5_000)
    quality = tube.only(np.arange(len(tube.time_s)) < n).judge()
    assert quality.keep.all()
    assert any(f"only {n} events" in flag for flag in quality.flags)


def test_an_empty_tube():
    empty = np.empty(0, dtype=np.float32)
    quality = judge_in_memory({"FSC-A": empty}, TOP, empty, {"CD45": empty})
    assert quality.keep.size == 0
    assert quality.kept_fraction == quality.kept_time_fraction == 1.0


def test_a_clock_that_runs_backwards_is_flagged():
    tube = steady()
    backwards = tube.time_s.copy()
    backwards[1::3] -= 5.0
    assert any("backwards" in flag for flag in tube.judge(time_s=backwards).flags)
    assert not any("backwards" in flag for flag in tube.judge().flags)


def test_signals_without_numbers_do_not_disturb():
    tube = steady()
    broken = tube.signal.copy()
    broken[::50] = np.nan
    assert tube.judge(signals={"CD45": broken, "CD19": np.full_like(broken, np.nan)}).keep.all()


def test_shuffled_events_keep_their_judgement():
    tube = steady().thinned(20.0, 30.0, 0.1)
    order = np.random.default_rng(5).permutation(len(tube.time_s))
    straight, shuffled = tube.judge(), tube.only(order).judge()
    np.testing.assert_array_equal(shuffled.keep, straight.keep[order])
    assert shuffled.blocks == straight.blocks


def test_when_the_clock_starts_does_not_matter():
    tube = steady().thinned(20.0, 30.0, 0.1)
    late = tube.judge(time_s=tube.time_s + np.float32(500.0))
    np.testing.assert_allclose(late.kept_time_fraction, tube.judge().kept_time_fraction, atol=0.01)
    assert late.blocks[0].start_s == pytest.approx(520.0, abs=1.0)


def real_quality(path, panel):
    from bcelldepl.fcs import read_fcs
    from bcelldepl.signal import Transform, make_signal, resolve_panel

    acquisition = read_fcs(path)
    scatter = ("FSC-A", "FSC-H", "SSC-A", "Time")
    found = resolve_panel(acquisition.channels, panel, scatter, panel)
    transforms = {
        "scatter": Transform(kind="asinh", cofactor=0.05),
        "fluorescence": Transform(kind="logicle"),
    }
    return make_signal(acquisition, found, transforms, None).quality


def test_the_real_tbnk_tube_keeps_its_time(real_data):
    markers = {"CD3": "FITC-A", "CD19": "APC-A", "CD45": "PerCP-Cy5-5-A"}
    assert real_quality(real_data / "tbnk" / "tbnk_facscanto.fcs", markers).kept_time_fraction > 0.95


def test_the_real_volumetric_tubes_keep_their_time(real_data):
    tubes = sorted((real_data / "volumetric_cd19").glob("*.fcs"))
    kept = {
        path.name: real_quality(path, {"CD19": "V2-A", "CD45": "B4-A"}).kept_time_fraction for path in tubes
    }
    assert len(kept) == 9
    assert min(kept.values()) > 0.95, kept


def test_a_real_tube_with_a_disturbed_flow_is_cut(real_data):
    quality = real_quality(real_data / "quality" / "Bcells1.fcs", {})
    # Seen by eye: a burst, and after 57 % of the time a tenth of the events, scattered all over the scale.
    assert quality.kept_time_fraction == pytest.approx(0.56, abs=0.02)
    assert quality.blocks[-1].end_s - quality.blocks[-1].start_s > 1900
    # Absurd values, millions below zero, are off the scale.
    assert quality.dropped["margin"] > 0


def test_the_clog_of_the_shipped_sample_is_found_and_nothing_else():
    import csv
    from pathlib import Path

    sample = Path(__file__).parents[2] / "sample_fcs"
    with (sample / "labels" / "incidents.csv").open(encoding="utf-8") as handle:
        clogs = {row["file"]: (float(row["start_s"]), float(row["end_s"])) for row in csv.DictReader(handle)}
    assert clogs
    for path in sorted((sample / "fcs").glob("*.fcs")):
        blocks = real_quality(path, {}).blocks
        name = f"fcs/{path.name}"
        if name not in clogs:
            assert blocks == (), name
            continue
        (block,) = blocks
        assert (block.start_s, block.end_s) == pytest.approx(clogs[name], abs=0.4)
