"""Rows of the sheet that are wrong beside their files: said in `tubes.csv`, and by the exit code."""

from __future__ import annotations

from pathlib import Path

from bcelldepl.batch import run
from bcelldepl.study import load_study


def test_doubts_of_the_sheet_reach_the_tables_and_the_exit_code(copy_of_one: Path) -> None:
    sheet = copy_of_one / "samples.csv"
    text = sheet.read_text().replace("fmo:CAR", "fmo:CRA")
    lines = text.splitlines()
    column = lines[0].split(",").index("visit")
    cells = [line.split(",") for line in lines]
    (first, second) = [row for row in cells if row[0].endswith(("D10.fcs", "D28.fcs"))][:2]
    second[column] = first[column]
    sheet.write_text("\n".join(map(",".join, cells)) + "\n")
    results = run(load_study(copy_of_one / "study.toml"), copy_of_one / "results", workers=1)
    reasons = dict(zip(results.tubes["file"], results.tubes["reason"], strict=True))
    assert f"visit {first[column]} of S01 is day" in reasons[first[0]]
    assert f"visit {first[column]} of S01 is day" in reasons[second[0]]
    controls = [reason for file, reason in reasons.items() if "FMO" in file.upper()]
    assert controls
    assert all("the role fmo:CRA is used by no gate" in reason for reason in controls)
    assert results.exit_code == 1
    page = (copy_of_one / "results" / "report.html").read_text(encoding="utf-8")
    assert "the role fmo:CRA is used by no gate" in page
