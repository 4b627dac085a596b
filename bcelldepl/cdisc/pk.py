"""SDTM PC and PP: concentrations of CAR+ T cells, and the kinetic parameters."""

from __future__ import annotations

import math
from typing import Any, Final

from bcelldepl.cdisc.dataset import CdiscDataset, Variable, make_dataset
from bcelldepl.cdisc.sdtm import (
    BLOOD,
    CELLS_PER_LITRE,
    DOMAINS,
    VisitSchedule,
    identifiers,
    result_cells,
    result_text,
    timing,
)
from bcelldepl.cdisc.subjects import usubjid
from bcelldepl.definitions.codes import Qualifier
from bcelldepl.definitions.endpoints import EndpointDefinition, auc_window, endpoint_definitions
from bcelldepl.definitions.populations import cdisc_test
from bcelldepl.results.finished import FinishedRun
from bcelldepl.study import iso_text
from bcelldepl.units import CELLS_PER_UL

__all__ = ["DAYS_OF_CELLS", "course_group", "end_of_interval", "pk_tables"]

PC: Final = (
    *identifiers("PC"),
    Variable("PCGRPID", "Group ID", "text", "course of the subject: its records give the parameters"),
    Variable("PCREFID", "Reference ID", "text", "file of the sample sheet"),
    Variable("PCTESTCD", "Pharmacokinetic Test Short Name", "text", "constant"),
    Variable("PCTEST", "Pharmacokinetic Test Name", "text", "constant"),
    Variable("PCCAT", "Test Category", "text", "constant"),
    Variable(
        "PCORRES", "Result or Finding in Original Units", "text", "number, or < and the limit it lies below"
    ),
    Variable("PCORRESU", "Original Units", "text", "10^6/L is cells/uL", "C85494"),
    Variable("PCSTRESC", "Character Result/Finding in Std Format", "text", "PCORRES"),
    Variable(
        "PCSTRESN", "Numeric Result/Finding in Standard Units", "float", "the number; missing below the LLOQ"
    ),
    Variable("PCSTRESU", "Standard Units", "text", "PCORRESU", "C85494"),
    Variable("PCSTAT", "Completion Status", "text", "NOT DONE where the tube gives no result", "C66789"),
    Variable("PCREASND", "Reason Test Not Done", "text", "reason of counts.csv; in full as CPNOTE in SUPPCP"),
    Variable("PCNAM", "Vendor Name", "text", "for the sponsor: the laboratory"),
    Variable("PCSPEC", "Specimen Material Type", "text", "constant", "C78734"),
    Variable("PCMETHOD", "Method of Test or Examination", "text", "constant", "C85492"),
    Variable("PCLLOQ", "Lower Limit of Quantitation", "float", "LLOQ of this tube, in PCSTRESU"),
    *timing("PC"),
)
PP: Final = (
    *identifiers("PP"),
    Variable("PPGRPID", "Group ID", "text", "course of the subject"),
    Variable("PPTESTCD", "Parameter Short Name", "text", "by parameter", "C85839"),
    Variable("PPTEST", "Parameter Name", "text", "by parameter", "C85493"),
    Variable("PPCAT", "Parameter Category", "text", "constant"),
    Variable("PPORRES", "Result or Finding in Original Units", "text", "value; with < or > where censored"),
    Variable("PPORRESU", "Original Units", "text", "unit of the parameter", "C85494"),
    Variable("PPSTRESC", "Character Result/Finding in Std Format", "text", "PPORRES"),
    Variable(
        "PPSTRESN", "Numeric Result/Finding in Standard Units", "float", "the number; missing where censored"
    ),
    Variable("PPSTRESU", "Standard Units", "text", "PPORRESU", "C85494"),
    Variable("PPSPEC", "Specimen Material Type", "text", "constant", "C78734"),
    Variable("PPANMETH", "Analysis Method", "text", "rule of the areas and of the slope", "C172330"),
    Variable("PPTPTREF", "Time Point Reference", "text", "infusion from which the parameter is timed"),
    Variable("PPRFTDTC", "Date/Time of Reference Point", "text", "infused, of the sample sheet"),
    Variable("PPSTINT", "Planned Start of Assessment Interval", "text", "start of an area from infusion"),
    Variable("PPENINT", "Planned End of Assessment Interval", "text", "end of an area from infusion"),
)
RELREC: Final = (
    Variable("STUDYID", "Study Identifier", "text", "id of the study file"),
    Variable("RDOMAIN", "Related Domain Abbreviation", "text", "constant", DOMAINS),
    Variable("USUBJID", "Unique Subject Identifier", "text", "as in the related records"),
    Variable("IDVAR", "Identifying Variable", "text", "constant"),
    Variable("IDVARVAL", "Identifying Variable Value", "text", "of the related records"),
    Variable("RELTYPE", "Relationship Type", "text", "constant: empty for relations of records"),
    Variable("RELID", "Relationship Identifier", "text", "one per course"),
)
DAYS_OF_CELLS: Final = f"day*{CELLS_PER_LITRE}"
UNITS: Final = {
    CELLS_PER_UL: CELLS_PER_LITRE,
    "day": "day",
    f"{CELLS_PER_UL}*day": DAYS_OF_CELLS,
    "1/day": "/day",
}


def pk_tables(run: FinishedRun) -> list[CdiscDataset]:
    """Return PC, PP and their relation; empty where no CAR+ T cells were counted, or percentages are the results.

    Parameters
    ----------
    run : FinishedRun

    Returns
    -------
    list of CdiscDataset
    """
    pc, pp = _pc(run), _pp(run)
    return [pc, pp, _relations(run, pc, pp)]


def course_group(course: Any) -> str:
    """PCGRPID and PPGRPID of a course: the parameters are made of its concentrations.

    Parameters
    ----------
    course : int

    Returns
    -------
    str
    """
    return f"COURSE {int(course)}"


def end_of_interval(endpoint: EndpointDefinition) -> str:
    """PPENINT of an endpoint: the end of its area since infusion; empty for any but an area to a day.

    Parameters
    ----------
    endpoint : EndpointDefinition

    Returns
    -------
    str
        ISO 8601 duration.
    """
    window = auc_window(endpoint.code)
    return f"P{window}D" if window else ""


def _pc(run: FinishedRun) -> CdiscDataset:
    plan, tubes, rows = VisitSchedule.of(run.study.tubes), run.tube_of, []
    sequence: dict[str, int] = {}
    for counted in run.counts.to_dict("records"):
        row = {str(key): value for key, value in counted.items()}
        test = cdisc_test(row["population"])
        if test is None or not test.concentration_code or run.in_percent:
            continue
        subject = usubjid(run, row["subject"])
        sequence[subject] = sequence.get(subject, 0) + 1
        cells = result_cells("PC", row, row["cells_per_ul"], CELLS_PER_LITRE)
        if "PCSTAT" not in cells:
            cells["PCLLOQ"] = row["lloq_per_ul"]
        rows.append(
            {
                "STUDYID": run.study.id,
                "DOMAIN": "PC",
                "USUBJID": subject,
                "PCSEQ": sequence[subject],
                "PCGRPID": course_group(row["course"]),
                "PCREFID": row["file"],
                "PCTESTCD": test.concentration_code,
                "PCTEST": test.concentration_name,
                "PCCAT": "CELLULAR KINETICS",
                "PCSPEC": BLOOD,
                "PCMETHOD": "FLOW CYTOMETRY",
                **cells,
                **plan.cells("PC", tubes.get(row["file"]), row["visit"], row["day"]),
            }
        )
    structure = "one record per tube and analyte"
    return make_dataset(
        "PC",
        "Pharmacokinetics Concentrations",
        structure,
        ("STUDYID", "USUBJID", "PCSEQ"),
        PC,
        rows,
        ("PCSTRESN", "PCTESTCD", "PCTEST"),
    )


def _pp(run: FinishedRun) -> CdiscDataset:
    known = endpoint_definitions(run.study.endpoints.auc_days)
    infused = {(tube.subject, tube.course): tube for tube in run.study.tubes if tube.infused is not None}
    rows: list[dict[str, Any]] = []
    sequence: dict[str, int] = {}
    for found in run.endpoints.to_dict("records"):
        row = {str(key): value for key, value in found.items()}
        test, endpoint = cdisc_test(row["analyte"]), known.get(row["parameter"])
        if test is None or not test.concentration_code or endpoint is None or math.isnan(row["value"]):
            continue  # why a parameter was not calculated stands in ADPP
        subject = usubjid(run, row["subject"])
        sequence[subject] = sequence.get(subject, 0) + 1
        end = end_of_interval(endpoint)
        tube = infused.get((row["subject"], int(row["course"])))
        cells = {
            "STUDYID": run.study.id,
            "DOMAIN": "PP",
            "USUBJID": subject,
            "PPSEQ": sequence[subject],
            "PPGRPID": course_group(row["course"]),
            "PPTESTCD": endpoint.pp_code,
            "PPTEST": endpoint.pp_name,
            "PPCAT": test.concentration_name,
            "PPSPEC": BLOOD,
            "PPSTINT": "P0D" if end else "",
            "PPENINT": end,
            "PPTPTREF": f"INFUSION {int(row['course'])}",
            "PPRFTDTC": iso_text(tube.infused, tube.infused_has_time, "minutes") if tube else "",
            "PPANMETH": endpoint.pp_method,
        }
        rows.append(cells | _result(row, UNITS[endpoint.unit]))
    structure = "one record per subject and parameter"
    return make_dataset(
        "PP",
        "Pharmacokinetics Parameters",
        structure,
        ("STUDYID", "USUBJID", "PPSEQ"),
        PP,
        rows,
        ("PPSTRESN", "PPTESTCD", "PPTEST"),
    )


def _relations(run: FinishedRun, pc: CdiscDataset, pp: CdiscDataset) -> CdiscDataset:
    """Concentrations to the parameters that are made of them, by the group of both: a course of a subject."""
    groups = [
        sorted(set(zip(one.column("USUBJID"), one.column(f"{one.name}GRPID"), strict=True)))
        for one in (pc, pp)
    ]
    rows = [
        {
            "STUDYID": run.study.id,
            "RDOMAIN": domain.name,
            "USUBJID": subject,
            "IDVAR": f"{domain.name}GRPID",
            "IDVARVAL": group,
            "RELID": f"PCPP{group.rsplit(' ', 1)[-1]}",
        }
        for subject, group in groups[1]
        if (subject, group) in groups[0]
        for domain in (pc, pp)
    ]
    keys = ("STUDYID", "RDOMAIN", "USUBJID", "IDVAR", "IDVARVAL", "RELID")
    return make_dataset(
        "RELREC", "Related Records", "one record per related group of records", keys, RELREC, rows
    )


def _result(row: dict[str, Any], unit: str) -> dict[str, Any]:
    value, sign = row["value"], row["qualifier"]
    text = result_text(value, sign)
    number = value if sign == Qualifier.EQUAL else None
    return {"PPORRES": text, "PPORRESU": unit, "PPSTRESC": text, "PPSTRESN": number, "PPSTRESU": unit}
