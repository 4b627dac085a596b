"""Integers above $PnR: signals off the scale, bits that mean something else, and what is neither."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.testing as npt
import pytest
from fcs_builder import fcs
from hypothesis import given
from hypothesis import strategies as st

from bcelldepl.fcs import Acquisition, read_fcs
from bcelldepl.fcs.cross_check import cross_check
from bcelldepl.fcs.errors import BadKeywordError
from bcelldepl.fcs.off_scale import LEAST_OTHER_BITS, MOST_OFF_SCALE

N = 1000
RANGE = 4096


def read(tmp_path: Path, values: list[list[int]], **how: object) -> Acquisition:
    path = tmp_path / "tube.fcs"
    n_channels = len(values[0])
    how = {"datatype": "I", "bits": [16] * n_channels, "ranges": [RANGE] * n_channels, **how}
    path.write_bytes(fcs(values, **how))  # type: ignore[arg-type]
    return read_fcs(path)


def signals(n_above: int, above: int = 5000) -> list[list[int]]:
    """Signals of two channels, the first of which has some above its range, evenly over the file."""
    first = np.arange(N) % RANGE
    first[np.linspace(0, N - 1, n_above).astype(int)] = above
    return [[int(value), 7] for value in first]


@pytest.mark.parametrize("width", [16, 24, 32, 64])
@pytest.mark.parametrize("order", ["1,2,3,4", "4,3,2,1"])
def test_a_signal_off_the_scale_is_cut_to_its_top(tmp_path: Path, width: int, order: str) -> None:
    """Masked, 4096 would be 0 and 5000 a dim 904."""
    values = [[5, 4095], [4096, 1], [5000, 2], *([[9, 9]] * 97)]
    acquisition = read(tmp_path, values, bits=[width] * 2, order=order)
    npt.assert_array_equal(acquisition.raw()[:, :3], [[5, 4095, 4095], [4095, 1, 2]])
    npt.assert_array_equal(acquisition.columns(), acquisition.raw())
    assert [warning for warning in acquisition.warnings if "above $PnR" in warning] == [
        "DATA: values above $PnR are off the scale and cut to its top: 2 of C1"
    ]


@pytest.mark.parametrize(
    ("share", "outcome"),
    [
        (0.0, "as stored"),
        (0.003, "cut"),
        (MOST_OFF_SCALE, "cut"),
        (MOST_OFF_SCALE + 0.01, "refused"),
        (LEAST_OTHER_BITS - 0.01, "refused"),
        (LEAST_OTHER_BITS, "masked"),
        (1.0, "masked"),
    ],
)
def test_the_share_of_events_tells(tmp_path: Path, share: float, outcome: str) -> None:
    values = signals(round(share * N))
    if outcome == "refused":
        with pytest.raises(BadKeywordError, match=r"\$P1R of C1 is 4096, but \d+ % of its values are larger"):
            read(tmp_path, values)
        return
    stored = np.array(values).T[0]
    expected = {"as stored": stored, "cut": np.minimum(stored, 4095), "masked": stored & 4095}[outcome]
    npt.assert_array_equal(read(tmp_path, values).raw()[0], expected)


def test_the_range_itself_is_a_signal_at_the_top_in_any_share(tmp_path: Path) -> None:
    acquisition = read(tmp_path, signals(N // 5, above=RANGE))
    assert np.count_nonzero(acquisition.raw()[0] == 4095) == N // 5


def test_a_counter_of_time_rolls_over(tmp_path: Path) -> None:
    ticks = np.arange(0, 10 * N, 10)
    acquisition = read(tmp_path, [[int(tick), 1] for tick in ticks], names=["TIME", "FS"])
    npt.assert_array_equal(acquisition.raw()[0], ticks & 4095)


def test_all_threads_and_blocks_cut_alike(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(1).integers(0, 4096, (40_000, 2), dtype=np.uint16)
    values[::100, 0] = 60_000
    keywords = {"$TOT": "40000", "$DATATYPE": "I", "$P1B": "16", "$P2B": "16", "$P1R": "4096", "$P2R": "4096"}
    path = tmp_path / "tube.fcs"
    path.write_bytes(fcs([[0.0] * 2], data=values.astype("<u2").tobytes(), keywords=keywords))
    monkeypatch.setattr("bcelldepl.fcs.data.LARGE_BYTES", 1000)
    monkeypatch.setattr("bcelldepl.fcs.blocks.BLOCK_BYTES", 4096)
    acquisition = read_fcs(path)
    npt.assert_array_equal(acquisition.raw(), np.minimum(values, 4095).T)
    assert "400 of C1" in "".join(acquisition.warnings)


def test_peers_that_mask_are_told(tmp_path: Path) -> None:
    acquisition = read(tmp_path, signals(3), version="FCS3.0")
    for comparison in cross_check(acquisition):
        assert comparison.verdict == "differs"
        assert "3 of 2000 values above $PnR, read there without their upper bits" in comparison.detail


@given(
    st.lists(st.integers(0, 65_535), min_size=1, max_size=60), st.sampled_from([2, 1000, 1024, 4096, 65_536])
)
def test_no_value_ever_grows_and_what_fits_stays(
    tmp_path_factory: pytest.TempPathFactory, values: list[int], limit: int
) -> None:
    folder = tmp_path_factory.mktemp("off_scale")
    try:
        acquisition = read(folder, [[value] for value in values], bits=[16], ranges=[limit])
    except BadKeywordError:
        return
    raw, stored = acquisition.raw()[0].astype(int), np.array(values)
    assert (raw <= stored).all()
    npt.assert_array_equal(raw[stored < limit], stored[stored < limit])
    assert acquisition.columns().shape == (1, len(values))
