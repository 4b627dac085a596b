"""Which figures a run draws, in which order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final

from bcelldepl.batch.figures import Drawing
from bcelldepl.definitions.tables import QUALITY_OVER_TIME
from bcelldepl.gating.model.kept import KeptModel
from bcelldepl.kinetics import StudyKinetics
from bcelldepl.report.clusters import draw_clusters
from bcelldepl.report.curves import draw_study_curves, followed_populations
from bcelldepl.report.kinetics import kinetics_figures
from bcelldepl.report.quality_plots import draw_quality_over_time

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "CLUSTERS_ON_PAGE",
    "CURVES",
    "CURVES_ON_PAGE",
    "figures_of_kinetics",
    "figures_of_tubes",
    "names_of_clusters",
]

CURVES: Final = "curves"
CURVES_ON_PAGE: Final = "svg"  # whose points say on the page what they are
CLUSTERS_ON_PAGE: Final = "png"
_DPI: Final = 150.0


def figures_of_tubes(
    counts: pd.DataFrame, quality: pd.DataFrame, models: Sequence[KeptModel], formats: Sequence[str]
) -> list[Drawing]:
    """Give the figures that need no endpoints, not drawn yet, those that take longest first.

    The page shows the cells of the study as they were found, and the curves: their formats are drawn, too.

    Parameters
    ----------
    counts, quality : DataFrame
        Rows of ``counts.csv`` and ``quality_over_time.csv``.
    models : sequence of KeptModel
    formats : sequence of str
        That are asked for.

    Returns
    -------
    list of Drawing
    """
    kinds = tuple(formats)
    of_clusters, of_curves = (
        tuple(dict.fromkeys((*formats, on_page))) for on_page in (CLUSTERS_ON_PAGE, CURVES_ON_PAGE)
    )
    drawings = [
        Drawing(name, partial(draw_clusters, kept.model), _DPI, of_clusters, kept.model.digest)
        for name, kept in zip(names_of_clusters(models), models, strict=True)
    ]
    if quality["mean"].notna().any():
        draw = partial(draw_quality_over_time, quality)
        drawings.append(Drawing(QUALITY_OVER_TIME.name, draw, _DPI, kinds))
    if followed := followed_populations(counts):
        drawings.append(Drawing(CURVES, partial(draw_study_curves, counts, followed), 200.0, of_curves))
    return drawings


def figures_of_kinetics(
    counts: pd.DataFrame, kinetics: StudyKinetics, tables: Mapping[str, pd.DataFrame], formats: Sequence[str]
) -> list[Drawing]:
    """Give the figures of the kinetics, not drawn yet: the page shows those of the study, which come first.

    Parameters
    ----------
    counts : DataFrame
        Rows of ``counts.csv``.
    kinetics : StudyKinetics
    tables : mapping of str to DataFrame
        From `bcelldepl.kinetics.kinetics_tables`.
    formats : sequence of str
        That are asked for.

    Returns
    -------
    list of Drawing
    """
    drawings = [
        Drawing(name, draw, _DPI, tuple(formats)) for name, draw in kinetics_figures(counts, kinetics, tables)
    ]
    return sorted(drawings, key=lambda one: "/" in one.name)


def names_of_clusters(models: Sequence[KeptModel]) -> list[str]:
    """Name the figure of the cells of each model.

    Parameters
    ----------
    models : sequence of KeptModel

    Returns
    -------
    list of str
    """
    return ["clusters" if number == 1 else f"clusters_{number}" for number in range(1, len(models) + 1)]
