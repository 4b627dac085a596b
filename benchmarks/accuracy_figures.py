"""Figures of the accuracy benchmark: what is counted against what is there, one panel per method."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from accuracy_peers import PEERS
from accuracy_score import LIMITS, in_poisson

from bcelldepl.counting.intervals import garwood
from bcelldepl.report.palette import GRID, INK, MUTED

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw_all"]

Record = dict[str, Any]
_BAND: Final = "#dfe5ea"
_DONORS: Final = {
    "INF041": ("#08519c", "#2f7fc1", "#6aaed6", "#9ecae1"),
    "INF105": ("#00613f", "#1f9e6e", "#5fc79a", "#a3dfc3"),
}
_OTHERS: Final = {"tbnk": ("#e69f00", "s"), "lyoplate": ("#d55e00", "^"), "mouse": ("#9b59b6", "D")}
_DRIFTS: Final = {0.06: "#56b4e9", 0.10: "#0072b2", 0.15: "#14304f"}


@dataclass(frozen=True)
class Series:
    """Points of one tube or study.

    Attributes
    ----------
    name, colour, marker : str
    true, called : list of int
    line : bool
        Whether medians are joined.
    """

    name: str
    colour: str
    marker: str
    true: list[int]
    called: list[int]
    line: bool = False


def draw_all(records: dict[str, Any], folder: Path) -> list[Path]:
    """Draw every figure that the records allow, as PNG and SVG.

    Parameters
    ----------
    records : dict
        Of one run.
    folder : Path
    """
    import matplotlib as mpl

    methods = ["ours", *records["peers"]]
    drawn = []
    folder.mkdir(parents=True, exist_ok=True)
    with mpl.rc_context(
        {**mpl.rcParamsDefault, "font.size": 9, "svg.hashsalt": "accuracy", "axes.edgecolor": MUTED}
    ):
        if records["thinned"]:
            drawn.append(("accuracy_thinned", _thinned(records["thinned"], methods)))
        if records["simulated"]:
            drawn.append(("accuracy_simulated_b", _simulated(records["simulated"], methods, "B")))
            drawn.append(("accuracy_simulated_car", _simulated(records["simulated"], methods, "CAR_T")))
        paths = []
        for name, figure in drawn:
            for ending in ("png", "svg"):
                path = folder / f"{name}.{ending}"
                metadata = {"Date": None} if ending == "svg" else {"Software": None}
                figure.savefig(path, dpi=160, metadata=metadata, facecolor="white")
                paths.append(path)
    return paths


def _thinned(records: Sequence[Record], methods: Sequence[str]) -> Figure:
    thinned = [r for r in records if r["kind"] == "thinned"]
    names = list(dict.fromkeys(r["tube"] for r in thinned))

    def series(method: str) -> list[Series]:
        found = []
        for name in names:
            these = [r for r in thinned if r["tube"] == name and method in r["calls"]]
            colour, marker = _look(name, names)
            called = [r["calls"][method]["events"] for r in these]
            found.append(Series(name, colour, marker, [r["left"] for r in these], called, line=True))
        return found

    return _figure(
        {method: series(method) for method in methods},
        title="B cells removed at random from real tubes: what is counted of what is left",
        x_label="B cells left in the tube",
        y_label="B cells counted",
        top=3_000,
        right=150,
        ticks=(0, 1, 5, 20, 100),
    )


def _look(name: str, names: Sequence[str]) -> tuple[str, str]:
    if name in _OTHERS:
        return _OTHERS[name]
    donor = name.split("-")[0]
    shades = _DONORS.get(donor, (MUTED,))
    place = [other for other in names if other.split("-")[0] == donor].index(name)
    return shades[place % len(shades)], "o"


def _simulated(records: Sequence[Record], methods: Sequence[str], population: str) -> Figure:
    groups: dict[tuple[str, float], list[Record]] = defaultdict(list)
    for record in records:
        groups[record["scenario"], record["drift"]].append(record)

    def series(method: str) -> list[Series]:
        return [
            Series(
                f"{scenario}, drift {drift:.2f}",
                _DRIFTS.get(drift, MUTED),
                "o" if scenario == "trial" else "^",
                [r["true"][population] for r in these],
                [r["calls"][method][population]["events"] for r in these],
            )
            for (scenario, drift), these in sorted(groups.items(), reverse=True)
        ]

    words = {"B": "B cells", "CAR_T": "CAR+ T cells"}[population]
    return _figure(
        {method: series(method) for method in methods},
        title=f"{words} in simulated tubes: what is counted of what is there",
        x_label=f"true {words}",
        y_label=f"{words} counted",
        top=30_000,
        right=30_000,
        ticks=(0, 1, 10, 100, 1_000, 10_000),
    )


def _figure(
    panels: dict[str, list[Series]],
    *,
    title: str,
    x_label: str,
    y_label: str,
    top: float,
    right: float,
    ticks: Sequence[int],
) -> Figure:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(2.75 * len(panels) + 0.6, 5.0))
    axes = figure.subplots(1, len(panels), sharex=True, sharey=True, squeeze=False)[0]
    for ax, (method, series) in zip(axes, panels.items(), strict=True):
        _panel(ax, series, top, right, ticks)
        name = "bcelldepl" if method == "ours" else PEERS[method].title
        ax.set_title(
            name, color=INK, fontweight="bold" if method == "ours" else "normal", fontsize=10.5, pad=26
        )
        ax.text(
            0.5,
            1.02,
            _words(series),
            transform=ax.transAxes,
            ha="center",
            va="bottom",
            fontsize=7.5,
            color=MUTED,
        )
        ax.set_xlabel(x_label, color=INK)
    axes[0].set_ylabel(y_label, color=INK)
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(
        handles, labels, loc="lower center", ncols=min(len(labels), 7), frameon=False, fontsize=8,
        handletextpad=0.3, columnspacing=1.4,
    )  # fmt: skip
    figure.suptitle(title, x=0.01, ha="left", fontsize=12, color=INK, fontweight="bold")
    figure.subplots_adjust(left=0.055, right=0.99, top=0.805, bottom=0.20, wspace=0.06)
    return figure


def _panel(ax: Axes, series: Sequence[Series], top: float, right: float, ticks: Sequence[int]) -> None:
    for axis in ("x", "y"):
        getattr(ax, f"set_{axis}scale")("symlog", linthresh=1.0, linscale=0.55)
    counts = np.unique(np.r_[np.arange(0, 30), np.geomspace(30, right, 120).astype(int)])
    bounds = [garwood(int(n), 0.99) for n in counts]
    ax.fill_between(counts, [b.low for b in bounds], [b.high for b in bounds], color=_BAND, lw=0, zorder=1)
    ax.plot([0, right], [0, right], color=MUTED, lw=0.8, zorder=2)
    for limit, name in ((LIMITS.lod_events, "LOD"), (LIMITS.lloq_events, "LLOQ")):
        ax.axhline(limit, color=MUTED, lw=0.6, ls=(0, (1, 2)), zorder=1)
        ax.text(right, limit, name, ha="right", va="bottom", fontsize=6.5, color=MUTED)
    rng = np.random.default_rng(0)
    for one in series:
        true, called = np.array(one.true, dtype=float), np.array(one.called, dtype=float)
        if not len(true):
            continue
        spread = rng.uniform(-1, 1, len(true))
        x = np.where(true == 0, 0.12 * np.abs(spread), true * np.exp(0.05 * spread)) if one.line else true
        ax.scatter(x, called, s=9, marker=one.marker, color=one.colour, alpha=0.35 if one.line else 0.75, lw=0,
                   zorder=3, label=None if one.line else one.name)  # fmt: skip
        if one.line:
            levels = np.unique(true)
            medians = [np.median(called[true == level]) for level in levels]
            ax.plot(
                levels, medians, color=one.colour, marker=one.marker, ms=3.2, lw=1.2, zorder=5, label=one.name
            )
    ax.set_xlim(-0.25, right)
    ax.set_ylim(-0.25, top)
    ax.set_xticks(ticks, [f"{t:,}" for t in ticks])
    high = [t for t in (0, 1, 5, 20, 100, 1_000, 10_000) if t <= top]
    ax.set_yticks(high, [f"{t:,}" for t in high])
    ax.minorticks_off()
    ax.grid(color=GRID, lw=0.5, zorder=0)
    ax.tick_params(length=2, color=MUTED, labelcolor=INK, labelsize=8)
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)


def _words(series: Iterable[Series]) -> str:
    """How often the count lies in the band, and what is counted where nothing is."""
    pairs = [(t, c) for one in series for t, c in zip(one.true, one.called, strict=True)]
    some = [in_poisson(c, t) for t, c in pairs if t]
    none = [c for t, c in pairs if not t]
    text = f"{100 * np.mean(some):.0f} % in the Poisson 99 % band" if some else ""
    return f"{text}\nnone there: {np.mean(none):,.1f} called, at worst {max(none):,}" if none else text
