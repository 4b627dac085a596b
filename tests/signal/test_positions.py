"""A tube of which only a part is kept in memory gives the same signals and the same mask as a whole one."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest

from bcelldepl.fcs import read_fcs
from bcelldepl.fcs.acquisition import Acquisition, Spillover
from bcelldepl.fcs.write import write_fcs
from bcelldepl.signal import Signal, Transform, make_signal
from bcelldepl.signal.positions import Positions
from bcelldepl.signal.recipe import plan_markers
from bcelldepl.signal.watch import watched

N = 150_001
SCALES = {
    "scatter": Transform(kind="asinh", cofactor=0.05),
    "fluorescence": Transform(kind="logicle", width=0.7),
}
DYES = ("FITC-A", "PE-A", "APC-A")
MATRIX = np.array([[1.0, 0.2, 0.01], [0.05, 1.0, 0.0], [0.0, 0.03, 1.0]])
SPILLOVER = Spillover(DYES, MATRIX, "$SPILLOVER")
PANEL = {"FSC-A": "FSC-A", "CD3": "FITC-A", "CD19": "PE-A", "CD45": "APC-A", "Time": "Time"}


def made(folder: Path, clock: str) -> Acquisition:
    """A tube with a clog and a stretch of dim signals; its clock runs on, or backwards in places, or there is none."""
    rng = np.random.default_rng(3)
    time = np.sort(rng.uniform(0.0, 10_000.0, N)).round()
    dyes = rng.lognormal(7, 1.5, (3, N)).clip(0, 1e5) - 50.0
    dyes[1, (time > 4_000) & (time < 4_800)] *= 0.2
    forward = rng.uniform(5e4, 2.7e5, N).clip(0, 262_143)
    gone = (time > 7_000) & (time < 7_500) & (rng.random(N) < 0.9)
    if clock == "backwards":
        time[1::7] -= 30.0
    columns = np.vstack([forward, MATRIX.T @ dyes, time])[:, ~gone].astype(np.float32)
    names = ["FSC-A", *DYES, "Time" if clock != "none" else "Other"]
    path = folder / f"{clock}.fcs"
    write_fcs(path, columns, names, ["", "CD3", "CD19", "CD45", ""], keywords={"$TIMESTEP": "0.02"})
    return read_fcs(path)


def signal_of(acquisition: Acquisition, kept: int | None) -> Signal:
    panel = {marker: name for marker, name in PANEL.items() if name in {c.name for c in acquisition.channels}}
    return make_signal(acquisition, panel, SCALES, SPILLOVER, kept)


@pytest.mark.parametrize("n", [199, 200, 5_000, 39_999, 40_000])
def test_a_small_tube_is_read_like_a_large_one(tmp_path: Path, n: int) -> None:
    rng = np.random.default_rng(n)
    time = np.sort(rng.uniform(0.0, 1_000.0, n)).round()
    columns = np.vstack([rng.uniform(-1.0, 2.63e5, n), rng.lognormal(7, 1.5, (3, n)), time]).astype(
        np.float32
    )
    write_fcs(tmp_path / "t.fcs", columns, ["FSC-A", *DYES, "Time"], [""] * 5, keywords={"$TIMESTEP": "0.02"})
    acquisition = read_fcs(tmp_path / "t.fcs")
    recipe, seen = plan_markers(acquisition, PANEL, SCALES, SPILLOVER), np.full((4, n), np.nan, np.float32)
    positions = Positions(acquisition, recipe, 0)

    def look(channels: np.ndarray, first: int, last: int) -> None:
        seen[:, first:last] = channels[:, : last - first]

    quality = watched(positions, PANEL, look)
    np.testing.assert_array_equal(seen, columns[:4])
    expected, _ = recipe.positions(columns[:4])
    np.testing.assert_array_equal([positions[marker] for marker in recipe.markers], expected)
    np.testing.assert_array_equal(quality.keep, (columns[0] > 0.0) & (columns[0] < 262_143.0))


@pytest.mark.parametrize("clock", ["on", "backwards", "none"])
@pytest.mark.parametrize("threads", ["1", "2", "5"])
@pytest.mark.parametrize("kept", [0, 40_000, N])
def test_neither_what_is_kept_nor_the_threads_change_a_bit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clock: str, threads: str, kept: int
) -> None:
    acquisition = made(tmp_path, clock)
    monkeypatch.setenv("NUMBA_NUM_THREADS", "1")
    whole = signal_of(acquisition, None)
    monkeypatch.setenv("NUMBA_NUM_THREADS", threads)
    part = signal_of(acquisition, kept)
    assert len(whole.quality.blocks) >= (2 if clock != "none" else 0)
    assert part.quality.blocks == whole.quality.blocks
    assert part.quality.flags == whole.quality.flags
    np.testing.assert_array_equal(part.quality.keep, whole.quality.keep)
    events = np.flatnonzero(np.random.default_rng(5).random(whole.n_events) < 0.2).astype(np.int32)
    taken, span = part.take(list(whole.columns), events), part.part(30_000, 60_007)
    for marker, column in whole.columns.items():
        np.testing.assert_array_equal(part.columns[marker], column)
        np.testing.assert_array_equal(taken[marker], column[events])
        np.testing.assert_array_equal(span.columns[marker], column[30_000:60_007])
    np.testing.assert_array_equal(span.quality.keep, whole.quality.keep[30_000:60_007])
    assert part.exact is not None
    assert span.exact is not None
    some = np.array([7, 3, 20_000])
    np.testing.assert_array_equal(span.exact("CD19", some), part.exact("CD19", some + 30_000))
    np.testing.assert_array_equal(part.exact("CD19", some).astype(np.float32), whole.columns["CD19"][some])


def test_whoever_looks_sees_every_event_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    acquisition = made(tmp_path, "on")
    recipe = plan_markers(acquisition, PANEL, SCALES, SPILLOVER)
    for threads in ("1", "3"):
        monkeypatch.setenv("NUMBA_NUM_THREADS", threads)
        seen = np.full((len(recipe.channels), acquisition.n_events), np.nan, dtype=np.float32)

        def look(channels: np.ndarray, first: int, last: int, seen: np.ndarray = seen) -> None:
            assert np.isnan(seen[:, first:last]).all()
            seen[:, first:last] = channels[:, : last - first]

        watched(Positions(acquisition, recipe, 0), PANEL, look)
        np.testing.assert_array_equal(seen, acquisition.columns(recipe.channels))


def test_a_signal_goes_to_another_process(tmp_path: Path) -> None:
    signal = signal_of(made(tmp_path, "on"), 1_000)
    there = pickle.loads(pickle.dumps(signal))
    events = np.array([5, 2_000], dtype=np.int32)
    np.testing.assert_array_equal(there.take(["CD3"], events)["CD3"], signal.take(["CD3"], events)["CD3"])
