"""``endpoints.csv`` and the tables behind it."""

from __future__ import annotations

from typing import Final

from bcelldepl.definitions.columns import Column, ColumnType, TableDefinition

__all__ = [
    "COMPANIONS",
    "DEPLETION_VISITS",
    "DOSE_PROPORTIONALITY",
    "ENDPOINTS",
    "EXPOSURE_RESPONSE",
    "POINTS",
    "RECONSTITUTION",
    "SEGMENTS",
    "SUMMARY",
    "TERMINAL",
]

_TEXT, _NUMBER, _INTEGER, _FLAG = ColumnType.TEXT, ColumnType.NUMBER, ColumnType.INTEGER, ColumnType.FLAG

_SUBJECT: Final = (
    Column("subject", _TEXT, "as in the sample sheet"),
    Column("dose_group", _TEXT, "as in the sample sheet"),
)
_DRAW: Final = (
    *_SUBJECT,
    Column("visit", _TEXT, "visit; names joined by / where draws of one moment carry several"),
    Column("day", _NUMBER, "days since infusion, actual where known"),
    Column("nominal_day", _NUMBER, "day of the sample sheet"),
    Column("day_is_actual", _FLAG, "whether `day` is the actual one"),
    Column("result", _TEXT, "result code of the pooled tubes"),
)

ENDPOINTS: Final = TableDefinition(
    "endpoints",
    "subject, analyte and parameter",
    (
        *_SUBJECT,
        Column("analyte", _TEXT, "name of the population"),
        Column("parameter", _TEXT, "code of the endpoint"),
        Column("value", _NUMBER, "in `unit`; a bound where censored, empty where not evaluable"),
        Column("unit", _TEXT, "of `value` and its interval"),
        Column("qualifier", _TEXT, "=, < or > (censored), NE (not evaluable)"),
        Column("window_start_day", _NUMBER, "first day that the value speaks of"),
        Column("window_end_day", _NUMBER, "last day that the value speaks of"),
        Column("n_points", _INTEGER, "visits that it rests on"),
        Column("reason", _TEXT, "one sentence, empty where nothing is to say"),
        Column("ci_low", _NUMBER, "lower end of the 95 % interval that the error of its visits makes"),
        Column(
            "ci_high",
            _NUMBER,
            "upper end of that interval; empty where it may be beyond what the visits tell",
        ),
    ),
)
POINTS: Final = TableDefinition(
    "kinetics_points",
    "subject and draw, CAR+ T cells",
    (
        *_DRAW,
        Column("cells_per_ul", _NUMBER, "concentration of the pooled tubes"),
        Column("lloq_per_ul", _NUMBER, "LLOQ of the pooled tubes"),
        Column("tubes", _INTEGER, "tubes pooled"),
        Column("use", _TEXT, "what the draw counts as"),
        Column("counted_as_per_ul", _NUMBER, "the value that it stands for in the curve"),
        Column("in_terminal_slope", _FLAG, "whether it is a point of the terminal slope"),
        Column("reason", _TEXT, "why it cannot be evaluated, or what was pooled"),
    ),
)
SEGMENTS: Final = TableDefinition(
    "kinetics_segments",
    "subject, AUC and segment of the curve",
    (
        Column("subject", _TEXT, "as in the sample sheet"),
        Column("parameter", _TEXT, "code of the AUC"),
        Column("start_day", _NUMBER, "where the segment begins"),
        Column("end_day", _NUMBER, "where it ends"),
        Column("start_per_ul", _NUMBER, "concentration where it begins"),
        Column("end_per_ul", _NUMBER, "concentration where it ends"),
        Column("rule", _TEXT, "zero, linear, log or extrapolated"),
        Column("area", _NUMBER, "its area, cells/uL*day; those of an AUC add up to it"),
    ),
)
TERMINAL: Final = TableDefinition(
    "kinetics_terminal",
    "subject and window that could have been the terminal slope",
    (
        Column("subject", _TEXT, "as in the sample sheet"),
        Column("start_day", _NUMBER, "first day of the window"),
        Column("end_day", _NUMBER, "last day of the window"),
        Column("n_points", _INTEGER, "quantified draws in it"),
        Column("lambda_z_per_day", _NUMBER, "minus the slope of ln(concentration) on day"),
        Column("r2", _NUMBER, "coefficient of determination"),
        Column("adjusted_r2", _NUMBER, "the same, adjusted for the number of points"),
        Column("span_ratio", _NUMBER, "length of the window in half-lives"),
        Column("chosen", _FLAG, "whether it is the terminal slope"),
        Column("doubts", _TEXT, "what makes it unfit for extrapolation and summaries"),
    ),
)
DEPLETION_VISITS: Final = TableDefinition(
    "depletion_visits",
    "subject and draw, B cells",
    (
        *_DRAW,
        Column("cells_per_ul", _NUMBER, "concentration of the pooled tubes"),
        Column("lod_per_ul", _NUMBER, "LOD of the pooled tubes"),
        Column("lloq_per_ul", _NUMBER, "LLOQ of the pooled tubes"),
        Column("is_baseline", _FLAG, "whether it is the baseline"),
        Column("percent_of_baseline", _NUMBER, "of the result, or of the limit that it lies below"),
        Column("log10_reduction", _NUMBER, "of the same from the baseline"),
        Column("qualifier", _TEXT, "of the percentage; where it is < the reduction is at least as given"),
        Column("evidence", _TEXT, "what the draw says of the thresholds"),
        Column("tubes", _INTEGER, "tubes pooled"),
        Column("reason", _TEXT, "why it cannot be evaluated, or what was pooled"),
    ),
)
SUMMARY: Final = TableDefinition(
    "summary",
    "dose group, analyte and parameter; then dose group, analyte and visit",
    (
        Column("dose_group", _TEXT, "as in the sample sheet"),
        Column("analyte", _TEXT, "name of the population"),
        Column("parameter", _TEXT, "code of the endpoint, or CONCENTRATION"),
        Column("unit", _TEXT, "of the statistics"),
        Column("visit", _TEXT, "of a concentration"),
        Column("day", _NUMBER, "nominal day of that visit"),
        Column("n", _INTEGER, "values that the statistics rest on"),
        Column("n_below_lloq", _INTEGER, "concentrations below the LLOQ among them, which count as 0"),
        Column("n_censored", _INTEGER, "endpoints left out as censored"),
        Column("n_doubtful", _INTEGER, "endpoints left out as doubtful"),
        Column("n_not_evaluable", _INTEGER, "values that are not there"),
        Column("mean", _NUMBER, "arithmetic mean"),
        Column("sd", _NUMBER, "standard deviation"),
        Column("cv_percent", _NUMBER, "100 * sd / mean"),
        Column("geometric_mean", _NUMBER, "where every value is above zero"),
        Column("geometric_cv_percent", _NUMBER, "100 * sqrt(exp(variance of logs) - 1)"),
        Column("median", _NUMBER, "of times to an event that of Kaplan and Meier"),
        Column("min", _NUMBER, "smallest value"),
        Column("max", _NUMBER, "largest value"),
        Column("speaks", _TEXT, "which average is meant to be quoted"),
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
RECONSTITUTION: Final = TableDefinition(
    "reconstitution",
    "dose group and day of the Kaplan-Meier curve",
    (
        Column("dose_group", _TEXT, "as in the sample sheet"),
        Column("day", _NUMBER, "days since infusion"),
        Column("n_at_risk", _INTEGER, "depleted subjects not yet recovered nor lost"),
        Column("n_events", _INTEGER, "recoveries on this day"),
        Column("n_censored", _INTEGER, "follow-ups that end on this day"),
        Column("survival", _NUMBER, "share of subjects without recovery"),
        Column("ci_low", _NUMBER, "lower end of its 95 % interval"),
        Column("ci_high", _NUMBER, "upper end of its 95 % interval"),
    ),
)
EXPOSURE_RESPONSE: Final = TableDefinition(
    "exposure_response",
    "exposure and response",
    (
        Column("exposure", _TEXT, "code of an endpoint of CAR+ T cells"),
        Column("response", _TEXT, "code of an endpoint of B cells"),
        Column("n", _INTEGER, "subjects with both"),
        Column("n_censored", _INTEGER, "those of whom one is a bound"),
        Column("spearman", _NUMBER, "rank correlation"),
        Column("p_value", _NUMBER, "two-sided"),
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
        Column("value", _NUMBER, "as reported; a bound where censored"),
        Column("unit", _TEXT, "of `value`"),
        Column("qualifier", _TEXT, "=, < or >"),
        Column("comment", _TEXT, "as in the sheet of companions"),
    ),
)
