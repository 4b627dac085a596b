"""Tables of a study report: every number is that of the CSV, and the RTF carries titles, pages and footnotes."""

from __future__ import annotations

import csv
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bcelldepl.definitions.columns import TableDefinition
from bcelldepl.definitions.tables import COUNTS, ENDPOINTS, TUBES
from bcelldepl.errors import ExchangeError
from bcelldepl.kinetics import analyse_study, kinetics_tables
from bcelldepl.listings.export import export_listings
from bcelldepl.listings.listing import digits, mean_sd, range_of
from bcelldepl.listings.subjects import listings_of
from bcelldepl.listings.tables import tables_of
from bcelldepl.results import Results
from bcelldepl.results.finished import read_finished_run
from bcelldepl.study.companions import CompanionResult
from bcelldepl.study.config import SubgroupSettings


def reader(folder: Path):
    def read(table: TableDefinition) -> pd.DataFrame:
        path = folder / table.file
        return table.read(path) if path.is_file() else table.frame([])

    return read


@pytest.fixture(scope="module")
def made(results: Results):
    read = reader(results.folder)
    return {one.name: one for one in (*tables_of(read), *listings_of(read))}


def test_numbers_are_those_of_the_csv(made, results: Results) -> None:
    rates = pd.read_csv(results.folder / "depletion_rates.csv")
    for row, cells in zip(rates.itertuples(), made["t_depletion"].rows, strict=True):
        assert cells[3] == f"{row.n_depleted}/{row.n_evaluable}"
        assert cells[4] == range_of(row.percent_depleted, row.ci_low_percent, row.ci_high_percent)
    summary = pd.read_csv(results.folder / "summary.csv")
    own = summary[(summary["analyte"] == "B") & (summary["parameter"] == "CONCENTRATION")]
    for row, cells in zip(own.itertuples(), made["t_concentrations_b"].rows, strict=True):
        assert cells[-3:] == (
            mean_sd(row.mean, row.sd),
            mean_sd(row.geometric_mean, row.geometric_cv_percent),
            range_of(row.median, row.min, row.max),
        )
    assert len(made["l_endpoints"].rows) == len(results.endpoints)
    tubes = made["t_tubes"].rows
    assert sum(int(cells[4]) for cells in tubes) == (results.tubes["role"] == "sample").sum()
    assert all(int(cells[4]) == sum(map(int, cells[5:])) for cells in tubes)


def number(text: str) -> str:
    """Four significant digits of a number of a CSV, and a hyphen for none."""
    if text == "":
        return "-"
    spelt = np.format_float_positional(float(text), precision=4, unique=False, fractional=False, trim="-")
    return "0" if spelt == "-0" else spelt


def spread(middle: str, *around: str) -> str:
    if middle == "" and not any(around):
        return "-"
    return f"{number(middle)} ({', '.join(map(number, around))})"


def bound(sign: str, text: str) -> str:
    return "NE" if text == "" else f"{'' if sign == '=' else sign}{number(text)}"


def statistics(row: dict[str, str]) -> tuple[str, ...]:
    mean = "-" if row["mean"] == "" else spread(row["mean"], row["sd"])
    geometric = (
        "-" if row["geometric_mean"] == "" else spread(row["geometric_mean"], row["geometric_cv_percent"])
    )
    return mean, geometric, "-" if row["median"] == "" else spread(row["median"], row["min"], row["max"])


def test_every_number_of_a_table_is_the_one_of_its_csv(made, results: Results) -> None:
    """Against the CSV read as text; numbers are written with a formatter that is not ours."""

    def rows_of(file: str, *, concentration: bool | None = None, **where: str) -> list[dict[str, str]]:
        with (results.folder / file).open(newline="") as text:
            rows = [row for row in csv.DictReader(text) if all(row[key] == to for key, to in where.items())]
        return [row for row in rows if concentration in (None, row.get("parameter") == "CONCENTRATION")]

    expected: dict[str, list[tuple[str, ...]]] = {}
    for analyte in ("B", "CAR_T"):
        name, of = analyte.lower(), {"analyte": analyte}
        expected[f"t_concentrations_{name}"] = [
            (row["visit"], number(row["day"]), row["n"], row["n_below_lloq"], *statistics(row))
            for row in rows_of("summary.csv", concentration=True, **of)
        ]
        expected[f"t_parameters_{name}"] = sorted(
            (
                *(row[f"n{what}"] for what in ("", "_censored", "_doubtful", "_not_evaluable")),
                *statistics(row),
            )
            for row in rows_of("summary.csv", concentration=False, **of)
        )
    for measure in ("PERCENT_OF_BASELINE", "LOG10_CHANGE"):
        expected[f"t_{measure.lower()}"] = [
            (
                row["visit"],
                number(row["day"]),
                row["n"],
                row["n_below_limit"],
                row["n_no_baseline"],
                *statistics(row),
            )
            for row in rows_of("b_cell_changes.csv", measure=measure)
        ]
    expected["t_depletion"] = [
        (row["visit"], number(row["day"]), f"{row['n_depleted']}/{row['n_evaluable']}",
         spread(row["percent_depleted"], row["ci_low_percent"], row["ci_high_percent"]),
         *(row[f"n_{why}"] for why in ("no_evidence", "not_evaluable", "missed", "not_reached")))
        for row in rows_of("depletion_rates.csv")
    ]  # fmt: skip
    expected["t_times"] = [
        (*(row[f"n{what}"] for what in ("", "_events", "_censored", "_left_out")),
         spread(row["median"], row["ci_low"], row["ci_high"]), f"{number(row['min'])}, {number(row['max'])}")
        for row in rows_of("time_to_event_summary.csv")
    ]  # fmt: skip
    expected["l_car_t"] = [
        (row["visit"], number(row["day"]), number(row["cells_per_ul"]), number(row["lloq_per_ul"]), row["use"],
         {"True": "yes", "False": ""}[row["in_terminal_slope"]])
        for row in rows_of("kinetics_points.csv")
    ]  # fmt: skip
    expected["l_b_cells"] = [
        (row["visit"] + {"True": " *", "False": ""}[row["is_baseline"]], number(row["day"]),
         number(row["cells_per_ul"]), number(row["upper_limit_per_ul"]),
         bound(row["qualifier"], row["percent_of_baseline"]),
         bound({"<": ">"}.get(row["qualifier"], row["qualifier"]), row["log10_reduction"]), row["evidence"])
        for row in rows_of("depletion_visits.csv")
    ]  # fmt: skip
    expected["l_endpoints"] = [
        (bound(row["qualifier"], row["value"]), row["unit"],
         "" if row["ci_low"] == "" else f"{number(row['ci_low'])}, {number(row['ci_high'])}", row["reason"])
        for row in rows_of("endpoints.csv")
    ]  # fmt: skip
    for name, rows in expected.items():
        assert rows, name
        if name.startswith("t_parameters"):
            cells = sorted(row[-7:] for row in made[name].rows)
        else:
            kept = {
                "l_car_t": (2, 3, 5, 6, 7, 8),
                "l_b_cells": (2, 3, 5, 6, 7, 8, 9),
                "l_endpoints": (4, 5, 6, 7),
            }
            cells = [tuple(row[place] for place in kept[name]) if name in kept else row[-len(rows[0]) :]
                     for row in made[name].rows]  # fmt: skip
        assert cells == rows, name
    assert set(made) - set(expected) == {"t_tubes"}
    marked = sum(cells[2].endswith(" *") for cells in made["l_b_cells"].rows)
    assert marked == results.tubes["subject"].nunique()


def test_numbers_of_companions_and_subgroups_are_those_of_their_csv(results: Results, tmp_path) -> None:
    """Tables that the study above has not: answers, numbers and texts of other assays, and parameters by an answer."""
    run = read_finished_run(results.folder)
    subjects = list(dict.fromkeys(tube.subject for tube in run.study.tubes))
    companions = [
        CompanionResult(
            **{"subject": subject, "test": test, "visit": visit, "day": day, "unit": "", "value": None}
            | result
        )
        for n, subject in enumerate(subjects)
        for visit, day in (("D28", 28.0), ("D90", 90.0))
        for test, result in (
            ("SRI-4", {"text": "Y" if n % 2 else "N"}),
            ("IgG", {"value": 1.0 / (n + 3) + day, "unit": "g/L", "qualifier": "<" if n == 1 else "="}),
            ("ANA", {"text": ("speckled", "homogeneous")[n % 2]}),
            ("anti-dsDNA", {"value": 80.0, "text": "1:80"}),
        )
    ]
    subgroups = (SubgroupSettings(test="SRI-4", visit="D90"), SubgroupSettings(test="SRI-4"))
    settings = run.study.endpoints.model_copy(update={"subgroups": subgroups})
    study = run.study.model_copy(update={"companion_results": tuple(companions), "endpoints": settings})
    kinetics = analyse_study(run.counts, study)
    tables = kinetics_tables(kinetics) | {ENDPOINTS.name: kinetics.endpoints}
    for name, table in (tables | {TUBES.name: run.tubes, COUNTS.name: run.counts}).items():
        table.to_csv(tmp_path / f"{name}.csv", index=False)
    read = reader(tmp_path)
    made = {one.name: one for one in (*tables_of(read), *listings_of(read))}

    def rows_of(name: str) -> list[dict[str, str]]:
        with (tmp_path / f"{name}.csv").open(newline="") as text:
            return list(csv.DictReader(text))

    def whole(text: str) -> str:
        return f"{float(text):.0f}"

    shares = rows_of("companion_summary")
    assert [cells[2:5] for cells in made["t_companions"].rows] == [
        (row["visit"], whole(row["n"]),
         f"{row['category']}: {whole(row['n_category'])}/{whole(row['n'])} "
         f"({spread(row['percent'], row['ci_low_percent'], row['ci_high_percent'])})" if row["category"] else "")
        for row in shares
    ]  # fmt: skip
    assert [cells[5:] for cells in made["t_companions"].rows] == [statistics(row) for row in shares]
    groups = [row for row in rows_of("subgroup_summary") if row["parameter"] != "CONCENTRATION"]
    counted = ("n", "n_censored", "n_doubtful", "n_not_evaluable")
    assert [cells[3:] for cells in made["t_subgroups"].rows] == [
        (*(whole(row[name]) for name in counted), *statistics(row)) for row in groups
    ]
    assert [cells[:2] for cells in made["t_subgroups"].rows] == [
        (f"{row['test']}, {row['at_visit']}", f"{row['status']} (N = {whole(row['n_subjects'])})")
        for row in groups
    ]
    assert "Baseline: last before infusion." in made["t_subgroups"].footnotes
    assert [cells[5] for cells in made["l_companions"].rows] == [
        row["text"] or bound(row["qualifier"], row["value"]) for row in rows_of("companions")
    ]


def test_every_table_is_whole(made) -> None:
    assert len({one.number for one in made.values()}) == len(made)
    for one in made.values():
        assert len(one.headings) == len(one.widths)
        assert all(len(cells) == len(one.headings) for cells in one.rows)
        assert all(isinstance(cell, str) for cells in one.rows for cell in cells)
        assert not any(cell in ("nan", "None", "-0") for cells in one.rows for cell in cells)
    assert any("Baseline: last before infusion" in note for note in made["t_log10_change"].footnotes)


@pytest.mark.parametrize(
    ("value", "text"),
    [(-0.0, "0"), (-1e-12, "-1e-12"), (12.3456, "12.35"), (123456.0, "123500"), (None, "-")],
)
def test_numbers(value, text) -> None:
    assert digits(value) == text


@pytest.mark.filterwarnings("ignore")
def test_rtf_has_titles_pages_and_footnotes(results: Results, made, tmp_path) -> None:
    pytest.importorskip("rtflite")
    written = export_listings(results.folder, tmp_path)
    assert {path.stem for path in written if path.suffix == ".rtf"} == set(made)
    text = (tmp_path / "t_depletion.rtf").read_text()
    assert text.startswith("{\\rtf1")
    for words in (
        "Table 14.2.11",
        made["t_depletion"].title,
        "NUMPAGES",
        "Clopper and Pearson",
        "depletion_rates.csv",
    ):
        assert words in text
    assert {path.suffix for path in written} == {".rtf", ".pdf", ".svg"}
    assert written[0].read_bytes() == export_listings(results.folder, tmp_path / "again")[0].read_bytes()


@pytest.mark.filterwarnings("ignore")
def test_rendered_pages_hold_the_words(results: Results, made, tmp_path) -> None:
    pytest.importorskip("rtflite")
    office, to_text = shutil.which("soffice"), shutil.which("pdftotext")
    if not (office and to_text):
        pytest.skip("no office suite renders the pages")
    export_listings(results.folder, tmp_path)
    profile = f"-env:UserInstallation=file://{tmp_path}/profile"
    command = [office, profile, "--headless", "--convert-to", "pdf", "--outdir", str(tmp_path),
               str(tmp_path / "t_depletion.rtf")]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    page = subprocess.run([to_text, "-layout", str(tmp_path / "t_depletion.pdf"), "-"], check=True,
                          capture_output=True, text=True).stdout  # fmt: skip
    assert made["t_depletion"].title in page
    assert "Page 1 of" in page
    for cells in made["t_depletion"].rows:
        assert cells[3] in page


def test_what_is_no_run_is_refused(tmp_path) -> None:
    with pytest.raises(ExchangeError, match="there is no"):
        export_listings(tmp_path, tmp_path / "out")
