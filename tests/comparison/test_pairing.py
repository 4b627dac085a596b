"""A manual percentage is of the parent that its heading names, wherever that stands above the population."""

from __future__ import annotations

from pathlib import Path

import pytest

from bcelldepl.comparison.count_table import read_count_tables
from bcelldepl.comparison.pairing import manual_count

ROW = {"population": "B", "parent": "lymphocytes"}
COUNTED = "Lymphs | Count,Lymphs/CD3- | Count"


@pytest.mark.parametrize(
    ("heading", "events", "percent"),
    [
        ("Lymphs/CD3-/B | Freq. of Lymphs", 100, 10.0),
        ("Lymphs/CD3-/B | Freq. of Parent", 40, 10.0),
        ("Lymphs/CD3-/B | Freq. of CD3-", 40, 10.0),
        ("Lymphs/CD3-/B | Freq. of Monocytes", None, 10.0),  # not known: compared, with a note
        ("Lymphs/CD3-/B | Freq. of T cells", None, None),
        ("B (% of Lymphs)", 100, 10.0),
    ],
)
def test_the_parent_of_a_percentage(
    tmp_path: Path, heading: str, events: int | None, percent: float | None
) -> None:
    path = tmp_path / "manual.csv"
    path.write_text(f"file,{COUNTED},{heading}\na.fcs,1000,400,10\n")
    (tube,) = read_count_tables(path)[""].tubes
    population = next(name for name in tube.populations if name.endswith("B"))
    found = manual_count(tube, population, ROW, None, None)
    assert (found.events, found.percent) == (events, percent)
    assert bool(found.note) == (events is None)
