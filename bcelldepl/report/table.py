"""The tables of the page: counts by subject and visit, endpoints by subject."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from bcelldepl.definitions.codes import EVIDENCE_MEANINGS, Qualifier, ResultCode
from bcelldepl.definitions.endpoints import endpoint_definition
from bcelldepl.definitions.populations import LYMPHOCYTES, POPULATIONS, is_result, label_of
from bcelldepl.definitions.result_columns import PERCENT_OF_LYMPHOCYTES, result_columns
from bcelldepl.report.number_format import DASH, concentration, limit, percent, percentage, whole
from bcelldepl.report.palette import natural_key
from bcelldepl.units import PERCENT

__all__ = [
    "CountCell",
    "EndpointTable",
    "TubeResults",
    "count_cell",
    "count_rows",
    "endpoint_tables",
    "in_order",
    "not_measured",
    "number",
    "plain",
    "usual_place",
]


@dataclass(frozen=True)
class CountCell:
    """One result as the page writes it."""

    population: str
    value: str
    sort: float
    code: str
    meaning: str
    detail: str
    events: str
    of_parent: str
    lod: str
    lloq: str
    evidence: str
    evidence_meaning: str
    reason: str
    override: str = ""

    @property
    def title(self) -> str:
        """What reports call the population."""
        return label_of(self.population)

    @property
    def short_title(self) -> str:
        """The same where there is little room: ``B``, ``CAR+ T``."""
        return self.title.removesuffix(" cells")

    @property
    def short_value(self) -> str:
        """The result where there is little room: ``<0.37`` for ``ND (<0.37)``."""
        return self.value.partition("(")[2].removesuffix(")") or self.value


@dataclass(frozen=True)
class TubeResults:
    """The results of one tube."""

    file: str
    subject: str
    course: int
    visit: str
    day: float
    dose_group: str
    cells: tuple[CountCell | None, ...]


@dataclass(frozen=True)
class EndpointTable:
    """The endpoints of one analyte: one row per subject and course; the dose groups are empty where there are none."""

    title: str
    columns: tuple[tuple[str, str], ...]
    rows: tuple[tuple[str, int, str, tuple[tuple[str, str, str], ...]], ...]


def plain(value: object) -> str:
    """Return a table entry as text; empty where it is missing.

    Parameters
    ----------
    value : object

    Returns
    -------
    str
    """
    if value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value)):
        return ""
    return f"{value:g}" if isinstance(value, float) else str(value)


def course_number(row: Mapping[Any, Any]) -> int:
    """Return the course of a row; 1 where it does not say it.

    Parameters
    ----------
    row : mapping of object to object

    Returns
    -------
    int
    """
    course = number(row, "course")
    return 1 if math.isnan(course) else int(course)


def number(row: Mapping[Any, Any], column: str) -> float:
    """Return a number of a row; NaN where it is missing.

    Parameters
    ----------
    row : mapping of object to object
    column : str

    Returns
    -------
    float
    """
    value = row.get(column)
    return float("nan") if value is None or value is pd.NA else float(value)


def in_order(day: float) -> float:
    """Return a day to sort by; an unknown one comes last.

    Parameters
    ----------
    day : float
        Days since infusion.

    Returns
    -------
    float
    """
    return math.inf if math.isnan(day) else day


def count_cell(row: Mapping[Any, Any]) -> CountCell:
    """Write one row of ``counts.csv`` as a result.

    Parameters
    ----------
    row : mapping
        Columns of ``counts.csv``.

    Returns
    -------
    CountCell
        ``12.3`` where quantified, ``<5.0`` below the LLOQ, ``ND (<0.37)`` where nothing was seen, ``NE``
        where the tube cannot answer; with `` %`` where percentages of the parent are the results.
    """
    code = ResultCode(plain(row.get("result")) or ResultCode.NOT_DONE)
    columns = result_columns(row.get("method"))
    in_percent = columns.unit == PERCENT
    written, sign = (percentage, f" {PERCENT}") if in_percent else (concentration, "")
    value, low, high, lod, lloq = (number(row, name) for name in columns.names)
    interval = "" if math.isnan(low) else f"{written(low)} {DASH} {written(high)}"
    if code is ResultCode.QUANTIFIED:
        # Beads are counted but have no concentration.
        known = not math.isnan(value)
        text, detail, sort = f"{written(value)}{sign}" if known else "", interval, value if known else -1.0
    elif code is ResultCode.DETECTED_BELOW_LLOQ:
        text, detail, sort = f"<{limit(lloq)}{sign}", f"{written(value)} ({interval})", value
    elif code is ResultCode.NOT_DETECTED:
        text, detail, sort = f"{code.symbol} (<{limit(high)}{sign})", "", 0.0
    else:
        text, detail, sort = code.symbol, "", -1.0
    if in_percent and code.is_evaluable:
        detail = f"{detail} of {label_of(plain(row.get('parent')))}".strip()
        of_lymphocytes, _, *limits = (number(row, name) for name in PERCENT_OF_LYMPHOCYTES.names)
        if row.get("parent") != LYMPHOCYTES and not math.isnan(of_lymphocytes):
            below = code.limit_of(*limits)
            told = percentage(of_lymphocytes) if below is None else f"<{limit(below)}"
            detail += f"; {told}{sign} of {label_of(LYMPHOCYTES)}"
    evidence = plain(row.get("evidence"))
    return CountCell(
        population=str(row["population"]),
        value=text,
        sort=sort,
        code=code,
        meaning=code.meaning,
        detail=detail,
        events=whole(number(row, "events")),
        of_parent=percent(number(row, "events"), number(row, "parent_events")),
        lod=f"{limit(lod)}{'' if math.isnan(lod) else sign}",
        lloq=f"{limit(lloq)}{'' if math.isnan(lloq) else sign}",
        evidence=evidence if evidence in EVIDENCE_MEANINGS else "",
        evidence_meaning=EVIDENCE_MEANINGS.get(evidence, ""),
        reason=plain(row.get("reason")),
        override=plain(row.get("override")),
    )


def not_measured(counts: pd.DataFrame) -> list[str]:
    """Name the populations that no tube of the study could show, such as CD4+ T cells without the stain.

    Parameters
    ----------
    counts : pandas.DataFrame
        Rows of ``counts.csv``.

    Returns
    -------
    list of str
        None where no population was measured at all: then they all stay.
    """
    done = set(counts.loc[counts["result"] != ResultCode.NOT_DONE, "population"])
    return [name for name in dict.fromkeys(counts["population"]) if name not in done] if done else []


def count_rows(counts: pd.DataFrame) -> tuple[list[tuple[str, str]], list[TubeResults]]:
    """Turn ``counts.csv`` into one row per tube and one column per population.

    Parameters
    ----------
    counts : pandas.DataFrame
        Rows of ``counts.csv``.

    Returns
    -------
    populations : list of (str, str)
        Fixed name and heading of each column, in the usual order; those of `not_measured` are left out.
    rows : list of TubeResults
        By subject, course, day and file.
    """
    missing = not_measured(counts)
    found = [name for name in dict.fromkeys(counts["population"]) if is_result(name) and name not in missing]
    found.sort(key=usual_place)
    by_file: dict[str, list[dict[Any, Any]]] = defaultdict(list)
    for record in counts.to_dict("records"):
        by_file[str(record["file"])].append(record)
    rows = []
    for file, records in by_file.items():
        by_name = {record["population"]: count_cell(record) for record in records}
        first = records[0]
        rows.append(
            TubeResults(
                file=file,
                subject=plain(first.get("subject")),
                course=course_number(first),
                visit=plain(first.get("visit")),
                day=number(first, "day"),
                dose_group=plain(first.get("dose_group")),
                cells=tuple(by_name.get(name) for name in found),
            )
        )
    rows.sort(key=lambda row: (natural_key(row.subject), row.course, in_order(row.day), row.file))
    return [(name, label_of(name)) for name in found], rows


def endpoint_tables(endpoints: pd.DataFrame | None) -> list[EndpointTable]:
    """Turn ``endpoints.csv`` into one table per analyte: a row per subject and course, a column per parameter.

    Parameters
    ----------
    endpoints : DataFrame or None
        Rows of ``endpoints.csv``.

    Returns
    -------
    list of EndpointTable
    """
    if endpoints is None or endpoints.empty:
        return []
    tables = []
    for analyte in sorted(set(endpoints["analyte"]), key=usual_place):
        part = endpoints[endpoints["analyte"] == analyte]
        units = dict(zip(part["parameter"], part["unit"].map(plain), strict=True))
        columns = tuple((endpoint_name(name), unit.replace("uL", "µL")) for name, unit in units.items())
        rows = []
        of_course: dict[tuple[str, int], list[dict[Any, Any]]] = defaultdict(list)
        for record in part.to_dict("records"):
            of_course[str(record["subject"]), course_number(record)].append(record)
        for key in sorted(of_course, key=lambda one: (natural_key(one[0]), one[1])):
            records = of_course[key]
            by_name = {record["parameter"]: _endpoint(record) for record in records}
            doses = plain(records[0].get("dose_group"))
            rows.append((*key, doses, tuple(by_name.get(name, ("", "", "")) for name in units)))
        title = label_of(str(analyte))
        tables.append(EndpointTable(title, columns, tuple(rows)))
    return tables


def usual_place(population: str) -> int:
    """Return where a population stands among the usual ones; after them if it is none.

    Parameters
    ----------
    population : str
        Name of the population.

    Returns
    -------
    int
    """
    known = list(POPULATIONS)
    return known.index(population) if population in known else len(known)


def endpoint_name(parameter: str) -> str:
    """Return the heading of a parameter: ``AUC_0_28`` becomes ``AUC 0-28 d``."""
    definition = endpoint_definition(parameter)
    return definition.heading if definition else parameter.replace("_", " ").lower()


def _endpoint(record: Mapping[Any, Any]) -> tuple[str, str, str]:
    """Return one endpoint as text, with its interval and its reason."""
    qualifier, value = plain(record.get("qualifier")), number(record, "value")
    reason = plain(record.get("reason"))
    if qualifier == Qualifier.NOT_EVALUABLE or math.isnan(value):
        return str(Qualifier.NOT_EVALUABLE), "", reason
    low, high = number(record, "ci_low"), number(record, "ci_high")
    if math.isnan(low):
        interval = ""
    elif math.isnan(high):
        interval = f"from {_three_digits(low)}"
    else:
        interval = f"{_three_digits(low)} {DASH} {_three_digits(high)}"
    return (
        f"{qualifier if qualifier in (Qualifier.BELOW, Qualifier.ABOVE) else ''}{_three_digits(value)}",
        interval,
        reason,
    )


def _three_digits(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
