"""``endpoints.csv`` and the decisions behind it."""

from __future__ import annotations

from typing import Final

from bcelldepl.definitions.columns import Column, ColumnType, TableDefinition

__all__ = ["DEPLETION_VISITS", "ENDPOINTS", "POINTS", "SEGMENTS", "TERMINAL"]

_TEXT, _NUMBER, _INTEGER, _FLAG = ColumnType.TEXT, ColumnType.NUMBER, ColumnType.INTEGER, ColumnType.FLAG

_SUBJECT: Final = (
    Column("subject", _TEXT, "as in the sample sheet"),
    Column("dose_group", _TEXT, "as in the sample sheet"),
)
_COURSE: Final = Column("course", _INTEGER, "1 for the first infusion of the subject")
_DRAW: Final = (
    *_SUBJECT,
    Column("visit", _TEXT, "visit; names joined by / where draws at the same time have several"),
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
        Column("qualifier", _TEXT, "one of =, < and > (censored), and NE (not evaluable)"),
        Column("window_start_day", _NUMBER, "first day that the value covers"),
        Column("window_end_day", _NUMBER, "last day that the value covers"),
        Column("n_points", _INTEGER, "visits that it is based on"),
        Column("reason", _TEXT, "one sentence; empty where there is nothing to report"),
        Column("ci_low", _NUMBER, "lower end of its 95 % interval, from the errors of its visits"),
        Column(
            "ci_high",
            _NUMBER,
            "upper end of that interval; empty where the visits give none",
        ),
        _COURSE,
        Column("baseline", _TEXT, "which result is the baseline, where the value depends on it"),
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
        Column("use", _TEXT, "how the draw is used"),
        Column("counted_as_per_ul", _NUMBER, "the value used for it in the curve"),
        Column("in_terminal_slope", _FLAG, "whether it is a point of the terminal slope"),
        Column("reason", _TEXT, "why it cannot be evaluated, or what was pooled"),
        _COURSE,
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
        Column("rule", _TEXT, "zero, linear, log, extrapolated or level"),
        Column("area", _NUMBER, "its area, cells/uL*day; those of an AUC add up to it"),
        _COURSE,
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
        _COURSE,
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
        Column("is_baseline", _FLAG, "whether it is the baseline, or one of the two whose mean is"),
        Column("percent_of_baseline", _NUMBER, "of the result, or of the limit that it lies below"),
        Column("log10_reduction", _NUMBER, "of the same from the baseline"),
        Column("qualifier", _TEXT, "of the percentage; where it is < the reduction is at least as given"),
        Column("evidence", _TEXT, "the result against the thresholds"),
        Column("tubes", _INTEGER, "tubes pooled"),
        Column("reason", _TEXT, "why it cannot be evaluated, or what was pooled"),
        _COURSE,
        Column("baseline", _TEXT, "which result is the baseline"),
        Column("upper_limit_per_ul", _NUMBER, "limit that a result below the LLOQ lies below"),
        Column("imputed_per_ul", _NUMBER, "the result; below the LLOQ half of that limit, for statistics"),
        Column("imputed_percent_of_baseline", _NUMBER, "of the same"),
        Column("imputed_log10_change", _NUMBER, "of the same; negative below the baseline"),
    ),
)
