"""SDTM CP, cell phenotype findings: concentration, fraction and event count of every population and tube."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any, Final

from bcelldepl.cdisc.dataset import CdiscDataset, Variable, make_dataset
from bcelldepl.cdisc.marker_string import StrategyMarkers
from bcelldepl.cdisc.sdtm import (
    BLOOD,
    CELLS_PER_LITRE,
    DOMAINS,
    VisitSchedule,
    identifiers,
    number_text,
    result_cells,
    split_text,
    timing,
)
from bcelldepl.cdisc.subjects import usubjid
from bcelldepl.definitions.codes import ResultCode
from bcelldepl.definitions.populations import LYMPHOCYTES, CdiscTest, cdisc_test
from bcelldepl.definitions.result_columns import (
    CONCENTRATION,
    PERCENT_OF_LYMPHOCYTES,
    PERCENT_OF_PARENT,
    ResultColumns,
)
from bcelldepl.definitions.review import ReviewMark
from bcelldepl.results.finished import FinishedRun
from bcelldepl.units import PERCENT

__all__ = ["EVENTS", "cp_tables"]

EVENTS: Final = "Events"  # unit of a number of events
Result = tuple[dict[str, Any], dict[str, Any], bool]  # row of counts, record, whether its code is of it
Test = tuple[str, str, str]  # subject, test and kind of result

VARIABLES: Final = (
    *identifiers("CP"),
    Variable("CPGRPID", "Group ID", "text", "tube: links its rows"),
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
    Variable("CPMRKSTR", "Marker String", "text", "signs of the gates that lead to the population"),
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
    Variable("CPSTAT", "Completion Status", "text", "NOT DONE where the tube gives no result", "C66789"),
    Variable("CPREASND", "Reason Not Done", "text", "reason of counts.csv; in full as CPNOTE in SUPPCP"),
    Variable("CPSPEC", "Specimen Type", "text", "constant", "C78734"),
    Variable("CPMETHOD", "Method of Test or Examination", "text", "constant", "C85492"),
    Variable(
        "CPLOBXFL", "Last Observation Before Exposure Flag", "text", "last result before infusion", "C66742"
    ),
    Variable("CPLLOQ", "Lower Limit of Quantitation", "float", "LLOQ of this tube, in CPSTRESU"),
    *timing("CP"),
)

SUPPLEMENT: Final = (
    Variable("STUDYID", "Study Identifier", "text", "id of the study file"),
    Variable("RDOMAIN", "Related Domain Abbreviation", "text", "constant", DOMAINS),
    Variable("USUBJID", "Unique Subject Identifier", "text", "as in CP"),
    Variable("IDVAR", "Identifying Variable", "text", "constant"),
    Variable("IDVARVAL", "Identifying Variable Value", "text", "CPSEQ"),
    Variable("QNAM", "Qualifier Variable Name", "text", "see QLABEL"),
    Variable("QLABEL", "Qualifier Variable Label", "text", "meaning of QVAL"),
    Variable("QVAL", "Data Value", "text", "column of counts.csv"),
    Variable("QORIG", "Origin", "text", "constant"),
    Variable("QEVAL", "Evaluator", "text", "for the sponsor: empty, not evaluated by a person"),
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
    "review": ("CPREVIEW", "Review of the Tube"),
}
# Where percentages are the results, of the percentage that the record holds.
PERCENT_QUALIFIERS: Final = (
    ("CPPCTLOW", "95% Interval Low [%]"),
    ("CPPCTHI", "95% Interval High [%]"),
    ("CPPCTLOD", "Limit of Detection [%]"),
)


def cp_tables(run: FinishedRun) -> list[CdiscDataset]:
    """Return CP and its supplemental qualifiers.

    Parameters
    ----------
    run : FinishedRun

    Returns
    -------
    list of CdiscDataset
        CP has up to three rows per tube and population: concentration, fraction, and the events they rest on. Where
        percentages are the results, no concentration, and the fraction has code, interval and limits.
    """
    rows: list[dict[str, Any]] = []
    supplement: list[dict[str, Any]] = []
    results = list(_results(run))
    last = _last_before_infusion(run, results)
    sequence: dict[str, int] = {}
    for tube_row, cells, is_count in results:
        subject = cells["USUBJID"]
        sequence[subject] = sequence.get(subject, 0) + 1
        cells["CPSEQ"] = sequence[subject]
        if "CPSTAT" not in cells and last.get(_test_of(cells)) == tube_row["file"]:
            cells["CPLOBXFL"] = "Y"
        rows.append(cells)
        if is_count:
            supplement += _supplement(run, tube_row, cells)
    structure = "one record per tube, population and kind of result"
    main = make_dataset(
        "CP",
        "Cell Phenotype Findings",
        structure,
        ("STUDYID", "USUBJID", "CPSEQ"),
        VARIABLES,
        rows,
        ("CPSTRESN", "CPTESTCD", "CPTEST"),
    )
    keys = ("STUDYID", "RDOMAIN", "USUBJID", "IDVAR", "IDVARVAL", "QNAM")
    label = "Supplemental Qualifiers for CP"
    return [
        main,
        make_dataset(
            "SUPPCP", label, "one record per qualifier of a CP record", keys, SUPPLEMENT, supplement
        ),
    ]


def _results(run: FinishedRun) -> Iterator[Result]:
    """Yield each row of the counts with each of its CP records, and whether that is the one its code is of."""
    tubes, plan = run.tube_of, VisitSchedule.of(run.study.tubes)
    strategies = (run.strategies.common, *run.strategies.of_batch.values())
    markers_of = {id(one): StrategyMarkers(one) for one in strategies}
    rows = [{str(key): value for key, value in row.items()} for row in run.counts.to_dict("records")]
    events = {(row["file"], row["population"]): row["events"] for row in rows}
    for row in rows:
        test = cdisc_test(row["population"])
        if test is None:
            continue  # beads are no cells
        tube = tubes.get(row["file"])
        strategy = run.strategies.of(row["file"])
        markers = markers_of[id(strategy)]
        gated, panel = run.gates.get(row["file"]), run.panels.get(row["file"])
        shared = {
            "STUDYID": run.study.id,
            "DOMAIN": "CP",
            "USUBJID": usubjid(run, row["subject"]),
            "CPGRPID": _group(row["file"]),
            "CPREFID": row["file"],
            "CPSBMRKS": test.sublineage,
            "CPGATE": row["population"],
            "CPGATDEF": markers.gate_definition(row["population"], gated, panel),
            "CPCAT": "IMMUNOPHENOTYPING",
            "CPTSTPNL": strategy.get("name", ""),
            "CPRESSCL": "QUANTITATIVE",
            "CPSPEC": BLOOD,
            "CPMETHOD": "FLOW CYTOMETRY",
            **plan.cells("CP", tube, row["visit"], row["day"]),
        }
        own = markers.marker_string(row["population"], gated, panel)
        fraction = {
            "CPTESTCD": test.fraction_code,
            "CPTEST": test.fraction_name,
            "CPRESTYP": "NUMBER FRACTION",
        }
        if test.of:
            fraction["CPMRKSTR"] = f"{own}/{markers.marker_string(test.of, gated, panel)}"
        if run.in_percent:
            columns = _percent_columns(row, test)
            if columns is not None:
                yield row, shared | fraction | _result(row, columns, PERCENT), True
        else:
            count = {
                "CPTESTCD": test.code,
                "CPTEST": test.name,
                "CPMRKSTR": own,
                "CPRESTYP": "NUMBER CONCENTRATION",
            }
            yield row, shared | count | _result(row, CONCENTRATION, CELLS_PER_LITRE), True
        if row.get("review") == ReviewMark.REJECTED:
            continue  # its events stand in counts.csv; they are no results
        total = events.get((row["file"], test.of))
        known = test.of and _known(row["events"]) and total is not None and _known(total) and total > 0
        if known and not run.in_percent:
            yield row, shared | fraction | _number(100.0 * row["events"] / total, PERCENT), False
        if _known(row["events"]):
            number = {"CPTESTCD": test.events_code, "CPTEST": test.events_name, "CPMRKSTR": own,
                      "CPRESTYP": "NUMBER"}  # fmt: skip
            yield row, shared | number | _number(row["events"], EVENTS), False


def _percent_columns(row: dict[str, Any], test: CdiscTest) -> ResultColumns | None:
    """Columns of the percentage that CDISC's fraction of a population is; None where the counts have none."""
    if test.of == LYMPHOCYTES:
        return PERCENT_OF_LYMPHOCYTES
    return PERCENT_OF_PARENT if test.of and row["parent"] in ("", test.of) else None


def _result(row: dict[str, Any], columns: ResultColumns, unit: str) -> dict[str, Any]:
    cells = result_cells("CP", row, row[columns.value], unit, columns)
    return cells if "CPSTAT" in cells else cells | {"CPLLOQ": row[columns.lloq]}


def _number(value: float, unit: str) -> dict[str, Any]:
    text = number_text(value)
    return {"CPORRES": text, "CPORRESU": unit, "CPSTRESC": text, "CPSTRESN": float(text), "CPSTRESU": unit}


def _known(value: float) -> bool:
    return value is not None and not math.isnan(value)


def _group(file: str) -> str:
    return file.rsplit("/", 1)[-1].rsplit(".", 1)[0]


def _last_before_infusion(run: FinishedRun, results: Sequence[Result]) -> dict[Test, str]:
    """File of the last evaluable result before infusion, by subject, test and kind of result."""
    last: dict[Test, tuple[float, str]] = {}
    tubes = run.tube_of
    for row, cells, _ in results:
        day = tubes[row["file"]].draw_day if row["file"] in tubes else row["day"]
        done = ResultCode(row["result"]).is_evaluable
        if day > 0 or not done:
            continue
        key = _test_of(cells)
        last[key] = max(last.get(key, (-math.inf, "")), (day, row["file"]))
    return {key: file for key, (_, file) in last.items()}


def _test_of(cells: dict[str, Any]) -> Test:
    return cells["USUBJID"], cells["CPTESTCD"], cells["CPRESTYP"]


def _supplement(run: FinishedRun, row: dict[str, Any], cells: dict[str, Any]) -> Iterator[dict[str, Any]]:
    of_percent: dict[str, tuple[str, str]] = {}
    test = cdisc_test(row["population"])
    columns = _percent_columns(row, test) if run.in_percent and test is not None else None
    if columns is not None and "CPSTAT" not in cells:
        of_percent = dict(zip((columns.low, columns.high, columns.lod), PERCENT_QUALIFIERS, strict=True))
    for column, (name, label) in (QUALIFIERS | of_percent).items():
        value = row.get(column)
        if value is None or value == "" or (isinstance(value, float) and math.isnan(value)):
            continue
        text = number_text(value) if isinstance(value, float) else str(value)
        for part, piece in enumerate(split_text(text)):
            yield {
                "STUDYID": run.study.id,
                "RDOMAIN": "CP",
                "USUBJID": cells["USUBJID"],
                "IDVAR": "CPSEQ",
                "IDVARVAL": str(cells["CPSEQ"]),
                "QNAM": name if part == 0 else f"{name[:7]}{part}",
                "QLABEL": label if part == 0 else f"{label} {part + 1}",
                "QVAL": piece,
                "QORIG": "Assigned",
            }
