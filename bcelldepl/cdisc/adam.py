"""What the analysis data sets share: who, when, and the text of a result."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, Final

from bcelldepl.cdisc.dataset import CdiscDataset, Variable
from bcelldepl.cdisc.sdtm import VisitSchedule, split_text, study_day
from bcelldepl.cdisc.subjects import usubjid
from bcelldepl.definitions.columns import round_significant
from bcelldepl.kinetics.visits import Course, Visit
from bcelldepl.results.finished import FinishedRun

__all__ = [
    "PARAMETER",
    "REASON",
    "SOURCE",
    "SUBJECT",
    "TIMES",
    "infusion_date",
    "reason_cells",
    "source_numbers",
    "subject_cells",
    "time_cells",
]

SUBJECT: Final = (
    Variable("STUDYID", "Study Identifier", "text", "id of the study file"),
    Variable(
        "USUBJID", "Unique Subject Identifier", "text", "usubjid of the sample sheet, else study-subject"
    ),
    Variable("SUBJID", "Subject Identifier for the Study", "text", "subject of the sample sheet"),
    Variable("SITEID", "Study Site Identifier", "text", "site of the sample sheet"),
    Variable("COHORT", "Dose Group", "text", "dose_group of the sample sheet"),
    Variable("TRTP", "Planned Treatment", "text", "dose_group of the course"),
    Variable("TRTA", "Actual Treatment", "text", "dose_group of the course"),
    Variable("APERIOD", "Period", "integer", "course of the subject: 1 for its first infusion"),
)
PARAMETER: Final = (
    Variable("PARAMCD", "Parameter Code", "text", "by population or endpoint"),
    Variable("PARAM", "Parameter", "text", "by population or endpoint, with its unit"),
)
TIMES: Final = (
    Variable(
        "AVISIT",
        "Analysis Visit",
        "text",
        "visit; names joined by / where draws at the same time have several",
    ),
    Variable("AVISITN", "Analysis Visit (N)", "float", "VISITNUM of the visit"),
    Variable("ADT", "Analysis Date", "date", "date of the draw, where it is known"),
    Variable("ADY", "Analysis Relative Day", "integer", "ADT less the infusion of the course; no day 0"),
    Variable(
        "AFRLT", "Act. Rel. Time from Analyzed Dose (DAY)", "float", "days since infusion, actual where known"
    ),
    Variable("NFRLT", "Nom. Rel. Time from Analyzed Dose (DAY)", "float", "nominal day of the sample sheet"),
    Variable(
        "ACTDAYFL", "Relative Time is Actual Flag", "text", "Y where both collected and infused are known"
    ),
)
SOURCE: Final = (
    Variable("SRCDOM", "Source Data", "text", "data set that the value comes from, where it is one record"),
    Variable("SRCVAR", "Source Variable", "text", "variable of that record"),
    Variable("SRCSEQ", "Source Sequence Number", "integer", "sequence number of that record"),
)
REASON: Final = (
    Variable("REASON", "Reason Not Evaluable or Note", "text", "reason of counts.csv or endpoints.csv"),
    Variable("REASON2", "Reason, Continued", "text", "continuation of a longer REASON"),
)


def subject_cells(run: FinishedRun, subject: str, group: str, course: int) -> dict[str, Any]:
    """Cells of `SUBJECT`.

    Parameters
    ----------
    run : FinishedRun
    subject, group : str
        Subject and dose group.
    course : int

    Returns
    -------
    dict of str to object
    """
    site = next((tube.site for tube in run.tubes_of.get(subject, ())), "")
    return {
        "STUDYID": run.study.id,
        "USUBJID": usubjid(run, subject),
        "SUBJID": subject,
        "SITEID": site,
        "COHORT": group,
        "TRTP": group,
        "TRTA": group,
        "APERIOD": course,
    }


def time_cells(run: FinishedRun, course: Course, visit: Visit, plan: VisitSchedule) -> dict[str, Any]:
    """Cells of `TIMES`.

    Parameters
    ----------
    run : FinishedRun
    course : Course
    visit : Visit
        Of this course.
    plan : VisitSchedule

    Returns
    -------
    dict of str to object
    """
    tube = run.tube_of.get(visit.files[0]) if visit.files else None
    drawn = None if tube is None or tube.collected is None else tube.collected.date()
    infused = infusion_date(run, course.subject, course.number)
    return {
        "AVISIT": plan.name(visit.visit, course.number),
        "AVISITN": plan.number(visit.visit, course.number),
        "ADT": "" if drawn is None else drawn.isoformat(),
        "ADY": None if drawn is None or infused is None else study_day((drawn - infused).days),
        "AFRLT": round_significant(visit.day),
        "NFRLT": visit.nominal_day,
        "ACTDAYFL": "Y" if visit.is_actual else "",
    }


def infusion_date(run: FinishedRun, subject: str, course: int, after_days: float = 0.0) -> date | None:
    """Date of the infusion of a course, or so many days after it; None where it is not known.

    Parameters
    ----------
    run : FinishedRun
    subject : str
    course : int
    after_days : float

    Returns
    -------
    date or None
    """
    tubes = run.tubes_of.get(subject, ())
    infused = next((tube.infused for tube in tubes if tube.course == course and tube.infused), None)
    return None if infused is None else (infused + timedelta(days=after_days)).date()


def source_numbers(source: CdiscDataset, *names: str) -> dict[tuple[Any, ...], int]:
    """Sequence numbers of the records of a data set, by the variables named; of several alike that of the first.

    Parameters
    ----------
    source : CdiscDataset
    *names : str
        Variables.

    Returns
    -------
    dict of tuple to int
    """
    sequence = "ASEQ" if source.name.startswith("AD") else f"{source.name}SEQ"
    found: dict[tuple[Any, ...], int] = {}
    for *key, number in zip(*map(source.column, (*names, sequence)), strict=True):
        found.setdefault(tuple(key), number)
    return found


def reason_cells(text: str) -> dict[str, str]:
    """Cells of `REASON`.

    Parameters
    ----------
    text : str

    Returns
    -------
    dict of str to str
    """
    first, *rest = split_text(text)
    return {"REASON": first, "REASON2": " ".join(rest)}
