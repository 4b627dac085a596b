"""Analysis data sets by visit: ADCP, cells against baseline and threshold; ADPC, what the kinetics used."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

from bcelldepl.cdisc.adam import (
    PARAMETER,
    REASON,
    SOURCE,
    SUBJECT,
    TIMES,
    reason_cells,
    source_numbers,
    subject_cells,
    time_cells,
)
from bcelldepl.cdisc.dataset import CdiscDataset, Variable, make_dataset
from bcelldepl.cdisc.sdtm import VisitSchedule, result_text
from bcelldepl.definitions.columns import round_significant
from bcelldepl.definitions.populations import POPULATIONS, cdisc_test
from bcelldepl.kinetics.baseline import Baseline, choose_baseline
from bcelldepl.kinetics.courses import one_per_visit
from bcelldepl.kinetics.depletion import Depletion
from bcelldepl.kinetics.depth import VisitChange, change_of
from bcelldepl.kinetics.profile import PointUse
from bcelldepl.kinetics.thresholds import ThresholdEvidence
from bcelldepl.kinetics.visits import Course, Visit
from bcelldepl.results.finished import FinishedRun
from bcelldepl.study import EndpointSettings
from bcelldepl.units import CELLS_PER_UL, PERCENT

__all__ = ["HALF_OF_LIMIT", "ZERO", "cell_counts", "concentrations"]

HALF_OF_LLOQ: Final = "HALFLLOQ"  # CDISC's term; for half of another limit it has none
HALF_OF_LIMIT: Final = "HALF LIMIT"
ZERO: Final = "ZERO"
_LLOQ: Final = Variable("ALLOQ", "Analysis Lower Limit of Quantitation", "float", "LLOQ of the pooled tubes")
_TEXT: Final = Variable(
    "RESTXT", "Result as Reported", "text", "the number, or < and the limit that it lies below"
)
ADCP: Final = (
    *SUBJECT,
    *PARAMETER,
    Variable("AVAL", "Analysis Value", "float", "the result; below a limit half of that limit, by DTYPE"),
    Variable(
        "DTYPE",
        "Derivation Type",
        "text",
        f"where AVAL is half of ALIMIT: {HALF_OF_LLOQ} if that is the LLOQ, else {HALF_OF_LIMIT}",
        "C81224",
    ),
    Variable(
        "ALIMIT", "Limit that the Result Lies Below", "float", "not detected: ci_high; detected: the LLOQ"
    ),
    _TEXT,
    *TIMES,
    _LLOQ,
    Variable("RESCODE", "Result Code", "text", "result of counts.csv, of the pooled tubes"),
    Variable("ABLFL", "Baseline Record Flag", "text", "Y for the draws that BASE is made of, by BASETYPE"),
    Variable(
        "BASE", "Baseline Value", "float", "AVAL of the baseline draw, or the mean of two; if quantified"
    ),
    Variable("BASETYPE", "Baseline Type", "text", "rule of [endpoints] baseline"),
    Variable("CHG", "Change from Baseline", "float", "AVAL - BASE, after infusion"),
    Variable("PCHG", "Percent Change from Baseline", "float", "100 * CHG / BASE, after infusion"),
    Variable("PCHGLIM", "Percent Change of ALIMIT", "float", "100 * (ALIMIT - BASE) / BASE: an upper bound"),
    Variable("L10CHG", "Log10 Ratio to Baseline", "float", "log10(AVAL / BASE), after infusion"),
    Variable("ANL01FL", "Analysis Flag 01", "text", "Y for the one draw that represents a visit"),
    Variable("CRIT1", "Analysis Criterion 1", "text", "the study's depletion threshold; B cells only"),
    Variable(
        "CRIT1FL", "Criterion 1 Evaluation Result Flag", "text", "Y below, N not below, empty: no evidence"
    ),
    Variable("NTUBES", "Number of Tubes Pooled", "integer", "replicate tubes of the draw"),
    *SOURCE,
    *REASON,
)
ADPC: Final = (
    *SUBJECT,
    *PARAMETER,
    Variable("AVAL", "Analysis Value", "float", "value used for the draw in the curve, by NCAUSE"),
    Variable("DTYPE", "Derivation Type", "text", f"{ZERO} where AVAL is 0 by rule: below the LLOQ", "C81224"),
    _TEXT,
    *TIMES,
    _LLOQ,
    Variable(
        "NCAUSE",
        "Use of the Draw in the Curve",
        "text",
        "rule for results below the LLOQ and before infusion",
    ),
    Variable("NCAXFL", "NCA Exclusion Flag", "text", "Y where the draw is not a point of the curve"),
    Variable("NCA1XRS", "NCA Exclusion Reason 1", "text", "why it is excluded"),
    Variable("LAMZFL", "Point of the Terminal Slope Flag", "text", "Y where the point is in lambda z"),
    *SOURCE,
)
EVIDENCE: Final = {
    ThresholdEvidence.DEPLETED: "Y",
    ThresholdEvidence.RECOVERED: "N",
    ThresholdEvidence.BETWEEN: "N",
    ThresholdEvidence.NONE: "",
}
NOT_USED: Final = (PointUse.DROPPED, PointUse.BEFORE, PointUse.MISSING)


def cell_counts(run: FinishedRun, cp: CdiscDataset) -> CdiscDataset:
    """Return ADCP.

    Parameters
    ----------
    run : FinishedRun
    cp : CdiscDataset
        CP, whose records are the sources.

    Returns
    -------
    CdiscDataset
    """
    plan, sources = VisitSchedule.of(run.study.tubes), source_numbers(cp, "CPREFID", "CPTESTCD")
    settings = run.study.endpoints
    depletion = {(one.course.population, *one.course.key): one for one in run.kinetics.depletion}
    rows = []
    for population, definition in POPULATIONS.items():
        test = definition.cdisc
        if test is None:
            continue
        if run.in_percent and not _is_in_percent_of(run, population, test.of):
            continue
        name, unit = (test.fraction_name, PERCENT) if run.in_percent else (test.name, CELLS_PER_UL)
        label = f"{name}{' ' + test.sublineage if test.sublineage else ''} ({unit})"
        code = test.fraction_code if run.in_percent else test.code
        of_population = run.kinetics.percentages if run.in_percent else run.kinetics.courses
        for course in of_population.get(population, ()):
            chosen = {id(visit) for visit in one_per_visit(course).values()}
            judged = depletion.get((population, *course.key))
            baseline, changes = _changes(course, judged, settings)
            for change in changes:
                visit = change.visit
                rows.append(
                    {
                        **subject_cells(run, course.subject, course.dose_group, course.number),
                        "PARAMCD": code,
                        "PARAM": label,
                        **_value(visit),
                        **time_cells(run, course, visit, plan),
                        "ALLOQ": visit.lloq,
                        "RESCODE": str(visit.result),
                        "ABLFL": "Y" if baseline.is_made_of(visit) else "",
                        "BASETYPE": settings.baseline_words,
                        **_change(change, baseline.visit),
                        "ANL01FL": "Y" if id(visit) in chosen else "",
                        "CRIT1": "" if judged is None else f"B cells {settings.threshold_words}",
                        "CRIT1FL": EVIDENCE[change.evidence],
                        "NTUBES": len(visit.files),
                        **_source(visit, "CP", sources, code),
                        **reason_cells(visit.reason),
                    }
                )
    keys = ("STUDYID", "USUBJID", "PARAMCD", "APERIOD", "AFRLT")
    structure = "one record per subject, course, population and draw"
    return make_dataset(
        "ADCP", "Cell Counts Analysis Data", structure, keys, ADCP, rows, ("AVAL", "PARAMCD", "PARAM")
    )


def concentrations(run: FinishedRun, pc: CdiscDataset) -> CdiscDataset:
    """Return ADPC.

    Parameters
    ----------
    run : FinishedRun
    pc : CdiscDataset
        PC, whose records are the sources.

    Returns
    -------
    CdiscDataset
    """
    plan, sources = VisitSchedule.of(run.study.tubes), source_numbers(pc, "PCREFID", "PCTESTCD")
    rows = []
    for one in () if run.in_percent else run.kinetics.cellular:
        course, test = one.course, cdisc_test(one.course.population)
        assert test is not None
        for point in one.profile.points:
            visit, left_out = point.visit, point.use in NOT_USED
            rows.append(
                {
                    **subject_cells(run, course.subject, course.dose_group, course.number),
                    "PARAMCD": test.concentration_code,
                    "PARAM": f"{test.concentration_name} ({CELLS_PER_UL})",
                    "AVAL": None if point.per_ul is None else round_significant(point.per_ul),
                    "DTYPE": ZERO if point.per_ul == 0.0 else "",
                    "RESTXT": _text(visit),
                    **time_cells(run, course, visit, plan),
                    "ALLOQ": visit.lloq,
                    "NCAUSE": str(point.use),
                    "NCAXFL": "Y" if left_out else "",
                    "NCA1XRS": str(point.use) if left_out else "",
                    "LAMZFL": "Y" if one.is_in_slope(visit) else "",
                    **_source(visit, "PC", sources, test.concentration_code),
                }
            )
    keys, structure = (
        ("STUDYID", "USUBJID", "PARAMCD", "APERIOD", "AFRLT"),
        "one record per subject, course and draw",
    )
    label = "Cellular Kinetics Concentration Analysis"
    return make_dataset("ADPC", label, structure, keys, ADPC, rows, ("AVAL", "PARAMCD", "PARAM"))


def _is_in_percent_of(run: FinishedRun, population: str, whole: str) -> bool:
    """Whether the percentages of a population, which are of its parent, are those that CDISC has a test for."""
    parents = set(run.counts.loc[run.counts["population"] == population, "parent"]) - {""}
    return parents == {whole}


def _changes(
    course: Course, judged: Depletion | None, settings: EndpointSettings
) -> tuple[Baseline, Sequence[VisitChange]]:
    """Baseline of a course and its changes from it, with the evidence of depletion where that is judged."""
    if judged is not None and judged.course is course:
        return judged.baseline, judged.changes
    baseline = choose_baseline(course, settings)
    told = {} if judged is None else {change.visit.day: change.evidence for change in judged.changes}
    return baseline, [
        change_of(visit, baseline.visit, told.get(visit.day, ThresholdEvidence.NONE))
        for visit in course.visits
    ]


def _value(visit: Visit) -> dict[str, Any]:
    if visit.imputed is None:
        return {}
    cells: dict[str, Any] = {"AVAL": round_significant(visit.imputed), "RESTXT": _text(visit)}
    if not visit.is_quantified:
        half = HALF_OF_LLOQ if visit.at_most == visit.lloq else HALF_OF_LIMIT
        cells |= {"DTYPE": half, "ALIMIT": round_significant(visit.at_most)}
    return cells


def _text(visit: Visit) -> str:
    if not visit.is_evaluable or not math.isfinite(visit.at_most):
        return ""
    return result_text(visit.at_most, "=" if visit.is_quantified else "<")


def _change(change: VisitChange, baseline: Visit | None) -> dict[str, Any]:
    if baseline is None or not baseline.is_quantified or not baseline.value:
        return {}
    base = baseline.value
    cells: dict[str, Any] = {"BASE": round_significant(base)}
    percent, bound = change.imputed_percent, change.percent_of_baseline
    if change.visit.day > 0 and percent is not None and bound is not None:
        cells |= {
            "CHG": round_significant(base * (percent / 100.0 - 1.0)),
            "PCHG": round_significant(percent - 100.0),
            "L10CHG": None
            if change.imputed_log10_change is None
            else round_significant(change.imputed_log10_change),
        }
        if not change.visit.is_quantified:
            cells["PCHGLIM"] = round_significant(bound - 100.0)
    return cells


def _source(visit: Visit, domain: str, sources: dict[tuple[Any, ...], int], test: str) -> dict[str, Any]:
    """Record that a value comes from; none where several tubes were pooled."""
    files: Sequence[str] = visit.files
    number = sources.get((files[0], test)) if len(files) == 1 else None
    return {} if number is None else {"SRCDOM": domain, "SRCVAR": f"{domain}STRESN", "SRCSEQ": number}
