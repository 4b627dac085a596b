"""What a spreadsheet would run is recognised, and never written."""

from __future__ import annotations

import csv
import io

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bcelldepl.spreadsheet import csv_text, disarmed, hidden_character, is_live

LIVE = [
    "=1+1",
    "=cmd|' /C calc'!A0",
    "+cmd|' /C calc'!A0",
    "-2+3+cmd|' /C calc'!A0",
    "@SUM(A1)",
    "\t=1+1",
    "\r=1+1",
    " =1+1",
    "fine;=1+1",
    "fine\n@SUM(A1)",
    "\uff1d1+1",
    '=HYPERLINK("http://x.invalid")',
]
DEAD = [
    "",
    "S01",
    "-5",
    "+28",
    "-0.5",
    "-1e-3",
    "-12,5",
    "-5 %",
    "-",
    "--",
    "+/-",
    "a=b",
    "x - y",
    "a; b",
    "2026-01-31",
]


@pytest.mark.parametrize("text", LIVE)
def test_live(text: str) -> None:
    assert is_live(text)
    assert not is_live(disarmed(text))


@pytest.mark.parametrize("text", DEAD)
def test_dead_text_stays_as_it_is(text: str) -> None:
    assert not is_live(text)
    assert disarmed(text) == text


@given(st.text())
def test_whatever_is_written_is_dead_and_holds_no_escape(text: str) -> None:
    written = disarmed(text)
    assert not is_live(written)
    assert not hidden_character(written, "\n")
    if not is_live(text) and not hidden_character(text, "\n"):
        assert written == text


@given(st.lists(st.text(st.sampled_from('=+-@;,"\n\t\r 1a|'), max_size=8), min_size=1, max_size=5))
def test_no_cell_is_live_however_a_spreadsheet_cuts_the_line(texts: list[str]) -> None:
    table = pd.DataFrame({"text": texts, "number": [-1.0] * len(texts)})
    written = csv_text(table)
    for delimiter in (",", ";", "\t"):
        for row in csv.reader(io.StringIO(written, newline=""), delimiter=delimiter):
            for cell in row:
                # Cut at semicolons a cell may hold what follows in the line: a number stays a number.
                assert not is_live(cell.removesuffix(",-1.0").removesuffix('"'))


def test_numbers_and_missing_values_are_written_as_ever() -> None:
    table = pd.DataFrame(
        {"day": [-5.0, 28.0], "n": pd.array([1, None], dtype="Int64"), "visit": ["-5", "=x1"]}
    )
    assert csv_text(table) == "day,n,visit\n-5.0,1,-5\n28.0,,'=x1\n"
    assert list(table["visit"]) == ["-5", "=x1"]


@pytest.mark.parametrize(("text", "name"), [("a\x1b[31m", "U+001B"), ("S\u200b1", "U+200B"), ("\u202e10S", "U+202E"),
                                            ("\ud800", "U+D800"), ("Müller 日本", "")])  # fmt: skip
def test_hidden_characters_are_named(text: str, name: str) -> None:
    assert hidden_character(text) == name
