"""Analysis data sets by subject: ADPP, endpoints; ADTTE, times to an event; ADCOMP, results of other assays."""

from __future__ import annotations

import math
from typing import Any, Final

from bcelldepl.cdisc.adam import (
    PARAMETER,
    REASON,
    SOURCE,
    SUBJECT,
    infusion_date,
    reason_cells,
    source_numbers,
    subject_cells,
)
from bcelldepl.cdisc.dataset import CdiscDataset, Variable, make_dataset
from bcelldepl.cdisc.pk import course_group, end_of_interval
from bcelldepl.cdisc.sdtm import VisitSchedule, result_text
from bcelldepl.definitions.codes import Qualifier
from bcelldepl.definitions.columns import round_significant
from bcelldepl.definitions.endpoints import endpoint_definitions
from bcelldepl.kinetics.endpoint import is_reliable
from bcelldepl.kinetics.survival import EVENTS
from bcelldepl.results.finished import FinishedRun

__all__ = ["companion_results", "endpoint_values", "times_to_event"]

ADPP: Final = (
    *SUBJECT,
    Variable("ASEQ", "Analysis Sequence Number", "integer", "1 to n within the subject"),
    *PARAMETER,
    Variable("AVAL", "Analysis Value", "float", "value of endpoints.csv; a bound by AVALQ"),
    Variable("AVALQ", "Qualifier of the Analysis Value", "text", "one of =, <, > and NE"),
    Variable("RESTXT", "Result as Reported", "text", "the number, or < or > and the bound"),
    Variable("CILOW", "95% Interval Low", "float", "ci_low of endpoints.csv"),
    Variable("CIHIGH", "95% Interval High", "float", "ci_high of endpoints.csv"),
    Variable(
        "WINSTART", "Start of the Window (day after infusion)", "float", "window_start_day of endpoints.csv"
    ),
    Variable("WINEND", "End of the Window (day after infusion)", "float", "window_end_day of endpoints.csv"),
    Variable("NPOINTS", "Number of Visits Used", "integer", "n_points of endpoints.csv"),
    Variable("PKSUMXF", "PK Summary Exclusion Flag", "text", "Y where censored, doubtful or not evaluable"),
    Variable(
        "BASETYPE", "Baseline Type", "text", "rule of [endpoints] baseline, where the value depends on it"
    ),
    *SOURCE,
    *REASON,
)
ADTTE: Final = (
    *SUBJECT,
    *PARAMETER,
    Variable("AVAL", "Analysis Value", "float", "days to the event, or to the end of follow-up"),
    Variable(
        "STARTDT", "Time-to-Event Origin Date for Subject", "date", "infusion; of the duration the depletion"
    ),
    Variable("ADT", "Analysis Date", "date", "STARTDT and AVAL days"),
    Variable("CNSR", "Censor", "integer", "0 where the event happened, 1 where not yet"),
    Variable("EVNTDESC", "Event or Censoring Description", "text", "the event, or why the time is censored"),
    Variable("CNSDTDSC", "Censor Date Description", "text", "meaning of the censoring date"),
    *SOURCE,
)
ADCOMP: Final = (
    *SUBJECT,
    Variable("PARAMCD", "Parameter Code", "text", "C and the place of the test in the companions"),
    Variable("PARAM", "Parameter", "text", "test and its unit"),
    Variable("AVAL", "Analysis Value", "float", "the number, a bound, or the reciprocal of a titre"),
    Variable("AVALQ", "Qualifier of the Analysis Value", "text", "one of =, < and >"),
    Variable("RESTXT", "Result as Reported", "text", "number with its sign, titre or text"),
    Variable("ANSWER", "Answer", "text", "Y or N, where the text says yes or no"),
    Variable("AVISIT", "Analysis Visit", "text", "visit of the companions"),
    Variable("AFRLT", "Act. Rel. Time from Analyzed Dose (DAY)", "float", "days since infusion"),
    Variable("NOTE", "Note", "text", "comment of the companions"),
)


def endpoint_values(run: FinishedRun, pp: CdiscDataset) -> CdiscDataset:
    """Return ADPP.

    Parameters
    ----------
    run : FinishedRun
    pp : CdiscDataset
        PP, whose records are the sources of the kinetics of CAR+ T cells.

    Returns
    -------
    CdiscDataset
    """
    known = endpoint_definitions(run.study.endpoints.auc_days)
    sources = source_numbers(pp, "USUBJID", "PPGRPID", "PPTESTCD", "PPENINT")
    rows: list[dict[str, Any]] = []
    sequence: dict[str, int] = {}
    for row in _records(run):
        endpoint = known.get(row["parameter"])
        if endpoint is None:
            continue
        who = subject_cells(run, row["subject"], row["dose_group"], row["course"])
        sequence[who["USUBJID"]] = sequence.get(who["USUBJID"], 0) + 1
        value, sign = float(row["value"]), str(row["qualifier"])
        window = end_of_interval(endpoint)
        source = sources.get((who["USUBJID"], course_group(row["course"]), endpoint.pp_code, window))
        rows.append(
            {
                **who,
                "ASEQ": sequence[who["USUBJID"]],
                "PARAMCD": endpoint.short,
                "PARAM": f"{endpoint.label} ({endpoint.unit})",
                "AVAL": value,
                "AVALQ": sign,
                "RESTXT": "" if math.isnan(value) else result_text(value, sign),
                "CILOW": row["ci_low"],
                "CIHIGH": row["ci_high"],
                "WINSTART": row["window_start_day"],
                "WINEND": row["window_end_day"],
                "NPOINTS": row["n_points"],
                "PKSUMXF": "" if is_reliable(sign, row["reason"]) else "Y",
                "BASETYPE": row["baseline"],
                **({} if source is None else {"SRCDOM": "PP", "SRCVAR": "PPSTRESN", "SRCSEQ": source}),
                **reason_cells(row["reason"]),
            }
        )
    keys, structure = (
        ("STUDYID", "USUBJID", "APERIOD", "PARAMCD"),
        "one record per subject, course and endpoint",
    )
    return make_dataset(
        "ADPP", "Endpoints Analysis Data", structure, keys, ADPP, rows, ("AVAL", "PARAMCD", "PARAM")
    )


def times_to_event(run: FinishedRun, adpp: CdiscDataset) -> CdiscDataset:
    """Return ADTTE: time to depletion, its duration, time to confirmed recovery.

    Parameters
    ----------
    run : FinishedRun
    adpp : CdiscDataset
        ADPP, whose records are the sources.

    Returns
    -------
    CdiscDataset
    """
    known = endpoint_definitions(run.study.endpoints.auc_days)
    sources = source_numbers(adpp, "USUBJID", "APERIOD", "PARAMCD")
    rows = []
    for row in _records(run):
        if row["parameter"] not in EVENTS or math.isnan(row["value"]):
            continue
        endpoint, censored = known[row["parameter"]], row["qualifier"] != Qualifier.EQUAL
        who = subject_cells(run, row["subject"], row["dose_group"], row["course"])
        since = row["window_start_day"] if row["parameter"] == EVENTS[1] else 0.0
        begin, end = (
            infusion_date(run, row["subject"], row["course"], days) for days in (since, since + row["value"])
        )
        rows.append(
            {
                **who,
                "PARAMCD": endpoint.short,
                "PARAM": f"{endpoint.label} ({endpoint.unit})",
                "AVAL": row["value"],
                "STARTDT": "" if begin is None else begin.isoformat(),
                "ADT": "" if end is None else end.isoformat(),
                "CNSR": int(censored),
                "EVNTDESC": "CENSORED" if censored else endpoint.label.upper(),
                "CNSDTDSC": reason_cells(row["reason"])["REASON"] if censored else "",
                "SRCDOM": "ADPP",
                "SRCVAR": "AVAL",
                "SRCSEQ": sources[who["USUBJID"], row["course"], endpoint.short],
            }
        )
    keys, structure = ("STUDYID", "USUBJID", "APERIOD", "PARAMCD"), "one record per subject, course and event"
    return make_dataset(
        "ADTTE", "Time-to-Event Analysis", structure, keys, ADTTE, rows, ("AVAL", "PARAMCD", "PARAM")
    )


def companion_results(run: FinishedRun) -> CdiscDataset:
    """Return ADCOMP; empty where the study has no companions.

    Parameters
    ----------
    run : FinishedRun

    Returns
    -------
    CdiscDataset
    """
    results = run.study.companion_results
    codes = {test: f"C{n:03d}" for n, test in enumerate(dict.fromkeys(one.test for one in results), 1)}
    plan = VisitSchedule.of(run.study.tubes)
    groups = {(tube.subject, tube.course): tube.dose_group for tube in run.study.tubes}
    rows = [
        {
            **subject_cells(run, one.subject, groups.get((one.subject, one.course), ""), one.course),
            "PARAMCD": codes[one.test],
            "PARAM": f"{one.test} ({one.unit})" if one.unit else one.test,
            "AVAL": one.value,
            "AVALQ": one.qualifier if one.value is not None else "",
            "RESTXT": one.text or result_text(one.value or 0.0, one.qualifier),
            "ANSWER": "" if one.answer is None else "Y" if one.answer else "N",
            "AVISIT": plan.name(one.visit, one.course),
            "AFRLT": round_significant(one.day),
            "NOTE": one.comment,
        }
        for one in results
    ]
    keys, structure = (
        ("STUDYID", "USUBJID", "PARAMCD", "APERIOD", "AFRLT"),
        "one record per subject, test and day",
    )
    label = "Results of Other Assays"
    return make_dataset("ADCOMP", label, structure, keys, ADCOMP, rows, ("AVAL", "PARAMCD", "PARAM"))


def _records(run: FinishedRun) -> list[dict[str, Any]]:
    """Rows of ``endpoints.csv``, missing texts as empty ones."""
    table = run.endpoints.fillna({"reason": "", "baseline": "", "dose_group": ""})
    return [{str(key): value for key, value in row.items()} | {"course": int(row["course"])}
            for row in table.to_dict("records")]  # fmt: skip
