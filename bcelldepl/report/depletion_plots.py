"""Depletion of all subjects at a glance: waterfall of the deepest reduction, swimmer plot of its length."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter

from bcelldepl.definitions.codes import Qualifier
from bcelldepl.definitions.courses import of_course
from bcelldepl.definitions.endpoints import DEPLETION_DAY, DEPLETION_DURATION, LOG10_REDUCTION
from bcelldepl.kinetics.thresholds import ThresholdEvidence
from bcelldepl.report.day_axis import plain_frame, set_day_axis
from bcelldepl.report.dose_groups import name_groups
from bcelldepl.report.legends import at_least_key, legend_beside, note_below
from bcelldepl.report.number_format import plain_number
from bcelldepl.report.palette import INK, MUTED, dose_styles, natural_key

__all__ = ["draw_swimmer", "draw_waterfall"]

MOST_LETTERS = 52  # under the bars, of names beside each other that are all as long as the longest
HATCHES = ("", "///", "...", "xxx", "\\\\\\", "+++", "ooo")
# Marker, whether it is full, its colour, and what the legend calls it.
EVIDENCE = {
    ThresholdEvidence.DEPLETED: ("o", True, INK, "depleted"),
    ThresholdEvidence.RECOVERED: ("o", False, INK, "not depleted"),
    ThresholdEvidence.BETWEEN: ("D", False, INK, "between thresholds"),
    ThresholdEvidence.NONE: ("x", False, MUTED, "no evidence"),
}


def draw_waterfall(endpoints: pd.DataFrame, axes: Axes) -> Axes:
    """Draw the greatest log10 reduction of B cells of each subject, deepest last.

    A reduction that is at least so deep, because the nadir lies below a limit, carries an arrow.

    Parameters
    ----------
    endpoints : DataFrame
        Rows of ``endpoints.csv``.
    axes : Axes
        Where to draw.

    Returns
    -------
    Axes
        The same axes.
    """
    rows = name_groups(endpoints)
    rows = _named_by_course(rows[rows["parameter"] == LOG10_REDUCTION])
    known = rows[rows["value"].notna()].sort_values(["value", "subject"], kind="stable")
    styles = _styles(known)
    for place, row in enumerate(known.itertuples()):
        colour, hatch = styles[str(row.dose_group)]
        depth = -float(str(row.value))
        axes.bar(
            place,
            depth,
            color=colour,
            width=0.78,
            hatch=hatch,
            edgecolor="white",
            linewidth=0.5,
            gid=row.subject,
        )
        if row.qualifier == Qualifier.ABOVE:
            axes.annotate("", (place, depth), (0, -13), textcoords="offset points", zorder=4, annotation_clip=False,
                          arrowprops={"arrowstyle": "<-", "color": INK, "linewidth": 1.1})  # fmt: skip
    missing = rows.loc[rows["value"].isna(), "subject"].tolist()
    names = known["subject"].tolist()
    longest = max(map(len, names), default=0)
    upright = longest * len(names) > MOST_LETTERS
    axes.set_xticks(range(len(known)), names, rotation=90 if upright else 0)
    axes.axhline(0, color=INK, linewidth=0.8)
    highest, lowest = _ends(known)
    axes.set_ylim(lowest * 1.1, highest * 1.1)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: plain_number(value)))
    plain_frame(axes, "B cells: deepest change from baseline [log10]")
    axes.tick_params(axis="x", length=0)
    handles: list[Patch | Line2D] = [
        Patch(facecolor=colour, hatch=hatch, edgecolor="white", label=group)
        for group, (colour, hatch) in styles.items()
    ]
    handles.append(at_least_key("at least this deep:\nnadir below its limit", r"$\downarrow$"))
    legend_beside(axes, handles)
    rules = [str(rule) for rule in dict.fromkeys(known["baseline"]) if rule]
    notes = [
        f"Baseline: {', '.join(rules)}." if rules else "",
        f"Not evaluable: {', '.join(missing)}." if missing else "",
    ]
    note_below(axes, " ".join(filter(None, notes)), 1.8 + 0.55 * longest if upright else 2.4)
    return axes


def draw_swimmer(endpoints: pd.DataFrame, visits: pd.DataFrame, axes: Axes) -> Axes:
    """Draw the depletion of each subject as a bar by day, with what every visit said.

    Parameters
    ----------
    endpoints : DataFrame
        Rows of ``endpoints.csv``.
    visits : DataFrame
        As `bcelldepl.kinetics.visits_table` gives it.
    axes : Axes
        Where to draw.

    Returns
    -------
    Axes
        The same axes.
    """
    named = name_groups(endpoints)
    wanted = _named_by_course(named[named["parameter"].isin([DEPLETION_DAY, DEPLETION_DURATION])])
    visits = _named_by_course(visits)
    table = wanted.pivot(index="subject", columns="parameter", values="value")
    signs = wanted.pivot(index="subject", columns="parameter", values="qualifier")
    groups = dict(zip(wanted["subject"], wanted["dose_group"], strict=True))
    styles = dose_styles(groups.values())
    lengths = dict.fromkeys(groups, -1.0) | table[DEPLETION_DURATION].dropna().to_dict() if len(table) else {}
    order = sorted(
        groups, key=lambda name: (natural_key(str(groups[name])), lengths[name], name), reverse=True
    )
    for place, subject in enumerate(order):
        colour, _ = styles[str(groups[subject])]
        start, length = table.loc[subject, DEPLETION_DAY], table.loc[subject, DEPLETION_DURATION]
        own = visits[(visits["subject"] == subject) & visits["day"].notna()]
        if len(own):
            axes.hlines(place, own["day"].min(), own["day"].max(), color="#cfd6dd", linewidth=1, zorder=1)
        if pd.notna(length):
            axes.barh(place, length, left=start, height=0.62, color=colour, alpha=0.35, zorder=2, gid=subject)
            if signs.loc[subject, DEPLETION_DURATION] == Qualifier.ABOVE:
                axes.annotate("", (start + length, place), (11, 0), textcoords="offset points", zorder=4,
                              arrowprops={"arrowstyle": "<-", "color": colour, "linewidth": 1.8})  # fmt: skip
        for evidence, (marker, full, ink, _) in EVIDENCE.items():
            some = own[own["evidence"] == evidence]
            axes.plot(some["day"], [place] * len(some), linestyle="none", marker=marker, markersize=4.5, zorder=3,
                      color=ink, markerfacecolor=INK if full else "white",
                      markeredgewidth=0.9)  # fmt: skip
    axes.set_yticks(range(len(order)), order)
    axes.set_ylim(-0.7, len(order) - 0.3)
    set_day_axis(axes, [*visits["nominal_day"], 0.0])
    axes.axvline(0, color="#b8c1ca", linewidth=0.8, zorder=1)
    plain_frame(axes, "B-cell depletion", grid=None)
    axes.tick_params(axis="y", length=0)
    handles: list[Patch | Line2D] = [Patch(facecolor=c, alpha=0.35, label=g) for g, (c, _) in styles.items()]
    handles += [
        Line2D([], [], marker=marker, linestyle="none", markersize=4.5, label=word,
               color=ink, markerfacecolor=INK if full else "white")
        for marker, full, ink, word in EVIDENCE.values()
    ]  # fmt: skip
    handles.append(at_least_key("no confirmed\nrecovery yet", r"$\rightarrow$"))
    legend_beside(axes, handles)
    return axes


def _named_by_course(rows: pd.DataFrame) -> pd.DataFrame:
    """Name the later courses of a subject, which are bars of their own."""
    names = [of_course(*key) for key in zip(rows["subject"], rows["course"], strict=True)]
    return rows.assign(subject=names)


def _ends(known: pd.DataFrame) -> tuple[float, float]:
    """Highest and lowest end of the bars, never both zero."""
    depths = [-value for value in known["value"]]
    return max([0.1, *depths]), min([-0.2, *depths])


def _styles(rows: pd.DataFrame) -> dict[str, tuple[str, str]]:
    """Colour and hatching of each group, so that a grey copy still tells them apart."""
    styles = dose_styles(rows["dose_group"])
    return {
        group: (colour, HATCHES[n % len(HATCHES)]) for n, (group, (colour, _)) in enumerate(styles.items())
    }
