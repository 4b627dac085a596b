"""Tables by dose group, each made of a table of the results folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pandas as pd

from bcelldepl.definitions.codes import TubeStatus
from bcelldepl.definitions.courses import of_course
from bcelldepl.definitions.endpoints import endpoint_definition
from bcelldepl.definitions.populations import Kinetics, analytes, label_of
from bcelldepl.definitions.tables import (
    B_CELL_CHANGES,
    COMPANION_SUMMARY,
    DEPLETION_RATES,
    SUBGROUP_SUMMARY,
    SUMMARY,
    TIME_TO_EVENT_SUMMARY,
    TUBES,
)
from bcelldepl.kinetics.outcomes import ChangeMeasure
from bcelldepl.kinetics.summary import BY_VISIT, PERCENTAGE
from bcelldepl.listings.listing import (
    GROUP,
    Listing,
    Rows,
    digits,
    mean_sd,
    range_of,
    records,
    whole,
    without_empty_groups,
)
from bcelldepl.study import Role
from bcelldepl.units import CELLS_PER_UL

__all__ = ["companion_tables", "outcome_tables", "tables_of"]

Read = Callable[[Any], pd.DataFrame]
BELOW = {
    Kinetics.EXPANSION: "Results below the LLOQ count as 0; a visit with one has no geometric mean.",
    Kinetics.DEPLETION: "Results below the LLOQ count as half of the limit that they lie below.",
}
LEFT_OUT = (
    "The results are percentages: change from baseline and all else that needs cells/uL is left out; "
    "depletion is given where its thresholds are in percent."
)
KNOWN = ("n", "n_censored", "n_doubtful")
NUMBERS = ("n", "Censored", "Doubtful", "Not evaluable")
STATISTICS = ("Mean (SD)", "Geometric mean (CV %)", "Median (min, max)")


def tables_of(read: Read) -> Iterator[Listing]:
    """Make the tables.

    Parameters
    ----------
    read : callable
        From the definition of a table to its rows; none where the results have no such table.

    Yields
    ------
    Listing
        Without the column of the dose groups where there are none. Where percentages are the results, tables that need
        cells/uL are left out, and those of the percentages say so.
    """
    yield from without_empty_groups(_tables(read))


def _tables(read: Read) -> Iterator[Listing]:
    yield _tubes(read(TUBES))
    summary = read(SUMMARY)
    in_percent = PERCENTAGE in set(summary["parameter"])
    number = 1
    for kind in Kinetics:
        for analyte in analytes(kind):
            own = summary[summary["analyte"] == analyte]
            if len(own):
                yield _concentrations(own, analyte, kind, f"14.2.{number}", in_percent=in_percent)
                yield from _parameters(own, analyte, f"14.2.{number + 1}", in_percent=in_percent)
                number += 2
    yield from outcome_tables(
        read(DEPLETION_RATES), read(B_CELL_CHANGES), read(TIME_TO_EVENT_SUMMARY), in_percent=in_percent
    )
    yield from companion_tables(read(COMPANION_SUMMARY), read(SUBGROUP_SUMMARY))


def _tubes(tubes: pd.DataFrame) -> Listing:
    samples = tubes[tubes["role"] == Role.SAMPLE].fillna({"dose_group": ""})
    courses = samples["course"].fillna(1) if "course" in samples else 1
    samples = samples.assign(course=courses)
    found: dict[tuple[int, str, float, str], pd.DataFrame] = {}
    for (course, group, day, visit), own in samples.groupby(
        ["course", "dose_group", "day", "visit"], sort=True
    ):
        found[int(str(course)), str(group), float(str(day)), str(visit)] = own
    rows: Rows = tuple(
        (of_course(group, course), visit, digits(day), whole(own["subject"].nunique()), whole(len(own)),
         *(whole((own["status"] == status).sum()) for status in reversed(TubeStatus)))
        for (course, group, day, visit), own in found.items()
    )  # fmt: skip
    headings = (GROUP, "Visit", "Nominal day", "Subjects", "Tubes", "Sound", "Need review", "Failed")
    return Listing("t_tubes", "14.1.1", "Sample Tubes by Dose Group and Visit", headings,
                   (2, 2, 1.2, 1, 1, 1, 1.2, 1), rows, (), TUBES.file)  # fmt: skip


def _concentrations(
    rows: pd.DataFrame, analyte: str, kind: Kinetics, number: str, *, in_percent: bool
) -> Listing:
    by_visit = rows[rows["parameter"].isin(BY_VISIT)]
    cells = tuple(
        (
            *_group(row),
            str(row.visit),
            digits(row.day),
            whole(row.n),
            whole(row.n_below_lloq),
            *_statistics(row),
        )
        for row in records(by_visit)
    )
    headings = (GROUP, "Visit", "Day", "n", "n below LLOQ", *STATISTICS)
    unit = next(iter(by_visit["unit"]), CELLS_PER_UL)
    unit = "% of parent population" if in_percent else unit
    notes = (BELOW[kind], "SD: standard deviation; CV: coefficient of variation.")
    title = f"{label_of(analyte)} [{unit}] by Dose Group and Visit"
    return Listing(f"t_concentrations_{analyte.lower()}", number, title, headings,
                   (1.8, 1.4, 0.8, 0.6, 1, 2, 2.2, 2.4), cells,
                   (*notes, LEFT_OUT) if in_percent else notes, SUMMARY.file)  # fmt: skip


def _parameters(rows: pd.DataFrame, analyte: str, number: str, *, in_percent: bool) -> Iterator[Listing]:
    own = rows[~rows["parameter"].isin(BY_VISIT)]
    if in_percent:
        known = own.loc[own[list(KNOWN)].sum(axis=1) > 0, "parameter"]
        own = own[own["parameter"].isin(known)]
    if own.empty:
        return
    cells = tuple(
        (_parameter(row.parameter), *_group(row), *_numbers(row), *_statistics(row))
        for row in records(own.sort_values("parameter", kind="stable", key=_order(own["parameter"])))
    )  # fmt: skip
    headings = ("Parameter", GROUP, *NUMBERS, *STATISTICS)
    yield Listing(f"t_parameters_{analyte.lower()}", number, f"Parameters of {label_of(analyte)} by Dose Group",
                  headings, (2.4, 1.8, 0.6, 1.1, 1.1, 1.2, 2, 2.2, 2.4), cells, _notes(own), SUMMARY.file)  # fmt: skip


def outcome_tables(
    rates: pd.DataFrame, changes: pd.DataFrame, times: pd.DataFrame, *, in_percent: bool
) -> Iterator[Listing]:
    """Make the tables of the trial's outcome by visit and dose group.

    Parameters
    ----------
    rates, changes, times : DataFrame
        Rows of ``depletion_rates.csv``, ``b_cell_changes.csv`` and ``time_to_event_summary.csv``; a table without rows
        is left out.
    in_percent : bool
        Whether percentages are the results: tables are left out then in which no subject has a result.

    Yields
    ------
    Listing
        Without the column of the dose groups where there are none.
    """
    if in_percent:
        rates = rates if rates[["n_evaluable", "n_no_evidence"]].to_numpy().any() else rates.iloc[:0]
        changes = changes if changes[["n", "n_no_baseline"]].to_numpy().any() else changes.iloc[:0]
        times = times if times["n"].any() else times.iloc[:0]
    yield from without_empty_groups(_outcome_tables(rates, changes, times))


def _outcome_tables(rates: pd.DataFrame, changes: pd.DataFrame, times: pd.DataFrame) -> Iterator[Listing]:
    headings: tuple[str, ...]
    cells: Rows = tuple(
        (*_group(row), str(row.visit), digits(row.day), f"{whole(row.n_depleted)}/{whole(row.n_evaluable)}",
         range_of(row.percent_depleted, row.ci_low_percent, row.ci_high_percent), whole(row.n_no_evidence),
         whole(row.n_not_evaluable), whole(row.n_missed), whole(row.n_not_reached))
        for row in records(rates)
    )  # fmt: skip
    if len(rates):
        headings = (GROUP, "Visit", "Day", "n/N", "% (exact 95 % CI)", "No evidence", "Not evaluable", "Missed",
                    "Not reached")  # fmt: skip
        notes = (f"Depleted: B cells {rates['threshold'].iloc[0]}. N: subjects with evidence of depletion or of "
                 "B cells; a result below an LLOQ above the threshold is evidence of neither. "
                 "CI: Clopper and Pearson.",)  # fmt: skip
        yield Listing("t_depletion", "14.2.11", "Subjects with Depleted B Cells by Dose Group and Visit", headings,
                      (1.8, 1.4, 0.8, 0.9, 2.4, 1, 1.1, 0.9, 1), cells, notes, DEPLETION_RATES.file)  # fmt: skip
    for place, measure in enumerate(ChangeMeasure, 12):
        own = changes[changes["measure"] == measure]
        if len(own):
            cells = tuple((*_group(row), str(row.visit), digits(row.day), whole(row.n), whole(row.n_below_limit),
                           whole(row.n_no_baseline), *_statistics(row)) for row in records(own))  # fmt: skip
            headings = (GROUP, "Visit", "Day", "n", "n below LLOQ", "No baseline", *STATISTICS)
            notes = (f"Baseline: {own['baseline'].iloc[0]}. {BELOW[Kinetics.DEPLETION]}",)
            title = f"B Cells, {measure.words}, by Dose Group and Visit"
            yield Listing(f"t_{measure.lower()}", f"14.2.{place}", title, headings,
                          (1.8, 1.4, 0.8, 0.6, 1, 1, 2, 2.2, 2.4), cells, notes, B_CELL_CHANGES.file)  # fmt: skip
    if len(times):
        cells = tuple(
            (_parameter(row.event), *_group(row), whole(row.n), whole(row.n_events), whole(row.n_censored),
             whole(row.n_left_out), range_of(row.median, row.ci_low, row.ci_high),
             f"{digits(row.min)}, {digits(row.max)}")
            for row in records(times)
        )  # fmt: skip
        headings = (
            "Event",
            GROUP,
            "n",
            "Events",
            "Censored",
            "Left out",
            "Median (95 % CI)",
            "Min, max",
        )
        notes = (
            "Kaplan and Meier; CI of the median: Brookmeyer and Crowley. A hyphen: not reached. Left out: subjects "
            "whose visits do not tell, and for duration and recovery those without depletion.",
        )
        yield Listing("t_times", "14.2.14", "Times to Depletion and Recovery of B Cells [day]", headings,
                      (2.6, 1.8, 0.6, 0.8, 1, 0.9, 2.2, 1.6), cells, notes, TIME_TO_EVENT_SUMMARY.file)  # fmt: skip


def companion_tables(companions: pd.DataFrame, subgroups: pd.DataFrame) -> Iterator[Listing]:
    """Make the tables of other assays by visit and dose group, and of parameters by what these say.

    Parameters
    ----------
    companions, subgroups : DataFrame
        Rows of ``companion_summary.csv`` and ``subgroup_summary.csv``; a table without rows is left out.

    Yields
    ------
    Listing
        Without the column of the dose groups where there are none.
    """
    if len(companions):
        yield from without_empty_groups([_companions(companions)])
    if len(subgroups):
        yield _subgroups(subgroups)


def _companions(rows: pd.DataFrame) -> Listing:
    cells = tuple(
        (
            _test(row.test, row.unit),
            *_group(row),
            str(row.visit),
            whole(row.n),
            _share(row),
            *_statistics(row),
        )
        for row in records(rows.fillna({"unit": "", "category": ""}))
    )
    headings = ("Test", GROUP, "Visit", "n", "n/N (%, exact 95 % CI)", *STATISTICS)
    notes = (
        "Numbers below a limit count as half of it. Responder status is as reported; it is not derived here.",
    )
    return Listing("t_companions", "14.3.1", "Results of Other Assays by Dose Group and Visit", headings,
                   (2, 1.6, 1.2, 0.6, 3, 2, 2, 2.2), cells, notes, COMPANION_SUMMARY.file)  # fmt: skip


def _subgroups(rows: pd.DataFrame) -> Listing:
    own = rows[~rows["parameter"].isin(BY_VISIT)]
    cells = tuple(
        (f"{row.test}, {row.at_visit}", f"{row.status} (N = {whole(row.n_subjects)})", _parameter(row.parameter),
         *_numbers(row), *_statistics(row))
        for row in records(own)
    )  # fmt: skip
    headings = ("Subgroup, visit", "Status", "Parameter", *NUMBERS, *STATISTICS)
    widths = (1.7, 1.5, 2.4, 0.6, 1.3, 1.3, 1.4, 2, 2.2, 2.4)
    return Listing("t_subgroups", "14.3.2", "Parameters by Subgroup", headings, widths, cells, _notes(own),
                   SUBGROUP_SUMMARY.file)  # fmt: skip


def _notes(parameters: pd.DataFrame) -> tuple[str, ...]:
    """What is to be said of statistics of parameters, and by which rules their baselines are chosen."""
    rules = [f"Baseline: {rule}." for rule in dict.fromkeys(parameters["baseline"].fillna("")) if rule]
    return (
        "Censored and doubtful values take no part in the statistics and are counted; the median of a duration and of "
        "a day of recovery is that of Kaplan and Meier, with the censored ones.",
        *rules,
    )


def _numbers(row: Any) -> tuple[str, ...]:
    """Subjects with a value, and those without one by why."""
    return tuple(whole(getattr(row, name)) for name in (*KNOWN, "n_not_evaluable"))


def _statistics(row: Any) -> tuple[str, str, str]:
    return (
        mean_sd(row.mean, row.sd),
        mean_sd(row.geometric_mean, row.geometric_cv_percent),
        range_of(row.median, row.min, row.max),
    )


def _group(row: Any) -> tuple[str]:
    name = row.dose_group if isinstance(row.dose_group, str) else ""
    return (of_course(name, int(row.course)),)


def _share(row: Any) -> str:
    if not row.category:
        return ""
    interval = range_of(row.percent, row.ci_low_percent, row.ci_high_percent)
    return f"{row.category}: {whole(row.n_category)}/{whole(row.n)} ({interval})"


def _test(test: str, unit: str) -> str:
    return f"{test} [{unit}]" if unit else test


def _parameter(code: str) -> str:
    known = endpoint_definition(code)
    return f"{known.label} [{known.unit}]" if known else code


def _order(codes: pd.Series) -> Callable[[pd.Series], pd.Series]:
    place = {code: n for n, code in enumerate(dict.fromkeys(codes))}
    return lambda column: column.map(place)
