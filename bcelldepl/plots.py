"""Figures of the report, each on axes of your own: ``bcelldepl.plots.draw_curves(results.counts, "B", axes)``.

The tables that they are drawn from are those of `Results`: `counts`, `endpoints` and `table`.

| function | draws | from |
|---|---|---|
| `draw_curves` | one population by day, a line per subject | `counts` |
| `draw_group_curves` | an average of each dose group by day | ``table("summary")`` |
| `draw_kinetics`, `draw_depletion` | CAR+ T and B cells of one subject, with endpoints | `counts`, `endpoints` |
| `draw_rates` | share of subjects depleted at each visit | ``table("depletion_rates")`` |
| `draw_changes` | change of B cells from the baseline | ``table("b_cell_changes")`` |
| `draw_waterfall` | greatest reduction of each subject | `endpoints` |
| `draw_swimmer` | depletion and recovery of each subject in time | `endpoints`, ``table("depletion_visits")`` |
| `draw_event` | Kaplan-Meier curves of an event | ``table("time_to_event")`` |
| `draw_proportionality`, `draw_exposure_response` | exposure by dose; response by exposure | `endpoints` |
| `draw_gates` | the gates of one tube | the results folder |
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from bcelldepl.definitions.files import FIGURES
from bcelldepl.errors import ExchangeError
from bcelldepl.kinetics.outcomes import ChangeMeasure
from bcelldepl.report.curves import draw_curves
from bcelldepl.report.depletion_plots import draw_swimmer, draw_waterfall
from bcelldepl.report.group_curves import Average, draw_group_curves
from bcelldepl.report.group_plots import draw_exposure_response, draw_proportionality
from bcelldepl.report.outcome_plots import draw_changes, draw_rates
from bcelldepl.report.subject_page import draw_companions, draw_depletion, draw_kinetics
from bcelldepl.report.survival_plots import draw_event
from bcelldepl.results import Results, as_results, tube_stem

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "Average",
    "ChangeMeasure",
    "draw_changes",
    "draw_companions",
    "draw_curves",
    "draw_depletion",
    "draw_event",
    "draw_exposure_response",
    "draw_gates",
    "draw_group_curves",
    "draw_kinetics",
    "draw_proportionality",
    "draw_rates",
    "draw_swimmer",
    "draw_waterfall",
]


def draw_gates(results: Results | str | os.PathLike[str], file: str, axes: Axes) -> Axes:
    """Show the gating path of one tube, as the run drew it over all its events.

    Parameters
    ----------
    results : Results or path
        Results, or the folder that `run` wrote.
    file : str
        The tube, as in the sample sheet.
    axes : Axes
        Where to show it; its own axes are turned off.

    Returns
    -------
    Axes
        The same axes.

    Raises
    ------
    ExchangeError
        The results have no such tube, or it was not gated.
    """
    import matplotlib.image as images

    found = as_results(results)
    path = found.folder / FIGURES / "tubes" / f"{tube_stem(file)}.png"
    if not path.is_file():
        known = set(found.tubes["file"])
        what = "the tube was not gated" if file in known else f"there is no tube {file!r}"
        raise ExchangeError(what, str(found.folder), "name a file of tubes.csv that was gated")
    axes.imshow(images.imread(path), interpolation="lanczos")
    axes.axis("off")
    return axes
