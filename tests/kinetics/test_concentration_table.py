"""Endpoints of a table without FCS files: by hand, and the run's own counts give the run's own endpoints."""

from __future__ import annotations

import math

import pandas as pd
import pytest
from typer.testing import CliRunner

import bcelldepl as bd
from bcelldepl.batch.endpoints import endpoints
from bcelldepl.cli.main import app
from bcelldepl.errors import CountingError, StudyError
from bcelldepl.kinetics import analyse_study
from bcelldepl.kinetics.concentration_table import counts_of

TABLE = """Subject,Day,Analyte,Value,LLOQ,Unit,dose_group
P1,0,CAR_T,0,5,cells/uL,1e5/kg
P1,7,CAR+ T cells,80,5,cells/uL,1e5/kg
P1,14,CAR_T,40,5,cells/uL,1e5/kg
P1,28,CAR_T,BLQ,5,cells/uL,1e5/kg
P1,-5,B cells,100,5,cells/uL,1e5/kg
P1,7,B,3,5,cells/uL,1e5/kg
P1,28,B,<5,,cells/uL,1e5/kg
P1,60,B,40,5,cells/uL,1e5/kg
P1,90,B,,5,cells/uL,1e5/kg
"""


def value(table, parameter, column="value"):
    return table.set_index("parameter").loc[parameter, column]


def test_a_table_by_hand(tmp_path) -> None:
    path = tmp_path / "table.csv"
    path.write_text(TABLE)
    table = endpoints(path).endpoints
    expected = 0.5 * 7 * 80 + 7 * 40 / math.log(2) + 0.5 * 14 * 40
    assert value(table, "AUC_0_28") == pytest.approx(expected, rel=1e-5)
    assert (value(table, "CMAX"), value(table, "TMAX"), value(table, "BASELINE")) == (80, 7, 100)
    assert (value(table, "NADIR"), value(table, "NADIR", "qualifier")) == (5, "<")
    assert value(table, "LOG10_REDUCTION") == pytest.approx(math.log10(100 / 5), rel=1e-5)
    assert value(table, "RECONSTITUTION_DAY", "reason") == "back at day 60, not confirmed"


def test_the_runs_own_counts_give_the_runs_own_endpoints(results) -> None:
    """`actual_day` stands in counts.csv: nothing else is needed."""
    own = bd.endpoints(results.folder / "counts.csv")
    order = ["subject", "analyte", "parameter"]
    ours, theirs = (t.sort_values(order).reset_index(drop=True) for t in (own.endpoints, results.endpoints))
    pd.testing.assert_frame_equal(ours[list(theirs.columns)], theirs, check_dtype=False, rtol=1e-5)


def test_one_computation_is_handed_on(results, monkeypatch) -> None:
    from bcelldepl.kinetics import analysis
    from bcelldepl.kinetics.tables import kinetics_tables

    calls = []
    honest = analysis.courses
    monkeypatch.setattr(analysis, "courses", lambda *a: calls.append(a[2]) or honest(*a))
    study = endpoints(results.counts).study
    calls.clear()
    kinetics_tables(analyse_study(results.counts, study))
    assert len(calls) == len(set(calls))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("Value,", "Amount,"), "the table lacks the column value"),
        (("CAR+ T cells", "plasma"), "row 2, analyte: 'plasma' is not an analyte"),
        (("P1,14,CAR_T,40", "P1,14,CAR_T,many"), "row 3, value: 'many' is not a number"),
        (("P1,0,CAR_T,0,5,cells/uL", "P1,0,CAR_T,0,5,copies/ug"), "'copies/ug' is not cells/uL"),
        (("P1,0,CAR_T", "P1,,CAR_T"), "the day is empty"),
    ],
)
def test_what_is_not_understood_is_named(change, words, tmp_path) -> None:
    path = tmp_path / "table.csv"
    path.write_text(TABLE.replace(*change))
    with pytest.raises(CountingError) as caught:
        endpoints(path)
    assert words in str(caught.value)


def test_settings_count(tmp_path) -> None:
    table, toml = tmp_path / "table.csv", tmp_path / "study.toml"
    table.write_text(TABLE)
    toml.write_text("[endpoints]\nauc_days = [14]\nconfirm_visits = 1\n")
    found = endpoints(table, toml).endpoints
    assert value(found, "AUC_0_14") == pytest.approx(0.5 * 7 * 80 + 7 * 40 / math.log(2), rel=1e-5)
    assert value(found, "RECONSTITUTION_DAY") == 60
    toml.write_text("[endpoints]\nauc_day = [14]\n")
    with pytest.raises(StudyError, match="auc_day"):
        endpoints(table, toml)
    toml.write_text("[endpoints]\ndata_cutoff = 2026-01-31\n")
    with pytest.raises(CountingError, match="data_cutoff needs dates"):
        endpoints(table, toml)


def test_the_command(tmp_path) -> None:
    path = tmp_path / "table.csv"
    path.write_text(TABLE)
    done = CliRunner().invoke(app, ["endpoints", str(path), "--out", str(tmp_path / "out")])
    assert done.exit_code == 0, done.output
    written = {one.name for one in (tmp_path / "out").iterdir()}
    assert {"endpoints.csv", "summary.csv", "depletion_rates.csv", "figures"} <= written
    assert (tmp_path / "out" / "figures" / "waterfall.svg").is_file()
    wrong = CliRunner().invoke(app, ["endpoints", str(tmp_path / "no.csv"), "--out", str(tmp_path / "o")])
    assert wrong.exit_code == 2
    assert not (tmp_path / "o").exists()


def test_codes_of_values() -> None:
    table = pd.DataFrame(
        {"subject": "P", "day": range(6), "analyte": "B", "value": [0, 3, 5, None, "<4", "BLQ"], "lloq": 5}
    )
    rows = counts_of(table)
    assert rows["result"].tolist() == [
        *("NOT_DETECTED", "DETECTED_BELOW_LLOQ", "QUANTIFIED", "NOT_DONE"),
        *("DETECTED_BELOW_LLOQ", "DETECTED_BELOW_LLOQ"),
    ]
    assert rows["lloq_per_ul"].tolist() == [5, 5, 5, 5, 4, 5]
