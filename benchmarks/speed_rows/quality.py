"""The quality mask, beside peacoqc on the same file."""

from __future__ import annotations

from bcelldepl.fcs import read_fcs
from bcelldepl.gating.strategy import load_strategy
from bcelldepl.signal import resolve_panel
from bcelldepl.signal.quality_mask import assess_quality
from bcelldepl.signal.signal import make_signal
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

    def ours() -> object:
        return assess_quality({"FSC-A": area, "FSC-H": height}, 262144.0, seconds, signal.columns)

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
