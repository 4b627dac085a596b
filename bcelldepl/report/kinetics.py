"""Every figure of the kinetics: its name, and how it is drawn, by whichever process does it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bcelldepl.definitions.endpoints import (
    CMAX,
    DEPLETION_DAY,
    DEPLETION_DURATION,
    LOG10_REDUCTION,
    RECONSTITUTION_DAY,
    auc_code,
)
from bcelldepl.definitions.populations import CAR_T, B, Kinetics, analytes
from bcelldepl.definitions.result_columns import CONCENTRATION, PERCENT_OF_PARENT
from bcelldepl.definitions.tables import (
    B_CELL_CHANGES,
    DEPLETION_RATES,
    DEPLETION_VISITS,
    SUMMARY,
    TIME_TO_EVENT,
)
from bcelldepl.kinetics import StudyKinetics
from bcelldepl.kinetics.exposure import pairs_of
from bcelldepl.kinetics.outcomes import ChangeMeasure
from bcelldepl.kinetics.proportionality import doses_of, reliable_pairs
from bcelldepl.names import file_stem
from bcelldepl.report.depletion_plots import draw_swimmer, draw_waterfall
from bcelldepl.report.dose_groups import course_numbers
from bcelldepl.report.group_curves import Average, draw_group_curves
from bcelldepl.report.group_plots import draw_exposure_response, draw_proportionality
from bcelldepl.report.outcome_plots import draw_changes, draw_rates
from bcelldepl.report.subject_page import draw_subject_page
from bcelldepl.report.survival_plots import RISK_LINES, draw_event
from bcelldepl.study import Study

__all__ = ["kinetics_figures"]

Figures = Iterator[tuple[str, Callable[[], Figure]]]
BESIDE = 2.05  # inches for the legend
AVERAGES = {"groups": Average.MEDIAN, "mean": Average.MEAN, "geometric_mean": Average.GEOMETRIC}
EVENTS = {
    "time_to_depletion": DEPLETION_DAY,
    "depletion_duration": DEPLETION_DURATION,
    "reconstitution": RECONSTITUTION_DAY,
}


def kinetics_figures(
    counts: pd.DataFrame, kinetics: StudyKinetics, tables: Mapping[str, pd.DataFrame]
) -> Figures:
    """Give every figure of the kinetics, not drawn yet.

    Parameters
    ----------
    counts : DataFrame
        Rows of ``counts.csv``.
    kinetics : StudyKinetics
        Of these counts.
    tables : mapping of str to DataFrame
        From `bcelldepl.kinetics.kinetics_tables`.

    Yields
    ------
    (str, callable)
        Name, those of subjects in ``subjects/``; and what draws the figure, which other processes can be sent. Where
        percentages are the results, those that need concentrations are left out, and those of depletion unless its
        thresholds are in percent; so are those by dose or exposure that would show nothing.
    """
    yield from _of_groups(counts, kinetics, tables)
    if B in kinetics.courses:
        yield from _of_depletion(kinetics, tables)
    if CAR_T in kinetics.courses and not kinetics.percentages:
        yield from _of_exposure(kinetics)
    yield from _of_subjects(counts, kinetics)


def _of_groups(counts: pd.DataFrame, kinetics: StudyKinetics, tables: Mapping[str, pd.DataFrame]) -> Figures:
    for analyte in (name for kind in Kinetics for name in analytes(kind) if name in kinetics.courses):
        unit_columns = PERCENT_OF_PARENT if kinetics.percentages else CONCENTRATION
        limits = counts.loc[counts["population"] == analyte, unit_columns.lloq].dropna()
        limit = float(limits.median()) if len(limits) else None
        for name, average in AVERAGES.items():
            groups = partial(draw_group_curves, tables[SUMMARY.name], analyte, lloq=limit, average=average)
            yield f"{name}_{analyte.lower()}", partial(_on_page, groups, 8.6, 4.6, bottom=0.9)


def _of_depletion(kinetics: StudyKinetics, tables: Mapping[str, pd.DataFrame]) -> Figures:
    if kinetics.percentages and kinetics.study.endpoints.denominator_population is None:
        return  # thresholds in cells/uL are not judged by percentages
    rates = partial(draw_rates, tables[DEPLETION_RATES.name])
    yield "depletion_rate", partial(_on_page, rates, 8.8, 4.4)
    for measure in () if kinetics.percentages else ChangeMeasure:
        changes = partial(draw_changes, tables[B_CELL_CHANGES.name], measure)
        yield measure.lower(), partial(_on_page, changes, 8.8, 4.6, bottom=0.9)
    endpoints, visits = kinetics.endpoints, tables[DEPLETION_VISITS.name]
    courses = len(kinetics.depletion)
    if not kinetics.percentages:
        waterfall = partial(draw_waterfall, endpoints)
        yield "waterfall", partial(_on_page, waterfall, max(7.2, 0.32 * courses + 3.2), 4.6, bottom=0.95)
    swimmer = partial(draw_swimmer, endpoints, visits)
    yield "swimmer", partial(_on_page, swimmer, 9.0, max(3.4, 0.27 * courses + 1.3), left=1.35)
    curves = tables[TIME_TO_EVENT.name]
    lines = curves["dose_group"].nunique()
    for name, event in EVENTS.items():
        under = 0.75 + RISK_LINES * lines / 72
        yield name, partial(_on_page, partial(draw_event, curves, event), 8.4, 3.9 + under, bottom=under)


def _of_exposure(kinetics: StudyKinetics) -> Figures:
    endpoints, study = kinetics.endpoints, _as_planned(kinetics.study)
    window = auc_code(study.endpoints.auc_days[0])
    doses = doses_of(endpoints, study)
    for parameter, name in ((CMAX, "dose_cmax"), (window, "dose_auc")):
        if reliable_pairs(endpoints, parameter, doses).empty:
            continue  # such as groups without a dose
        by_dose = partial(draw_proportionality, endpoints, parameter, study=study)
        yield name, partial(_on_page, by_dose, 7.8, 4.4)
    if B in kinetics.courses:
        for response, name in ((LOG10_REDUCTION, "depth"), (DEPLETION_DURATION, "duration")):
            if not (pairs_of(endpoints, window, response)["exposure"] > 0).any():
                continue
            by_exposure = partial(draw_exposure_response, endpoints, window, response)
            yield f"exposure_{name}", partial(_on_page, by_exposure, 7.8, 4.4)


def _of_subjects(counts: pd.DataFrame, kinetics: StudyKinetics) -> Figures:
    cellular = {one.course.key: one for one in kinetics.cellular}
    study, endpoints = _as_planned(kinetics.study), kinetics.endpoints
    number = course_numbers(counts)
    for subject, course in kinetics.groups:
        own = study.model_copy(
            update={
                "tubes": tuple(t for t in study.tubes if (t.subject, t.course) == (subject, course)),
                "companion_results": tuple(
                    one for one in study.companion_results if (one.subject, one.course) == (subject, course)
                ),
            }
        )
        rows = counts[(counts["subject"] == subject) & (number == course)]
        ends = endpoints[(endpoints["subject"] == subject) & (endpoints["course"] == course)]
        name = subject if course == 1 else f"{subject}_course{course}"
        page = partial(draw_subject_page, subject, rows, ends, own, cellular.get((subject, course)))
        yield f"subjects/{file_stem(name)}", page


def _as_planned(study: Study) -> Study:
    """A study without what no figure shows of it: a gate set by hand draws the figures of its own subject anew."""
    return study.model_copy(update={"overrides": (), "warnings": (), "tube_notes": {}, "guesses": {}})


def _on_page(
    draw: Callable[..., Axes], width: float, height: float, bottom: float = 0.6, left: float = 0.8
) -> Figure:
    """Draw on the axes of a figure of its own, with room for a legend to the right [inch]."""
    figure = Figure(figsize=(width, height), facecolor="white")
    axes = figure.subplots()
    figure.subplots_adjust(
        left=left / width, right=1 - BESIDE / width, top=1 - 0.45 / height, bottom=bottom / height
    )
    draw(axes=axes)
    return figure
