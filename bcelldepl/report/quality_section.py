"""What the page says of quality control over time: marked values, and series that are too short."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pandas as pd

from bcelldepl.definitions.quality_measures import FEWEST_TUBES, QUALITY_MEASURES, WestgardRule
from bcelldepl.report.number_format import plain_number, signal
from bcelldepl.report.table import plain

__all__ = ["MarkedValue", "QualitySection", "quality_section"]


@dataclass(frozen=True)
class MarkedValue:
    """One value that breaks a rule, as text."""

    file: str
    subject: str
    visit: str
    cytometer: str
    acquired: str
    measure: str
    value: str
    expected: str
    deviation: str
    rule: str
    meaning: str


@dataclass(frozen=True)
class QualitySection:
    """What the page shows.

    Attributes
    ----------
    series : tuple of (str, str, str, str)
        Measure, cytometer, tubes, and mean and SD of each series.
    marked : tuple of MarkedValue
    too_short : bool
        Whether a series has too few tubes for mean and SD.
    fewest : int
        Tubes that one needs.
    """

    series: tuple[tuple[str, str, str, str], ...]
    marked: tuple[MarkedValue, ...]
    too_short: bool
    fewest: int = FEWEST_TUBES


def quality_section(table: pd.DataFrame) -> QualitySection | None:
    """Prepare what the page shows.

    Parameters
    ----------
    table : DataFrame
        Rows of ``quality_over_time.csv``.

    Returns
    -------
    QualitySection or None
        None where no tube has a value.
    """
    if table.empty:
        return None
    series, marked = [], []
    for (name, cytometer), rows in table.groupby(["measure", "cytometer"], sort=False):
        definition = QUALITY_MEASURES[str(name)]
        label = f"{definition.label} [{definition.unit}]"
        mean, sd = float(rows["mean"].iloc[0]), float(rows["sd"].iloc[0])
        limits = "" if math.isnan(mean) else f"{signal(mean)} ± {signal(sd)}"
        series.append((label, str(cytometer), str(len(rows)), limits or "too few tubes"))
        for row in rows[rows["rule"].fillna("") != ""].to_dict("records"):
            rule = WestgardRule(row["rule"])
            marked.append(
                MarkedValue(
                    plain(row["file"]), plain(row["subject"]), plain(row["visit"]), str(cytometer),
                    plain(row["acquired"]).replace("T", " "), label, signal(row["value"]), limits,
                    f"{plain_number(round(row['deviation_sd'], 1))} SD", str(rule), rule.meaning,
                )
            )  # fmt: skip
    too_short = bool((table["n"] < FEWEST_TUBES).any())
    return QualitySection(tuple(series), tuple(marked), too_short)
