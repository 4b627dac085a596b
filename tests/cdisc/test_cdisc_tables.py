"""What the SDTM and ADaM style tables say, against the counts and endpoints that they come from."""

from __future__ import annotations

import re
from dataclasses import replace

import pandas as pd
import pytest

from bcelldepl.cdisc.dataset import Variable, make_dataset
from bcelldepl.cdisc.export import datasets_of
from bcelldepl.cdisc.marker_string import StrategyMarkers
from bcelldepl.cdisc.sdtm import number_text, split_text
from bcelldepl.errors import ExchangeError
from bcelldepl.gating.strategy import load_strategy
from bcelldepl.results.finished import read_finished_run

# SDTMIG 3.4: variables of CP, in the order of its table (those that are used here).
CP_ORDER = [
    "STUDYID", "DOMAIN", "USUBJID", "CPSEQ", "CPGRPID", "CPREFID", "CPTESTCD", "CPTEST", "CPSBMRKS", "CPMRKSTR",
    "CPGATE", "CPGATDEF", "CPCAT", "CPTSTPNL", "CPORRES", "CPORRESU", "CPRESSCL", "CPRESTYP", "CPSTRESC", "CPSTRESN",
    "CPSTRESU", "CPSTAT", "CPREASND", "CPSPEC", "CPMETHOD", "CPLOBXFL", "VISITNUM", "VISIT", "VISITDY", "CPDTC", "CPDY",
]  # fmt: skip
CP_REQUIRED = ("STUDYID", "DOMAIN", "USUBJID", "CPSEQ", "CPTESTCD", "CPTEST")


@pytest.fixture(scope="module")
def finished_run(finished):
    return read_finished_run(finished)


@pytest.fixture(scope="module")
def tables(finished_run) -> dict[str, pd.DataFrame]:
    return {table.name: table.frame() for table in datasets_of(finished_run)}


def test_data_sets(tables) -> None:
    assert list(tables) == [
        *("DM", "CP", "SUPPCP", "PC", "PP", "RELREC"),
        *("ADSL", "ADCP", "ADPC", "ADPP", "ADTTE"),
    ]
    assert all(len(table) for table in tables.values())


def test_cp_follows_the_order_of_the_implementation_guide(tables) -> None:
    names = list(tables["CP"].columns)
    assert [name for name in names if name != "CPLLOQ"] == CP_ORDER
    # Of the model, not of the guide's table: there the last qualifier of a finding, before what tells its time.
    assert names[names.index("CPLLOQ") - 1 : names.index("CPLLOQ") + 2] == ["CPLOBXFL", "CPLLOQ", "VISITNUM"]
    for name in CP_REQUIRED:
        assert (tables["CP"][name].astype(str) != "").all()


def test_cp_has_count_fraction_and_events_of_each_population(tables, finished_run) -> None:
    cp = tables["CP"]
    tube = cp[(cp["CPREFID"] == "fcs/P-02_BL.fcs")]
    assert len(tube) == 6 + 5 + 6
    b = tube[tube["CPTESTCD"] == "BLYCE"].set_index("CPRESTYP")
    counted = finished_run.counts[(finished_run.counts["file"] == "fcs/P-02_BL.fcs")].set_index("population")
    assert b.loc["NUMBER CONCENTRATION", "CPSTRESN"] == counted.loc["B", "cells_per_ul"]
    assert b.loc["NUMBER CONCENTRATION", "CPORRESU"] == "10^6/L"
    assert b.loc["NUMBER CONCENTRATION", "CPLLOQ"] == counted.loc["B", "lloq_per_ul"]
    events = tube[tube["CPTESTCD"] == "BLYCEEV"].iloc[0]
    assert (events["CPSTRESN"], events["CPRESTYP"]) == (counted.loc["B", "events"], "NUMBER")
    fraction = tube[tube["CPTESTCD"] == "BLYCELY"].iloc[0]
    share = 100 * counted.loc["B", "events"] / counted.loc["lymphocytes", "events"]
    assert fraction["CPSTRESN"] == pytest.approx(share, rel=1e-5)
    assert (fraction["CPORRESU"], fraction["CPRESTYP"]) == ("%", "NUMBER FRACTION")


def test_a_subset_has_its_sublineage_and_its_name_ends_in_sub(tables) -> None:
    cp = tables["CP"]
    subsets = cp[cp["CPSBMRKS"] != ""]
    assert set(subsets["CPSBMRKS"]) == {"CAR+"}
    assert subsets["CPTEST"].str.contains(r"Sub\b").all()
    assert not cp[cp["CPSBMRKS"] == ""]["CPTEST"].str.contains("Sub").any()
    assert subsets["CPMRKSTR"].str.contains("CAR", regex=False).all()


def test_below_limits_no_number_is_given(tables) -> None:
    cp = tables["CP"]
    below = cp[cp["CPORRES"].str.startswith("<")]
    assert len(below)
    assert below["CPSTRESN"].isna().all()
    assert (below["CPSTRESC"] == below["CPORRES"]).all()
    assert (below["CPRESTYP"] == "NUMBER CONCENTRATION").all()


def test_not_done_has_a_reason_and_no_result(tables) -> None:
    cp, supplement = tables["CP"], tables["SUPPCP"]
    failed = cp[cp["CPSTAT"] == "NOT DONE"]
    assert set(failed["CPREFID"]) == {"fcs/P-01_D14.fcs"}
    assert (failed["CPORRES"] == "").all()
    assert failed["CPSTRESN"].isna().all()
    assert failed["CPREASND"].str.len().between(1, 200).all()
    first = failed.iloc[0]
    own = supplement[
        (supplement["USUBJID"] == first["USUBJID"]) & (supplement["IDVARVAL"] == str(first["CPSEQ"]))
    ]
    notes = own[own["QNAM"].str.match(r"CPNOTE\d?$")].sort_values("QNAM")
    assert len(notes) > 1
    assert notes["QLABEL"].tolist()[:2] == ["Note of the Laboratory", "Note of the Laboratory 2"]
    assert (supplement.groupby("QNAM")["QLABEL"].nunique() == 1).all()
    assert (supplement.groupby("QLABEL")["QNAM"].nunique() == 1).all()
    whole = " ".join(notes["QVAL"])
    assert whole.count("bead events") == 4  # nothing was cut
    assert whole.startswith(first["CPREASND"])


def test_sequence_numbers_and_keys_are_unique(tables) -> None:
    for name, sequence in (("CP", "CPSEQ"), ("PC", "PCSEQ"), ("PP", "PPSEQ")):
        for _, rows in tables[name].groupby("USUBJID"):
            assert rows[sequence].tolist() == list(range(1, len(rows) + 1))


def test_study_days_have_no_zero(tables) -> None:
    pc = tables["PC"].set_index("PCREFID")
    assert pc.loc["fcs/P-01_BL.fcs", ["VISITDY", "PCDY"]].tolist() == [-5, -5]
    assert pc.loc["fcs/P-01_D7.fcs", ["VISITDY", "PCDY"]].tolist() == [8, 8]
    assert pc.loc["fcs/P-01_D28.fcs", ["VISITDY", "PCDY"]].tolist() == [29, 30]
    assert pc.loc["fcs/P-01_D7.fcs", "PCDTC"] == "2025-01-22T09:00"
    assert tables["CP"]["VISITNUM"].nunique() == 5


def test_identifiers_of_the_sheet_go_before_made_ones(finished_run) -> None:
    given = {"P-01": {"usubjid": "C-9-0001", "site": "0047"}}
    numbers = {"BL": 1.0, "D7": 2.5, "D14": 3.0, "D28": 9.0, "D90": 10.0}
    tubes = tuple(
        tube.model_copy(update={"visit_number": numbers[tube.visit], **given.get(tube.subject, {})})
        for tube in finished_run.study.tubes
    )
    run = replace(finished_run, study=finished_run.study.model_copy(update={"tubes": tubes}))
    tables = {table.name: table.frame() for table in datasets_of(run)}
    for name, table in tables.items():
        assert set(table["USUBJID"]) == {"C-9-0001", "STUDY-1-P-02"}, name
    for name in ("DM", "ADSL", "ADCP", "ADPC", "ADPP", "ADTTE"):
        sites = dict(zip(tables[name]["USUBJID"], tables[name]["SITEID"], strict=True))
        assert sites == {"C-9-0001": "0047", "STUDY-1-P-02": ""}
    for name, visit in (("CP", "VISIT"), ("PC", "VISIT"), ("ADCP", "AVISIT"), ("ADPC", "AVISIT")):
        number = "AVISITN" if name.startswith("AD") else "VISITNUM"
        assert dict(zip(tables[name][visit], tables[name][number], strict=True)) == numbers


@pytest.mark.parametrize("numbered", [False, True])
def test_a_visit_has_one_number_and_one_name_in_all_courses(finished_run, numbered) -> None:
    """SDTMIG 3.4 and ADaMIG: VISIT and VISITNUM, AVISIT and AVISITN are one to one."""
    tubes = []
    for tube in finished_run.study.tubes:
        later = {"subject": "P-01", "course": 2} if tube.subject == "P-02" else {}
        number = {"visit_number": tube.day + 10.0} if numbered else {}
        tubes.append(tube.model_copy(update=later | number))
    second = finished_run.counts["subject"] == "P-02"
    counts = finished_run.counts.assign(
        course=second + 1, subject="P-01", actual_day=finished_run.counts["actual_day"]
    )
    study = finished_run.study.model_copy(update={"tubes": tuple(tubes)})
    tables = {one.name: one.frame() for one in datasets_of(replace(finished_run, counts=counts, study=study))}
    for name in ("CP", "PC", "ADCP", "ADPC"):
        visit, number = ("AVISIT", "AVISITN") if name.startswith("AD") else ("VISIT", "VISITNUM")
        table = tables[name]
        assert (table.groupby(visit)[number].nunique() == 1).all(), name
        assert (table.groupby(number)[visit].nunique() == 1).all(), name
        expected = {"BL", "D7", "D14", "D28", "D90"}
        assert set(table[visit]) == expected | (
            set() if numbered else {f"{one} (course 2)" for one in expected}
        )


def test_last_observation_before_exposure(tables) -> None:
    cp = tables["CP"]
    assert set(cp[cp["CPLOBXFL"] == "Y"]["VISIT"]) == {"BL"}


def test_dates_are_absent_where_nothing_tells_them(run_of, tmp_path) -> None:
    finished_run = read_finished_run(run_of(tmp_path / "r", dates=False))
    assert not finished_run.is_dated
    cp = next(table for table in datasets_of(finished_run) if table.name == "CP").frame()
    assert (cp["CPDTC"] == "").all()


def test_pp_has_windows_and_signs(tables) -> None:
    pp = tables["PP"]
    assert {"CMAX", "TMAX", "AUCINT", "AUCLST", "CLST", "TLST"} <= set(pp["PPTESTCD"])
    windows = pp[pp["PPTESTCD"] == "AUCINT"][["PPSTINT", "PPENINT"]].drop_duplicates().to_numpy().tolist()
    assert windows == [["P0D", "P28D"], ["P0D", "P90D"]]
    for row in pp.itertuples():
        assert row.PPORRES
        assert pd.isna(row.PPSTRESN) == (row.PPORRES[0] in "<>")


def test_adcp_base_and_change(tables) -> None:
    adcp = tables["ADCP"]
    b = adcp[(adcp["PARAMCD"] == "BLYCE") & (adcp["SUBJID"] == "P-02")].set_index("AVISIT")
    assert b.loc["BL", "ABLFL"] == "Y"
    assert b["BASE"].nunique() == 1
    late = b.loc["D90"]
    assert late["CHG"] == pytest.approx(late["AVAL"] - late["BASE"], rel=1e-4)
    assert late["PCHG"] == pytest.approx(100 * late["CHG"] / late["BASE"], rel=1e-4)
    low = b.loc["D7"]
    assert low["RESTXT"] == f"<{low['ALIMIT']:g}"
    assert (low["DTYPE"], low["AVAL"]) == ("HALF LIMIT", pytest.approx(low["ALIMIT"] / 2))
    assert low["PCHG"] == pytest.approx(100 * (low["AVAL"] / low["BASE"] - 1), rel=1e-4)
    assert low["PCHGLIM"] == pytest.approx(100 * (low["ALIMIT"] / low["BASE"] - 1), rel=1e-4)
    assert set(b["BASETYPE"]) == {"last before infusion"}
    assert b["CRIT1FL"].tolist() == ["N", "Y", "Y", "Y", "N"]
    assert (b["ANL01FL"] == "Y").all()


def test_half_of_an_lloq_has_cdiscs_term(finished_run) -> None:
    """Detected below the LLOQ: half of the LLOQ, of the draw's own tube; not detected: half of another limit."""
    counts = finished_run.counts.copy()
    chosen = (counts["file"] == "fcs/P-02_D7.fcs") & (counts["population"] == "B")
    counts.loc[chosen, "result"] = "DETECTED_BELOW_LLOQ"
    adcp = {one.name: one.frame() for one in datasets_of(replace(finished_run, counts=counts))}["ADCP"]
    b = adcp[(adcp["PARAMCD"] == "BLYCE") & (adcp["SUBJID"] == "P-02")].set_index("AVISIT")
    lloq = counts.loc[chosen, "lloq_per_ul"].iloc[0]
    assert b.loc["D7", ["DTYPE", "AVAL", "ALIMIT"]].tolist() == ["HALFLLOQ", pytest.approx(lloq / 2), lloq]
    assert b.loc["D14", "DTYPE"] == "HALF LIMIT"
    assert b.loc["D14", "ALIMIT"] < b.loc["D14", "ALLOQ"]


def test_adpc_excludes_with_a_reason(tables) -> None:
    adpc = tables["ADPC"]
    out = adpc[adpc["NCAXFL"] == "Y"]
    assert (out["NCA1XRS"] != "").all()
    assert "P-01" in set(out["SUBJID"])
    kept = adpc[adpc["NCAXFL"] == ""]
    assert kept["AVAL"].notna().all()
    assert (kept["NCA1XRS"] == "").all()
    assert "AVALC" not in adpc
    zero = adpc["DTYPE"] == "ZERO"
    assert zero.any()
    assert (adpc.loc[zero, "AVAL"] == 0).all()
    assert adpc.loc[zero, "RESTXT"].str.startswith("<").all()
    assert (adpc.loc[~zero & adpc["AVAL"].notna(), "AVAL"] > 0).all()


def test_adpp_holds_every_endpoint_once(tables, finished_run) -> None:
    adpp = tables["ADPP"]
    assert len(adpp) == len(finished_run.endpoints)
    assert not adpp.duplicated(["USUBJID", "PARAMCD"]).any()
    assert ((adpp["PKSUMXF"] == "Y") | (adpp["AVALQ"] == "=")).all()


def test_adtte_censors(tables, finished_run) -> None:
    for code, short in (
        ("RECONSTITUTION_DAY", "BRECONDY"),
        ("DEPLETION_DURATION", "BDEPLDUR"),
        ("DEPLETION_DAY", "BDEPLDY"),
    ):
        rows = finished_run.endpoints[finished_run.endpoints["parameter"] == code]
        own = tables["ADTTE"][tables["ADTTE"]["PARAMCD"] == short]
        assert own["CNSR"].tolist() == (rows["qualifier"] != "=").astype(int).tolist()
        assert own["AVAL"].tolist() == rows["value"].tolist()
    duration = tables["ADTTE"].set_index(["PARAMCD", "SUBJID"]).loc[("BDEPLDUR", "P-02")]
    assert duration["STARTDT"] > "2025-01-22"  # depletion, not infusion


@pytest.mark.parametrize(
    ("population", "markers", "gates"),
    [
        ("leukocytes", "CD45+Viability-", "CD45+|Viability-"),
        ("lymphocytes", "CD45+SSCloViability-", "CD45+|Viability-|CD45 SSC|FSC SSC|lymphocytes"),
        ("B", "CD45+CD19+CD3-CD14-Viability-", "|CD19+CD3-CD14-|CD19+CD3-CD14-|CD19+CD3-CD14-"),
        ("CD4_T", "CD45+CD3+CD4+CD8-Viability-", "|CD3+|CD3+CD4+CD8-"),
        ("CAR_T", "CD45+CD3+CAR+Viability-", "CD45+|Viability-|CD45 SSC|FSC SSC|CD3+|CD3+|CAR+"),
    ],
)
def test_marker_strings_and_gate_definitions(population, markers, gates) -> None:
    strategy = StrategyMarkers(load_strategy("cart_pd").model_dump(mode="json"))
    panel = {"CD45", "Viability", "CD3", "CD4", "CD8", "CD14", "CD19", "CAR"}
    assert strategy.marker_string(population, panel=panel) == markers
    assert strategy.gate_definition(population, panel=panel).endswith(gates)
    assert "Viability" not in strategy.marker_string(population, panel=panel - {"Viability"})
    rule = {"name": "B", "parent": "all", "rule": "cut", "marker": "CD19", "side": "above"}
    drawn = StrategyMarkers({"populations": [rule]})
    assert drawn.marker_string("B") == drawn.gate_definition("B") == "CD19+"


def test_marker_strings_have_no_delimiters(tables) -> None:
    for text in tables["CP"]["CPMRKSTR"]:
        assert re.fullmatch(r"([A-Za-z0-9]+(\+|-|lo|hi)?)+(/([A-Za-z0-9]+(\+|-|lo|hi)?)+)?", text)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (104.0, "104"),
        (0.000123456, "0.000123456"),
        (5000.5, "5000.5"),
        (1234567.0, "1234570.0"),
        (1e-5, "1e-05"),
    ],
)
def test_numbers_as_text(value, text) -> None:
    assert number_text(value) == text


@pytest.mark.parametrize(
    "text", ["", "short", "word " * 90, "x" * 450, "ends with a blank " + "y" * 200 + " z"]
)
def test_long_texts_are_split_and_not_cut(text) -> None:
    parts = split_text(text)
    assert all(len(part.encode()) <= 200 for part in parts)
    assert "".join(parts).replace(" ", "") == text.replace(" ", "")


def test_a_table_refuses_doubles_and_wrong_kinds() -> None:
    variables = (Variable("K", "Key", "text", "-"), Variable("N", "Number", "integer", "-"))
    with pytest.raises(ExchangeError, match="the same keys"):
        make_dataset("T", "t", "-", ("K",), variables, [{"K": "a"}, {"K": "a"}])
    with pytest.raises(ExchangeError, match="is not of type integer"):
        make_dataset("T", "t", "-", ("K",), variables, [{"K": "a", "N": "x"}])
    with pytest.raises(ExchangeError, match="not variables of T"):
        make_dataset("T", "t", "-", ("K",), variables, [{"K": "a", "Z": 1}])
