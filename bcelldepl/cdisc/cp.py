"""SDTM CP, cell phenotype findings: concentration, fraction and event count of every population and tube."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from bcelldepl.cdisc.dataset import CdiscDataset, Variable, make_dataset
from bcelldepl.cdisc.marker_string import gate_definition, marker_string
from bcelldepl.cdisc.results import FinishedRun
from bcelldepl.cdisc.sdtm import (
    BLOOD,
    CELLS_PER_LITRE,
    VisitSchedule,
    identifiers,
    number_text,
    result_cells,
    split_text,
    timing,
)
from bcelldepl.counting.limits import ResultCode
from bcelldepl.study import Tube

__all__ = ["TESTS", "cp_tables"]


@dataclass(frozen=True)
class Test:
    """How a population is spelt in CP.

    Attributes
    ----------
    code, name : str
        CPTESTCD and CPTEST of the count.
    fraction_code, fraction_name : str
        Of the fraction; empty where there is none.
    of : str
        Population that the fraction is of.
    sublineage : str
        CPSBMRKS, with the name ending in ``Sub``.
    """

    code: str
    name: str
    fraction_code: str = ""
    fraction_name: str = ""
    of: str = ""
    sublineage: str = ""


# Codes of CDISC where the implementation guide shows one; NK and CAR+ T are the sponsor's, as the lists extend.
TESTS: Final = {
    "leukocytes": Test("WBC", "Leukocytes"),
    "lymphocytes": Test("LYM", "Lymphocytes", "LYMLE", "Lymphocytes/Leukocytes", "leukocytes"),
    "T": Test("TLYCE", "T-Lymphocytes", "TLYLY", "TLym/Lym", "lymphocytes"),
    "B": Test("BLYCE", "B-Lymphocytes", "BLYCELY", "B-Lymphocytes/Lymphocytes", "lymphocytes"),
    "NK": Test("NKCE", "Natural Killer Cells", "NKCELY", "Natural Killer Cells/Lymphocytes", "lymphocytes"),
    "CAR_T": Test("TLYCES", "T-Lymphocytes Sub", "TLYSTLY", "T-Lymphocytes Sub/T-Lymphocytes", "T", "CAR+"),
}

VARIABLES: Final = (
    *identifiers("CP"),
    Variable("CPGRPID", "Group ID", "text", "tube: its rows belong together"),
    Variable("CPREFID", "Reference ID", "text", "file of the sample sheet"),
    Variable(
        "CPTESTCD", "Test or Examination Short Name", "text", "by population and kind of result", "C181173"
    ),
    Variable(
        "CPTEST",
        "Name of Measurement, Test or Examination",
        "text",
        "by population and kind of result",
        "C181174",
    ),
    Variable("CPSBMRKS", "Sublineage Marker String", "text", "markers that make the population a subset"),
    Variable("CPMRKSTR", "Marker String", "text", "signs of the gates on the way to the population"),
    Variable("CPGATE", "Gate", "text", "population"),
    Variable("CPGATDEF", "Gate Definition", "text", "gates from the root on, separated by |"),
    Variable("CPCAT", "Category", "text", "constant", "C181171"),
    Variable("CPTSTPNL", "Test Panel", "text", "gating strategy"),
    Variable(
        "CPORRES", "Result or Finding in Original Units", "text", "number, or < and the limit it lies below"
    ),
    Variable("CPORRESU", "Original Units", "text", "10^6/L is cells/uL", "C71620"),
    Variable("CPRESSCL", "Result Scale", "text", "constant", "C177910"),
    Variable("CPRESTYP", "Result Type", "text", "count, fraction or events", "C179588"),
    Variable("CPSTRESC", "Result or Finding in Standard Format", "text", "CPORRES"),
    Variable(
        "CPSTRESN", "Numeric Result/Finding in Standard Units", "float", "the number; missing below the LLOQ"
    ),
    Variable("CPSTRESU", "Standard Units", "text", "CPORRESU", "C71620"),
    Variable("CPLLOQ", "Lower Limit of Quantitation", "float", "LLOQ of this tube, in CPSTRESU"),
    Variable("CPSTAT", "Completion Status", "text", "NOT DONE where the tube cannot answer", "C66789"),
    Variable("CPREASND", "Reason Not Done", "text", "reason of counts.csv; in full as CPNOTE in SUPPCP"),
    Variable("CPSPEC", "Specimen Type", "text", "constant", "C78734"),
    Variable("CPMETHOD", "Method of Test or Examination", "text", "constant", "C85492"),
    Variable(
        "CPLOBXFL", "Last Observation Before Exposure Flag", "text", "last result before infusion", "C66742"
    ),
    *timing("CP"),
)

SUPPLEMENT: Final = (
    Variable("STUDYID", "Study Identifier", "text", "id of the study file"),
    Variable("RDOMAIN", "Related Domain Abbreviation", "text", "constant"),
    Variable("USUBJID", "Unique Subject Identifier", "text", "as in CP"),
    Variable("IDVAR", "Identifying Variable", "text", "constant"),
    Variable("IDVARVAL", "Identifying Variable Value", "text", "CPSEQ"),
    Variable("QNAM", "Qualifier Variable Name", "text", "see QLABEL"),
    Variable("QLABEL", "Qualifier Variable Label", "text", "what QVAL is"),
    Variable("QVAL", "Data Value", "text", "column of counts.csv"),
    Variable("QORIG", "Origin", "text", "constant"),
)
# Column of counts.csv to qualifier; text that is longer than a variable may be is carried on in a numbered one.
QUALIFIERS: Final = {
    "result": ("CPRESCD", "Result Code"),
    "method": ("CPCNTMTH", "Counting Method"),
    "evidence": ("CPEVID", "Weakest Evidence of the Gates"),
    "ci_low_per_ul": ("CPCILOW", "95% Interval Low [10^6/L]"),
    "ci_high_per_ul": ("CPCIHIGH", "95% Interval High [10^6/L]"),
    "lod_per_ul": ("CPLOD", "Limit of Detection [10^6/L]"),
    "analysed_volume_ul": ("CPVOLUL", "Blood Analysed [uL]"),
    "sha256": ("CPSHA256", "SHA-256 of the FCS File"),
    "reason": ("CPNOTE", "Note of the Laboratory"),
    "override": ("CPHAND", "Gates Set by Hand"),
}


def cp_tables(handed: FinishedRun) -> list[CdiscDataset]:
    """Return CP and its supplemental qualifiers.

    Parameters
    ----------
    handed : FinishedRun

    Returns
    -------
    list of CdiscDataset
        CP has up to three rows per tube and population: concentration, fraction, and the events they rest on.
    """
    rows: list[dict[str, Any]] = []
    supplement: list[dict[str, Any]] = []
    last = _last_before_infusion(handed)
    sequence: dict[str, int] = {}
    for tube_row, cells, is_count in _results(handed):
        subject = cells["USUBJID"]
        sequence[subject] = sequence.get(subject, 0) + 1
        cells["CPSEQ"] = sequence[subject]
        if (
            cells.get("CPSTAT") is None
            and (tube_row["subject"], cells["CPTESTCD"], cells["CPRESTYP"]) in last
        ):
            known = last[tube_row["subject"], cells["CPTESTCD"], cells["CPRESTYP"]]
            cells["CPLOBXFL"] = "Y" if known == tube_row["file"] else ""
        rows.append(cells)
        if is_count:
            supplement += _supplement(handed, tube_row, cells)
    structure = "one record per tube, population and kind of result"
    main = make_dataset(
        "CP", "Cell Phenotype Findings", structure, ("STUDYID", "USUBJID", "CPSEQ"), VARIABLES, rows
    )
    keys = ("STUDYID", "RDOMAIN", "USUBJID", "IDVAR", "IDVARVAL", "QNAM")
    label = "Supplemental Qualifiers for CP"
    return [
        main,
        make_dataset(
            "SUPPCP", label, "one record per qualifier of a CP record", keys, SUPPLEMENT, supplement
        ),
    ]


def _results(handed: FinishedRun) -> Iterator[tuple[dict[str, Any], dict[str, Any], bool]]:
    """Yield each row of the counts with each of its CP records, and whether that is the concentration."""
    tubes, plan = handed.tubes, VisitSchedule.of(handed.study.tubes)
    events = {(row["file"], row["population"]): row["events"] for row in _counts(handed)}
    for row in _counts(handed):
        test = TESTS.get(row["population"])
        if test is None:
            continue  # beads are no cells
        tube = tubes.get(row["file"])
        gated = handed.gates.get(row["file"])
        shared = {
            "STUDYID": handed.study.id,
            "DOMAIN": "CP",
            "USUBJID": handed.usubjid(row["subject"]),
            "CPGRPID": _group(row["file"]),
            "CPREFID": row["file"],
            "CPSBMRKS": test.sublineage,
            "CPGATE": row["population"],
            "CPGATDEF": gate_definition(handed.strategy, row["population"], gated),
            "CPCAT": "IMMUNOPHENOTYPING",
            "CPTSTPNL": handed.strategy.get("name", ""),
            "CPRESSCL": "QUANTITATIVE",
            "CPSPEC": BLOOD,
            "CPMETHOD": "FLOW CYTOMETRY",
            **plan.cells("CP", tube, row["visit"], row["day"]),
        }
        own = marker_string(handed.strategy, row["population"], gated)
        count = {
            "CPTESTCD": test.code,
            "CPTEST": test.name,
            "CPMRKSTR": own,
            "CPRESTYP": "NUMBER CONCENTRATION",
        }
        count |= result_cells("CP", row, row["cells_per_ul"], CELLS_PER_LITRE)
        if "CPSTAT" not in count:
            count["CPLLOQ"] = row["lloq_per_ul"]
        yield row, shared | count, True
        total = events.get((row["file"], test.of))
        if test.of and _known(row["events"]) and total is not None and _known(total) and total > 0:
            whole = marker_string(handed.strategy, test.of, gated)
            fraction = {"CPTESTCD": test.fraction_code, "CPTEST": test.fraction_name, "CPMRKSTR": f"{own}/{whole}",
                        "CPRESTYP": "NUMBER FRACTION"}  # fmt: skip
            yield row, shared | fraction | _number(100.0 * row["events"] / total, "%"), False
        if _known(row["events"]):
            number = {"CPTESTCD": test.code, "CPTEST": test.name, "CPMRKSTR": own, "CPRESTYP": "NUMBER"}
            yield row, shared | number | _number(row["events"], "Events"), False


def _counts(handed: FinishedRun) -> list[dict[str, Any]]:
    return [{str(key): value for key, value in row.items()} for row in handed.counts.to_dict("records")]


def _number(value: float, unit: str) -> dict[str, Any]:
    text = number_text(value)
    return {"CPORRES": text, "CPORRESU": unit, "CPSTRESC": text, "CPSTRESN": float(text), "CPSTRESU": unit}


def _known(value: float) -> bool:
    return value is not None and not math.isnan(value)


def _group(file: str) -> str:
    return file.rsplit("/", 1)[-1].rsplit(".", 1)[0]


def _last_before_infusion(handed: FinishedRun) -> dict[tuple[str, str, str], str]:
    """File of the last evaluable result before infusion, by subject, test and kind of result."""
    last: dict[tuple[str, str, str], tuple[float, str]] = {}
    tubes = handed.tubes
    for row, cells, _ in _results(handed):
        day = _day(tubes.get(row["file"]), row["day"])
        done = row["result"] not in (ResultCode.NOT_EVALUABLE, ResultCode.NOT_DONE)
        if day > 0 or not done:
            continue
        key = (row["subject"], cells["CPTESTCD"], cells["CPRESTYP"])
        last[key] = max(last.get(key, (-math.inf, "")), (day, row["file"]))
    return {key: file for key, (_, file) in last.items()}


def _day(tube: Tube | None, nominal: float) -> float:
    actual = None if tube is None else tube.actual_day
    return nominal if actual is None else actual


def _supplement(handed: FinishedRun, row: dict[str, Any], cells: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for column, (name, label) in QUALIFIERS.items():
        value = row.get(column)
        if value is None or value == "" or (isinstance(value, float) and math.isnan(value)):
            continue
        text = number_text(value) if isinstance(value, float) else str(value)
        for part, piece in enumerate(split_text(text)):
            yield {
                "STUDYID": handed.study.id,
                "RDOMAIN": "CP",
                "USUBJID": cells["USUBJID"],
                "IDVAR": "CPSEQ",
                "IDVARVAL": str(cells["CPSEQ"]),
                "QNAM": name if part == 0 else f"{name[:7]}{part}",
                "QLABEL": label,
                "QVAL": piece,
                "QORIG": "Assigned",
            }
