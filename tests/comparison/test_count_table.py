"""Manual counts from a table: numbers as the study's own sheet reads them, and no count twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from bcelldepl.comparison.count_headings import Measure, population_column
from bcelldepl.comparison.count_table import read_count_tables
from bcelldepl.errors import ExchangeError
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
        ('file,population,per_ul\na.fcs,B,"12,5"\n', {"B": ManualCount(None, 12.5)}, ""),
        ("file,population,events\na.fcs,B,<5\n", {"B": ManualCount(5, below=True)}, ""),
        ("file,population,per_ul\na.fcs,B,< 0.5\n", {"B": ManualCount(None, 0.5, below=True)}, ""),
        ("file,population,events\na.fcs,B,n.d.\n", {"B": ManualCount()}, ""),
        ("file,population,% Parent\na.fcs,B,104\n", {}, "more than 100 %"),
        (
            "file,population,percent_of_parent,parent\na.fcs,B,4.5,lymphocytes\n",
            {"B": ManualCount(None, None, 4.5, "lymphocytes")},
            "",
        ),
        (
            "file,population,events,analysed_volume_ul\na.fcs,B,10,4.5\n",
            {"B": ManualCount(10, volume_ul=4.5)},
            "",
        ),
        ("file,population,events\na.fcs,B,1_000\n", {}, "not a number"),
        ("file,population,events\na.fcs,B,-3\n", {}, "not a count"),
        ("file,population,events\na.fcs,B,3.5\n", {}, "not a whole number"),
        ("file,population,events\na.fcs,B,10.0\n", {"B": ManualCount(10)}, ""),
        ("file,population,events\na.fcs,B,10\na.fcs,B,99\n", {"B": ManualCount()}, "neither is used"),
        (
            "file,B,T\na.fcs,10,100\na.fcs,99,900\n",
            {"B": ManualCount(), "T": ManualCount()},
            "neither is used",
        ),
        # Kaluza repeats a gate with every plot that shows it.
        (
            "file,gate,input gate,number,%gated\na.fcs,B,All,10,5\na.fcs,B,Lymph,10,7\n",
            {"B": ManualCount(10, percent=5.0, parent="All")},
            "",
        ),
    ],
)
def test_numbers(tmp_path: Path, text: str, expected: dict[str, ManualCount], said: str) -> None:
    path = tmp_path / "manual.csv"
    path.write_text(text)
    manual = read_count_tables(path)[""]
    assert {name: count for tube in manual.tubes for name, count in tube.stated.items()} == expected
    assert bool(manual.skipped) == bool(said)
    assert all(said in str(problem) for problem in manual.skipped)


@pytest.mark.parametrize(
    ("heading", "population", "measure"),
    [
        ("B cells", "B cells", None),
        ("NK cells", "NK cells", None),
        ("Lymphocytes/B cells | Count", "Lymphocytes/B cells", Measure.EVENTS),
        ("Lymphocytes/B cells | Freq. of Parent (%)", "Lymphocytes/B cells", Measure.PERCENT),
        ("Lymphocytes/B cells | Freq. of Parent", "Lymphocytes/B cells", Measure.PERCENT),
        ("Lymphocytes/B cells | Freq. of Total", "Lymphocytes/B cells", Measure.OTHER),
        ("Lymphocytes/B cells | Median (Comp-APC-A)", "Lymphocytes/B cells", Measure.OTHER),
        ("CD19+ #Events", "CD19+", Measure.EVENTS),
        ("CD19+ % Parent", "CD19+", Measure.PERCENT),
        ("CD19+ %Parent", "CD19+", Measure.PERCENT),
        ("B cells (cells/µL)", "B cells", Measure.PER_UL),
        ("B cells [cells/μl]", "B cells", Measure.PER_UL),
        ("B cells/uL", "B", Measure.PER_UL),
        ("B_per_ul", "B", Measure.PER_UL),
        ("B_percent_of_parent", "B", Measure.PERCENT),
        ("CD3+ Abs Cnt", "CD3+", Measure.PER_UL),
        ("CD45+/CD19+ Events/µL(V)", "CD45+/CD19+", Measure.PER_UL),
        ("CD4/CD8", "CD4/CD8", None),
        ("CD19+ (events)", "CD19+", Measure.EVENTS),
        ("B, Count", "B", Measure.EVENTS),
        ("NK, cells/mm3", "NK", Measure.PER_UL),
        ("B cells % of total", "B cells", Measure.OTHER),
    ],
)
def test_headings_of_populations(heading: str, population: str, measure: Measure | None) -> None:
    found = population_column(heading)
    assert (found.population, found.measure) == (population, measure)


@pytest.mark.parametrize(
    ("heading", "parent"),
    [
        ("B cells (% of lymphocytes)", "lymphocytes"),
        ("Lymphs/B cells | Freq. of Lymphs", "Lymphs"),
        ("Tcell| Freq. of CD45+ (%)", "CD45+"),
        ("CD19+ percent of CD45+", "CD45+"),
        ("B % parent", ""),
    ],
)
def test_percentages_of_a_parent_that_the_heading_names(heading: str, parent: str) -> None:
    found = population_column(heading)
    assert (found.measure, found.parent) == (Measure.PERCENT, parent)


def counts_of(path: Path, text: str | bytes) -> tuple[dict[str, dict[str, ManualCount]], str]:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    manual = read_count_tables(path)[""]
    return {tube.name: dict(tube.stated) for tube in manual.tubes}, " | ".join(map(str, manual.skipped))


def test_a_table_of_flowjo(tmp_path: Path) -> None:
    """The first heading is blank; a mean and an SD end the table; a comma ends each line."""
    text = (
        ",Lymphocytes | Count,Lymphocytes/B cells | Count,Lymphocytes/B cells | Freq. of Parent,B | Median (CD19),\n"
        "S01_BL.fcs,9000,450,5.0 %,812,\n"
        "S01_D28.fcs,8000,0,0 %,n/a,\n"
        "Mean,8500,225,2.5 %,,\n"
        "SD,707,318,3.5 %,,\n"
    )
    found, said = counts_of(tmp_path / "manual.csv", text)
    assert set(found) == {"S01_BL.fcs", "S01_D28.fcs"}
    assert found["S01_BL.fcs"]["Lymphocytes/B cells"] == ManualCount(450, percent=5.0, parent="Lymphocytes")
    assert found["S01_D28.fcs"]["Lymphocytes/B cells"] == ManualCount(0, percent=0.0, parent="Lymphocytes")
    assert "rows Mean, SD: they summarise tubes" in said
    assert "B | Median (CD19): a statistic that is not compared" in said


def test_a_batch_table_of_facsdiva(tmp_path: Path) -> None:
    text = (
        "Specimen Name,Tube Name,Record Date,CD19+ #Events,CD19+ % Parent\n"
        "S01,Tube_001,Jan 3 2026,450,5.0\nS02,Tube_001,Jan 3 2026,20,0.2\n"
    )
    path = tmp_path / "manual.csv"
    path.write_text(text)
    manual = read_count_tables(path)[""]
    assert [tube.names for tube in manual.tubes] == [
        ("S01_Tube_001", "Tube_001"),
        ("S02_Tube_001", "Tube_001"),
    ]
    assert [tube.keywords for tube in manual.tubes] == [
        {"TUBE NAME": "Tube_001", "$SRC": "S01"},
        {"TUBE NAME": "Tube_001", "$SRC": "S02"},
    ]
    assert [tube.stated["CD19+"].events for tube in manual.tubes] == [450, 20]


def test_what_facsdiva_writes_without_a_count_and_a_column_of_dates_are_named_once(tmp_path: Path) -> None:
    text = "Tube Name,Record Date,CD19+ #Events\nT1,Jan 3 2026,450\nT2,Jan 4 2026,####\n"
    found, said = counts_of(tmp_path / "manual.csv", text)
    assert found == {"T1": {"CD19+": ManualCount(450)}}
    assert said.count("Record Date") == 1
    assert "####" not in said


def test_a_table_of_kaluza_with_decimal_commas(tmp_path: Path) -> None:
    text = (
        "Data Set;Gate;Number;%Total;%Gated;Cells/µL\n"
        "S01 BL.lmd;CD19+;450;1,2;5,0;61,2\nS01 BL.lmd;CD3+;6000;16,0;66,7;816\n"
    )
    found, _ = counts_of(tmp_path / "manual.csv", text.encode("cp1252"))
    assert found == {
        "S01 BL.lmd": {"CD19+": ManualCount(450, 61.2, 5.0), "CD3+": ManualCount(6000, 816.0, 66.7)}
    }


def test_a_sheet_of_excel_with_units_in_headings_and_bounds(tmp_path: Path) -> None:
    text = "Sample\tVisit\tB cells (cells/µL)\tT cells (cells/µL)\nS01_BL.fcs\tBL\t<0,5\t816,25\n"
    found, said = counts_of(tmp_path / "manual.tsv", text.encode("utf-16"))
    assert found == {
        "S01_BL.fcs": {"B cells": ManualCount(None, 0.5, below=True), "T cells": ManualCount(None, 816.25)}
    }
    assert "Visit: the column contains no counts" in said


def test_a_plain_column_of_percentages_is_told_by_its_cells(tmp_path: Path) -> None:
    found, _ = counts_of(tmp_path / "manual.csv", "file,B\na.fcs,4.5 %\nb.fcs,12 %\n")
    assert [one["B"] for one in found.values()] == [ManualCount(percent=4.5), ManualCount(percent=12.0)]


def test_readers_of_one_table(tmp_path: Path) -> None:
    path = tmp_path / "manual.csv"
    path.write_text("file,operator,population,events\na.fcs,X,B,10\na.fcs,Y,B,12\n")
    found = read_count_tables(path)
    assert {name: manual.tubes[0].stated["B"].events for name, manual in found.items()} == {"X": 10, "Y": 12}


@pytest.mark.parametrize(
    "above", ["Manual gating of study X,,\n,,\n", "sep=,\n", "\n\n", "Study:,X,\nOperator:,Y\n"]
)
def test_a_title_above_the_headings(tmp_path: Path, above: str) -> None:
    found, said = counts_of(tmp_path / "manual.csv", f"{above}file,B,T\na.fcs,10,100\nb.fcs,x1,2\n")
    assert found == {
        "a.fcs": {"B": ManualCount(10), "T": ManualCount(100)},
        "b.fcs": {"T": ManualCount(2)},
    }
    assert f"line {above.count(chr(10)) + 3}, B" in said


def test_a_workbook_with_percent_cells_and_means_below(tmp_path: Path) -> None:
    """A cell formatted as a percentage holds 0.123 and shows 12.3 %: what is shown was meant."""
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    sheet = book.active
    for row in (
        ["Study X"],
        [],
        ["file", "B | Freq. of Parent", "T"],
        ["a.fcs", 0.123, 0.5],
        ["b.fcs", 0, 1],
    ):
        sheet.append(row)
    for row in sheet.iter_rows(min_row=4, min_col=2):
        for cell in row:
            cell.number_format = "0.0%"
    sheet.append(["Mean", "=AVERAGE(B4:B5)", "=AVERAGE(C4:C5)"])
    book.save(tmp_path / "manual.xlsx")
    manual = read_count_tables(tmp_path / "manual.xlsx")[""]
    assert {tube.name: dict(tube.stated) for tube in manual.tubes} == {
        "a.fcs": {"B": ManualCount(percent=12.3), "T": ManualCount(percent=50.0)},
        "b.fcs": {"B": ManualCount(percent=0.0), "T": ManualCount(percent=100.0)},
    }
    assert "rows Mean" in str(manual.skipped[0])
    sheet["C4"], sheet["C4"].number_format = 50, '0" %"'  # the sign is text: the cell holds 50
    book.save(tmp_path / "manual.xlsx")
    assert read_count_tables(tmp_path / "manual.xlsx")[""].tubes[0].stated["T"].percent == 50
    sheet["B5"] = "=1/2"
    book.save(tmp_path / "manual.xlsx")
    with pytest.raises(ExchangeError, match="B5 contains a formula"):
        read_count_tables(tmp_path / "manual.xlsx")
