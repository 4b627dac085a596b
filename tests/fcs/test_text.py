"""TEXT: delimiters where they should not be, blanks, odd bytes, a second segment."""

from __future__ import annotations

from pathlib import Path

import pytest
from fcs_builder import fcs

from bcelldepl.fcs import Acquisition, read_fcs

EVENTS = [[1.0, 2.0], [3.0, 4.0]]


def read(tmp_path: Path, content: bytes) -> Acquisition:
    path = tmp_path / "tube.fcs"
    path.write_bytes(content)
    acquisition = read_fcs(path)
    assert acquisition.raw().T.tolist() == EVENTS
    return acquisition


@pytest.mark.parametrize("delimiter", [b"/", b"\\", b"|", b"\x0c", b"!", b"\x1e", b"*", b"~"])
def test_delimiters(tmp_path: Path, delimiter: bytes) -> None:
    acquisition = read(tmp_path, fcs(EVENTS, delimiter=delimiter, keywords={"TUBE": "a b"}))
    assert acquisition.keywords["TUBE"] == "a b"


def test_doubled_delimiter_belongs_to_the_value(tmp_path: Path) -> None:
    acquisition = read(tmp_path, fcs(EVENTS, keywords={"PATH": "C:/data/x/tube.fcs", "$P1S": "CD19/CD20"}))
    assert acquisition.keywords["PATH"] == "C:/data/x/tube.fcs"
    assert acquisition.channels[0].label == "CD19/CD20"


def test_empty_values(tmp_path: Path) -> None:
    content = fcs(EVENTS, keywords={"$P1S": "", "NOTE": "", "$P2S": "", "LAST": "x"})
    acquisition = read(tmp_path, content)
    assert acquisition.keywords["LAST"] == "x"
    assert acquisition.keywords["NOTE"] == ""


@pytest.mark.parametrize("inside", [b"a/b", b"a/b/c", b"a/b/c/d"])
def test_lone_delimiters_inside_a_value(tmp_path: Path, inside: bytes) -> None:
    content = fcs(EVENTS, keywords={"$FIL": "#" * len(inside), "$P1S": "CD19"})
    acquisition = read(tmp_path, content.replace(b"#" * len(inside), inside))
    assert acquisition.channels[0].label == "CD19"
    assert [channel.name for channel in acquisition.channels] == ["C1", "C2"]


@pytest.mark.parametrize("note", [b"a/b", b"a/b/c", b"a/b/c/d"])
@pytest.mark.parametrize("key", ["SPILL", "spillover"])
def test_a_matrix_behind_a_value_with_lone_delimiters(tmp_path: Path, note: bytes, key: str) -> None:
    stand_in = "#" * len(note)
    keywords = {"$P2G": "2.0", "EXPERIMENT": stand_in, key: "2,C1,C2,1,0.2,0.1,1", "LAST": "x"}
    path = tmp_path / "tube.fcs"
    path.write_bytes(fcs(EVENTS, keywords=keywords).replace(stand_in.encode(), note))
    acquisition = read_fcs(path)
    assert acquisition.spillover is not None
    assert acquisition.spillover.matrix.tolist() == [[1, 0.2], [0.1, 1]]
    assert acquisition.channels[1].gain == 2.0
    assert acquisition.keywords["LAST"] == "x"


def test_a_value_that_is_the_name_of_a_matrix(tmp_path: Path) -> None:
    acquisition = read(tmp_path, fcs(EVENTS, keywords={"SOURCE": "SPILL", "$P1S": "CD19"}))
    assert acquisition.keywords["SOURCE"] == "SPILL"
    assert acquisition.channels[0].label == "CD19"


def test_missing_final_delimiter(tmp_path: Path) -> None:
    acquisition = read(tmp_path, fcs(EVENTS, keywords={"LAST": "value"}, cut_final_delimiter=True))
    assert acquisition.keywords["LAST"] == "value"


@pytest.mark.parametrize("tail", [b" ", b"\0\0", b"   \r\n"])
def test_rest_behind_the_final_delimiter(tmp_path: Path, tail: bytes) -> None:
    read(tmp_path, fcs(EVENTS, text_tail=tail))


def test_blanks_around_keywords_and_values(tmp_path: Path) -> None:
    content = fcs(EVENTS).replace(b"/$DATATYPE/F/", b"/ $DATATYPE /F /", 1)
    path = tmp_path / "tube.fcs"
    # the four blanks move everything behind: offsets stay right for a file built with them
    padded = fcs(EVENTS, drop=["$DATATYPE"], keywords={"   $DATATYPE": "F  ", "$p1s": " CD19 "})
    path.write_bytes(padded)
    acquisition = read_fcs(path)
    assert acquisition.keywords["$DATATYPE"] == "F"
    assert acquisition.channels[0].label == "CD19"
    assert len(content) == len(fcs(EVENTS)) + 3


def test_text_that_is_not_utf8(tmp_path: Path) -> None:
    content = fcs(EVENTS, keywords={"$OP": "J#rgen", "$COM": "µL"}).replace(b"J#rgen", b"J\xfcrgen")
    acquisition = read(tmp_path, content)
    assert acquisition.keywords["$OP"] == "Jürgen"
    assert acquisition.keywords["$COM"] == "µL"


def test_supplemental_text_comes_second(tmp_path: Path) -> None:
    supplement = b"/$P1S/CD19 PE-Cy7/$TOT/99/MORE/yes/"
    acquisition = read(tmp_path, fcs(EVENTS, supplement=supplement))
    assert acquisition.channels[0].label == "CD19 PE-Cy7"
    assert acquisition.keywords["MORE"] == "yes"
    assert acquisition.n_events == 2


def test_supplemental_text_that_is_not_there(tmp_path: Path) -> None:
    acquisition = read(tmp_path, fcs(EVENTS, supplement=b"no delimiter here"))
    assert any("supplemental" in warning for warning in acquisition.warnings)
    assert read(tmp_path, fcs(EVENTS, supplement=b" " * 40)).warnings == ()


def test_the_first_of_two_equal_keywords_counts(tmp_path: Path) -> None:
    acquisition = read(tmp_path, fcs(EVENTS, extra_text=b"$VOL/2/$VOL/3/"))
    assert acquisition.keywords["$VOL"] == "2"
    assert acquisition.volume.microlitres is None
    assert "more than once" in acquisition.volume.reason
    assert any("$VOL is given 2 times" in warning for warning in acquisition.warnings)


@pytest.mark.parametrize("shift", [-1, 1])
def test_text_offset_off_by_one(tmp_path: Path, shift: int) -> None:
    content = fcs(EVENTS)
    moved = content[:10] + b"%8d" % (58 + shift) + content[18:]
    if shift < 0:
        with pytest.raises(Exception, match="HEADER places TEXT"):
            read(tmp_path, moved)
        return
    acquisition = read(tmp_path, moved)
    assert any("begins with the delimiter nearby" in warning for warning in acquisition.warnings)


def test_text_that_goes_on_behind_its_end(tmp_path: Path) -> None:
    content = fcs(EVENTS, gap=b" " * 20)
    end = int(content[18:26])
    acquisition = read(tmp_path, content[:18] + b"%8d" % (end - 60) + content[26:])
    assert any("continues after the end" in warning for warning in acquisition.warnings)
    assert [channel.name for channel in acquisition.channels] == ["C1", "C2"]


@pytest.mark.parametrize("too_far", [1, 9, 16])
def test_text_that_ends_too_late(tmp_path: Path, too_far: int) -> None:
    content = fcs(EVENTS)
    end = int(content[18:26])
    read(tmp_path, content[:18] + b"%8d" % (end + too_far) + content[26:])


def test_channels_without_a_name_or_with_the_same(tmp_path: Path) -> None:
    acquisition = read(tmp_path, fcs(EVENTS, drop=["$P2N"]))
    assert acquisition.channels[1].name == "P2"
    twice = read(tmp_path, fcs(EVENTS, names=["A", "A"]))
    assert any("occur twice: A" in warning for warning in twice.warnings)


def with_label(tmp_path: Path, label: bytes, **others: bytes) -> Acquisition:
    """A file whose label, and whose other values, are these bytes."""
    keywords = {"$P1S": "#" * len(label)} | {key: "~" * len(text) for key, text in others.items()}
    content = fcs(EVENTS, keywords=keywords).replace(b"#" * len(label), label)
    for text in others.values():
        content = content.replace(b"~" * len(text), text)
    return read(tmp_path, content)


@pytest.mark.parametrize("encoding", ["gbk", "gb18030", "utf-8"])
def test_chinese_text(tmp_path: Path, encoding: str) -> None:
    label, subject = "T细胞CD3", "患者李晔"
    acquisition = with_label(tmp_path, label.encode(encoding), SRC=subject.encode(encoding))
    assert acquisition.channels[0].label == label
    assert acquisition.keywords["SRC"] == subject
    notes = [one for one in acquisition.warnings if "GB18030" in one]
    assert len(notes) == (encoding != "utf-8")
    assert all("'细胞'" in one or "'患者李晔'" in one for one in notes)


@pytest.mark.parametrize("label", ["CD3 ½µL", "Größe ±5 µm", "ÀÉ", "25 °C", "Jürgen Süß", "«été» naïve ÄÖ"])
def test_latin_text_is_no_chinese(tmp_path: Path, label: str) -> None:
    acquisition = with_label(tmp_path, label.encode("latin-1"))
    assert acquisition.channels[0].label == label
    assert acquisition.warnings == ()


def test_chinese_beside_other_bytes_is_not_guessed(tmp_path: Path) -> None:
    acquisition = with_label(tmp_path, "细胞标记".encode("gbk"), SRC="25 °C".encode("latin-1"))
    assert acquisition.keywords["SRC"] == "25 °C"
    assert acquisition.channels[0].label == "细胞标记".encode("gbk").decode("latin-1")
