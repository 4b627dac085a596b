"""Against fcsparser and FlowIO: what agrees; docs/reading-fcs.md explains what does not."""

from __future__ import annotations

from pathlib import Path

import pytest
from fcs_builder import fcs

from bcelldepl.errors import FcsError
from bcelldepl.fcs import read_fcs
from bcelldepl.fcs.cross_check import cross_check

DOCS = Path(__file__).resolve().parents[2] / "docs" / "reading-fcs.md"
EVENTS = [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]


@pytest.mark.parametrize(("datatype", "bits"), [("F", 32), ("D", 64), ("I", 16), ("I", 32)])
def test_plain_files_agree(tmp_path: Path, datatype: str, bits: int) -> None:
    path = tmp_path / "tube.fcs"
    path.write_bytes(fcs(EVENTS, version="FCS3.0", datatype=datatype, bits=[bits] * 2))
    assert [comparison.verdict for comparison in cross_check(read_fcs(path))] == ["agrees", "agrees"]


def test_a_refusal_and_a_difference_are_told(tmp_path: Path) -> None:
    path = tmp_path / "tube.fcs"
    path.write_bytes(fcs(EVENTS, version="FCS3.0", order="4,3,2,1", keywords={"$TOT": "2"}))
    parsers = {comparison.reader: comparison for comparison in cross_check(read_fcs(path))}
    assert all(comparison.verdict != "agrees" for comparison in parsers.values())
    assert all(comparison.detail for comparison in parsers.values())
    assert "the file is not at fault" in parsers["fcsparser"].detail


def test_every_real_file(real_data: Path) -> None:
    files = sorted(path for path in real_data.rglob("*") if path.suffix.lower() in (".fcs", ".lmd"))
    assert files
    explained = DOCS.read_text(encoding="utf-8")
    agreements = 0
    for path in files:
        try:
            acquisition = read_fcs(path)
        except FcsError:
            continue
        for dataset in range(acquisition.n_datasets):
            for comparison in cross_check(read_fcs(path, dataset=dataset)):
                agreements += comparison.verdict == "agrees"
                if comparison.verdict == "differs":
                    assert path.name in explained, f"{path.name}: {comparison}"
    assert agreements >= len(files)
