"""File to counts with the whole data-driven strategy, both passes: beside the floor, and as events grow."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Final

import numpy as np

from bcelldepl.fcs import read_fcs
from bcelldepl.gating.populations import Populations
from bcelldepl.gating.reconcile import TubeFits, reconcile
from bcelldepl.gating.strategy import Strategy, load_strategy
from bcelldepl.gating.tube import apply_gates, fit_gates
from bcelldepl.signal import Signal, resolve_panel
from bcelldepl.signal.signal import make_signal
from speed_rows.base import OURS, Bench, Goal, Measured, Row, seconds
from speed_rows.fixed_gates import FLOOR, FLOWKIT, STRATEGY, floor, flowkit_session
from speed_rows.tubes import tube_of

__all__ = ["ROWS", "count_by_data"]

SIZES: Final = (10_000, 100_000, 1_000_000, 10_000_000)
QUICK_SIZES: Final = (10_000, 30_000, 100_000)


def count_by_data(path: Path, strategy: Strategy | None = None) -> Populations:
    """Both passes of `cart_pd` over one tube, the file read anew in each, as `run` does.

    The process is as Python makes it, for the peers' sake; a worker of `run` keeps its memory (`keep_memory`).
    """
    strategy = strategy or load_strategy("cart_pd")

    def read() -> Signal:
        acquisition = read_fcs(path)
        panel = resolve_panel(acquisition.channels, strategy.required_markers, strategy.optional_markers)
        return make_signal(acquisition, panel, strategy.all_transforms, acquisition.spillover)

    signal = read()
    tube = TubeFits(
        key=path.name, subject="S", batch="", before_infusion=True, role="sample", role_marker="",
        scales=signal.scales, fits=fit_gates(signal, strategy),
    )  # fmt: skip
    del signal
    fits = reconcile([tube], strategy)[path.name]
    return apply_gates(read(), strategy, fits)


def _whole(bench: Bench) -> Measured:
    path = tube_of(bench.folder, bench.size(500_000, 60_000))
    strategy, drawn = load_strategy("cart_pd"), load_strategy(str(STRATEGY))
    beside = f"{FLOWKIT}, 6 fixed gates"
    with_flowkit = bench.has("flowkit")
    measured = bench.paired({
        OURS: lambda: count_by_data(path, strategy),
        FLOOR: floor([path]),
        beside: (lambda: flowkit_session(drawn, [path])) if with_flowkit else None,
    })  # fmt: skip
    measured.goals = [Goal(FLOOR, at_most=8.0), Goal(beside, at_least=30.0)]
    measured.note = "both passes read, compensate and mask; see below for what keeps it from its goals"
    return measured


def _growth(bench: Bench) -> Measured:
    """Time of ever larger tubes, and the exponent with which it grows over the upper sizes."""
    sizes = QUICK_SIZES if bench.quick else SIZES
    found = Measured()
    times = []
    for n_events in sizes:
        path = tube_of(bench.folder, n_events)
        rounds = 1 if n_events > 1_000_000 else 3
        count_by_data(path)
        times.append(min(seconds(lambda path=path: count_by_data(path)) for _ in range(rounds)))  # type: ignore[misc]
        found.values[f"{n_events:,} events [s]"] = times[-1]
        found.values[f"{n_events:,} events, peak memory [MB]"] = _peak_megabytes(path)
    steps = np.diff(np.log(times)) / np.diff(np.log(sizes))
    found.values["exponent over the last step"] = float(steps[-1])
    found.goals = [Goal("exponent over the last step", at_most=1.1)]
    found.note = "the data-driven gates need every event at once: memory grows with the tube"
    return found


def _peak_megabytes(path: Path) -> float:
    """Peak memory of a process that counts the tube, above that of one that only imports; NaN but on Linux."""
    script = (
        "import sys; from pathlib import Path; sys.path.insert(0, sys.argv[1]); "
        "from speed_rows.data_driven import count_by_data; "
        "len(sys.argv) > 2 and count_by_data(Path(sys.argv[2])); "
        "print(Path('/proc/self/status').read_text().split('VmHWM:')[1].split()[0])"
    )
    if not sys.platform.startswith("linux"):
        return float("nan")
    words = [sys.executable, "-c", script, str(Path(__file__).resolve().parent.parent)]
    with_tube, without = (
        float(subprocess.run(one, capture_output=True, text=True, check=True).stdout)
        for one in ([*words, str(path)], words)
    )
    return (with_tube - without) / 1024.0


ROWS = (
    Row("data_driven", "file to counts, all of `cart_pd`, both passes, 500k events x 16", _whole),
    Row("growth_events", "all of `cart_pd`, both passes, as events grow", _growth),
)
