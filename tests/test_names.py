"""File names from names that people chose: plain ones as they are, none that leaves, no two the same."""

from __future__ import annotations

from pathlib import PurePosixPath, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bcelldepl.names import file_stem
from bcelldepl.results import tube_stem

ODD = ["../../x", "..", ".", "", "/etc/passwd", "C:\\x", "CON", "con.txt", "LPT1", "x" * 300, "日本/..", "a\x00b",
       "a:b", "a~b", "trailing.", "trailing ", "<b>", "\ud800", "e\u0301"]  # fmt: skip


@pytest.mark.parametrize("name", ["S01", "fcs__S01_BL", "S 1", "Müller-2", "a.b", "CONTROL"])
def test_a_plain_name_stays(name: str) -> None:
    assert file_stem(name) == name


@pytest.mark.parametrize("name", ODD)
def test_an_odd_name_is_one_short_part_on_every_system(name: str) -> None:
    for stem in (file_stem(name), tube_stem(name), tube_stem(f"{name}.fcs")):
        made = f"{stem}.gating-ml.xml"
        assert PurePosixPath(made).parts == (made,)
        assert PureWindowsPath(made).parts == (made,)
        assert not PureWindowsPath(made).is_reserved()
        assert len(made.encode()) < 250
        assert stem == stem.strip(". ")


def test_names_that_were_the_same_once_cleaned_are_apart() -> None:
    names = ["S 1", "S_1", "S/1", "S\\1", "S:1", "S*1"]
    assert len({file_stem(name) for name in names}) == len(names)
    files = [
        "a/b.fcs",
        "a__b.fcs",
        "a/b.lmd",
        "a/b",
        "a/b.FCS",
        "a/b.FCS.fcs",
        "../a/b.fcs",
        "a_/_b.fcs",
        "a~b.fcs",
    ]
    assert len({tube_stem(file) for file in files}) == len(files)


def test_a_usual_tube_is_named_after_its_path() -> None:
    assert tube_stem("fcs/S01_D10.fcs") == "fcs__S01_D10"


paths = st.text(st.sampled_from("ab_/.~ "), min_size=1, max_size=8).map(lambda text: f"{text}.fcs")


@given(st.lists(paths, min_size=2, max_size=6, unique=True))
def test_two_files_never_share_a_name(files: list[str]) -> None:
    assert len({tube_stem(file) for file in files}) == len(files)


@given(st.text(max_size=200), st.text(max_size=200))
def test_two_names_never_share_a_file(one: str, other: str) -> None:
    assert (file_stem(one) == file_stem(other)) == (one == other)
