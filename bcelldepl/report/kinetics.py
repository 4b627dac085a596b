"""Every figure of the kinetics, written to a folder as PNG, SVG and PDF."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bcelldepl.kinetics import summarise, visits_table
from bcelldepl.kinetics.endpoints import cellular_of
from bcelldepl.names import file_stem
from bcelldepl.report.depletion_plots import draw_swimmer, draw_waterfall
from bcelldepl.report.group_curves import draw_group_curves
from bcelldepl.report.group_plots import draw_exposure_response, draw_proportionality, draw_reconstitution
from bcelldepl.report.images import save_figure
from bcelldepl.report.subject_page import draw_subject_page
from bcelldepl.study import Study

__all__ = ["kinetics_figures", "write_kinetics_figures"]

SUFFIXES = (".png", ".svg", ".pdf")


def write_kinetics_figures(
    folder: Path, counts: pd.DataFrame, endpoints: pd.DataFrame, study: Study
) -> list[Path]:
    """Write every figure of the kinetics.

    Parameters
    ----------
    folder : Path
        Such as ``results/figures``; made if not there.
    counts, endpoints : DataFrame
        Rows of ``counts.csv`` and ``endpoints.csv``.
    study : Study

    Returns
    -------
    list of Path
        Files written: for dose groups in `folder`, for subjects in its folder ``subjects``.
    """
    written = []
    for name, figure in kinetics_figures(counts, endpoints, study):
        for suffix in SUFFIXES:
            path = folder / f"{name}{suffix}"
            path.parent.mkdir(parents=True, exist_ok=True)
            save_figure(figure, path, dpi=150)
            written.append(path)
    return written


def kinetics_figures(
    counts: pd.DataFrame, endpoints: pd.DataFrame, study: Study
) -> Iterator[tuple[str, Figure]]:
    """Draw the figures one by one, each with its name."""
    populations = set(counts["population"])
    summary = summarise(counts, endpoints, study=study)
    for analyte, name in (("CAR_T", "groups_car_t"), ("B", "groups_b")):
        if analyte in populations:
            figure, axes = _page(7.2, 4.6, bottom=0.95)
            limits = counts.loc[counts["population"] == analyte, "lloq_per_ul"].dropna()
            draw_group_curves(summary, analyte, axes, float(limits.median()) if len(limits) else None)
            yield name, figure
    if "B" in populations:
        subjects = endpoints["subject"].nunique()
        figure, axes = _page(max(6.6, 0.32 * subjects + 1.5), 4.6, bottom=0.95)
        draw_waterfall(endpoints, axes)
        yield "waterfall", figure
        figure, axes = _page(7.6, max(3.0, 0.27 * subjects + 1.7), bottom=1.15)
        draw_swimmer(endpoints, visits_table(counts, study), axes)
        yield "swimmer", figure
        figure, axes = _page(6.4, 4.2)
        draw_reconstitution(endpoints, axes)
        yield "reconstitution", figure
    if "CAR_T" in populations:
        windows = [f"AUC_0_{day:g}" for day in study.endpoints.auc_days]
        figure, axes = _page(6.0, 4.4)
        draw_proportionality(endpoints, "CMAX", axes, study)
        yield "dose_cmax", figure
        figure, axes = _page(6.0, 4.4)
        draw_proportionality(endpoints, windows[0], axes, study)
        yield "dose_auc", figure
        if "B" in populations:
            for response, name in (("LOG10_REDUCTION", "depth"), ("DEPLETION_DURATION", "duration")):
                figure, axes = _page(6.0, 4.4)
                draw_exposure_response(endpoints, windows[0], response, axes)
                yield f"exposure_{name}", figure
    kinetics = {one.course.subject: one for one in cellular_of(counts, study)}
    for subject in endpoints["subject"].unique():
        page = draw_subject_page(subject, counts, endpoints, study, kinetics.get(subject))
        yield f"subjects/{file_stem(str(subject))}", page


def _page(width: float, height: float, bottom: float = 0.6) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(width, height), facecolor="white")
    axes = figure.subplots()
    figure.subplots_adjust(
        left=0.75 / width, right=1 - 0.25 / width, top=1 - 0.45 / height, bottom=bottom / height
    )
    return figure, axes
