"""Exposure by dose, and response by exposure."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, NullFormatter, NullLocator

from bcelldepl.definitions.codes import Qualifier
from bcelldepl.definitions.endpoints import endpoint_definition
from bcelldepl.kinetics.exposure import pairs_of
from bcelldepl.kinetics.proportionality import doses_of, fit_power_model, reliable_pairs
from bcelldepl.report.day_axis import plain_frame
from bcelldepl.report.dose_groups import name_groups, with_courses
from bcelldepl.report.legends import legend_beside, open_key
from bcelldepl.report.number_format import plain_number
from bcelldepl.report.palette import INK, MUTED, dose_styles
from bcelldepl.study import Study

__all__ = ["draw_exposure_response", "draw_proportionality"]

PLAIN = FuncFormatter(lambda value, _: plain_number(value))
DOTS = (0, (1, 2))


def draw_proportionality(
    endpoints: pd.DataFrame, parameter: str, axes: Axes, study: Study | None = None
) -> Axes:
    """Draw a parameter by dose with the fitted power model and the line of proportionality.

    Parameters
    ----------
    endpoints : DataFrame
        Rows of ``endpoints.csv``.
    parameter : str
        Code of the endpoint.
    axes : Axes
        Where to draw.
    study : Study, optional
        Gives `dose_cells_per_kg`.

    Returns
    -------
    Axes
        The same axes.
    """
    pairs = name_groups(reliable_pairs(endpoints, parameter, doses_of(endpoints, study)))
    _scatter(axes, pairs["dose_group"], pairs["dose"], pairs["value"])
    model = fit_power_model(pairs["dose"].tolist(), pairs["value"].tolist())
    if model is not None:
        doses = np.geomspace(pairs["dose"].min(), pairs["dose"].max(), 20)
        axes.plot(doses, np.exp(model.intercept) * doses**model.slope, color=INK, linewidth=1.2)
        centre = float(np.exp(np.log(pairs["dose"]).mean())), float(np.exp(np.log(pairs["value"]).mean()))
        axes.plot(doses, centre[1] * doses / centre[0], color=MUTED, linewidth=1, linestyle=DOTS)
        slope = f"slope {model.slope:.2f}\n(90 % interval {model.ci_low:.2f} to {model.ci_high:.2f})"
        lines = [
            Line2D([], [], color=INK, linewidth=1.2, label=slope),
            Line2D([], [], color=MUTED, linewidth=1, linestyle=DOTS, label="proportional to dose"),
        ]
        legend_beside(axes, [*axes.get_legend_handles_labels()[0], *lines])
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.xaxis.set_major_locator(FixedLocator(sorted(set(pairs["dose"]))))
    axes.xaxis.set_minor_locator(NullLocator())
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(PLAIN)
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel(with_courses("dose [cells/kg, log scale]", endpoints), fontsize=9, color=MUTED)
    plain_frame(axes, f"{_name(parameter)} (log scale)")
    return axes


def draw_exposure_response(endpoints: pd.DataFrame, exposure: str, response: str, axes: Axes) -> Axes:
    """Draw a response by exposure; open markers are censored and lie at their bound.

    Parameters
    ----------
    endpoints : DataFrame
        Rows of ``endpoints.csv``.
    exposure : str
        Code of an endpoint.
    response : str
        Code of an endpoint.
    axes : Axes
        Where to draw.

    Returns
    -------
    Axes
        The same axes.
    """
    pairs = name_groups(pairs_of(endpoints, exposure, response))
    pairs = pairs[pairs["exposure"] > 0]
    _scatter(axes, pairs["dose_group"], pairs["exposure"], pairs["response"], pairs["censored"])
    axes.set_xscale("log")
    # Values of one decade or less have no power of ten among them, or one.
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(PLAIN)
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.yaxis.set_major_formatter(PLAIN)
    axes.set_xlabel(with_courses(f"{_name(exposure)} (log scale)", endpoints), fontsize=9, color=MUTED)
    plain_frame(axes, _name(response))
    if pairs["censored"].any():
        bound = open_key(f"a bound: the true value\nlies {_beyond(pairs)}")
        legend_beside(axes, [*axes.get_legend_handles_labels()[0], bound])
    return axes


def _scatter(
    axes: Axes, groups: pd.Series, x: pd.Series, y: pd.Series, is_open: pd.Series | None = None
) -> None:
    for group, (colour, marker) in dose_styles(groups).items():
        own = groups == group
        for hollow in (False, True):
            some = own & ((is_open == hollow) if is_open is not None else (not hollow))
            axes.plot(x[some], y[some], linestyle="none", marker=marker, color=colour, markersize=6,
                      markerfacecolor="white" if hollow else colour, label="" if hollow else group)  # fmt: skip
    legend_beside(axes)


def _beyond(pairs: pd.DataFrame) -> str:
    """Say on which side of a bound the truth lies."""
    sides = []
    for axis, (up, down) in {"exposure": ("right", "left"), "response": ("above", "below")}.items():
        signs = set(pairs.loc[pairs["censored"], f"{axis}_qualifier"])
        sides += [up] * (Qualifier.ABOVE in signs) + [down] * (Qualifier.BELOW in signs)
    return " or ".join(sides)


def _name(code: str) -> str:
    definition = endpoint_definition(code)
    return definition.axis if definition else code
