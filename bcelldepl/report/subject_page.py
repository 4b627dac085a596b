"""One page per subject: CAR+ T cells, B cells and companions under each other on one day axis."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bcelldepl.definitions.codes import Method, Qualifier
from bcelldepl.definitions.endpoints import (
    BASELINE,
    CMAX,
    DEPLETION_DAY,
    DEPLETION_DURATION,
    HALF_LIFE,
    LAMBDA_Z,
    LOG10_REDUCTION,
    NADIR,
    RECONSTITUTION_DAY,
    TMAX,
    auc_window,
    endpoint_definition,
)
from bcelldepl.definitions.populations import CAR_T, POPULATIONS, B, Kinetics
from bcelldepl.definitions.populations import analytes as analytes_of
from bcelldepl.kinetics.cellular import CellularKinetics
from bcelldepl.kinetics.endpoint import NOT_FOR_SUMMARIES
from bcelldepl.kinetics.groups import ALL_SUBJECTS
from bcelldepl.report.curves import draw_curves
from bcelldepl.report.day_axis import plain_frame, set_day_axis
from bcelldepl.report.palette import ACCENT, INK, MUTED
from bcelldepl.study import Study
from bcelldepl.study.companions import CompanionResult

__all__ = ["draw_companions", "draw_depletion", "draw_kinetics", "draw_subject_page"]

DEPLETED = "#dfe7f1"
LEGEND = (
    "Full marker: quantified. Open: detected, below the LLOQ. Bar with arrow: not detected, below this limit. "
    "Cross: not evaluable.\nShort dash: LLOQ of the tube. Ring: Cmax. Dashed line: terminal slope. "
    "Shaded: depletion; its arrow: no confirmed recovery.\nFrame: a gate set by hand."
)
STYLES = {ALL_SUBJECTS: (ACCENT, "o")}


def draw_subject_page(
    subject: str,
    counts: pd.DataFrame,
    endpoints: pd.DataFrame,
    study: Study,
    kinetics: CellularKinetics | None = None,
) -> Figure:
    """Draw everything of one subject.

    Parameters
    ----------
    subject : str
    counts, endpoints : DataFrame
        Rows of ``counts.csv`` and ``endpoints.csv``; those of other subjects are left out.
    study : Study
        Gives actual days, thresholds and companions.
    kinetics : CellularKinetics, optional
        Of this subject, for the terminal slope.

    Returns
    -------
    Figure
        A4, upright.
    """
    own = _on_actual_days(counts[counts["subject"] == subject], study)
    ends = endpoints[endpoints["subject"] == subject]
    others = [one for one in study.companion_results if one.subject == subject]
    tests = list(dict.fromkeys(one.test for one in others))
    analytes = [name for kind in Kinetics for name in analytes_of(kind) if name in set(own["population"])]
    heights = [2.6] * len(analytes) + [1.0] * len(tests)
    figure = Figure(figsize=(8.27, 11.69), facecolor="white")
    panels = figure.subplots(max(len(heights), 1), 1, squeeze=False, height_ratios=heights or [1])[:, 0]
    used = min(0.80, 0.3 * len(analytes) + 0.115 * len(tests))
    figure.subplots_adjust(left=0.1, right=0.95, top=0.89, bottom=0.89 - max(used, 0.3), hspace=0.36)
    days = [*own["day"], *(one.day for one in others), 0.0]
    for axes, analyte in zip(panels, analytes, strict=False):
        if POPULATIONS[analyte].kinetics is Kinetics.EXPANSION:
            draw_kinetics(own, ends, axes, kinetics, analyte)
        else:
            draw_depletion(own, ends, axes, study, analyte)
    for axes, test in zip(panels[len(analytes) :], tests, strict=False):
        draw_companions([one for one in others if one.test == test], axes)
    for axes in panels:
        set_day_axis(axes, days, "day since infusion" if axes is panels[-1] else "")
    group = next(iter(own["dose_group"]), "") if len(own) else ""
    course = max((tube.course for tube in study.tubes), default=1)
    title = ", ".join(filter(None, (subject, group, f"course {course}" if course > 1 else "")))
    figure.text(0.1, 0.955, title, fontsize=15, color=INK, va="bottom")
    figure.text(0.1, 0.935, study.id, fontsize=9, color=MUTED, va="bottom")
    figure.text(0.1, 0.02, LEGEND, fontsize=7.5, color=MUTED, va="bottom")
    return figure


def draw_kinetics(
    counts: pd.DataFrame,
    endpoints: pd.DataFrame,
    axes: Axes,
    kinetics: CellularKinetics | None = None,
    analyte: str = CAR_T,
) -> Axes:
    """Draw CAR+ T cells of one subject with Cmax, the terminal slope and the numbers beside it.

    Parameters
    ----------
    counts : DataFrame
        Rows of ``counts.csv``.
    endpoints : DataFrame
        Rows of ``endpoints.csv``.
    axes : Axes
        Where to draw.
    kinetics : CellularKinetics, optional
        Gives the terminal slope.
    analyte : str
        Name of the population.

    Returns
    -------
    Axes
        The same axes.
    """
    draw_curves(counts.assign(dose_group=""), analyte, axes, styles=STYLES)
    values = _by_parameter(endpoints, analyte)
    cmax, tmax = values.get(CMAX), values.get(TMAX)
    if cmax is not None and tmax is not None and cmax["qualifier"] == Qualifier.EQUAL:
        axes.plot([tmax["value"]], [cmax["value"]], marker="o", markersize=11, markerfacecolor="none", color=INK,
                  linestyle="none", zorder=4, gid=CMAX)  # fmt: skip
    if kinetics is not None and kinetics.terminal is not None:
        fit = kinetics.terminal
        line = np.linspace(fit.days[0], fit.days[-1], 50)
        axes.plot(line, np.exp(fit.intercept - fit.lambda_z_per_day * line), color=INK, linewidth=1.2,
                  linestyle=(0, (4, 2)), zorder=4, gid=LAMBDA_Z)  # fmt: skip
    shown = [code for code in values if code in (CMAX, TMAX, HALF_LIFE) or auc_window(code)]
    _write(axes, [[_sentence(code, values[code]) for code in shown]])
    return axes


def draw_depletion(
    counts: pd.DataFrame, endpoints: pd.DataFrame, axes: Axes, study: Study, analyte: str = B
) -> Axes:
    """Draw B cells of one subject with the threshold and the time of depletion.

    Parameters
    ----------
    counts : DataFrame
        Rows of ``counts.csv``.
    endpoints : DataFrame
        Rows of ``endpoints.csv``.
    axes : Axes
        Where to draw.
    study : Study
        Gives the threshold.
    analyte : str
        Name of the population.

    Returns
    -------
    Axes
        The same axes.
    """
    draw_curves(counts.assign(dose_group=""), analyte, axes, styles=STYLES)
    values = _by_parameter(endpoints, analyte)
    threshold = _threshold(counts[counts["population"] == analyte], study)
    if threshold is not None:
        axes.axhline(threshold, color=MUTED, linewidth=0.9, linestyle=(0, (1, 2)), zorder=1, gid="threshold")
        axes.annotate(f"threshold {threshold:g}", (0, threshold), xycoords=("axes fraction", "data"), fontsize=7.5,
                      xytext=(3, 2), textcoords="offset points", color=MUTED)  # fmt: skip
    onset, duration = values.get(DEPLETION_DAY), values.get(DEPLETION_DURATION)
    if onset is not None and duration is not None and not math.isnan(duration["value"]):
        end = onset["value"] + duration["value"]
        axes.axvspan(onset["value"], end, color=DEPLETED, zorder=0, gid="depletion")
        if duration["qualifier"] == Qualifier.ABOVE:
            axes.annotate("", (end, 0.96), (-14, 0), xycoords=("data", "axes fraction"), textcoords="offset points",
                          arrowprops={"arrowstyle": "->", "color": INK})  # fmt: skip
    lines = ((BASELINE, NADIR, LOG10_REDUCTION), (DEPLETION_DAY, DEPLETION_DURATION, RECONSTITUTION_DAY))
    _write(axes, [[_sentence(code, values[code]) for code in line if code in values] for line in lines])
    return axes


def _threshold(rows: pd.DataFrame, study: Study) -> float | None:
    """Threshold of depletion in the unit that the rows are drawn in; None where it is of another."""
    settings = study.endpoints
    in_percent = "method" in rows and (rows["method"] == Method.PERCENT).any()
    drawn_in_percent_of = set(rows["parent"]) - {""} if in_percent else {None}
    return settings.thresholds[0] if drawn_in_percent_of == {settings.denominator_population} else None


def draw_companions(results: Sequence[CompanionResult], axes: Axes) -> Axes:
    """Draw one companion test of one subject by day; censored results are open triangles, text is written.

    Parameters
    ----------
    results : sequence of CompanionResult
        Of one test of one subject.
    axes : Axes
        Where to draw.

    Returns
    -------
    Axes
        The same axes.
    """
    numbers = [(one.day, one.value, one.qualifier) for one in results if one.value is not None]
    measured = [value if sign == Qualifier.EQUAL else math.nan for _, value, sign in numbers]
    axes.plot([day for day, _, _ in numbers], measured, color="#4a4a4a", linewidth=1, zorder=2)
    for sign, marker in ((Qualifier.EQUAL, "s"), (Qualifier.BELOW, "v"), (Qualifier.ABOVE, "^")):
        some = [(day, value) for day, value, qualifier in numbers if qualifier == sign]
        face = "#4a4a4a" if sign is Qualifier.EQUAL else "white"
        axes.plot([day for day, _ in some], [value for _, value in some], linestyle="none", marker=marker,
                  markersize=5, color="#4a4a4a", markerfacecolor=face)  # fmt: skip
    _write_texts(axes, [one for one in results if one.value is None], alone=not numbers)
    plain_frame(axes)
    unit = f" [{results[0].unit}]" if results and results[0].unit else ""
    axes.set_title(
        f"{results[0].test if results else ''}{unit}", loc="left", y=1.0, fontsize=10, color=INK, pad=5
    )
    axes.margins(y=0.25)
    axes.axvline(0, color="#b8c1ca", linewidth=0.8, zorder=1)
    return axes


def _write_texts(axes: Axes, results: Sequence[CompanionResult], alone: bool) -> None:
    """Write results that are text at their days."""
    for one in results:
        axes.annotate(one.text, (one.day, 0.5 if alone else 0.06), xycoords=("data", "axes fraction"), fontsize=7.5,
                      color=INK, ha="center", va="center")  # fmt: skip
    if results and alone:
        axes.set_yticks([])


def _on_actual_days(counts: pd.DataFrame, study: Study) -> pd.DataFrame:
    drawn = {tube.file: tube.draw_day for tube in study.tubes}
    days = [drawn.get(file, day) for file, day in zip(counts["file"], counts["day"], strict=True)]
    return counts.assign(day=days)


def _by_parameter(endpoints: pd.DataFrame, analyte: str) -> dict[str, dict[str, Any]]:
    rows: list[dict[str, Any]] = endpoints[endpoints["analyte"] == analyte].to_dict("records")  # type: ignore[assignment]
    return {row["parameter"]: row for row in rows}


def _sentence(code: str, row: dict[str, Any]) -> str:
    definition = endpoint_definition(code)
    name = definition.phrase if definition else code
    if row["qualifier"] == Qualifier.NOT_EVALUABLE:
        return f"{name}: {Qualifier.NOT_EVALUABLE}"
    sign = "" if row["qualifier"] == Qualifier.EQUAL else f"{row['qualifier']} "
    doubt = " (?)" if str(row["reason"]).startswith(NOT_FOR_SUMMARIES) else ""
    return f"{name}: {sign}{_short(row['value'])}{doubt}"


def _short(value: float) -> str:
    return f"{float(f'{value:.3g}'):,g}"


def _write(axes: Axes, lines: list[list[str]]) -> None:
    text = "\n".join("   ".join(line) for line in lines)
    axes.text(1, 1.02, text, transform=axes.transAxes, ha="right", va="bottom", fontsize=7.5, color=INK)
