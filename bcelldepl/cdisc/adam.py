"""Analysis tables in the style of ADaM: cells by visit, kinetics by visit, endpoints, time to recovery."""

from __future__ import annotations

import math
from typing import Any, Final

from bcelldepl.cdisc.dataset import CdiscDataset, Variable, make_dataset
from bcelldepl.cdisc.sdtm import VisitSchedule, number_text, split_text
from bcelldepl.cdisc.subjects import usubjid
from bcelldepl.definitions.codes import Qualifier, ResultCode
from bcelldepl.definitions.columns import round_significant
from bcelldepl.definitions.endpoints import RECONSTITUTION_DAY, endpoint_definitions
from bcelldepl.definitions.populations import CAR_T, POPULATIONS, Kinetics, cdisc_test
from bcelldepl.kinetics.courses import one_per_visit
from bcelldepl.kinetics.decisions import points_table, visits_table
from bcelldepl.kinetics.endpoint import NOT_FOR_SUMMARIES
from bcelldepl.kinetics.profile import PointUse
from bcelldepl.kinetics.thresholds import ThresholdEvidence
from bcelldepl.kinetics.visits import Visit
from bcelldepl.results.finished import FinishedRun
from bcelldepl.units import CELLS_PER_UL

__all__ = ["adam_tables"]

SUBJECT: Final = (
    Variable("STUDYID", "Study Identifier", "text", "id of the study file"),
    Variable("USUBJID", "Unique Subject Identifier", "text", "study id, hyphen, subject of the sample sheet"),
    Variable("SUBJID", "Subject Identifier for the Study", "text", "subject of the sample sheet"),
    Variable("COHORT", "Dose Group", "text", "dose_group of the sample sheet"),
)
TIMES: Final = (
    Variable(
        "AVISIT", "Analysis Visit", "text", "visit; names joined by / where draws of one moment carry several"
    ),
    Variable("AVISITN", "Analysis Visit (N)", "float", "rank of the visit by its first nominal day"),
    Variable(
        "AFRLT", "Act. Rel. Time from Analyzed Dose (DAY)", "float", "days since infusion, actual where known"
    ),
    Variable("NFRLT", "Nom. Rel. Time from Analyzed Dose (DAY)", "float", "nominal day of the sample sheet"),
    Variable(
        "ACTDAYFL", "Relative Time is Actual Flag", "text", "Y where both collected and infused are known"
    ),
)
VALUE: Final = (
    Variable("PARAMCD", "Parameter Code", "text", "by population or endpoint"),
    Variable("PARAM", "Parameter", "text", "by population or endpoint, with its unit"),
    Variable("AVAL", "Analysis Value", "float", "see the derivation of each table"),
    Variable("AVALC", "Analysis Value (C)", "text", "the number, or < or > and the limit"),
)
REASON: Final = (
    Variable("REASON", "Reason Not Evaluable or Note", "text", "reason of counts.csv or endpoints.csv"),
    Variable("REASON2", "Reason, Continued", "text", "what REASON has no room for"),
)
ADCP: Final = (
    *SUBJECT,
    *VALUE,
    *TIMES,
    Variable(
        "ALLOQ", "Analysis Lower Limit of Quantitation", "float", "LLOQ of the pooled tubes of the draw"
    ),
    Variable(
        "RESCODE",
        "Result Code",
        "text",
        "result of counts.csv, of the pooled tubes",
    ),
    Variable("ABLFL", "Baseline Record Flag", "text", "last evaluable draw before infusion"),
    Variable("BASE", "Baseline Value", "float", "AVAL of the baseline record"),
    Variable("CHG", "Change from Baseline", "float", "AVAL - BASE, after infusion"),
    Variable("PCHG", "Percent Change from Baseline", "float", "100 * CHG / BASE, after infusion"),
    Variable("ANL01FL", "Analysis Flag 01", "text", "the one draw that stands for a visit made twice"),
    Variable("CRIT1", "Analysis Criterion 1", "text", "the study's depletion threshold; B cells only"),
    Variable(
        "CRIT1FL", "Criterion 1 Evaluation Result Flag", "text", "Y below, N not below, empty: no evidence"
    ),
    Variable("NTUBES", "Number of Tubes Pooled", "integer", "replicate tubes of the draw"),
    *REASON,
)
ADPC: Final = (
    *SUBJECT,
    *VALUE,
    *TIMES,
    Variable(
        "ALLOQ", "Analysis Lower Limit of Quantitation", "float", "LLOQ of the pooled tubes of the draw"
    ),
    Variable("NCAXFL", "NCA Exclusion Flag", "text", "Y where the draw is no point of the curve"),
    Variable("NCA1XRS", "NCA Exclusion Reason 1", "text", "why; or what a result below LLOQ counts as"),
    Variable("LAMZFL", "Point of the Terminal Slope Flag", "text", "Y where the point is in lambda z"),
)
ADPP: Final = (
    *SUBJECT,
    *VALUE,
    Variable("AVALQ", "Qualifier of the Analysis Value", "text", "one of =, <, > and NE"),
    Variable("CILOW", "95% Interval Low", "float", "ci_low of endpoints.csv"),
    Variable("CIHIGH", "95% Interval High", "float", "ci_high of endpoints.csv"),
    Variable("ASTDY", "First Day of the Window", "float", "window_start_day of endpoints.csv"),
    Variable("AENDY", "Last Day of the Window", "float", "window_end_day of endpoints.csv"),
    Variable("NPOINTS", "Number of Visits Used", "integer", "n_points of endpoints.csv"),
    Variable("PKSUMXF", "PK Summary Exclusion Flag", "text", "Y where censored, doubtful or not evaluable"),
    *REASON,
)
ADTTE: Final = (
    *SUBJECT,
    *VALUE[:2],
    Variable("AVAL", "Analysis Value", "float", "days from infusion to recovery, or to the end of follow-up"),
    Variable("CNSR", "Censor", "integer", "0 where recovery was confirmed, 1 where not yet"),
    Variable("EVNTDESC", "Event or Censoring Description", "text", "what AVAL is the day of"),
)
# By what a draw says of the thresholds.
BELOW_THRESHOLD: Final = {
    str(ThresholdEvidence.DEPLETED): "Y",
    str(ThresholdEvidence.RECOVERED): "N",
    str(ThresholdEvidence.BETWEEN): "N",
}


def adam_tables(run: FinishedRun) -> list[CdiscDataset]:
    """Return ADCP, ADPC, ADPP and ADTTE.

    Parameters
    ----------
    run : FinishedRun

    Returns
    -------
    list of CdiscDataset
    """
    return [_adcp(run), _adpc(run), _adpp(run), _adtte(run)]


def _subject(run: FinishedRun, subject: str, group: str) -> dict[str, Any]:
    return {
        "STUDYID": run.study.id,
        "USUBJID": usubjid(run, subject),
        "SUBJID": subject,
        "COHORT": group,
    }


def _adcp(run: FinishedRun) -> CdiscDataset:
    plan, rows = VisitSchedule.of(run.study.tubes), []
    evidence = {
        (str(row["subject"]), float(row["day"])): str(row["evidence"])
        for row in visits_table(run.kinetics).to_dict("records")
    }
    for population, definition in POPULATIONS.items():
        test = definition.cdisc
        if test is None or not (run.counts["population"] == population).any():
            continue
        for course in run.kinetics.courses[population]:
            chosen = {id(visit) for visit in one_per_visit(course).values()}
            baseline = course.before[-1] if course.before else None
            for visit in course.visits:
                cells = {
                    **_subject(run, course.subject, course.dose_group),
                    "PARAMCD": test.code,
                    "PARAM": f"{test.name}{' ' + test.sublineage if test.sublineage else ''} ({CELLS_PER_UL})",
                    **_times(visit, plan),
                    **_value(visit),
                    "ALLOQ": visit.lloq,
                    "RESCODE": str(visit.result),
                    "ABLFL": "Y" if visit is baseline else "",
                    "ANL01FL": "Y" if id(visit) in chosen else "",
                    "NTUBES": len(visit.files),
                    **_reason(visit.reason),
                    **_change(visit, baseline),
                }
                if definition.kinetics is Kinetics.DEPLETION:
                    told = evidence.get((course.subject, round_significant(visit.day)), "")
                    cells["CRIT1"] = _criterion(run)
                    cells["CRIT1FL"] = BELOW_THRESHOLD.get(told, "")
                rows.append(cells)
    label, structure = "Cell Counts Analysis Data", "one record per subject, population and draw"
    return make_dataset("ADCP", label, structure, ("STUDYID", "USUBJID", "PARAMCD", "AFRLT"), ADCP, rows)


def _criterion(run: FinishedRun) -> str:
    settings = run.study.endpoints
    if settings.denominator == "blood":
        return f"B cells < {settings.depletion_threshold_per_ul:g} cells/uL"
    return f"B cells < {settings.depletion_threshold_percent:g} % of {settings.denominator}"


def _change(visit: Visit, baseline: Visit | None) -> dict[str, Any]:
    if baseline is None or not baseline.is_quantified or not baseline.value:
        return {}
    cells: dict[str, Any] = {"BASE": baseline.value}
    if visit.day > 0 and visit.is_quantified and visit.value is not None:
        change = visit.value - baseline.value
        cells |= {
            "CHG": round_significant(change),
            "PCHG": round_significant(100.0 * change / baseline.value),
        }
    return cells


def _times(visit: Visit, plan: VisitSchedule) -> dict[str, Any]:
    return {
        "AVISIT": visit.visit,
        "AVISITN": plan.numbers.get(visit.visit.split("/")[0]),
        "AFRLT": round_significant(visit.day),
        "NFRLT": visit.nominal_day,
        "ACTDAYFL": "Y" if visit.is_actual else "",
    }


def _value(visit: Visit) -> dict[str, Any]:
    if visit.is_quantified and visit.value is not None:
        return {"AVAL": round_significant(visit.value), "AVALC": number_text(visit.value)}
    limit = visit.at_most
    return {"AVALC": f"<{number_text(limit)}"} if visit.is_evaluable and math.isfinite(limit) else {}


def _adpc(run: FinishedRun) -> CdiscDataset:
    plan, rows = VisitSchedule.of(run.study.tubes), []
    test = cdisc_test(CAR_T)
    assert test is not None
    not_used = {str(PointUse.DROPPED), str(PointUse.BEFORE), str(PointUse.MISSING)}
    for point in points_table(run.kinetics).to_dict("records"):
        counted = float(point["counted_as_per_ul"])
        use = str(point["use"])
        below = bool(ResultCode(str(point["result"])).upper_limit)
        limit = float(point["lloq_per_ul"])
        text = "" if math.isnan(float(point["cells_per_ul"])) else number_text(float(point["cells_per_ul"]))
        if below:
            text = "" if math.isnan(limit) else f"<{number_text(limit)}"
        rows.append(
            {
                **_subject(run, str(point["subject"]), str(point["dose_group"])),
                "PARAMCD": test.concentration_code,
                "PARAM": f"{test.concentration_name} ({CELLS_PER_UL})",
                "AVAL": counted,
                "AVALC": text,
                "AVISIT": str(point["visit"]),
                "AVISITN": plan.numbers.get(str(point["visit"]).split("/")[0]),
                "AFRLT": float(point["day"]),
                "NFRLT": float(point["nominal_day"]),
                "ACTDAYFL": "Y" if point["day_is_actual"] else "",
                "ALLOQ": limit,
                "NCAXFL": "Y" if use in not_used else "",
                "NCA1XRS": "" if use == str(PointUse.MEASURED) else use,
                "LAMZFL": "Y" if point["in_terminal_slope"] else "",
            }
        )
    label, structure = "Cellular Kinetics Concentration Analysis", "one record per subject and draw"
    return make_dataset("ADPC", label, structure, ("STUDYID", "USUBJID", "PARAMCD", "AFRLT"), ADPC, rows)


def _adpp(run: FinishedRun) -> CdiscDataset:
    known = endpoint_definitions(run.study.endpoints.auc_days)
    rows = []
    for found in run.endpoints.to_dict("records"):
        row = {str(key): value for key, value in found.items()}
        parameter = known.get(row["parameter"])
        if parameter is None:
            continue
        value, sign = float(row["value"]), str(row["qualifier"])
        censored = sign != Qualifier.EQUAL
        rows.append(
            {
                **_subject(run, row["subject"], row["dose_group"]),
                "PARAMCD": parameter.short,
                "PARAM": f"{parameter.label} ({parameter.unit})",
                "AVAL": value,
                "AVALC": "" if math.isnan(value) else f"{sign if censored else ''}{number_text(value)}",
                "AVALQ": sign,
                "CILOW": row.get("ci_low", math.nan),
                "CIHIGH": row.get("ci_high", math.nan),
                "ASTDY": row["window_start_day"],
                "AENDY": row["window_end_day"],
                "NPOINTS": row["n_points"],
                "PKSUMXF": "Y" if censored or row["reason"].startswith(NOT_FOR_SUMMARIES) else "",
                **_reason(row["reason"]),
            }
        )
    label, structure = "Endpoints Analysis Data", "one record per subject and endpoint"
    return make_dataset("ADPP", label, structure, ("STUDYID", "USUBJID", "PARAMCD"), ADPP, rows)


def _adtte(run: FinishedRun) -> CdiscDataset:
    rows = []
    for found in run.endpoints.to_dict("records"):
        row = {str(key): value for key, value in found.items()}
        if row["parameter"] != RECONSTITUTION_DAY or math.isnan(float(row["value"])):
            continue
        censored = row["qualifier"] != Qualifier.EQUAL
        rows.append(
            {
                **_subject(run, row["subject"], row["dose_group"]),
                "PARAMCD": "TTBRECON",
                "PARAM": "Time to Confirmed Recovery of B Cells (day)",
                "AVAL": row["value"],
                "CNSR": int(censored),
                "EVNTDESC": "follow-up ended without confirmed recovery"
                if censored
                else "confirmed recovery",
            }
        )
    label, structure = "Time to B-Cell Recovery", "one record per depleted subject"
    return make_dataset("ADTTE", label, structure, ("STUDYID", "USUBJID", "PARAMCD"), ADTTE, rows)


def _reason(text: str) -> dict[str, str]:
    first, *rest = split_text(text)
    return {"REASON": first, "REASON2": " ".join(rest)}
