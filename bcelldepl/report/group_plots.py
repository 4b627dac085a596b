"""Dose groups: time to reconstitution, exposure by dose, response by exposure."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, NullFormatter, NullLocator

from bcelldepl.definitions.endpoints import endpoint_definition
from bcelldepl.kinetics.exposure import pairs_of
from bcelldepl.kinetics.proportionality import doses_of, fit_power_model, reliable_pairs
from bcelldepl.kinetics.survival import reconstitution_curves
from bcelldepl.report.day_axis import plain_frame
from bcelldepl.report.dose_groups import name_groups
from bcelldepl.report.palette import INK, MUTED, dose_styles, natural_key
from bcelldepl.study import Study

__all__ = ["draw_exposure_response", "draw_proportionality", "draw_reconstitution"]

PLAIN = FuncFormatter(lambda value, _: f"{value:,g}" if value < 1e6 else f"{value:.3g}")
DASHES = ("-", (0, (5, 2)), (0, (1, 1.5)), (0, (5, 2, 1, 2)))


def draw_reconstitution(endpoints: pd.DataFrame, axes: Axes) -> Axes:
    """Draw Kaplan-Meier curves of B-cell recovery by dose group; ticks are subjects without recovery yet.

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
    curves = name_groups(reconstitution_curves(endpoints))
    groups = sorted(curves["dose_group"].unique(), key=natural_key)
    styles = dose_styles(groups)
    for place, group in enumerate(groups):
        curve = curves[curves["dose_group"] == group]
        colour, label = styles[group][0], f"{group} (n = {int(curve['n_at_risk'].max())})"
        recovered = 1 - curve["survival"]
        axes.step(curve["day"], recovered, where="post", color=colour, linewidth=1.6,
                  linestyle=DASHES[place % len(DASHES)], label=label)  # fmt: skip
        inner = curve["ci_low"].notna()
        axes.fill_between(curve["day"], (1 - curve["ci_high"]).where(inner), (1 - curve["ci_low"]).where(inner),
                          step="post", color=colour, alpha=0.10, linewidth=0)  # fmt: skip
        censored = curve[curve["n_censored"] > 0]
        axes.plot(
            censored["day"],
            1 - censored["survival"],
            linestyle="none",
            marker="|",
            markersize=9,
            color=colour,
        )
    axes.set_ylim(-0.02, 1.02)
    axes.set_xlim(left=0)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:g} %"))
    axes.set_xlabel("day since infusion", fontsize=9, color=MUTED)
    plain_frame(axes, "Subjects with confirmed recovery of B cells")
    if groups:
        axes.legend(frameon=False, fontsize=8, labelcolor=INK, loc="upper left")
    else:
        axes.text(0.5, 0.5, "no subject was depleted", transform=axes.transAxes, ha="center", color=MUTED)
    return axes


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
        axes.plot(doses, centre[1] * doses / centre[0], color=MUTED, linewidth=1, linestyle=(0, (1, 2)))
        axes.text(0.02, 0.97, f"slope {model.slope:.2f} (90 % interval {model.ci_low:.2f} to {model.ci_high:.2f})\n"
                  "dotted: proportional", transform=axes.transAxes, va="top", fontsize=8, color=INK)  # fmt: skip
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.xaxis.set_major_locator(FixedLocator(sorted(set(pairs["dose"]))))
    axes.xaxis.set_minor_locator(NullLocator())
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(PLAIN)
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel("dose [cells/kg]", fontsize=9, color=MUTED)
    plain_frame(axes, _name(parameter))
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
    axes.xaxis.set_major_formatter(PLAIN)
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel(_name(exposure), fontsize=9, color=MUTED)
    plain_frame(axes, _name(response))
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
    if len(groups):
        axes.legend(frameon=False, fontsize=8, labelcolor=INK, loc="lower right")


def _name(code: str) -> str:
    definition = endpoint_definition(code)
    return definition.axis if definition else code
