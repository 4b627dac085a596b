"""Where DATA is: HEADER and TEXT blank, off by one, contradicting, cut."""

from __future__ import annotations

from pathlib import Path

import numpy.testing as npt
import pytest
from fcs_builder import fcs

from bcelldepl.fcs import Acquisition, read_fcs
from bcelldepl.fcs.errors import (
    BadHeaderError,
    BadTextError,
    DataNotFoundError,
    NoSuchDatasetError,
    TruncatedDataError,
    UnreadableFileError,
)

EVENTS = [[1.5, 2.0], [3.0, 4.0], [5.0, 6.0]]


def read(tmp_path: Path, content: bytes, **how: object) -> Acquisition:
    path = tmp_path / "tube.fcs"
    path.write_bytes(content)
    acquisition = read_fcs(path, **how)  # type: ignore[arg-type]
    npt.assert_array_equal(acquisition.raw().T, EVENTS)
    return acquisition


def test_right_offsets_need_no_word(tmp_path: Path) -> None:
    assert read(tmp_path, fcs(EVENTS)).warnings == ()
    assert read(tmp_path, fcs(EVENTS, gap=b"\0" * 17, tail=b"00000000")).warnings == ()


def test_only_header_or_only_text(tmp_path: Path) -> None:
    assert read(tmp_path, fcs(EVENTS, header_data=(0, 0))).warnings == ()
    assert read(tmp_path, fcs(EVENTS, drop=["$BEGINDATA", "$ENDDATA"])).warnings == ()


def test_header_full_of_nines_for_a_large_file(tmp_path: Path) -> None:
    read(tmp_path, fcs(EVENTS, header_data=(99999999, 99999999)))


def test_data_beyond_what_header_can_say(tmp_path: Path) -> None:
    begin = 100_000_010
    content = fcs(EVENTS, header_data=(0, 0), text_data=(begin, begin + 23))
    path = tmp_path / "large.fcs"
    with path.open("wb") as file:  # a hole takes no room on the disk
        file.write(content[:-24])
        file.seek(begin)
        file.write(content[-24:])
    acquisition = read_fcs(path)
    npt.assert_array_equal(acquisition.raw().T, EVENTS)
    assert acquisition.warnings == ()


@pytest.mark.parametrize("shift", [(0, 1), (0, -1)])
def test_end_off_by_one(tmp_path: Path, shift: tuple[int, int]) -> None:
    acquisition = read(tmp_path, fcs(EVENTS, shift=shift, tail=b"\0\0"))
    assert any("one byte off" in fact for fact in acquisition.facts)
    assert acquisition.warnings == ()


def test_offsets_that_count_from_one(tmp_path: Path) -> None:
    acquisition = read(tmp_path, fcs(EVENTS, shift=(1, 1)))
    assert any("count from 1" in fact for fact in acquisition.facts)
    assert acquisition.warnings == ()


def test_header_right_text_inside_text(tmp_path: Path) -> None:
    content = fcs(EVENTS, text_data=(100, 100 + 23))
    acquisition = read(tmp_path, content)
    assert any("HEADER fits and is used" in warning for warning in acquisition.warnings)


def test_text_right_header_inside_text(tmp_path: Path) -> None:
    content = fcs(EVENTS, header_data=(100, 100 + 23))
    acquisition = read(tmp_path, content)
    assert any("TEXT fits and is used" in warning for warning in acquisition.warnings)
    forced = read_fcs(acquisition.path, offsets="header")
    assert forced.place.begin == 100


def test_end_equal_to_begin(tmp_path: Path) -> None:
    content = fcs(EVENTS)
    begin = len(content) - 24
    read(tmp_path, fcs(EVENTS, header_data=(begin, begin), text_data=(begin, begin)))


def test_no_offsets_at_all(tmp_path: Path) -> None:
    for tail in (b"", b"0" * 8):
        acquisition = read(tmp_path, fcs(EVENTS, header_data=(0, 0), text_data=(0, 0), tail=tail))
        assert any("neither HEADER nor TEXT" in warning for warning in acquisition.warnings)
    with pytest.raises(DataNotFoundError):
        read(tmp_path, fcs(EVENTS, header_data=(0, 0), text_data=(0, 0), tail=b"\0" * 5))


def test_total_absent_or_zero_comes_from_the_length(tmp_path: Path) -> None:
    for content in (fcs(EVENTS, drop=["$TOT"]), fcs(EVENTS, keywords={"$TOT": "0"})):
        acquisition = read(tmp_path, content)
        assert any("gives 3 events" in warning for warning in acquisition.warnings)


def test_total_smaller_than_data_is_taken_and_said(tmp_path: Path) -> None:
    path = tmp_path / "tube.fcs"
    path.write_bytes(fcs(EVENTS, keywords={"$TOT": "2"}))
    acquisition = read_fcs(path)
    assert acquisition.n_events == 2
    assert any("room for 3 events, $TOT says 2" in warning for warning in acquisition.warnings)


def test_cut_file(tmp_path: Path) -> None:
    with pytest.raises(TruncatedDataError, match="contains at most 2"):
        read(tmp_path, fcs(EVENTS)[:-3])


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"", BadHeaderError),
        (b"oi21j08cn\n", BadHeaderError),
        (b"FCS3.0", BadHeaderError),
        (b"FCS1.0" + b" " * 60, BadHeaderError),
        (b"FCS3.1    " + b"%8d" * 6 % (58, 40, 0, 0, 0, 0), BadHeaderError),
        (b"FCS3.1    " + b"%8d" * 6 % (900, 999, 0, 0, 0, 0), BadHeaderError),
        (b"FCS3.1    " + b"%8d" * 6 % (58, 70, 0, 0, 0, 0) + b"ABCDEFGHIJKLM", BadTextError),
        (b"FCS3.1    " + b"%8d" * 6 % (58, 60, 0, 0, 0, 0) + b"///", BadTextError),
    ],
)
def test_rubbish(tmp_path: Path, content: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        read(tmp_path, content)


def test_no_such_file_and_a_folder(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFileError):
        read_fcs(tmp_path / "none.fcs")
    with pytest.raises(UnreadableFileError):
        read_fcs(tmp_path)


def chain(first: bytes, second: bytes, base: int | None = None) -> bytes:
    base = len(first) if base is None else base
    return first.replace(b"/$NEXTDATA/0/", b"/$NEXTDATA/%d/" % base) + second


def test_richest_data_set_with_the_facts_of_its_sibling(tmp_path: Path) -> None:
    stub = {
        "$CYT": "Gallios",
        "$DATE": "24-Jun-03",
        "$P1S": "CD19 APC",
        "$DFC1TO2": "5.0",
        "$NEXTDATA": "0000",
    }
    first = fcs(
        [[1, 2], [3, 4]],
        datatype="I",
        names=["FL1 LOG", "FL2 LOG"],
        ranges=[1024] * 2,
        order="1,2",
        keywords=stub,
    )
    first = first.replace(b"/$NEXTDATA/0000/", b"/$NEXTDATA/%04d/" % len(first))
    second = fcs(
        [[1000, 2000], [3000, 4000]], datatype="I", bits=[32] * 2, names=["FL1", "FL2"], ranges=[1 << 20] * 2
    )
    path = tmp_path / "tube.lmd"
    path.write_bytes(first + second)
    rich = read_fcs(path)
    assert (rich.dataset, rich.n_datasets) == (1, 2)
    npt.assert_array_equal(rich.raw(), [[1000, 3000], [2000, 4000]])
    assert rich.cytometer == "Gallios"
    assert rich.date == "2003-06-24"
    assert rich.channels[0].label == "CD19 APC"
    assert rich.spillover is not None
    npt.assert_allclose(rich.spillover.matrix, [[1, 0.05], [0, 1]])
    assert any("1, the largest, is read" in warning for warning in rich.warnings)
    npt.assert_array_equal(read_fcs(path, dataset=0).raw(), [[1, 3], [2, 4]])
    with pytest.raises(NoSuchDatasetError):
        read_fcs(path, dataset=2)


@pytest.mark.parametrize("step", [b"7777", b"0001", b"9999"])
def test_a_chain_that_leads_nowhere(tmp_path: Path, step: bytes) -> None:
    acquisition = read(tmp_path, fcs(EVENTS, keywords={"$NEXTDATA": step.decode()}))
    assert acquisition.n_datasets == 1
    assert any("$NEXTDATA" in warning for warning in acquisition.warnings)
