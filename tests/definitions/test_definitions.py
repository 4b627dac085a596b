"""Rows of the definitions: unique, within the limits of those who carry them, and told in the documents."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

from bcelldepl.definitions.codes import EVIDENCE_MEANINGS, Qualifier, ResultCode, TubeStatus
from bcelldepl.definitions.endpoints import (
    auc_code,
    auc_window,
    endpoint_definition,
    endpoint_definitions,
    windows_in,
)
from bcelldepl.definitions.markers import MARKERS, SCATTER, TIME, is_stain
from bcelldepl.definitions.populations import (
    BEADS,
    CAR_T,
    POPULATIONS,
    B,
    Kinetics,
    T,
    analytes,
    cdisc_test,
    is_result,
    label_of,
)
from bcelldepl.definitions.tables import COUNTS, DEPLETION_VISITS, ENDPOINTS, TABLES
from bcelldepl.gating.evidence import Evidence

ROOT = Path(__file__).resolve().parents[2]
# Names that are promised to users, in their order.
PROMISED_CODES = ["QUANTIFIED", "DETECTED_BELOW_LLOQ", "NOT_DETECTED", "NOT_EVALUABLE", "NOT_DONE"]
PROMISED_POPULATIONS = {"B", "T", "CAR_T", "NK", "lymphocytes", "leukocytes", "beads"}
PROMISED_ENDPOINTS = {
    CAR_T: "CMAX TMAX AUC_0_28 AUC_0_90 AUC_LAST CLAST TLAST LAMBDA_Z HALF_LIFE",
    B: "BASELINE NADIR NADIR_DAY NADIR_PERCENT_OF_BASELINE LOG10_REDUCTION DEPLETION_DAY DEPLETION_DURATION "
    "RECONSTITUTION_DAY",
}


def test_promised_names() -> None:
    assert list(ResultCode) == PROMISED_CODES
    assert set(POPULATIONS) >= PROMISED_POPULATIONS
    assert list(Qualifier) == ["=", "<", ">", "NE"]
    assert list(TubeStatus) == ["failed", "review", "ok"]
    for analyte, codes in PROMISED_ENDPOINTS.items():
        kinetics = POPULATIONS[analyte].kinetics
        assert [
            one.code for one in endpoint_definitions().values() if one.kinetics is kinetics
        ] == codes.split()


def test_every_rung_of_the_ladder_has_a_meaning() -> None:
    assert list(EVIDENCE_MEANINGS) == [str(rung) for rung in Evidence]


def test_a_result_without_a_number_has_a_limit_or_says_nothing() -> None:
    measured = [code for code in ResultCode if code.is_evaluable and not code.upper_limit]
    assert measured == [ResultCode.QUANTIFIED]
    for code in ResultCode:
        assert not code.upper_limit or f"{code.upper_limit}_per_ul" in COUNTS.names
        assert code.is_evaluable or not code.upper_limit


def test_analytes() -> None:
    assert analytes(Kinetics.EXPANSION) == (CAR_T,)
    assert analytes(Kinetics.DEPLETION) == (B,)
    for analyte in analytes(Kinetics.EXPANSION):
        test = cdisc_test(analyte)
        assert test is not None
        assert test.concentration_code


def test_a_population_of_a_strategys_own_goes_by_its_name() -> None:
    assert label_of("naive_B") == "naive_B"
    assert is_result("naive_B")
    assert cdisc_test("naive_B") is None
    assert not is_result(BEADS)


def test_no_name_means_two_populations() -> None:
    names = [name for one in POPULATIONS.values() for name in one.other_names]
    assert len(set(names)) == len(names)
    assert all(name == re.sub(r"[\s_]", "", name.casefold()) for name in names)


def test_tests_are_those_of_controlled_terminology() -> None:
    """CPTESTCD and CPTEST (C181173, C181174), as CDISC publishes them; the fraction of plasmablasts has no term."""
    published = {
        "BLYCE": "B-Lymphocytes",
        "BLYCELY": "B-Lymphocytes/Lymphocytes",
        "BLYS": "BLym Sub",
        "BLSLY": "BLym Sub/Lym",
        "LYM": "Lymphocytes",
        "LYMLE": "Lymphocytes/Leukocytes",
        "NKCE": "Natural Killer Cells",
        "NKLY": "NK Cells/Lym",
        "PB": "Plasmablasts",
        "TLC": "TLym Cytx",
        "TLS": "TLym Sub",
        "TLSTLY": "TLym Sub/TLym",
        "TLYCE": "T-Lymphocytes",
        "TLYCTLY": "TLym Cytx/TLym",
        "TLYH": "TLym Help",
        "TLYHTLY": "TLym Help/TLym",
        "TLYLY": "TLym/Lym",
        "WBC": "Leukocytes",
    }
    tests = [one.cdisc for one in POPULATIONS.values() if one.cdisc]
    own = {one.code: one.name for one in tests} | {
        one.fraction_code: one.fraction_name for one in tests if one.fraction_code
    }
    assert own == published | {"PBLY": "Plasmablasts/Lym"}
    assert [one.fraction_code for one in tests if one.own_fraction] == ["PBLY"]


def test_codes_of_cdisc_are_unique_and_short() -> None:
    tests = [one.cdisc for one in POPULATIONS.values() if one.cdisc]
    written = [
        code for one in tests for code in (one.code, one.fraction_code, one.concentration_code) if code
    ]
    assert len(set(written)) == len(written)
    assert all(len(code) <= 8 for code in written)
    assert all(one.of in POPULATIONS for one in tests if one.of)
    events = [one.events_code for one in tests]
    assert not set(events) & set(written)
    assert all(len(code) <= 8 for code in events)
    shorts = [one.short for one in endpoint_definitions((14.0, 28.0, 90.5)).values()]
    assert len(set(shorts)) == len(shorts)


@pytest.mark.parametrize("day", [28.0, 27.5, 365.0, 1e6])
def test_windows(day: float) -> None:
    code = auc_code(day)
    assert float(auc_window(code)) == day
    assert windows_in(["CMAX", code, "AUC_LAST"]) == [day]
    definition = endpoint_definition(code)
    assert definition is not None
    assert definition.has_interval


def test_what_is_no_endpoint() -> None:
    assert endpoint_definition("CMIN") is None
    assert auc_window("AUC_LAST") == auc_window("AUC_7_28") == ""


def test_words_of_labels_belong_to_one_marker() -> None:
    words = [word for one in MARKERS.values() for word in one.other_names]
    assert len(set(words)) == len(words)
    assert all(word == " ".join(re.findall(r"[a-z0-9]+", word)) for word in words)
    others = {name for one in MARKERS.values() for name in (one.served_by, *one.yields_to) if name}
    assert others <= set(MARKERS)
    assert [is_stain(name) for name in (*SCATTER[:1], TIME, "CD19")] == [False, False, True]


def test_tables_have_unique_names_and_columns() -> None:
    assert len({table.name for table in TABLES}) == len(TABLES)
    for table in TABLES:
        assert len(set(table.names)) == len(table.names), table.name
        assert all(column.meaning for column in table.columns), table.name


def test_a_frame_has_its_columns_and_types_whatever_the_rows() -> None:
    empty = ENDPOINTS.frame([])
    full = ENDPOINTS.frame(
        [{"subject": "1", "value": 1.23456789, "n_points": 3, "qualifier": Qualifier.BELOW}]
    )
    assert list(empty.columns) == list(full.columns) == ENDPOINTS.names
    assert (empty.dtypes == full.dtypes).all()
    assert (full["value"][0], full["n_points"][0], type(full["qualifier"][0])) == (1.23457, 3, str)
    assert full["ci_low"].isna().all()
    with pytest.raises(ValueError, match="valeu: no column of endpoints"):
        ENDPOINTS.frame([{"valeu": 1.0}])


def test_a_table_is_read_as_it_was_written(tmp_path: Path) -> None:
    rows = [{"subject": "007", "visit": "04", "day": 4.0, "events": None, "population": T, "reason": "NA"}]
    COUNTS.frame(rows).to_csv(tmp_path / COUNTS.file, index=False)
    table = COUNTS.read(tmp_path / COUNTS.file)
    assert table.loc[0, ["subject", "visit", "reason", "sha256"]].tolist() == ["007", "04", "NA", ""]
    assert table["day"][0] == 4.0
    assert table["events"].isna().all()


def test_flags_are_read_as_flags(tmp_path: Path) -> None:
    path = tmp_path / DEPLETION_VISITS.file
    DEPLETION_VISITS.frame([{"is_baseline": True}, {"is_baseline": False}]).to_csv(path, index=False)
    read = DEPLETION_VISITS.read(path)
    assert read["is_baseline"].tolist() == [True, False]
    assert read["is_baseline"].dtype == bool
    path.write_text("is_baseline\nperhaps\n")
    with pytest.raises(ValueError, match="is_baseline: 'perhaps' is neither True nor False"):
        DEPLETION_VISITS.read(path)


def test_the_document_is_made_from_the_rows() -> None:
    path = ROOT / "docs" / "write_definitions.py"
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    written = path.with_name("definitions.md").read_text(encoding="utf-8")
    assert written == module.document(), "run `python docs/write_definitions.py`"
