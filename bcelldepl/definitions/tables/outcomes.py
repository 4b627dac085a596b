"""Tables by dose group: summaries, depletion by visit, times to an event, companions."""

from __future__ import annotations

from typing import Final

from bcelldepl.definitions.columns import Column, ColumnType, TableDefinition

__all__ = [
    "B_CELL_CHANGES",
    "COMPANIONS",
    "COMPANION_SUMMARY",
    "DEPLETION_RATES",
    "DOSE_PROPORTIONALITY",
    "EXPOSURE_RESPONSE",
    "SUBGROUP_SUMMARY",
    "SUMMARY",
    "TIME_TO_EVENT",
    "TIME_TO_EVENT_SUMMARY",
]

_TEXT, _NUMBER, _INTEGER = ColumnType.TEXT, ColumnType.NUMBER, ColumnType.INTEGER

_SUBJECT: Final = (
    Column("subject", _TEXT, "as in the sample sheet"),
    Column("dose_group", _TEXT, "as in the sample sheet"),
)
_COURSE: Final = Column("course", _INTEGER, "1 for the first infusion of a subject")
_GROUP: Final = (
    Column("dose_group", _TEXT, "as in the sample sheet; `all subjects` for all of them"),
    _COURSE,
)
_VISIT: Final = (
    Column("visit", _TEXT, "as in the sample sheet"),
    Column("day", _NUMBER, "its nominal day"),
)


def _statistics(median: str = "median") -> tuple[Column, ...]:
    """Columns of a summary of numbers."""
    return (
        Column("mean", _NUMBER, "arithmetic mean"),
        Column("sd", _NUMBER, "standard deviation"),
        Column("cv_percent", _NUMBER, "100 * sd / mean"),
        Column("geometric_mean", _NUMBER, "where every value is above zero"),
        Column("geometric_cv_percent", _NUMBER, "100 * sqrt(exp(variance of logs) - 1)"),
        Column("median", _NUMBER, median),
        Column("min", _NUMBER, "smallest value"),
        Column("max", _NUMBER, "largest value"),
    )


SUMMARY: Final = TableDefinition(
    "summary",
    "dose group, course, analyte and parameter; then dose group, course, analyte and visit",
    (
        Column("dose_group", _TEXT, "as in the sample sheet"),
        Column("analyte", _TEXT, "name of the population"),
        Column(
            "parameter",
            _TEXT,
            "code of the endpoint, or CONCENTRATION; PERCENTAGE, of the parent, where that is the result",
        ),
        Column("unit", _TEXT, "of the statistics"),
        Column("visit", _TEXT, "of a concentration"),
        Column("day", _NUMBER, "nominal day of that visit"),
        Column("n", _INTEGER, "values that the statistics are based on"),
        Column(
            "n_below_lloq",
            _INTEGER,
            "concentrations below the LLOQ among them: CAR+ T cells count as 0, B cells as half of the limit",
        ),
        Column("n_censored", _INTEGER, "endpoints left out as censored"),
        Column("n_doubtful", _INTEGER, "endpoints left out as doubtful"),
        Column("n_not_evaluable", _INTEGER, "missing values"),
        *_statistics(median="of times to an event, the Kaplan-Meier median"),
        Column("speaks", _TEXT, "which average to quote"),
        _COURSE,
        Column("baseline", _TEXT, "which result is the baseline, where the values depend on it"),
    ),
)
DOSE_PROPORTIONALITY: Final = TableDefinition(
    "dose_proportionality",
    "exposure parameter",
    (
        Column("parameter", _TEXT, "code of the endpoint"),
        Column("n", _INTEGER, "subjects with a known dose and a reliable value above zero"),
        Column("n_left_out", _INTEGER, "the others"),
        Column("slope", _NUMBER, "exponent of the dose"),
        Column("ci_low", _NUMBER, "lower end of its 90 % interval"),
        Column("ci_high", _NUMBER, "upper end of its 90 % interval"),
        Column("low_limit", _NUMBER, "least slope that is proportional over these doses"),
        Column("high_limit", _NUMBER, "greatest slope that is"),
        Column("verdict", _TEXT, "proportional, not proportional or inconclusive"),
        Column("reason", _TEXT, "why there is no slope"),
    ),
)
DEPLETION_RATES: Final = TableDefinition(
    "depletion_rates",
    "dose group, course and visit, B cells",
    (
        *_GROUP,
        *_VISIT,
        Column("n_subjects", _INTEGER, "subjects of the group: the sum of the counts below"),
        Column("n_evaluable", _INTEGER, "those whose draw shows depletion or B cells"),
        Column("n_depleted", _INTEGER, "those of them below the depletion threshold"),
        Column("percent_depleted", _NUMBER, "100 * n_depleted / n_evaluable"),
        Column("ci_low_percent", _NUMBER, "lower end of its exact 95 % interval (Clopper and Pearson)"),
        Column("ci_high_percent", _NUMBER, "upper end of that interval"),
        Column("n_no_evidence", _INTEGER, "a draw whose LLOQ lies above the threshold"),
        Column("n_not_evaluable", _INTEGER, "a draw that could not be evaluated"),
        Column("n_missed", _INTEGER, "no draw, though the subject was followed beyond this day"),
        Column("n_not_reached", _INTEGER, "no draw, and none later: not followed so far"),
        Column("threshold", _TEXT, "the depletion threshold with its unit"),
    ),
)
B_CELL_CHANGES: Final = TableDefinition(
    "b_cell_changes",
    "dose group, course, visit and measure of change from baseline",
    (
        *_GROUP,
        *_VISIT,
        Column("measure", _TEXT, "PERCENT_OF_BASELINE or LOG10_CHANGE"),
        Column("unit", _TEXT, "of the statistics"),
        Column("baseline", _TEXT, "which result is the baseline"),
        Column("n", _INTEGER, "subjects with a baseline and a result at this visit"),
        Column(
            "n_below_limit", _INTEGER, "results below the LLOQ among them, which count as half of their limit"
        ),
        Column("n_no_baseline", _INTEGER, "subjects with a result and no quantified baseline"),
        *_statistics(),
    ),
)
TIME_TO_EVENT: Final = TableDefinition(
    "time_to_event",
    "event, dose group, course and day of the Kaplan-Meier curve",
    (
        Column("event", _TEXT, "code of the endpoint whose time it is"),
        *_GROUP,
        Column("day", _NUMBER, "days since infusion; of the duration since depletion"),
        Column("n_at_risk", _INTEGER, "subjects without the event and not yet censored"),
        Column("n_events", _INTEGER, "events on this day"),
        Column("n_censored", _INTEGER, "follow-ups that end on this day"),
        Column("survival", _NUMBER, "share of subjects without the event"),
        Column("ci_low", _NUMBER, "lower end of its 95 % interval"),
        Column("ci_high", _NUMBER, "upper end of its 95 % interval"),
    ),
)
TIME_TO_EVENT_SUMMARY: Final = TableDefinition(
    "time_to_event_summary",
    "event, dose group and course",
    (
        Column("event", _TEXT, "code of the endpoint whose time it is"),
        *_GROUP,
        Column("n", _INTEGER, "subjects at risk"),
        Column("n_events", _INTEGER, "events"),
        Column("n_censored", _INTEGER, "follow-ups that end without it"),
        Column("n_left_out", _INTEGER, "subjects who are not at risk, or whose visits are inconclusive"),
        Column("median", _NUMBER, "Kaplan-Meier median [day]; empty where it is not reached"),
        Column("ci_low", _NUMBER, "lower end of its 95 % interval (Brookmeyer and Crowley)"),
        Column("ci_high", _NUMBER, "upper end of that interval; empty where it is not reached"),
        Column("min", _NUMBER, "shortest time, censored or not"),
        Column("max", _NUMBER, "longest time, censored or not"),
    ),
)
EXPOSURE_RESPONSE: Final = TableDefinition(
    "exposure_response",
    "exposure and response, first courses",
    (
        Column("exposure", _TEXT, "code of an endpoint of CAR+ T cells"),
        Column("response", _TEXT, "code of an endpoint of B cells"),
        Column("n", _INTEGER, "subjects with both"),
        Column("n_censored", _INTEGER, "those of whom one is a bound"),
        Column("n_pairs", _INTEGER, "pairs of subjects whose order is known in both, ties left out"),
        Column("kendall_tau", _NUMBER, "(concordant - discordant pairs) / n_pairs"),
        Column(
            "p_value",
            _NUMBER,
            "two-sided, over all permutations of up to 7 subjects, else by their normal approximation",
        ),
    ),
)
SUBGROUP_SUMMARY: Final = TableDefinition(
    "subgroup_summary",
    "subgroup, and its rows as in summary.csv",
    (
        Column("test", _TEXT, "companion by which subjects are grouped"),
        Column("at_visit", _TEXT, "the visit whose result is used; `any` for any after infusion"),
        Column("status", _TEXT, "yes, no or unknown"),
        Column("n_subjects", _INTEGER, "subjects of this status"),
        *(column for column in SUMMARY.columns if column.name != "dose_group"),
    ),
)
COMPANION_SUMMARY: Final = TableDefinition(
    "companion_summary",
    "dose group, course, test and visit; of text also category",
    (
        *_GROUP,
        Column("test", _TEXT, "name of the test"),
        Column("unit", _TEXT, "of the statistics"),
        *_VISIT,
        Column("category", _TEXT, "yes or no, or the text; empty for numbers"),
        Column("n", _INTEGER, "subjects with a result at this visit"),
        Column("n_category", _INTEGER, "those of them in the category"),
        Column("percent", _NUMBER, "100 * n_category / n"),
        Column("ci_low_percent", _NUMBER, "lower end of its exact 95 % interval (Clopper and Pearson)"),
        Column("ci_high_percent", _NUMBER, "upper end of that interval"),
        Column(
            "n_censored", _INTEGER, "numbers with < or >: they count as half of the bound, and as the bound"
        ),
        *_statistics(),
    ),
)
COMPANIONS: Final = TableDefinition(
    "companions",
    "subject, day and test of another assay",
    (
        *_SUBJECT,
        Column("visit", _TEXT, "as in the sheet of companions"),
        Column("day", _NUMBER, "days since infusion"),
        Column("test", _TEXT, "name of the test"),
        Column(
            "value", _NUMBER, "as reported; a bound where censored, the reciprocal of a titre, empty for text"
        ),
        Column("unit", _TEXT, "of `value`"),
        Column("qualifier", _TEXT, "one of =, < and >"),
        Column("comment", _TEXT, "as in the sheet of companions"),
        Column("text", _TEXT, "as reported, where it is not a number"),
        _COURSE,
    ),
)
