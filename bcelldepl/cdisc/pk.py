"""SDTM PC and PP: concentrations of CAR+ T cells, and the kinetic parameters."""

from __future__ import annotations

import math
from typing import Any, Final

from bcelldepl.cdisc.dataset import CdiscDataset, Variable, make_dataset
from bcelldepl.cdisc.sdtm import (
    BLOOD,
    CELLS_PER_LITRE,
    VisitSchedule,
    identifiers,
    number_text,
    result_cells,
    timing,
)
from bcelldepl.cdisc.subjects import usubjid
from bcelldepl.definitions.codes import Qualifier
from bcelldepl.definitions.endpoints import auc_window, endpoint_definitions
from bcelldepl.definitions.populations import cdisc_test
from bcelldepl.results.finished import FinishedRun
from bcelldepl.study import iso_text
from bcelldepl.units import CELLS_PER_UL

__all__ = ["pk_tables"]

PC: Final = (
    *identifiers("PC"),
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
    Variable("PCSTAT", "Completion Status", "text", "NOT DONE where the tube cannot answer", "C66789"),
    Variable("PCREASND", "Reason Not Done", "text", "reason of counts.csv; in full as CPNOTE in SUPPCP"),
    Variable("PCSPEC", "Specimen Material Type", "text", "constant", "C78734"),
    Variable("PCMETHOD", "Method of Test or Examination", "text", "constant", "C85492"),
    Variable("PCLLOQ", "Lower Limit of Quantitation", "float", "LLOQ of this tube, in PCSTRESU"),
    *timing("PC"),
)
PP: Final = (
    *identifiers("PP"),
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
    Variable("PPSTAT", "Completion Status", "text", "NOT DONE where not evaluable", "C66789"),
    Variable("PPREASND", "Reason Parameter Not Calculated", "text", "reason of endpoints.csv"),
    Variable("PPSPEC", "Specimen Material Type", "text", "constant", "C78734"),
    Variable("PPANMETH", "Analysis Method", "text", "rule of the areas and of the terminal slope"),
    Variable("PPRFTDTC", "Date/Time of Reference Point", "text", "infused, of the sample sheet"),
    Variable("PPSTINT", "Planned Start of Assessment Interval", "text", "start of an area from infusion"),
    Variable("PPENINT", "Planned End of Assessment Interval", "text", "end of an area from infusion"),
)
UNITS: Final = {
    CELLS_PER_UL: CELLS_PER_LITRE,
    "day": "DAYS",
    f"{CELLS_PER_UL}*day": f"day*{CELLS_PER_LITRE}",
    "1/day": "/day",
}


def pk_tables(run: FinishedRun) -> list[CdiscDataset]:
    """Return PC and PP; empty where no CAR+ T cells were counted.

    Parameters
    ----------
    run : FinishedRun

    Returns
    -------
    list of CdiscDataset
    """
    return [_pc(run), _pp(run)]


def _pc(run: FinishedRun) -> CdiscDataset:
    plan, tubes, rows = VisitSchedule.of(run.study.tubes), run.tube_of, []
    sequence: dict[str, int] = {}
    for counted in run.counts.to_dict("records"):
        row = {str(key): value for key, value in counted.items()}
        test = cdisc_test(row["population"])
        if test is None or not test.concentration_code:
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
        "PC", "Pharmacokinetics Concentrations", structure, ("STUDYID", "USUBJID", "PCSEQ"), PC, rows
    )


def _pp(run: FinishedRun) -> CdiscDataset:
    known = endpoint_definitions(run.study.endpoints.auc_days)
    infused = {tube.subject: tube for tube in run.study.tubes if tube.infused is not None}
    rows: list[dict[str, Any]] = []
    sequence: dict[str, int] = {}
    for found in run.endpoints.to_dict("records"):
        row = {str(key): value for key, value in found.items()}
        test, endpoint = cdisc_test(row["analyte"]), known.get(row["parameter"])
        if test is None or not test.concentration_code or endpoint is None:
            continue
        subject = usubjid(run, row["subject"])
        sequence[subject] = sequence.get(subject, 0) + 1
        window = auc_window(endpoint.code)
        tube = infused.get(row["subject"])
        cells = {
            "STUDYID": run.study.id,
            "DOMAIN": "PP",
            "USUBJID": subject,
            "PPSEQ": sequence[subject],
            "PPTESTCD": endpoint.pp_code,
            "PPTEST": endpoint.pp_name,
            "PPCAT": test.concentration_name,
            "PPSPEC": BLOOD,
            "PPSTINT": "P0D" if window else "",
            "PPENINT": f"P{window}D" if window else "",
            "PPRFTDTC": iso_text(tube.infused, tube.infused_has_time, "minutes") if tube else "",
            "PPANMETH": endpoint.pp_method,
        }
        rows.append(cells | _result(row, UNITS[endpoint.unit]))
    structure = "one record per subject and parameter"
    return make_dataset(
        "PP", "Pharmacokinetics Parameters", structure, ("STUDYID", "USUBJID", "PPSEQ"), PP, rows
    )


def _result(row: dict[str, Any], unit: str) -> dict[str, Any]:
    value, sign = row["value"], row["qualifier"]
    if value is None or math.isnan(value):
        return {"PPSTAT": "NOT DONE", "PPREASND": str(row["reason"])}
    text = number_text(value) if sign == Qualifier.EQUAL else f"{sign}{number_text(value)}"
    number = value if sign == Qualifier.EQUAL else None
    return {"PPORRES": text, "PPORRESU": unit, "PPSTRESC": text, "PPSTRESN": number, "PPSTRESU": unit}
