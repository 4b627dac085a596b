"""Manual counts from a table: numbers as the study's own sheet reads them, and no count twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from bcelldepl.comparison.count_table import read_count_table
from bcelldepl.gate_exchange.manual import ManualCount


@pytest.mark.parametrize(
    ("text", "expected", "said"),
    [
        ("file;population;events\na.fcs;B;46.000\n", {}, "two ways"),
        ("file\tpopulation\tevents\na.fcs\tB\t46.000\n", {}, "two ways"),
        ("file;population;per_ul\na.fcs;T;1.316\n", {}, "two ways"),
        ("file;population;per_ul\na.fcs;T;12,5\n", {"T": ManualCount(None, 12.5)}, ""),
        ("file;population;events;per_ul\na.fcs;B;1000;1,2345\n", {"B": ManualCount(1000, 1.2345)}, ""),
        ('file,population,events\na.fcs,B,"1,316"\n', {}, "comma"),
        ("file,population,events\na.fcs,B,1_000\n", {}, "not a number"),
        ("file,population,events\na.fcs,B,-3\n", {}, "no count"),
        ("file,population,events\na.fcs,B,3.5\n", {}, "no whole number"),
        ("file,population,events\na.fcs,B,10.0\n", {"B": ManualCount(10)}, ""),
        ("file,population,events\na.fcs,B,10\na.fcs,B,99\n", {"B": ManualCount(10)}, "a second count"),
        (
            "file,B,T\na.fcs,10,100\na.fcs,99,900\n",
            {"B": ManualCount(10), "T": ManualCount(100)},
            "a second count",
        ),
    ],
)
def test_numbers(tmp_path: Path, text: str, expected: dict[str, ManualCount], said: str) -> None:
    path = tmp_path / "manual.csv"
    path.write_text(text)
    manual = read_count_table(path)
    assert {name: count for tube in manual.tubes for name, count in tube.stated.items()} == expected
    assert bool(manual.skipped) == bool(said)
    assert all(said in str(problem) for problem in manual.skipped)
