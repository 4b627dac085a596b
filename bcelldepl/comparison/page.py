"""The page of a comparison: verdict, decisions that differ, plots, and both gates where the two part."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

from markupsafe import Markup

from bcelldepl.comparison.acceptance import Verdict, ratio_limits
from bcelldepl.comparison.gate_figure import draw_both_gates
from bcelldepl.comparison.outcome import Comparison
from bcelldepl.comparison.page_parts import (
    SUMMARY_COLUMNS,
    PageRow,
    decisions_that_differ,
    page_rows,
    statistic_line,
    summary_line,
)
from bcelldepl.comparison.paired_values import paired_values
from bcelldepl.comparison.plots import draw_agreement
from bcelldepl.definitions.courses import of_course
from bcelldepl.definitions.populations import label_of
from bcelldepl.gate_exchange.gate import path_text
from bcelldepl.html_pages import package_text, page_template
from bcelldepl.report.images import data_uri, figure_bytes, fixed_style, small_png
from bcelldepl.report.number_format import DASH, concentration, percentage, whole
from bcelldepl.results.strategies import recorded_strategies

__all__ = ["comparison_page"]

_MOST_OPEN: Final = 12  # parts that are open when the page is
_MOST_NAMED: Final = 6  # gates that differ from their stored counts
_WHOLE: Final = 0.999
_WITHOUT_DECIMALS: Final = 100  # percent
_MANIFOLD: Final = 900  # percent, from which a difference is told as a multiple


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
    rows = page_rows(comparison.tubes)
    populations = list(
        dict.fromkeys(one.pair.population for tube in comparison.tubes for one in tube.populations)
    )
    template = page_template(
        "bcelldepl.comparison",
        "page.html",
        whole=_whole,
        per_ul=_per_ul,
        percent=_percent,
        difference=_difference,
        share=_share,
        label_of=label_of,
    )
    behaviour = package_text("bcelldepl.report", "shared.js") + package_text(
        "bcelldepl.comparison", "page.js"
    )
    by_tube = Counter(tube.verdict for tube in comparison.tubes)
    parted = [row for row in rows if row.one.verdict is Verdict.DISAGREE]
    days = sorted(comparison.tubes, key=lambda tube: tube.day)
    return template.render(
        study_id=str(record.get("study", "")),
        strategy=", ".join(recorded_strategies(record).all),
        finished=str(record.get("finished", "")),
        style=Markup(package_text("bcelldepl.report", "style.css")),
        script=Markup(behaviour),
        comparison=comparison,
        verdict=comparison.verdict,
        n_agree=by_tube[Verdict.AGREE],
        n_disagree=by_tube[Verdict.DISAGREE],
        n_silent=by_tube[Verdict.NOT_COMPARABLE],
        decisions=decisions_that_differ(rows),
        stored=_stored_counts(comparison),
        volumes=_volumes(comparison),
        summary=[summary_line(name, comparison) for name in populations],
        columns=SUMMARY_COLUMNS,
        plots=[_plot(name, comparison) for name in populations],
        parts=[_part(row, at < _MOST_OPEN) for at, row in enumerate(parted)],
        rows=rows,
        with_events=any(row.one.events for row in rows),
        percentages=any(row.in_percent for row in rows),
        populations=populations,
        visits=list(dict.fromkeys(tube.visit for tube in days)),
        statistics=[statistic_line(statistic) for statistic in comparison.statistics],
        limits=vars(comparison.limits),
        allowed=ratio_limits(comparison.limits),
    )


def _stored_counts(comparison: Comparison) -> str:
    """Say how the gates compare with the counts that were stored with them; empty where none were."""
    stored = [tube.stored for tube in comparison.tubes if tube.stored is not None and tube.stored.compared]
    if not stored:
        return ""
    compared, equal, near = (
        sum(getattr(one, name) for one in stored) for name in ("compared", "equal", "near")
    )
    differing = Counter(path_text(path) for one in stored for path in one.differing)
    words = f"Of {compared:,} gates with a stored count, {equal:,} hold as many events here"
    words += f", {near:,} nearly as many (FlowJo counts on binned values)" if near else ""
    if differing:
        named = ", ".join(f"{gate} in {n}" for gate, n in differing.most_common(_MOST_NAMED))
        words += (
            f" and {differing.total():,} {'does' if differing.total() == 1 else 'do'} not "
            f"({named} {'tube' if differing.total() == 1 else 'tubes'})"
        )
        words += ": the populations below them are compared by stored counts"
    return f"{words}."


def _volumes(comparison: Comparison) -> str:
    """Say which volume either side's counts are of, where the two differ."""
    cut = [tube.kept_time_fraction for tube in comparison.tubes if tube.kept_time_fraction < _WHOLE]
    if not cut:
        return ""
    tubes = "1 tube" if len(cut) == 1 else f"{len(cut)} tubes"
    return (
        f"The quality mask left out time of {tubes} (kept: {100 * min(cut):.0f} % in the least). Automated counts "
        "are of the kept time, manual ones of the whole file or of what a manual time gate keeps; each is put per "
        "microlitre of its own volume, and events are compared in proportion to it."
    )


@fixed_style()
def _plot(population: str, comparison: Comparison) -> dict[str, str]:
    tubes = sorted(comparison.tubes, key=lambda tube: tube.day)
    values = paired_values(tubes, population)
    if not (values.manual > 0).any() and not (values.auto > 0).any():
        return {"name": population, "image": ""}
    figure = draw_agreement(
        values.manual.tolist(),
        values.auto.tolist(),
        [tube.visit for tube in values.tubes],
        values.quantified.tolist(),
        [f"{of_course(tube.subject, tube.course)} {tube.visit}" for tube in values.tubes],
        values.disagreeing.tolist(),
        ratio_limits(comparison.limits),
        unit=str(values.quantity).replace("uL", "µL"),
        population=label_of(population),
    )
    return {"name": population, "image": data_uri(figure_bytes(figure), "image/svg+xml")}


@fixed_style()
def _part(row: PageRow, is_open: bool) -> dict[str, Any]:
    image, width, one, gates = "", 0, row.one, row.tube.gates
    if one.divergence is not None and gates is not None:
        path = next((path for path in gates.members if "/".join(path) == one.theirs), None)
        figure = path and draw_both_gates(
            gates.gated, one.pair.population, gates.tree, path, gates.members, one.divergence.gate
        )
        if figure:
            image, width = data_uri(small_png(figure, 160), "image/png"), round(96 * figure.get_figwidth())
    where = [found for found in one.whereabouts[:4] if _telling((found.only_auto, found.only_manual))]
    return {"row": row, "image": image, "width": width, "where": where, "open": is_open}


def _telling(offsets: Sequence[float]) -> bool:
    return any(math.isfinite(offset) and abs(offset) >= 1 for offset in offsets)


def _whole(value: float | None) -> str:
    return DASH if value is None else whole(value)


def _per_ul(value: float | None) -> str:
    return DASH if value is None else concentration(value)


def _percent(value: float | None) -> str:
    return DASH if value is None else f"{percentage(value)} %"


def _difference(percent: float | None) -> str:
    if percent is None or not math.isfinite(percent):
        return "manual 0" if percent == math.inf else DASH
    if percent >= _MANIFOLD:
        return f"\u00d7 {1 + percent / 100:,.0f}"
    return f"{percent:+.{0 if abs(percent) >= _WITHOUT_DECIMALS else 1}f} %".replace("-", "\u2212")


def _share(value: float | None) -> str:
    return DASH if value is None or math.isnan(value) else f"{value:.3f}"
