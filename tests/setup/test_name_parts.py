"""What names of files say, in the words of several laboratories."""

from __future__ import annotations

import datetime

import pytest

from bcelldepl.setup.name_parts import read_name
from bcelldepl.setup.subject_names import guess_subjects, subjects_of_keyword


@pytest.mark.parametrize(
    ("name", "role", "day", "visit"),
    [
        ("fcs/S01_BL_FMO-CAR", "fmo:CAR", None, "BL"),
        ("S01_D+010", "", 10, "D+010"),
        ("S01_D-5", "", -5, "D-5"),
        ("S01/Day 28/CAR FMO_002", "fmo:CAR", 28, "Day 28"),
        ("P-01_d14_FMO CD19 BV421", "fmo:CD19", 14, "d14"),
        ("anti-FMC63 FMO S03", "fmo:CAR", None, ""),
        ("S01_FMO", "fmo", None, ""),
        ("S01_BL_FMO_001", "fmo", None, "BL"),
        ("患者03_第28天_CAR", "", 28, "第28天"),
        ("受试者01_基线_未染", "unstained", None, "基线"),
        ("患者03_第4周", "", 28, "第4周"),
        ("S01 输注前", "", None, "输注前"),
        ("S01_W4_01", "", 28, "W4"),
        ("S01_Month 3", "", None, "Month 3"),
        ("CN01-003_V3_D28", "", 28, "V3"),
        ("Compensation Controls_FITC Stained Control_001", "single:FITC", None, ""),
        ("Compensation Controls_Unstained Control_001", "unstained", None, ""),
        ("S01_CD19 single stain", "single:CD19", None, ""),
        ("CD19单染", "single:CD19", None, ""),
        ("S01_isotype", "isotype", None, ""),
        ("Blank tube", "blank", None, ""),
        ("Ｓ01＿Ｄ10", "", 10, "D10"),  # noqa: RUF001 full-width
        # no days, visits and roles
        ("S01_CD28_CD3", "", None, ""),
        ("PreciseBeads_D0x", "", None, ""),
        ("isolation_S01", "", None, ""),
        ("Specimen_001_1-15_003", "", None, ""),
    ],
)
def test_parts(name: str, role: str, day: float | None, visit: str) -> None:
    parts = read_name(name)
    assert (parts.role, parts.day, parts.visit) == (role, day, visit)


@pytest.mark.parametrize(
    ("name", "date"),
    [
        ("S01_20260312", datetime.date(2026, 3, 12)),
        ("S01_2026-03-12_D5", datetime.date(2026, 3, 12)),
        ("S01 2026年3月2日", datetime.date(2026, 3, 2)),
        ("03JUN2021_S01", datetime.date(2021, 6, 3)),
        ("S01_12-03-2026", None),  # could be read in two ways
        ("S01_20261312", None),
        ("S01_20260231", None),
        ("S01_1202603121", None),
        ("03XYZ2021", None),
    ],
)
def test_dates(name: str, date: datetime.date | None) -> None:
    assert read_name(name).date == date


@pytest.mark.parametrize(
    ("names", "subjects"),
    [
        (["fcs/S01_BL", "fcs/S01_D10", "fcs/S02_BL"], ["S01", "S01", "S02"]),
        (["S01_BL", "S01_D10"], ["S01", "S01"]),
        (["AB_01-INF041-04_01", "AB_01-INF105-Cord"], ["INF041", "INF105"]),
        (["患者03_基线", "患者04_基线"], ["患者03", "患者04"]),
        (["Patient 3_BL", "Patient 4_BL"], ["Patient 3", "Patient 4"]),
        (["CN01-003_V3_D28_20260312", "CN01-004_V3"], ["CN01-003", "CN01-004"]),
        (["张三/D0_CAR", "李四/D0", "李四/D10"], ["张三", "李四", "李四"]),
        (["fcs/tube", "raw/tube"], [None, None]),
        (["Panel2/S1/D0", "Panel2/S2/D0"], ["S1", "S2"]),
        (["1001_D5", "1002_D5"], ["1001", "1002"]),
        (["tube"], [None]),
        (["Specimen_001_1-15_003_006"], [None]),
        (["CD19_BL", "CD3_BL"], [None, None]),
        (["S01_BL", "S02_BL", "control_BL"], ["S01", "S02", None]),
    ],
)
def test_subjects(names: list[str], subjects: list[str | None]) -> None:
    found = guess_subjects({name: read_name(name).rest for name in names})
    assert [found.get(name) for name in names] == subjects


def test_a_keyword_is_believed_where_all_names_hold_it() -> None:
    names = {"a": "AB-INF041-04_01", "b": "AB-INF105-04_01"}
    assert subjects_of_keyword({"a": "INF041", "b": "INF105"}, names) == {"a": "INF041", "b": "INF105"}
    assert subjects_of_keyword({"a": "INF041", "b": "INF999"}, names) == {}
    assert subjects_of_keyword({"a": "INF041"}, names) == {}
    assert subjects_of_keyword({"a": "AB", "b": "AB"}, names) == {}
