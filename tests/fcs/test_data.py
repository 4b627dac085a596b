"""DATA: every type, width, byte order and mask, against values that the builder wrote one by one."""

from __future__ import annotations

import hashlib
import os
import pickle
from pathlib import Path

import numpy as np
import numpy.testing as npt
import pytest
from fcs_builder import fcs

from bcelldepl.errors import FcsError
from bcelldepl.fcs import read_fcs
from bcelldepl.fcs.errors import (
    BadKeywordError,
    MissingKeywordError,
    NoSuchChannelError,
    TruncatedDataError,
    UnsupportedDataError,
)
from bcelldepl.fcs.write import write_fcs

EVENTS = [[1, 200, 3], [40, 5, 255], [7, 80, 9], [0, 1, 2]]


def written(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "tube.fcs"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("version", ["FCS2.0", "FCS3.0", "FCS3.1", "FCS3.2"])
@pytest.mark.parametrize("order", ["1,2,3,4", "4,3,2,1", "1,2", "2,1"])
@pytest.mark.parametrize(
    ("datatype", "bits"), [("F", 32), ("D", 64), ("I", 8), ("I", 16), ("I", 24), ("I", 32), ("I", 64)]
)
def test_types_widths_and_orders(tmp_path: Path, version: str, order: str, datatype: str, bits: int) -> None:
    content = fcs(EVENTS, version=version, datatype=datatype, bits=[bits] * 3, order=order)
    acquisition = read_fcs(written(tmp_path, content))
    raw = acquisition.raw()
    npt.assert_array_equal(raw.T, EVENTS)
    assert raw.flags.c_contiguous
    columns = acquisition.columns()
    assert columns.dtype == np.float32
    assert columns.flags.c_contiguous
    npt.assert_array_equal(columns.T, EVENTS)
    assert acquisition.warnings == ()


@pytest.mark.parametrize("order", ["3,4,1,2", "2,1,4,3"])
@pytest.mark.parametrize(("datatype", "bits"), [("F", 32), ("I", 16), ("I", 32)])
def test_mixed_byte_orders(tmp_path: Path, order: str, datatype: str, bits: int) -> None:
    # The builder stores rank by rank; a word of two bytes has the ranks 1 and 2 only.
    if bits == 16:
        data = b"".join(
            int(value).to_bytes(2, "little" if order == "3,4,1,2" else "big")
            for event in EVENTS
            for value in event
        )
        content = fcs(EVENTS, datatype=datatype, bits=[bits] * 3, order=order, data=data)
    else:
        content = fcs(EVENTS, datatype=datatype, bits=[bits] * 3, order=order)
    npt.assert_array_equal(read_fcs(written(tmp_path, content)).raw().T, EVENTS)


def test_mixed_widths(tmp_path: Path) -> None:
    bits = [8, 16, 24]
    for order in ("1,2,3,4", "4,3,2,1"):
        acquisition = read_fcs(written(tmp_path, fcs(EVENTS, datatype="I", bits=bits, order=order)))
        npt.assert_array_equal(acquisition.raw().T, EVENTS)
        npt.assert_array_equal(acquisition.raw(["C3", "C1"]), np.array(EVENTS).T[[2, 0]])
        assert acquisition.raw(["C1"]).dtype == np.uint8
        assert acquisition.raw(["C2"]).dtype == np.uint16
        assert acquisition.raw(["C3"]).dtype == np.uint32


def test_types_by_channel_of_fcs_3_2(tmp_path: Path) -> None:
    kinds = ["I", "F", "D"]
    keywords = {f"$P{n}DATATYPE": kind for n, kind in enumerate(kinds, start=1)}
    content = fcs(
        [[7, 1.5, 0.1], [65535, -2.25, 1e-9]],
        version="FCS3.2",
        kinds=kinds,
        bits=[32, 32, 64],
        keywords=keywords,
        drop=["$MODE"],
    )
    acquisition = read_fcs(written(tmp_path, content))
    npt.assert_array_equal(acquisition.raw(), [[7, 65535], [1.5, -2.25], [0.1, 1e-9]])
    assert acquisition.raw(["C1"]).dtype == np.uint32
    assert acquisition.raw(["C3"]).dtype == np.float64


def test_64_bit_values_are_exact(tmp_path: Path) -> None:
    big = (1 << 64) - 3
    content = fcs(
        [[big, 0.5]],
        kinds=["I", "D"],
        bits=[64, 64],
        ranges=[1 << 64, 1],
        keywords={"$P1DATATYPE": "I", "$P2DATATYPE": "D"},
    )
    acquisition = read_fcs(written(tmp_path, content))
    assert int(acquisition.raw(["C1"])[0, 0]) == big
    both = acquisition.raw()
    assert int(both[0, 0]) == big
    assert both[1, 0] == 0.5


def test_range_masks_the_bits_above_it(tmp_path: Path) -> None:
    # 0xF801 in a channel of 1024: the upper six bits mean something else. 1000 needs ten bits as well.
    content = fcs([[0xF801, 0xF801, 0xF801]], datatype="I", ranges=[1024, 1000, 65536])
    npt.assert_array_equal(read_fcs(written(tmp_path, content)).raw()[:, 0], [1, 1, 0xF801])


def test_ten_bits_stored_in_sixteen(tmp_path: Path) -> None:
    content = fcs([[1023, 5], [7, 512]], datatype="I", bits=[10, 10], order="1,2", ranges=[1024, 1024])
    acquisition = read_fcs(written(tmp_path, content))
    npt.assert_array_equal(acquisition.raw(), [[1023, 7], [5, 512]])
    assert any("$PnB is 10" in warning for warning in acquisition.warnings)


def test_twenty_bits_stored_in_three_or_four_bytes(tmp_path: Path) -> None:
    for width in (3, 4):
        data = b"".join(value.to_bytes(width, "little") for value in (1_000_000, 5, 70_000, 9))
        content = fcs([[0, 0], [0, 0]], datatype="I", bits=[20, 20], ranges=[1 << 20] * 2, data=data)
        npt.assert_array_equal(read_fcs(written(tmp_path, content)).raw(), [[1_000_000, 70_000], [5, 9]])


def test_digits_as_data(tmp_path: Path) -> None:
    content = fcs([[12, 345], [6, 7]], datatype="A", bits=[32, 48])
    content = fcs([[12, 345], [6, 7]], datatype="A", bits=[4, 6], data=b"  12   345   6     7")
    npt.assert_array_equal(read_fcs(written(tmp_path, content)).raw(), [[12, 6], [345, 7]])
    broken = fcs([[12, 345]], datatype="A", bits=[4, 6], data=b"  1x   345")
    with pytest.raises(BadKeywordError, match="digits"):
        read_fcs(written(tmp_path, broken)).raw()


def test_log_amplifiers_and_gains(tmp_path: Path) -> None:
    keywords = {"$P1E": "4,1", "$P2E": "4,0", "$P3G": "4"}
    content = fcs([[0, 512, 100], [1023, 256, 10]], datatype="I", ranges=[1024] * 3, keywords=keywords)
    acquisition = read_fcs(written(tmp_path, content))
    npt.assert_allclose(acquisition.columns()[0], [1.0, 10 ** (4 * 1023 / 1024)], rtol=1e-6)
    npt.assert_allclose(acquisition.columns()[1], [100.0, 10.0], rtol=1e-6)  # an offset of 0 means 1
    npt.assert_array_equal(acquisition.columns()[2], [25.0, 2.5])
    npt.assert_array_equal(acquisition.raw()[2], [100, 10])


def test_time_keeps_its_ticks_and_floats_their_scale(tmp_path: Path) -> None:
    keywords = {"$P1G": "0.01", "$TIMESTEP": "0.01", "$P2E": "4,1"}
    acquisition = read_fcs(
        written(tmp_path, fcs([[100, 2.0], [200, 3.0]], names=["Time", "FL1"], keywords=keywords))
    )
    npt.assert_array_equal(acquisition.columns(), [[100, 200], [2, 3]])
    assert acquisition.time_step_s == 0.01
    assert any("left as it is" in warning for warning in acquisition.warnings)


@pytest.mark.parametrize(
    ("keywords", "drop", "error"),
    [
        ({"$DATATYPE": "X"}, [], BadKeywordError),
        ({}, ["$DATATYPE"], MissingKeywordError),
        ({}, ["$PAR"], MissingKeywordError),
        ({"$PAR": "0"}, [], BadKeywordError),
        ({"$PAR": "900000000"}, [], BadKeywordError),
        ({"$PAR": "4"}, [], MissingKeywordError),
        ({"$P2B": "99"}, [], BadKeywordError),
        ({}, ["$P2B"], MissingKeywordError),
        ({}, ["$BYTEORD"], MissingKeywordError),
        ({"$BYTEORD": "1,1"}, [], BadKeywordError),
        ({"$MODE": "C"}, [], UnsupportedDataError),
        ({"$TOT": "many"}, [], BadKeywordError),
        ({"$TOT": "5000"}, [], TruncatedDataError),
    ],
)
def test_refusals_name_file_and_keyword(
    tmp_path: Path, keywords: dict[str, str], drop: list[str], error: type[FcsError]
) -> None:
    path = written(tmp_path, fcs(EVENTS, datatype="I", keywords=keywords, drop=drop))
    with pytest.raises(error) as caught:
        read_fcs(path)
    assert str(path) in str(caught.value)
    assert caught.value.remedy
    assert "\n" not in str(caught.value)


def test_unknown_channel_lists_the_known_ones(tmp_path: Path) -> None:
    acquisition = read_fcs(written(tmp_path, fcs(EVENTS, names=["FSC-A", "CD19", "CD3"])))
    with pytest.raises(NoSuchChannelError, match=r"'CD20'.*FSC-A, CD19, CD3"):
        acquisition.columns(["CD19", "CD20"])


def test_file_that_shrinks_after_opening(tmp_path: Path) -> None:
    content = fcs(EVENTS)
    path = written(tmp_path, content)
    acquisition = read_fcs(path)
    path.write_bytes(content[:-4])
    with pytest.raises(TruncatedDataError):
        acquisition.columns()
    path.unlink()
    with pytest.raises(FcsError):
        acquisition.columns()


def test_blocks_join_without_a_seam(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    values = rng.normal(size=(100_001, 5)).astype("<f4")
    content = fcs([[0.0] * 5], data=values.tobytes(), keywords={"$TOT": "100001"})
    columns = read_fcs(written(tmp_path, content)).columns(["C5", "C1"])
    npt.assert_array_equal(columns, values.T[[4, 0]])


@pytest.mark.parametrize("order", ["<", ">"])
def test_large_files_by_the_kernel_in_two_threads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, order: str
) -> None:
    values = np.random.default_rng(5).normal(size=(40_003, 4)).astype(f"{order}f4")
    byte_order = "1,2,3,4" if order == "<" else "4,3,2,1"
    content = fcs([[0.0] * 4], data=values.tobytes(), order=byte_order, keywords={"$TOT": "40003"})
    path = written(tmp_path, content)
    acquisition = read_fcs(path)
    monkeypatch.setattr("bcelldepl.fcs.data.LARGE_BYTES", 1000)
    npt.assert_array_equal(acquisition.columns(), values.T)
    npt.assert_array_equal(acquisition.columns(["C4", "C2"]), values.T[[3, 1]])
    npt.assert_array_equal(acquisition.raw(["C3"]), values.T[[2]])
    path.write_bytes(path.read_bytes()[:-4])
    with pytest.raises(TruncatedDataError):
        acquisition.columns()


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("width", [1, 2, 3, 4, 8])
@pytest.mark.parametrize("n_threads", ["1", "2"])
def test_large_files_of_integers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, order: str, width: int, n_threads: str
) -> None:
    ranges = [100, 256, 1 << 8 * width]
    values = np.random.default_rng(width).integers(0, 1 << 8 * width, (40_003, 3), dtype=np.uint64)
    content = values.astype(f"{order}u8").view(np.uint8).reshape(40_003, 3, 8)
    content = content[..., :width] if order == "<" else content[..., 8 - width :]
    keywords = {"$TOT": "40003", "$DATATYPE": "I"}
    for n, limit in enumerate(ranges, start=1):
        keywords |= {f"$P{n}B": str(8 * width), f"$P{n}R": str(limit)}
    byte_order = "1,2,3,4" if order == "<" else "4,3,2,1"
    data = fcs([[0.0] * 3], data=content.tobytes(), order=byte_order, keywords=keywords)
    acquisition = read_fcs(written(tmp_path, data))
    small = acquisition.columns(), acquisition.raw(["C3", "C1"])
    monkeypatch.setattr("bcelldepl.fcs.data.LARGE_BYTES", 1000)
    monkeypatch.setenv("NUMBA_NUM_THREADS", n_threads)
    masked = values & np.array([127, 255, (1 << 8 * width) - 1], np.uint64)
    npt.assert_array_equal(acquisition.raw(), masked.T)
    npt.assert_array_equal(acquisition.columns(), masked.T.astype(np.float32))
    npt.assert_array_equal(acquisition.columns(), small[0])
    raw = acquisition.raw(["C3", "C1"])
    npt.assert_array_equal(raw, small[1])
    assert raw.dtype == small[1].dtype


def test_channels_that_are_amplified_or_lie_out_of_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    n_events = 5_000
    values = np.random.default_rng(6).integers(0, 1024, (n_events, 3))
    stored = np.rec.fromarrays(values.T, dtype=[("C1", "u1"), ("C2", "<u2"), ("C3", "<u2")])
    keywords = {"$TOT": str(n_events), "$DATATYPE": "I", "$P2G": "4", "$P1B": "8", "$P2B": "16", "$P3B": "16"}
    keywords |= {f"$P{n}R": "1024" for n in (1, 2, 3)}
    acquisition = read_fcs(written(tmp_path, fcs([[0.0] * 3], data=stored.tobytes(), keywords=keywords)))
    monkeypatch.setattr("bcelldepl.fcs.data.LARGE_BYTES", 1000)
    npt.assert_array_equal(acquisition.columns(["C2"]), values.T[[1]] / 4)
    npt.assert_array_equal(acquisition.columns(["C3"]), values.T[[2]])
    npt.assert_array_equal(acquisition.raw(["C3", "C2"]), values.T[[2, 1]])


def test_an_acquisition_goes_to_another_process(tmp_path: Path) -> None:
    acquisition = read_fcs(written(tmp_path, fcs(EVENTS)))
    copy = pickle.loads(pickle.dumps(acquisition))
    npt.assert_array_equal(copy.columns(), acquisition.columns())
    assert copy.sha256 == acquisition.sha256


def test_floats_that_are_no_measurements_are_said(tmp_path: Path) -> None:
    events = [[1234.5, 0.0, 87.25]] * 50
    wrong = fcs(events, order="4,3,2,1", keywords={"$BYTEORD": "1,2,3,4"})
    assert any(
        "not plausible measurements" in warning for warning in read_fcs(written(tmp_path, wrong)).warnings
    )
    assert read_fcs(written(tmp_path, fcs(events, order="4,3,2,1"))).warnings == ()


def test_float_type_that_contradicts_its_bits(tmp_path: Path) -> None:
    for stored, said in (("F", "D"), ("D", "F")):
        bits = [{"F": 32, "D": 64}[stored]] * 3
        content = fcs(EVENTS, datatype=stored, bits=bits, keywords={"$DATATYPE": said})
        acquisition = read_fcs(written(tmp_path, content))
        npt.assert_array_equal(acquisition.raw().T, EVENTS)
        assert any("different floats" in warning for warning in acquisition.warnings)


def test_no_events(tmp_path: Path) -> None:
    acquisition = read_fcs(written(tmp_path, fcs([], names=["A", "B"], header_data=(0, 0), text_data=(0, 0))))
    assert acquisition.n_events == 0
    assert acquisition.columns().shape == (2, 0)
    assert acquisition.raw(["B"]).shape == (1, 0)


def test_identity_is_the_hash_of_the_file(tmp_path: Path) -> None:
    path = written(tmp_path, fcs(EVENTS))
    assert read_fcs(path).sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_processes_that_forked_read_into_memory_of_their_own(tmp_path: Path) -> None:
    for number in (1, 2):
        channels = list("ABCD")
        write_fcs(
            tmp_path / f"{number}.fcs",
            np.full((4, 100_000), number, np.float32),
            channels,
            [""] * 4,
            keywords={},
        )

    def wrong(number: int) -> int:
        columns = read_fcs(tmp_path / f"{number}.fcs").columns(["A", "B"])
        return int(np.count_nonzero(columns != number))

    assert wrong(1) == 0  # leaves its buffer to the next file of this process
    children = []
    for number in (1, 2):
        child = os.fork()
        if not child:
            os._exit(min(sum(wrong(number) for _ in range(25)), 1))
        children.append(child)
    assert [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children] == [0, 0]


@pytest.mark.parametrize("order", ["1,2,3,4", "4,3,2,1"])
@pytest.mark.parametrize(("datatype", "bits"), [("F", 32), ("D", 64), ("I", 16), ("I", 32)])
def test_chosen_events_and_blocks_of_events_are_those_of_whole_columns(
    tmp_path: Path, order: str, datatype: str, bits: int
) -> None:
    rng = np.random.default_rng(1)
    events = rng.integers(0, 250, (20_000, 3)).tolist()
    content = fcs(events, datatype=datatype, bits=[bits] * 3, order=order)
    acquisition = read_fcs(written(tmp_path, content))
    names = [acquisition.channels[k].name for k in (2, 0)]
    whole = acquisition.columns(names)
    # Near each other, far from each other, in any order, more than once, the last one, none.
    for chosen in ([5, 4, 6, 4], [19_999, 0, 12_000], rng.permutation(20_000)[:9_000], []):
        npt.assert_array_equal(acquisition.columns_of(names, np.array(chosen, int)), whole[:, list(chosen)])
    for step in (1, 7, 4_096, 19_999, 30_000):
        column, some = acquisition.skim(names[0], names, step)
        npt.assert_array_equal(column, whole[0])
        npt.assert_array_equal(some, whole[:, ::step])
    seen = np.full_like(whole, np.nan)

    def work(values: np.ndarray, first: int, last: int) -> None:
        seen[:, first:last] = values[:, : last - first]

    acquisition.over_blocks(names, [3, 4, 7_000, 20_000], work)
    assert np.isnan(seen[:, :3]).all()
    npt.assert_array_equal(seen[:, 3:], whole[:, 3:])


def test_chosen_events_of_a_large_file_are_those_of_whole_columns(tmp_path: Path) -> None:
    columns = np.random.default_rng(2).normal(size=(16, 150_000)).astype(np.float32)  # more than 8 MiB
    names = [f"C{k}" for k in range(16)]
    write_fcs(tmp_path / "large.fcs", columns, names, [""] * 16, keywords={})
    acquisition = read_fcs(tmp_path / "large.fcs")
    chosen = np.random.default_rng(3).permutation(150_000)[:60_000]
    npt.assert_array_equal(acquisition.columns_of(names[3:9], chosen), columns[3:9][:, chosen])
    column, some = acquisition.skim("C4", names[3:9], 11)
    npt.assert_array_equal(column, columns[4])
    npt.assert_array_equal(some, columns[3:9, ::11])
    (tmp_path / "large.fcs").write_bytes((tmp_path / "large.fcs").read_bytes()[:-2_000_000])
    with pytest.raises(TruncatedDataError):
        acquisition.columns_of(names, np.array([1, 149_999]))
