"""The study's curves as part of the page: every line and point says under the pointer whose it is and what."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final
from xml.sax.saxutils import escape, quoteattr

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bcelldepl.definitions.codes import Method, ResultCode
from bcelldepl.definitions.populations import label_of
from bcelldepl.report.curves import course_of, curve_points, draw_study_curves
from bcelldepl.report.dose_groups import course_numbers
from bcelldepl.report.images import fixed_style
from bcelldepl.report.table import count_cell, plain

__all__ = ["curve_labels", "label_curves"]

_POINTS_PER_INCH: Final = 72  # in an SVG
_RADIUS: Final = 4  # of the field around a point
_ON_AXIS: Final = 0.018  # of the height: where a cross for a result that is not evaluable stands
_PREFIX: Final = "curves-"  # of names in the drawing, which the page may have, too
_NAMES: Final = re.compile(r'(?<=\sid=")|(?<=href="#)|(?<=url\(#)')


def curve_labels(counts: pd.DataFrame, populations: Sequence[str]) -> str:
    """Make the labels that show under the pointer over the study's curves; the drawing itself is not needed for it.

    Parameters
    ----------
    counts : pandas.DataFrame
        Rows of ``counts.csv``.
    populations : sequence of str
        One panel each.

    Returns
    -------
    str
        Unseen elements for an ``<svg>``, every text of the study in them escaped.
    """
    with fixed_style():
        figure = draw_study_curves(counts, populations)  # not rendered: for the places on its axes
    return "".join(_labels(figure, counts, populations))


def label_curves(drawn: bytes, labels: str) -> str:
    """Lay labels over the study's curves.

    Parameters
    ----------
    drawn : bytes
        The figure of `draw_study_curves`, as SVG.
    labels : str
        From `curve_labels`, of the same counts and populations.

    Returns
    -------
    str
        An ``<svg>`` element for a page.
    """
    text = drawn.decode()
    body = re.sub(r"<metadata>.*?</metadata>", "", text[text.index("<svg") :], count=1, flags=re.DOTALL)
    return f"{_NAMES.sub(_PREFIX, body[: body.rindex('</svg>')])}{labels}</svg>"


def _labels(figure: Figure, counts: pd.DataFrame, populations: Sequence[str]) -> Iterator[str]:
    """Unseen lines and, above all of them, unseen fields around the points, each with its title."""
    figure.set_dpi(_POINTS_PER_INCH)
    height = float(figure.get_figheight()) * _POINTS_PER_INCH
    for axes, population in zip(figure.axes, populations, strict=True):
        rows = curve_points(counts, population)
        for _, visits in rows.groupby(["subject", course_numbers(rows)], sort=True):
            course = course_of(visits)
            places = _places(axes, height, course.index.to_numpy(float), course.to_numpy(float))
            for part in _unbroken(places):
                corners = " ".join(f"{x:.1f},{y:.1f}" for x, y in part)
                yield _element("polyline", f'points="{corners}"', visits.iloc[0]["subject"], _whose(visits))
        for (x, y), row in _points(axes, height, rows):
            where = f'cx="{x:.1f}" cy="{y:.1f}" r="{_RADIUS}"'
            yield _element("circle", where, row["subject"], _what(row, population))


def _element(kind: str, where: str, subject: object, title: str) -> str:
    whose = quoteattr(str(subject))
    return f'<{kind} class="course" data-course={whose} {where}><title>{escape(title)}</title></{kind}>'


def _points(
    axes: Axes, height: float, rows: pd.DataFrame
) -> Iterator[tuple[tuple[float, float], dict[Any, Any]]]:
    """Results that are drawn, each with its place."""
    low, high = axes.get_ylim()
    on_axis = 10 ** (np.log10(low) + _ON_AXIS * (np.log10(high) - np.log10(low)))
    crossed = rows["result"].map(lambda code: ResultCode(code).needs_review).astype(bool)
    shown = rows["shown"].mask(crossed, on_axis).to_numpy(float)
    places = _places(axes, height, rows["day"].to_numpy(float), shown)
    for place, row in zip(places, rows.to_dict("records"), strict=True):
        if np.isfinite(place).all():
            yield place, row


def _places(axes: Axes, height: float, days: np.ndarray, values: np.ndarray) -> list[tuple[float, float]]:
    """Places in the SVG, from the left and from the top."""
    places = axes.transData.transform(np.column_stack([days, values]))
    return [(float(x), height - float(y)) for x, y in places]


def _unbroken(places: Sequence[tuple[float, float]]) -> Iterator[list[tuple[float, float]]]:
    """Parts of a line between its breaks."""
    part: list[tuple[float, float]] = []
    for place in [*places, (np.nan, np.nan)]:
        if np.isfinite(place).all():
            part.append(place)
            continue
        if len(part) > 1:
            yield part
        part = []


def _whose(visits: pd.DataFrame) -> str:
    first = visits.iloc[0]
    return ", ".join(filter(None, (plain(first["subject"]), plain(first["dose_group"]))))


def _what(row: dict[Any, Any], population: str) -> str:
    cell = count_cell(row)
    unit = "" if row.get("method") == Method.PERCENT else " cells/µL"
    numbers = f"{cell.value}{unit}" if ResultCode(cell.code).is_evaluable else cell.meaning
    when = f"{plain(row['subject'])}, {plain(row['visit'])}, day {row['day']:g}"
    return f"{when}: {label_of(population)} {numbers}" + (f" ({cell.detail})" if cell.detail else "")
