"""From a file to signals: read, compensated and transformed as other readers do it."""

from __future__ import annotations

import sys
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bcelldepl.errors import CompensationError, PanelError
from bcelldepl.fcs import read_fcs
from bcelldepl.fcs.acquisition import Spillover
from bcelldepl.fcs.write import spillover_keyword, write_fcs
from bcelldepl.signal import Transform, make_signal, resolve_panel

sys.path.insert(0, str(Path(__file__).parents[1] / "fcs"))
from fcs_builder import fcs

TOP = 262_144.0
LINEAR = {"scatter": Transform(kind="linear"), "fluorescence": Transform(kind="linear")}
STAINED = {**LINEAR, "fluorescence": Transform(kind="logicle", width=0.7)}
DYES = ("FITC-A", "PE-A", "APC-A")
MATRIX = np.array([[1.0, 0.2, 0.01], [0.05, 1.0, 0.0], [0.0, 0.03, 1.0]])
PANEL = {"FSC-A": "FSC-A", "CD3": "FITC-A", "CD19": "PE-A", "CD45": "APC-A", "Time": "Time"}


@pytest.fixture
def tube(tmp_path):
    """A tube of 3,000 events whose dyes are known: its file and the dyes."""
    rng = np.random.default_rng(0)
    dyes = rng.lognormal(7, 1.5, (3, 3_000)).clip(0, 1e5)
    forward, time = rng.uniform(5e4, 2e5, 3_000), np.arange(3_000.0)
    columns = np.vstack([forward, MATRIX.T @ dyes, time]).astype(np.float32)
    path = tmp_path / "tube.fcs"
    write_fcs(
        path,
        columns,
        ["FSC-A", *DYES, "Time"],
        ["", "CD3", "CD19", "CD45", ""],
        keywords={"$SPILLOVER": spillover_keyword(DYES, MATRIX), "$TIMESTEP": "0.02"},
    )
    return read_fcs(path), dyes


def test_the_dyes_come_back(tube):
    acquisition, dyes = tube
    signal = make_signal(acquisition, PANEL, LINEAR, acquisition.spillover)
    for marker, dye in zip(("CD3", "CD19", "CD45"), dyes, strict=True):
        np.testing.assert_allclose(signal.columns[marker], dye / TOP, rtol=0, atol=1e-6)
    assert signal.n_events == 3_000
    assert "Time" not in signal.columns


def test_without_a_matrix_the_detectors_are_taken_as_they_are(tube):
    acquisition, dyes = tube
    signal = make_signal(acquisition, PANEL, LINEAR, None)
    np.testing.assert_allclose(signal.columns["CD19"], (MATRIX.T @ dyes)[1] / TOP, rtol=0, atol=1e-6)


def test_a_marker_is_the_same_whatever_else_is_asked_for(tube):
    acquisition, _ = tube
    every = make_signal(acquisition, PANEL, STAINED, acquisition.spillover)
    alone = make_signal(acquisition, {"CD19": "PE-A"}, STAINED, acquisition.spillover)
    np.testing.assert_allclose(alone.columns["CD19"], every.columns["CD19"], rtol=0, atol=1e-7)
    assert set(alone.columns) == {"CD19"}


def test_scales_say_what_was_done_and_differ_where_it_differs(tube):
    acquisition, _ = tube
    linear = make_signal(acquisition, PANEL, LINEAR, None).scales
    stained = make_signal(acquisition, PANEL, STAINED, None).scales
    assert linear["CD19"] != stained["CD19"]
    assert linear["FSC-A"] == stained["FSC-A"]
    assert stained["CD19"] == "logicle to 262144"


def test_a_transform_of_one_marker_goes_before_that_of_its_kind(tube):
    acquisition, _ = tube
    own = {**STAINED, "CD19": Transform(kind="asinh", cofactor=0.01)}
    signal = make_signal(acquisition, PANEL, own, None)
    usual = make_signal(acquisition, PANEL, STAINED, None)
    np.testing.assert_array_equal(signal.columns["CD3"], usual.columns["CD3"])
    assert np.abs(signal.columns["CD19"] - usual.columns["CD19"]).max() > 0.01


def test_time_is_in_seconds(tmp_path):
    rng = np.random.default_rng(1)
    ticks = np.concatenate([np.arange(0, 5_000), np.arange(7_500, 10_000)]).astype(np.float32)
    columns = np.vstack([rng.uniform(5e4, 2e5, len(ticks)), ticks]).astype(np.float32)
    path = tmp_path / "paused.fcs"
    write_fcs(path, columns, ["FSC-A", "Time"], ["", ""], keywords={"$TIMESTEP": "0.02"})
    (pause,) = make_signal(read_fcs(path), {"FSC-A": "FSC-A", "Time": "Time"}, LINEAR, None).quality.blocks
    assert (pause.start_s, pause.end_s) == pytest.approx((100.0, 150.0), abs=6.0)


def test_a_matrix_that_overflows_is_an_error_and_not_infinite_cells(tube):
    acquisition, _ = tube
    tiny = Spillover(DYES, np.eye(3) * 1e-38, "$SPILLOVER")
    with pytest.raises(CompensationError, match="infinite"):
        make_signal(acquisition, PANEL, LINEAR, tiny)


def test_threads_change_no_byte(tmp_path, monkeypatch):
    rng = np.random.default_rng(3)
    n = 120_000
    ticks = np.sort(rng.integers(0, 9_000, n))
    columns = np.vstack([rng.uniform(5e4, 2e5, n), rng.lognormal(6, 2, (3, n)), ticks]).astype(np.float32)
    columns[1:4, 30_000:50_000] *= 30.0
    path = tmp_path / "large.fcs"
    labels = ["", "CD3", "CD19", "CD45", ""]
    write_fcs(path, columns, ["FSC-A", *DYES, "Time"], labels, keywords={"$TIMESTEP": "0.01"})
    signals = []
    for threads in ("1", "3"):
        monkeypatch.setenv("NUMBA_NUM_THREADS", threads)
        signals.append(make_signal(read_fcs(path), PANEL, STAINED, Spillover(DYES, MATRIX, "$SPILLOVER")))
    one, other = signals
    for marker, column in one.columns.items():
        np.testing.assert_array_equal(column.view(np.uint32), other.columns[marker].view(np.uint32))
    np.testing.assert_array_equal(one.quality.keep, other.quality.keep)
    assert one.quality.blocks == other.quality.blocks != ()


def test_a_file_without_events(tmp_path):
    path = tmp_path / "empty.fcs"
    write_fcs(path, np.empty((2, 0), dtype=np.float32), ["FSC-A", "PE-A"], ["", "CD19"], keywords={})
    signal = make_signal(read_fcs(path), {"FSC-A": "FSC-A", "CD19": "PE-A"}, STAINED, None)
    assert signal.n_events == 0
    assert signal.columns["CD19"].shape == (0,)


@pytest.fixture(scope="module")
def tbnk(real_data):
    path = real_data / "tbnk" / "tbnk_facscanto.fcs"
    acquisition = read_fcs(path)
    markers = ("CD3", "CD56", "CD45", "CD4", "CD19", "CD8")
    return path, acquisition, resolve_panel(acquisition.channels, ("FSC-A", "SSC-A", *markers))


@pytest.fixture(scope="module")
def by_flowkit(tbnk):
    """Compensated events of the real tube by flowkit, by channel."""
    import flowkit

    path, _, _ = tbnk
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        sample = flowkit.Sample(path)
        sample.apply_compensation(sample.metadata["spill"])
        return dict(zip(sample.pnn_labels, sample.get_events(source="comp").T, strict=True))


def test_compensation_of_a_real_tube_agrees_with_flowkit(tbnk, by_flowkit):
    _, acquisition, panel = tbnk
    signal = make_signal(acquisition, panel, LINEAR, acquisition.spillover)
    for marker, channel in panel.items():
        np.testing.assert_allclose(signal.columns[marker], by_flowkit[channel] / TOP, rtol=0, atol=1e-6)


def test_logicle_of_a_real_tube_agrees_with_flowkit(tbnk, by_flowkit):
    import flowkit

    _, acquisition, panel = tbnk
    signal = make_signal(acquisition, panel, STAINED, acquisition.spillover)
    theirs = flowkit.transforms.LogicleTransform(param_t=TOP, param_w=0.7, param_m=4.5, param_a=0)
    for marker in ("CD3", "CD19", "CD45"):
        expected = theirs.apply(by_flowkit[panel[marker]])
        np.testing.assert_allclose(signal.columns[marker], expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("said", ["NA", "0", "-1"])
def test_a_channel_without_a_range_is_named(tube, said):
    acquisition, _ = tube
    content = acquisition.path.read_bytes()
    number = [channel.name for channel in acquisition.channels].index("PE-A") + 1
    before, after = (f"/$P{number}R/{text}/".encode() for text in ("262144", said.ljust(6)))
    assert content.count(before) == 1
    acquisition.path.write_bytes(content.replace(before, after))
    again = read_fcs(acquisition.path)
    assert any(f"$P{number}R is '{said}', no range" in warning for warning in again.warnings)
    with pytest.raises(PanelError, match=r"\$PnR of PE-A is not a number above 0") as caught:
        make_signal(again, PANEL, STAINED, again.spillover)
    assert "`top`" in caught.value.remedy
    with_top = {**LINEAR, "CD19": Transform(kind="linear", top=1000.0)}
    assert make_signal(again, PANEL, with_top, again.spillover).n_events == 3_000


def test_scatter_without_a_range_has_no_margin(tube):
    acquisition, _ = tube
    content = acquisition.path.read_bytes()
    acquisition.path.write_bytes(content.replace(b"/$P1R/262144/", b"/$P1R/NA    /"))
    again = read_fcs(acquisition.path)
    scales = {**LINEAR, "scatter": Transform(kind="linear", top=TOP)}
    assert make_signal(again, PANEL, scales, again.spillover).quality.dropped["margin"] == 0


def test_time_that_does_not_advance_is_not_looked_at(tube):
    acquisition, _ = tube
    cut = replace(acquisition, time_advances=False)
    assert "acquisition not checked" in make_signal(cut, PANEL, LINEAR, None).quality.flags[0]


def test_a_counter_that_rolls_over_runs_on(tmp_path):
    """Sixteen bits roll over every 6.6 s of a minute: laid over each other, a gap in one round would be filled."""
    ticks = np.arange(0, 600_000, 25)
    ticks = ticks[(ticks < 200_000) | (ticks > 260_000)]
    data = np.column_stack([ticks % 65_536, np.full(len(ticks), 9_000)]).astype("<u2").tobytes()
    keywords = {"$TOT": str(len(ticks)), "$DATATYPE": "I", "$TIMESTEP": "0.0001"}
    keywords |= {f"$P{n}{letter}": value for n in (1, 2) for letter, value in (("B", "16"), ("R", "65536"))}
    path = tmp_path / "tube.fcs"
    path.write_bytes(fcs([[0.0] * 2], data=data, names=["TIME", "FSC-A"], keywords=keywords))
    quality = make_signal(read_fcs(path), {"FSC-A": "FSC-A", "Time": "TIME"}, LINEAR, None).quality
    (gap,) = quality.blocks
    assert (gap.start_s, gap.end_s) == pytest.approx((20, 26), abs=0.5)
    assert quality.kept_time_fraction == pytest.approx(0.9, abs=0.01)
