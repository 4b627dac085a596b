"""The quality mask, beside peacoqc on the same file."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bcelldepl.fcs import read_fcs
from bcelldepl.gating.strategy import load_strategy
from bcelldepl.runtime.threads import in_threads, threads
from bcelldepl.signal import resolve_panel
from bcelldepl.signal.quality_mask import assess_quality, on_scale
from bcelldepl.signal.signal import make_signal
from bcelldepl.signal.time_bins import TimeBins
from bcelldepl.signal.time_profile import TimeProfile, bright_levels, level_step
from speed_rows.base import OURS, Bench, Goal, Measured, Row
from speed_rows.tubes import tube_of

__all__ = ["ROWS"]


def _mask(bench: Bench) -> Measured:
    """Both start from signals in memory that are compensated and transformed."""
    path = tube_of(bench.folder, bench.size(500_000, 60_000))
    strategy = load_strategy("cart_pd")
    acquisition = read_fcs(path)
    panel = resolve_panel(acquisition.channels, strategy.required_markers, strategy.optional_markers)
    signal = make_signal(acquisition, panel, strategy.all_transforms, acquisition.spillover)
    area, height, time = acquisition.columns([panel["FSC-A"], panel["FSC-H"], panel["Time"]])
    seconds = time * acquisition.time_step_s

    columns, n = np.array(list(signal.columns.values())), len(seconds)

    def watch(timeline: TimeBins | None) -> tuple[NDArray[np.bool_], TimeProfile]:
        assert timeline is not None
        profile = TimeProfile.of(timeline, bright_levels(columns[:, :: level_step(n)]))
        in_threads(lambda part: profile.add(columns, 0, *part), timeline.parts(threads()))
        return on_scale(area, 262144.0) & on_scale(height, 262144.0), profile

    def ours() -> object:
        return assess_quality(n, seconds, watch)

    peacoqc = None
    if bench.has("peacoqc"):
        import peacoqc as package
        import polars

        names = [panel[marker] for marker in signal.columns]
        table = polars.DataFrame({panel[m]: column for m, column in signal.columns.items()})
        ranges = dict.fromkeys(names, (-0.5, 1.5))

        def peacoqc() -> object:
            return package.run_qc(table, names, ranges)

    measured = bench.paired({OURS: ours, "peacoqc": peacoqc})
    measured.goals = [Goal("peacoqc", at_least=10.0)]
    return measured


ROWS = (Row("quality", "quality mask, 500k events", _mask),)
