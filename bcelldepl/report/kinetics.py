"""Every figure of the kinetics: its name, and how it is drawn, by whichever process does it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bcelldepl.definitions.endpoints import CMAX, DEPLETION_DURATION, LOG10_REDUCTION, auc_code
from bcelldepl.definitions.populations import CAR_T, B, Kinetics, analytes
from bcelldepl.kinetics import summarise, visits_table
from bcelldepl.kinetics.endpoints import cellular_of
from bcelldepl.names import file_stem
from bcelldepl.report.depletion_plots import draw_swimmer, draw_waterfall
from bcelldepl.report.group_curves import draw_group_curves
from bcelldepl.report.group_plots import draw_exposure_response, draw_proportionality, draw_reconstitution
from bcelldepl.report.subject_page import draw_subject_page
from bcelldepl.study import Study

__all__ = ["kinetics_figures"]


def kinetics_figures(
    counts: pd.DataFrame, endpoints: pd.DataFrame, study: Study
) -> Iterator[tuple[str, Callable[[], Figure]]]:
    """Give every figure of the kinetics, not drawn yet.

    Parameters
    ----------
    counts, endpoints : DataFrame
        Rows of ``counts.csv`` and ``endpoints.csv``.
    study : Study

    Yields
    ------
    (str, callable)
        Name, those of subjects in ``subjects/``; and what draws the figure, which other processes can be sent.
    """
    populations = set(counts["population"])
    summary = summarise(counts, endpoints, study=study)
    for analyte in (name for kind in Kinetics for name in analytes(kind)):
        if analyte in populations:
            limits = counts.loc[counts["population"] == analyte, "lloq_per_ul"].dropna()
            limit = float(limits.median()) if len(limits) else None
            groups = partial(draw_group_curves, summary, analyte, lloq_per_ul=limit)
            yield f"groups_{analyte.lower()}", partial(_on_page, groups, 7.2, 4.6, bottom=0.95)
    if B in populations:
        subjects = endpoints["subject"].nunique()
        waterfall = partial(draw_waterfall, endpoints)
        yield "waterfall", partial(_on_page, waterfall, max(6.6, 0.32 * subjects + 1.5), 4.6, bottom=0.95)
        swimmer = partial(draw_swimmer, endpoints, visits_table(counts, study))
        yield "swimmer", partial(_on_page, swimmer, 7.6, max(3.0, 0.27 * subjects + 1.7), bottom=1.15)
        yield "reconstitution", partial(_on_page, partial(draw_reconstitution, endpoints), 6.4, 4.2)
    if CAR_T in populations:
        window = auc_code(study.endpoints.auc_days[0])
        for parameter, name in ((CMAX, "dose_cmax"), (window, "dose_auc")):
            by_dose = partial(draw_proportionality, endpoints, parameter, study=study)
            yield name, partial(_on_page, by_dose, 6.0, 4.4)
        if B in populations:
            for response, name in ((LOG10_REDUCTION, "depth"), (DEPLETION_DURATION, "duration")):
                by_exposure = partial(draw_exposure_response, endpoints, window, response)
                yield f"exposure_{name}", partial(_on_page, by_exposure, 6.0, 4.4)
    kinetics = {one.course.subject: one for one in cellular_of(counts, study)}
    counts_of = dict(iter(counts.groupby("subject")))
    for key, ends in endpoints.groupby("subject", sort=False):
        subject = str(key)
        own = study.model_copy(
            update={
                "tubes": tuple(tube for tube in study.tubes if tube.subject == subject),
                "companion_results": tuple(one for one in study.companion_results if one.subject == subject),
            }
        )
        rows = counts_of.get(key, counts.iloc[:0])
        page = partial(draw_subject_page, subject, rows, ends, own, kinetics.get(subject))
        yield f"subjects/{file_stem(subject)}", page


def _on_page(draw: Callable[..., Axes], width: float, height: float, bottom: float = 0.6) -> Figure:
    """Draw on the axes of a figure of its own [inch]."""
    figure = Figure(figsize=(width, height), facecolor="white")
    axes = figure.subplots()
    figure.subplots_adjust(
        left=0.75 / width, right=1 - 0.25 / width, top=1 - 0.45 / height, bottom=bottom / height
    )
    draw(axes=axes)
    return figure
