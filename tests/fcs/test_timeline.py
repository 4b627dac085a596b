"""Time channels as they are: in two words, cut to their range, in seconds already, with a step that cannot be right."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.testing as npt
import pytest
from fcs_builder import fcs

from bcelldepl.fcs import Acquisition, read_fcs
from bcelldepl.fcs.timeline import (
    CROWDED,
    LEAST_COVERAGE,
    MOST_AT_TOP,
    MOST_EVENTS_PER_S,
    SHUFFLED_FRACTION,
    unrolled,
)

N = 2000
MINUTE = {"$BTIM": "10:00:00", "$ETIM": "10:01:00", "$CYT": "Attune NxT", "$VOL": "30000"}


def read(tmp_path: Path, times: object, keywords: dict[str, str], **how: object) -> Acquisition:
    path = tmp_path / "tube.fcs"
    rows = [[float(time), 1.0] for time in times]  # type: ignore[attr-defined]
    path.write_bytes(fcs(rows, keywords=keywords, **{"names": ["Time", "FSC-A"], **how}))  # type: ignore[arg-type]
    return read_fcs(path)


def said(acquisition: Acquisition, words: str) -> bool:
    return any(words in warning for warning in acquisition.warnings)


def test_time_in_two_words(tmp_path: Path) -> None:
    """Sixteen bits roll over every 3.9 s: alone they cover a small part of the minute."""
    ticks = np.linspace(0, 60 / 6e-5, N).astype(int)
    content = fcs(
        [[int(tick % 65536), 5, int(tick // 65536)] for tick in ticks],
        datatype="I",
        ranges=[65536] * 3,
        names=["TIME", "FS", "Time MSW"],
        keywords={**MINUTE, "$TIMESTEP": "0.00006", "$P1S": "Time LSW"},
    )
    (tmp_path / "tube.fcs").write_bytes(content)
    acquisition = read_fcs(tmp_path / "tube.fcs")
    assert acquisition.warnings == ()
    assert acquisition.volume.microlitres == pytest.approx(30)
    without_clock = content.replace(b"$BTIM", b"$XTIM")
    (tmp_path / "tube.fcs").write_bytes(without_clock)
    assert read_fcs(tmp_path / "tube.fcs").acquisition_seconds == pytest.approx(60, abs=0.1)


@pytest.mark.parametrize(
    ("share", "cut"), [(MOST_AT_TOP - 0.02, False), (MOST_AT_TOP + 0.02, True), (0.75, True)]
)
def test_time_cut_to_its_range(tmp_path: Path, share: float, cut: bool) -> None:
    times = np.minimum(np.linspace(0, 6000, N), (1 - share) * 6000)
    acquisition = read(tmp_path, times, {**MINUTE, "$TIMESTEP": "0.01"}, ranges=[(1 - share) * 6000, 1024])
    assert said(acquisition, "is cut to its range") is cut
    assert not said(acquisition, "the rest is missing")
    assert acquisition.time_advances is not cut
    assert acquisition.volume.microlitres == pytest.approx(30)


def test_a_coarse_clock_is_not_cut(tmp_path: Path) -> None:
    """Twelve ticks in all: each holds a twelfth of the events, the last one too."""
    acquisition = read(
        tmp_path, np.arange(N) * 12 // N, {**MINUTE, "$TIMESTEP": "5"}, ranges=[12, 1024], datatype="I"
    )
    assert acquisition.warnings == ()
    assert acquisition.time_advances


@pytest.mark.parametrize("more", [-0.03, 0.03])
def test_a_last_tick_that_holds_many_times_what_others_hold(tmp_path: Path, more: float) -> None:
    """Thirty ticks: three times a thirtieth is a tenth of the events."""
    ticks = 30
    at_top = CROWDED / ticks + more
    times = np.minimum(np.linspace(0, (ticks - 1) / (1 - at_top), N).astype(int), ticks - 1)
    acquisition = read(tmp_path, times, {**MINUTE, "$TIMESTEP": "2"}, ranges=[ticks, 1024], datatype="I")
    assert said(acquisition, "is cut to its range") is (more > 0)


def test_time_in_seconds_already(tmp_path: Path) -> None:
    acquisition = read(tmp_path, np.linspace(0, 59, N), {**MINUTE, "$TIMESTEP": "0.001"})
    assert said(acquisition, "in seconds already")
    assert acquisition.time_step_s == 1.0
    assert acquisition.volume.microlitres == pytest.approx(30)


@pytest.mark.parametrize("longer", [0.97, 1.03])
def test_a_step_that_makes_events_last_longer_than_the_clock(tmp_path: Path, longer: float) -> None:
    """Two seconds are left to clocks that tell whole ones."""
    limit = (60 + 2) / LEAST_COVERAGE
    acquisition = read(tmp_path, np.linspace(0, 1e5 * limit * longer, N), {**MINUTE, "$TIMESTEP": "0.00001"})
    assert said(acquisition, "$TIMESTEP is not used") is (longer > 1)
    assert (acquisition.time_step_s is None) is (longer > 1)
    assert acquisition.volume.microlitres == pytest.approx(30)


@pytest.mark.parametrize("faster", [0.97, 1.03])
@pytest.mark.parametrize("clock", [True, False])
def test_a_step_that_no_cytometer_is_fast_enough_for(tmp_path: Path, faster: float, clock: bool) -> None:
    span_s = N / (MOST_EVENTS_PER_S * faster)
    keywords = {**(MINUTE if clock else {"$CYT": "Attune NxT", "$VOL": "30000"}), "$TIMESTEP": "0.000000001"}
    acquisition = read(tmp_path, np.linspace(0, span_s * 1e9, N), keywords)
    assert said(acquisition, "faster than any cytometer") is (faster > 1)
    assert (acquisition.time_step_s is None) is (faster > 1)
    assert acquisition.acquisition_seconds == (60 if clock else None if faster > 1 else pytest.approx(span_s))
    assert (acquisition.volume.microlitres is not None) is (faster > 1)


@pytest.mark.parametrize("part", [0.97, 1.03])
def test_the_rest_is_missing_only_where_it_is(tmp_path: Path, part: float) -> None:
    span_s = part * (LEAST_COVERAGE * 60 - 2)
    acquisition = read(tmp_path, np.linspace(0, 100 * span_s, N), {**MINUTE, "$TIMESTEP": "0.01"})
    assert said(acquisition, "the rest is missing") is (part < 1)
    assert (acquisition.volume.microlitres is None) is (part < 1)


@pytest.mark.parametrize("more", [-0.05, 0.05])
def test_out_of_order_only_where_many_steps_go_back(tmp_path: Path, more: float) -> None:
    times = np.linspace(0, 6000, N)
    back = round((SHUFFLED_FRACTION + more) * N)
    swapped = 2 * np.linspace(0, N // 2 - 1, back).astype(int)
    times[swapped], times[swapped + 1] = times[swapped + 1], times[swapped].copy()
    acquisition = read(tmp_path, times, {**MINUTE, "$TIMESTEP": "0.01"})
    assert said(acquisition, "order of their time") is (more > 0)


@pytest.mark.parametrize("name", ["HDR-T", "HDR-TM", "hdr-t", "TIME", "Time1"])
def test_names_of_time(tmp_path: Path, name: str) -> None:
    """A time channel keeps its ticks whatever its gain."""
    acquisition = read(tmp_path, [100, 200], {"$P1G": "0.01", "$TIMESTEP": "0.01"}, names=[name, "FSC-A"])
    npt.assert_array_equal(acquisition.columns([name])[0], [100, 200])
    assert acquisition.acquisition_seconds == pytest.approx(1.0)


def test_counters_go_on_where_they_roll_over() -> None:
    truth = np.arange(0, 5 * 1024, 100)
    npt.assert_array_equal(unrolled(truth % 1024, 1024.0), truth)
    npt.assert_array_equal(unrolled(np.array([3.0, 2.0, 4.0]), 1024.0), [3, 2, 4])
