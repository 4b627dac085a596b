"""The page of a comparison: verdict, plots, and both gates of every tube on which the two disagree."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from bcelldepl.comparison.acceptance import Verdict
from bcelldepl.comparison.agreement import Statistic
from bcelldepl.comparison.gate_figure import draw_both_gates
from bcelldepl.comparison.outcome import Comparison
from bcelldepl.comparison.paired_values import paired_values
from bcelldepl.comparison.plots import draw_agreement
from bcelldepl.comparison.tube import ComparedPopulation, TubeComparison
from bcelldepl.definitions.populations import label_of
from bcelldepl.report.images import data_uri, figure_bytes, small_png
from bcelldepl.report.number_format import DASH, concentration, whole
from bcelldepl.results.strategies import recorded_strategies

__all__ = ["comparison_page"]

_LIMITS = "limits"
_SUMMARY = (
    ("bias_percent", "bias", " %"),
    (_LIMITS, "limits of agreement", " %"),
    ("lin_ccc", "Lin's CCC", ""),
    ("median_f1", "median F1", ""),
    ("replicate_cv_auto_percent", "replicate CV", " %"),
    ("depleted_agreement", "same decision", ""),
    ("false_depleted_share", "falsely depleted", ""),
)


def comparison_page(comparison: Comparison, record: Mapping[str, Any]) -> str:
    """Write the page as one document that asks no network for anything.

    Parameters
    ----------
    comparison : Comparison
    record : mapping
        The content of ``run.json``.

    Returns
    -------
    str
    """
    populations = list(
        dict.fromkeys(one.pair.population for tube in comparison.tubes for one in tube.populations)
    )
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.globals.update(whole=_whole, per_ul=_per_ul, ratio=_ratio, share=_share)
    template = files("bcelldepl.comparison").joinpath("page.html").read_text(encoding="utf-8")
    by_tube = Counter(tube.verdict for tube in comparison.tubes)
    return environment.from_string(template).render(
        study_id=str(record.get("study", "")),
        strategy=", ".join(recorded_strategies(record).all),
        finished=str(record.get("finished", "")),
        style=Markup(files("bcelldepl.report").joinpath("style.css").read_text(encoding="utf-8")),
        comparison=comparison,
        verdict=comparison.verdict,
        n_agree=by_tube[Verdict.AGREE],
        n_disagree=by_tube[Verdict.DISAGREE],
        n_silent=by_tube[Verdict.NOT_COMPARABLE],
        summary=[_summary(name, comparison) for name in populations],
        columns=[title for _, title, _ in _SUMMARY],
        plots=[_plot(name, comparison) for name in populations],
        discordant=[_discordant(tube) for tube in comparison.tubes if tube.verdict is Verdict.DISAGREE],
        label_of=label_of,
        anchors={tube.file: f"tube-{i}" for i, tube in enumerate(comparison.tubes, start=1)},
        statistics=[_line(statistic) for statistic in comparison.statistics],
        limits=vars(comparison.limits),
    )


def _summary(population: str, comparison: Comparison) -> dict[str, Any]:
    own = {one.statistic: one for one in comparison.statistics if one.population == population}
    verdicts = {one.verdict for one in own.values()}
    verdict = Verdict.DISAGREE if Verdict.DISAGREE in verdicts else Verdict.AGREE
    return {
        "name": label_of(population),
        "theirs": comparison.named.get(population, ""),
        "their_name": comparison.named.get(population, "").rpartition("/")[2],
        "n": own["bias_percent"].estimate.n if "bias_percent" in own else 0,
        "verdict": verdict
        if Verdict.AGREE in verdicts or Verdict.DISAGREE in verdicts
        else Verdict.NOT_COMPARABLE,
        "cells": [
            _limits(own) if name == _LIMITS else _cell(own.get(name), unit) for name, _, unit in _SUMMARY
        ],
    }


def _limits(own: Mapping[str, Statistic]) -> dict[str, str]:
    """Both limits of agreement in one cell, the intervals of each below."""
    low, high = (_cell(own.get(f"limit_{end}_percent"), "") for end in ("low", "high"))
    beyond = Verdict.DISAGREE.value if Verdict.DISAGREE.value in (low["verdict"], high["verdict"]) else ""
    known = low["value"] != DASH
    return {
        "value": f"{low['value']} to {high['value']} %" if known else DASH,
        "interval": f"{low['interval']}; {high['interval']}" if known else "",
        "verdict": beyond,
        "limit": low["limit"],
    }


def _cell(statistic: Statistic | None, unit: str) -> dict[str, str]:
    if statistic is None or math.isnan(statistic.estimate.value):
        return {"value": DASH, "interval": "", "verdict": "", "limit": ""}
    one = statistic.estimate
    known = not math.isnan(one.low)
    return {
        "value": f"{_figure(one.value)}{unit}",
        "interval": f"{_figure(one.low)} to {_figure(one.high)}" if known else "",
        "verdict": statistic.verdict,
        "limit": statistic.limit,
    }


def _line(statistic: Statistic) -> dict[str, str]:
    cell = _cell(statistic, "")
    return {
        "population": statistic.population,
        "statistic": statistic.statistic.replace("_", " "),
        "n": str(statistic.estimate.n),
        **cell,
    }


def _plot(population: str, comparison: Comparison) -> dict[str, str]:
    values = paired_values(comparison.tubes, population)
    figure = draw_agreement(
        values.manual.tolist(),
        values.auto.tolist(),
        [tube.visit for tube in values.tubes],
        values.quantified.tolist(),
        unit=str(values.quantity),
        population=label_of(population),
    )
    return {"name": population, "image": data_uri(figure_bytes(figure), "image/svg+xml")}


def _discordant(tube: TubeComparison) -> dict[str, Any]:
    parts = [_part(tube, one) for one in tube.populations if one.verdict is Verdict.DISAGREE]
    return {"tube": tube, "parts": parts}


def _part(tube: TubeComparison, one: ComparedPopulation) -> dict[str, Any]:
    image, width = "", 0
    gates = tube.gates
    if one.divergence is not None and gates is not None:
        path = next((path for path in gates.members if "/".join(path) == one.theirs), None)
        figure = path and draw_both_gates(
            gates.gated, one.pair.population, gates.tree, path, gates.members, one.divergence.gate
        )
        if figure:
            image, width = data_uri(small_png(figure, 160), "image/png"), round(96 * figure.get_figwidth())
    return {
        "one": one,
        "image": image,
        "width": width,
        "where": [w for w in one.whereabouts[:4] if _telling(w.only_auto, w.only_manual)],
    }


def _telling(*offsets: float) -> bool:
    return any(math.isfinite(offset) and abs(offset) >= 1 for offset in offsets)


def _whole(value: float | None) -> str:
    return DASH if value is None else whole(value)


def _per_ul(value: float | None) -> str:
    return DASH if value is None else concentration(value)


def _ratio(value: float | None) -> str:
    return DASH if value is None else f"{100 * (value - 1):+.1f} %"


def _share(value: float | None) -> str:
    return DASH if value is None or math.isnan(value) else f"{value:.3f}"


def _figure(value: float) -> str:
    """Three figures, a plain minus sign, no exponent."""
    if value == 0 or not math.isfinite(value):
        return "0" if value == 0 else str(value)
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    return f"{value:.{min(digits, 4)}f}".replace("-", "\u2212")
