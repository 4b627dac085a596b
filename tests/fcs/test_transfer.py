"""DATA that a program for text has spoiled is refused; what was measured never is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.testing as npt
import pytest
from fcs_builder import fcs

from bcelldepl.fcs import read_fcs
from bcelldepl.fcs.errors import DamagedDataError
from bcelldepl.fcs.transfer import LEAST_LINES, LEAST_LONG_CHARACTERS

N = 6000


def write(path: Path, data: bytes, datatype: str = "I") -> Path:
    bits = {"I": "16", "F": "32", "A": "2"}[datatype]
    keywords = {
        "$TOT": str(N),
        "$DATATYPE": datatype,
        "$P1B": bits,
        "$P2B": bits,
        "$P1R": "1024",
        "$P2R": "1024",
    }
    path.write_bytes(fcs([[0.0] * 2], data=data, keywords=keywords))
    return path


@pytest.fixture
def ten_bits() -> bytes:
    return np.random.default_rng(4).integers(0, 1024, 2 * N).astype("<u2").tobytes()


def test_encoded_as_text(tmp_path: Path, ten_bits: bytes) -> None:
    path = write(tmp_path / "tube.fcs", ten_bits.decode("latin-1").encode("utf-8"))
    with pytest.raises(DamagedDataError, match="UTF-8") as caught:
        read_fcs(path)
    assert "binary" in caught.value.remedy


def test_decoded_with_replacement_characters(tmp_path: Path, ten_bits: bytes) -> None:
    with pytest.raises(DamagedDataError, match="UTF-8"):
        read_fcs(write(tmp_path / "tube.fcs", ten_bits.decode("utf-8", "replace").encode("utf-8")))


def test_line_ends_changed(tmp_path: Path, ten_bits: bytes) -> None:
    with pytest.raises(DamagedDataError, match="line ends"):
        read_fcs(write(tmp_path / "tube.fcs", ten_bits.replace(b"\n", b"\r\n")))


def test_what_was_measured_is_read(tmp_path: Path, ten_bits: bytes) -> None:
    npt.assert_array_equal(
        read_fcs(write(tmp_path / "tube.fcs", ten_bits)).raw().T.ravel(), np.frombuffer(ten_bits, "<u2")
    )
    floats = np.random.default_rng(5).lognormal(6, 2, 2 * N).astype("<f4").tobytes()
    assert read_fcs(write(tmp_path / "floats.fcs", floats, "F")).n_events == N


@pytest.mark.parametrize(("unit", "enough"), [("é".encode(), LEAST_LONG_CHARACTERS), (b"\r\n", LEAST_LINES)])
def test_a_few_bytes_prove_nothing(tmp_path: Path, unit: bytes, enough: int) -> None:
    for times, refused in ((enough - 1, False), (enough, True)):
        path = write(tmp_path / "tube.fcs", (unit * times).ljust(4 * N, b"\1"))
        if refused:
            with pytest.raises(DamagedDataError):
                read_fcs(path)
        else:
            read_fcs(path)


def test_digits_are_text_anyway(tmp_path: Path) -> None:
    assert read_fcs(write(tmp_path / "tube.fcs", b"\r\n" * (2 * N), "A")).n_events == N
