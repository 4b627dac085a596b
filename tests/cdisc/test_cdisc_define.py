"""define.xml by the schema of CDISC; the exported files by themselves, with what it says of them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pyreadstat
import pytest
from lxml import etree
from scipy import stats

from bcelldepl.cdisc.export import export

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    odmlib = pytest.importorskip("odmlib")
    xmlschema = pytest.importorskip("xmlschema")

NS = {"o": "http://www.cdisc.org/ns/odm/v1.3", "def": "http://www.cdisc.org/ns/def/v2.1"}
HREF = "{http://www.w3.org/1999/xlink}href"


@pytest.fixture(scope="module")
def exported(finished, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("define")
    export(finished, "define", out)
    return out


@pytest.fixture(scope="module")
def document(exported):
    return etree.parse(exported / "define.xml").getroot()


def test_valid_by_the_schema(exported) -> None:
    folder = Path(odmlib.__file__).parent / "schemas" / "define" / "2.1"
    schema = xmlschema.XMLSchema(str(folder / "define2-1-0.xsd"), allow="local")
    assert [error.reason for error in schema.iter_errors(str(exported / "define.xml"))] == []


def test_every_reference_leads_somewhere(document, exported) -> None:
    known = {one.get("OID") for one in document.iter() if one.get("OID")}
    for attribute in ("ItemOID", "MethodOID", "CodeListOID", "ValueListOID", "WhereClauseOID", "StandardOID",
                      "CommentOID"):  # fmt: skip
        plain = [one.get(attribute) for one in document.iter() if one.get(attribute)]
        of_define = [one.get(f"{{{NS['def']}}}{attribute}") for one in document.iter()]
        assert set(filter(None, [*plain, *of_define])) <= known, attribute
    for leaf in document.iterfind(".//def:leaf", NS):
        assert (exported / leaf.get(HREF)).is_file()
    assert len(known) == len([one for one in document.iter() if one.get("OID")])


def test_it_says_of_the_files_what_they_hold(document, exported) -> None:
    items = {one.get("OID"): one for one in document.iterfind(".//o:ItemDef", NS)}
    for group in document.iterfind(".//o:ItemGroupDef", NS):
        path = exported / group.find("def:leaf", NS).get(HREF)
        frame, meta = pyreadstat.read_xport(path)
        own = [items[one.get("ItemOID")] for one in group.iterfind("o:ItemRef", NS)]
        assert [one.get("Name") for one in own] == list(frame.columns)
        labels = [one.find("o:Description/o:TranslatedText", NS).text for one in own]
        assert labels == meta.column_labels
        for one in own:
            values = frame[one.get("Name")]
            if one.get("DataType") == "text":
                assert values.str.len().max() <= int(one.get("Length")) or not len(values)
        keys = {one.get("KeySequence"): items[one.get("ItemOID")].get("Name")
                for one in group.iterfind("o:ItemRef", NS) if one.get("KeySequence")}  # fmt: skip
        assert not frame.duplicated([keys[n] for n in sorted(keys)]).any()


def test_codes_of_the_files_are_in_their_lists(document, exported) -> None:
    lists = {
        one.get("OID"): {item.get("CodedValue") for item in one}
        for one in document.iterfind(".//o:CodeList", NS)
    }
    checked = 0
    for group in document.iterfind(".//o:ItemGroupDef", NS):
        frame, _ = pyreadstat.read_xport(exported / group.find("def:leaf", NS).get(HREF))
        for name in frame:
            codes = lists.get(f"CL.{group.get('Name')}.{name}")
            if codes is not None:
                assert set(frame[name]) - {""} <= codes
                checked += 1
    assert checked > 20


def test_values_of_each_parameter_are_described(document, exported) -> None:
    adpp, _ = pyreadstat.read_xport(exported / "adpp.xpt")
    (values,) = document.xpath("//def:ValueListDef[@OID='VL.ADPP.AVAL']", namespaces=NS)
    described = {one.get("ItemOID").rsplit(".", 1)[-1] for one in values.iterfind("o:ItemRef", NS)}
    assert described == set(adpp["PARAMCD"])


def test_code_lists_of_cdisc_are_those_that_nci_numbers(document) -> None:
    """A list has NCI's code and a standard, or is the sponsor's; what extends a list of CDISC says so."""
    lists = {one.get("OID"): one for one in document.iterfind(".//o:CodeList", NS)}
    standards = {one.get("OID"): one for one in document.iterfind(".//def:Standard", NS)}
    standard, extended = f"{{{NS['def']}}}StandardOID", f"{{{NS['def']}}}ExtendedValue"
    for one in lists.values():
        aliases = [alias.get("Name") for alias in one.iterfind("o:Alias", NS)]
        assert all(re.fullmatch(r"C\d{4,}", name) for name in aliases)
        assert bool(aliases) == (one.get(standard) is not None)
        assert bool(aliases) != (one.get(f"{{{NS['def']}}}IsNonStandard") == "Yes")
    for name in ("DM", "CP", "PC", "PP"):
        own = lists[f"CL.{name}.DOMAIN"]
        assert [one.get("Name") for one in own.iterfind("o:Alias", NS)] == ["C66734"]
        assert [one.get("CodedValue") for one in own.iterfind("o:EnumeratedItem", NS)] == [name]

    def code_of(oid: str, term: str) -> str | None:
        (item,) = [one for one in lists[oid] if one.get("CodedValue") == term]
        alias = item.find("o:Alias", NS)
        return None if alias is None else alias.get("Name")

    # As CDISC publishes them: a test code and its name are one term.
    for name, code in (("DM", "C49572"), ("PC", "C49606"), ("PP", "C49607")):
        assert code_of(f"CL.{name}.DOMAIN", name) == code
    assert code_of("CL.CP.CPTESTCD", "BLYCE") == code_of("CL.CP.CPTEST", "B-Lymphocytes") == "C174314"
    assert code_of("CL.PP.PPTESTCD", "AUCINT") == code_of("CL.PP.PPTEST", "AUC from T1 to T2") == "C85566"
    assert code_of("CL.PP.PPORRESU", "day") == "C25301"
    assert code_of("CL.CP.CPTESTCD", "BLYCEEV") is None
    for one in lists.values():
        for item in one:
            assert item.get(extended) is None or item.find("o:Alias", NS) is None
    assert standards[lists["CL.ADCP.DTYPE"].get(standard)].get("PublishingSet") == "ADaM"
    assert standards[lists["CL.CP.CPTESTCD"].get(standard)].get("PublishingSet") == "SDTM"

    def own_terms(oid: str) -> set[str]:
        return {item.get("CodedValue") for item in lists[oid] if item.get(extended) == "Yes"}

    codes = {item.get("CodedValue") for item in lists["CL.CP.CPTESTCD"] if item.get("CodedValue")}
    assert own_terms("CL.CP.CPTESTCD") == {code for code in codes if code.endswith("EV")}
    assert own_terms("CL.CP.CPORRESU") == {"Events"}
    assert own_terms("CL.PP.PPORRESU") == {"day*10^6/L"}
    assert own_terms("CL.ADCP.DTYPE") == {"HALF LIMIT"}
    assert own_terms("CL.ADPC.DTYPE") == {"ZERO"}
    assert own_terms("CL.PP.PPTESTCD") == own_terms("CL.CP.CPSPEC") == set()


# SDTMIG 3.4: roles of some variables of each kind.
ROLES = {
    "DM.SUBJID": "Topic", "DM.AGEU": "Variable Qualifier", "DM.ARM": "Synonym Qualifier",
    "DM.ARMCD": "Record Qualifier", "CP.CPSEQ": "Identifier", "CP.CPTESTCD": "Topic",
    "CP.CPTEST": "Synonym Qualifier", "CP.CPSBMRKS": "Variable Qualifier", "CP.CPMRKSTR": "Record Qualifier",
    "CP.CPCAT": "Grouping Qualifier", "CP.CPTSTPNL": "Grouping Qualifier", "CP.CPORRES": "Result Qualifier",
    "CP.CPSTRESN": "Result Qualifier", "CP.CPSTRESU": "Variable Qualifier", "CP.CPRESTYP": "Record Qualifier",
    "CP.CPDTC": "Timing", "CP.VISITDY": "Timing", "PC.PCLLOQ": "Variable Qualifier", "PC.PCGRPID": "Identifier",
    "PC.PCNAM": "Record Qualifier", "PP.PPANMETH": "Record Qualifier", "PP.PPTPTREF": "Timing",
    "PP.PPRFTDTC": "Timing", "PP.PPENINT": "Timing", "SUPPCP.RDOMAIN": "Identifier", "SUPPCP.QNAM": "Topic",
    "SUPPCP.QLABEL": "Synonym Qualifier", "SUPPCP.QVAL": "Result Qualifier", "SUPPCP.QEVAL": "Record Qualifier",
    "RELREC.RELID": "Record Qualifier",
}  # fmt: skip


def test_roles_of_the_guide(document) -> None:
    """Of SDTM variables, and of no others."""
    for group in document.iterfind(".//o:ItemGroupDef", NS):
        roles = {
            one.get("ItemOID").removeprefix("IT."): one.get("Role") for one in group.iterfind("o:ItemRef", NS)
        }
        assert {name: roles[name] for name in ROLES if name in roles} == {
            name: ROLES[name] for name in ROLES if name in roles
        }
        assert all(role is None for role in roles.values()) == group.get("Name").startswith("AD")
        assert len(set(map(bool, roles.values()))) == 1


def test_endpoints_are_recomputed_from_the_files_alone(exported) -> None:
    """By somebody who has the transport files and define.xml: a process of its own, without a module of ours."""
    script = Path(__file__).with_name("recompute_endpoints.py")
    command = [sys.executable, "-I", str(script), str(exported)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)
    told = json.loads(done.stdout)
    assert "bcelldepl" not in told["modules"]
    codes = {code for _, code, _, _ in told["rows"]}
    assert codes == {
        *("CMAX", "TMAX", "CLST", "TLST", "AUCLST", "AUC28", "AUC90"),
        *("BBASE", "BNADIR", "BNADIRPC", "BLOG10RD", "BDEPLDY"),
    }
    assert len(told["rows"]) == 2 * len(codes)
    for subject, code, computed, stated in told["rows"]:
        # Values and days of the files have six digits; what is computed from several of them has five.
        assert computed == pytest.approx(stated, rel=1e-5), (subject, code)
    adtte, _ = pyreadstat.read_xport(exported / "adtte.xpt")
    stated_days = {(subject, stated) for subject, code, _, stated in told["rows"] if code == "BDEPLDY"}
    onset = adtte[adtte["PARAMCD"] == "BDEPLDY"]
    assert set(zip(onset["USUBJID"], onset["AVAL"], strict=True)) == stated_days
    assert (onset["CNSR"] == 0).all()


def test_the_outcome_is_not_empty_where_it_happened(exported) -> None:
    adcp, _ = pyreadstat.read_xport(exported / "adcp.xpt")
    after = adcp[(adcp["PARAMCD"] == "BLYCE") & (adcp["AFRLT"] > 0) & (adcp["RESCODE"] != "NOT_EVALUABLE")]
    assert after["PCHG"].notna().all()
    below = after[after["DTYPE"] != ""]
    assert len(below)
    assert (below["PCHG"] < below["PCHGLIM"]).all()
    assert stats.gmean(after["AVAL"]) > 0


def test_findings_of_the_open_rules(exported) -> None:
    """CORE-000165, -248: a reference date has its reference; -133: no unit without a result; -612, -699: one unit per
    test; -302: a qualifier has one label; -915: one last record before exposure of each test; every variable that is
    expected is there; ADaM: sequence numbers of sources are those of the source."""
    data = {path.stem: pyreadstat.read_xport(path)[0] for path in exported.glob("*.xpt")}
    pp, pc, cp, relrec = (data[name] for name in ("pp", "pc", "cp", "relrec"))
    assert ((pp["PPRFTDTC"] == "") | (pp["PPTPTREF"] != "")).all()
    for name, table in (("PP", pp), ("PC", pc), ("CP", cp)):
        assert (table.loc[table[f"{name}STRESU"] != "", f"{name}STRESC"] != "").all()
        done = table[table[f"{name}STRESC"] != ""]
        assert (done.groupby(f"{name}TESTCD")[f"{name}STRESU"].nunique() == 1).all()
        assert (table.groupby(f"{name}TESTCD")[f"{name}TEST"].nunique() == 1).all()
        assert table[f"{name}TESTCD"].str.fullmatch(r"[A-Z][A-Z0-9]{0,7}").all()
        assert table[f"{name}TEST"].str.len().max() <= 40
    assert "PCNAM" in pc
    assert "QEVAL" in data["suppcp"]
    assert data["suppcp"]["QNAM"].str.fullmatch(r"[A-Z][A-Z0-9]{0,7}").all()
    assert data["suppcp"]["QLABEL"].str.len().between(1, 40).all()
    assert data["suppcp"]["QVAL"].str.len().between(1, 200).all()
    assert (data["suppcp"].groupby("QNAM")["QLABEL"].nunique() == 1).all()
    assert (data["suppcp"].groupby("QLABEL")["QNAM"].nunique() == 1).all()
    assert not cp[cp["CPLOBXFL"] == "Y"].duplicated(["USUBJID", "CPTESTCD"]).any()
    assert {"TRTP", "TRTA", "ADT", "SRCDOM", "SRCVAR", "SRCSEQ"} <= set(data["adcp"]) & set(data["adpc"])
    assert {"AGE", "AGEU", "SEX", "RACE", "SITEID", "SUBJID", "ARM", "TRT01P"} <= set(data["adsl"])
    for row in relrec.itertuples():
        assert row.IDVARVAL in set(data[row.RDOMAIN.lower()][row.IDVAR])
    assert relrec.groupby(["USUBJID", "RELID"])["RDOMAIN"].nunique().eq(2).all()
    for name in ("adcp", "adpc", "adpp"):
        table = data[name]
        source = table["SRCDOM"].replace("", np.nan).dropna().iloc[0]
        keys = data[source.lower()][["USUBJID", f"{source}SEQ", f"{source}STRESN"]]
        merged = table[table["SRCDOM"] == source].merge(
            keys, left_on=["USUBJID", "SRCSEQ"], right_on=["USUBJID", f"{source}SEQ"], validate="many_to_one"
        )
        measured = merged[merged[f"{source}STRESN"].notna()]
        assert len(measured)
        counted = measured[measured["NCAXFL"] == ""] if "NCAXFL" in measured else measured
        np.testing.assert_allclose(counted["AVAL"], counted[f"{source}STRESN"], rtol=1e-5)
    for table in data.values():
        for name in [name for name in table if name.endswith("DY")]:
            days = table[name].dropna()
            assert (days == days.round()).all()
            assert (days != 0).all()
    assert set(data["dm"]["USUBJID"]) == set(pd.concat([cp, pc, pp])["USUBJID"])
    # ADaM conformance rules 5 (flags), 46 (above), 53 and 54 (subjects), 895 (the number of an analysis flag).
    assert not data["adsl"]["USUBJID"].duplicated().any()
    for name in ("adsl", "adcp", "adpc", "adpp", "adtte"):
        assert set(data[name]["USUBJID"]) <= set(data["dm"]["USUBJID"])
        for flag in [column for column in data[name] if column.endswith("FL")]:
            assert set(data[name][flag]) <= {"", "Y", "N"}
    _, meta = pyreadstat.read_xport(exported / "adcp.xpt")
    assert "01" in meta.column_names_to_labels["ANL01FL"]


def test_labels_of_the_guide(exported) -> None:
    """SDTMIG 3.4."""
    labels = {}
    for name in ("cp", "pc", "pp"):
        _, meta = pyreadstat.read_xport(exported / f"{name}.xpt")
        labels |= meta.column_names_to_labels
    assert labels["CPDTC"] == "Date/Time of Collection"
    assert labels["CPDY"] == "Study Day of Visit/Collection/Exam"
    assert labels["PCDY"] == "Actual Study Day of Specimen Collection"
    assert labels["PCREASND"] == "Reason Test Not Done"
    assert labels["PPTPTREF"] == "Time Point Reference"
    assert labels["PPANMETH"] == "Analysis Method"
