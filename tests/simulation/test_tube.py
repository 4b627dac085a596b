"""One tube: numbers are Poisson, order is time, clogs and margin events are where they should be."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from bcelldepl.simulation.cells import LABELS, MARKERS
from bcelldepl.simulation.detectors import DETECTORS, FSC_THRESHOLD, SATURATION, SPILLOVER
from bcelldepl.simulation.particles import Staining, background
from bcelldepl.simulation.scenarios import Difficulty
from bcelldepl.simulation.tube import CHANNELS, TIMESTEP_S, Clog, SimulatedTube, TubePlan, acquire

BLOOD = {"T": 60.0, "B": 12.0, "NK": 15.0, "monocyte": 20.0, "neutrophil": 90.0, "debris": 80.0, "bead": 25.0}
STAINING = Staining(np.ones(len(MARKERS)), background(car=True), {}, shrunken=0.1)
PLAN = TubePlan(
    per_ul=BLOOD,
    volume_ul=1.0,
    staining=STAINING,
    gain=np.ones(len(DETECTORS)),
    scatter_gain=1.0,
    spillover=SPILLOVER,
    difficulty=Difficulty(),
)


def tube_of(seed: int, **changes: object) -> SimulatedTube:
    return acquire(np.random.default_rng(seed), replace(PLAN, **changes))  # type: ignore[arg-type]


def column(tube: SimulatedTube, channel: str) -> np.ndarray:
    return tube.columns[CHANNELS.index(channel)]


def events_of(tube: SimulatedTube, label: str) -> np.ndarray:
    return tube.labels == LABELS.index(label)


def test_counts_over_many_tubes_are_poisson() -> None:
    tubes = [tube_of(seed) for seed in range(300)]
    for population, members in {"B": ("B",), "T": ("T",), "beads": ("bead",), "NK": ("NK",)}.items():
        counts = np.array([tube.events(population) for tube in tubes])
        expected = sum(BLOOD[member] for member in members)
        # Mean and dispersion of a Poisson number, each at one in ten thousand.
        total = stats.poisson(expected * len(tubes))
        assert total.ppf(5e-5) <= counts.sum() <= total.ppf(1 - 5e-5)
        dispersion = ((counts - expected) ** 2 / expected).sum()
        low, high = stats.chi2(len(tubes)).ppf([5e-5, 1 - 5e-5])
        assert low < dispersion < high


def test_events_come_in_order_of_time_below_the_duration() -> None:
    tube = tube_of(1, volume_ul=30.0)
    seconds = column(tube, "Time") * TIMESTEP_S
    assert (np.diff(seconds) >= 0).all()
    assert seconds[-1] <= tube.duration_s
    assert tube.columns.dtype == np.float32
    assert tube.columns.shape == (len(CHANNELS), tube.labels.size)


def test_the_threshold_keeps_small_debris_out() -> None:
    tube = tube_of(2, volume_ul=30.0)
    assert column(tube, "FSC-A").min() >= FSC_THRESHOLD
    debris = events_of(tube, "debris").sum()
    assert 0.5 * 30 * BLOOD["debris"] < debris < 0.95 * 30 * BLOOD["debris"]


def test_a_clog_slows_the_flow_and_dims_the_signal() -> None:
    clog = Clog(start=0.4, end=0.45, rate=0.2, scatter=0.7, light=0.75)
    tube = tube_of(3, volume_ul=300.0, clogs=(clog,))
    ((start, end),) = tube.clogs_s
    seconds = column(tube, "Time") * TIMESTEP_S
    inside = (seconds >= start) & (seconds < end)
    rate_inside = inside.sum() / (end - start)
    rate_outside = (~inside).sum() / (tube.duration_s - (end - start))
    assert rate_inside / rate_outside == pytest.approx(0.2, rel=0.1)
    t = events_of(tube, "T")
    fsc = column(tube, "FSC-A")
    assert np.median(fsc[t & inside]) / np.median(fsc[t & ~inside]) == pytest.approx(0.7, rel=0.05)
    # No event is lost in a clog: the blood passes, only later.
    assert inside.sum() / inside.size == pytest.approx(0.05, abs=0.01)


def test_margin_events_sit_at_the_end_of_the_scale() -> None:
    tube = tube_of(4, volume_ul=100.0)
    margin = events_of(tube, "margin")
    assert margin.any()
    assert (column(tube, "FSC-A")[margin] == SATURATION).all()


def test_doublets_are_long_for_their_height() -> None:
    tube = tube_of(5, volume_ul=100.0, difficulty=Difficulty(doublets=0.1))
    ratio = column(tube, "FSC-H") / column(tube, "FSC-A")
    singles, pairs = events_of(tube, "T"), events_of(tube, "doublet_T_T")
    assert pairs.sum() > 20
    assert np.quantile(ratio[pairs], 0.9) < np.quantile(ratio[singles], 0.01)


def test_dead_cells_take_up_the_dye_and_lose_cd45() -> None:
    tube = tube_of(6, volume_ul=100.0, difficulty=Difficulty(dead=0.1))
    dead = events_of(tube, "dead")
    viability, cd45 = column(tube, "PerCP-Cy5-5-A"), column(tube, "V500-A")
    assert np.median(viability[dead]) > 10 * np.median(viability[events_of(tube, "T")])
    assert np.median(cd45[dead]) < 0.7 * np.median(cd45[events_of(tube, "T")])


def test_a_tube_without_anti_car_shows_no_car() -> None:
    gain = np.ones(len(MARKERS))
    gain[MARKERS.index("CAR")] = 0.0
    fmo = Staining(gain, background(car=False), {}, shrunken=0.0)
    blood = {"T": 50.0, "T_CAR": 50.0}
    stained = tube_of(7, volume_ul=20.0, per_ul=blood)
    unstained = tube_of(7, volume_ul=20.0, per_ul=blood, staining=fmo)
    pe = CHANNELS.index("PE-A")
    both = [tube.columns[pe, events_of(tube, "T_CAR")] for tube in (stained, unstained)]
    assert np.median(both[0]) > 3 * np.median(both[1])


def test_trogocytosis_puts_cd19_on_some_car_t_cells() -> None:
    staining = replace(STAINING, trogocytosis=0.3)
    tube = tube_of(9, volume_ul=20.0, per_ul={"T": 50.0, "T_CAR": 50.0}, staining=staining)
    cd19 = column(tube, "PE-Cy7-A")
    assert (cd19[events_of(tube, "T_CAR")] > 350).mean() == pytest.approx(0.3, abs=0.05)
    assert (cd19[events_of(tube, "T")] > 350).mean() < 0.01


def test_nothing_in_the_blood_is_an_empty_tube() -> None:
    assert tube_of(8, per_ul={}).labels.size == 0
