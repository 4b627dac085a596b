"""File to counts with fixed gates, beside reading the file and beside flowkit; memory and a cold start."""

from __future__ import annotations

import mmap
import os
import subprocess
import sys
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from bcelldepl.definitions.markers import SCATTER
from bcelldepl.fcs import read_fcs
from bcelldepl.fcs.read import open_recording
from bcelldepl.gating.rules.polygon import PolygonRule
from bcelldepl.gating.strategy import ALL, Strategy, load_strategy
from bcelldepl.gating.stream import count_file, count_files, drawn_gates
from bcelldepl.gating.tube import apply_gates
from bcelldepl.signal import make_signal, resolve_panel
from speed_rows.base import OURS, Bench, Goal, Measured, Row
from speed_rows.tubes import tube_of

__all__ = ["FLOOR", "FLOWKIT", "ROWS", "STRATEGY", "floor", "flowkit_session", "flowkit_signals"]

STRATEGY: Final = Path(__file__).resolve().parents[1] / "strategies" / "fixed.toml"
FLOOR: Final = "readinto"
FLOWKIT: Final = "flowkit.Session"
MEBIBYTE: Final = 1 << 20


def floor(files: Sequence[Path]) -> Callable[[], object]:
    """Read files into one buffer, again and again."""
    buffer = mmap.mmap(-1, MEBIBYTE)  # page by page: a buffer from the heap may take five times as long

    def read() -> None:
        for path in files:
            with path.open("rb", buffering=0) as file:
                while file.readinto(buffer):
                    pass

    return read


def _row(n_events: int, quick: int, against_flowkit: float, against_floor: float | None) -> Row:
    def measure(bench: Bench) -> Measured:
        path = tube_of(bench.folder, bench.size(n_events, quick))
        strategy = load_strategy(str(STRATEGY))
        contenders: dict[str, Callable[[], object] | None] = {
            OURS: lambda: count_file(path, strategy),
            FLOOR: floor([path]),
        }
        rounds = 5 if n_events > 1_000_000 else 9
        if bench.has("flowkit"):
            contenders[FLOWKIT] = lambda: flowkit_session(strategy, [path])
        measured = bench.paired(contenders, rounds)
        measured.goals = [Goal(FLOWKIT, at_least=against_flowkit)]
        if against_floor is not None:
            measured.goals.append(Goal(FLOOR, at_most=against_floor))
        _hold_against(measured, strategy, path, bench)
        return measured

    words = f"{n_events // 1_000_000}M" if n_events >= 1_000_000 else f"{n_events // 1_000}k"
    return Row(f"fixed_{words.lower()}", f"file to counts, 6 fixed gates in 5 levels, {words} x 16", measure)


def _hold_against(measured: Measured, strategy: Strategy, path: Path, bench: Bench) -> None:
    """Count the events that are elsewhere by flowkit, or by our own gates in memory."""
    streamed = count_file(path, strategy, keep_membership=True).membership
    acquisition = read_fcs(path)
    panel = resolve_panel(acquisition.channels, strategy.required_markers)
    signal = make_signal(acquisition, panel, strategy.all_transforms, acquisition.spillover)
    signal.quality.keep[:] = True
    fits = drawn_gates(strategy.rules_for(panel))
    gated = apply_gates(signal, strategy, fits, keep_membership=True).membership
    del signal
    measured.values["events elsewhere in memory"] = sum(
        int(np.count_nonzero(streamed[name] != gated[name])) for name in streamed
    )
    measured.goals.append(Goal("events elsewhere in memory", at_most=0))
    if bench.has("flowkit"):
        session = flowkit_session(strategy, [path])
        measured.values["events elsewhere by flowkit"] = sum(
            int(np.count_nonzero(streamed[name] != session.get_gate_membership(path.name, name)))
            for name in streamed
        )
        measured.goals.append(Goal("events elsewhere by flowkit", at_most=0))


def flowkit_session(strategy: Strategy, files: Sequence[Path]) -> Any:
    """Gate files with flowkit, as its documentation does."""
    import flowkit

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        session = flowkit.Session(_for_flowkit(strategy, files[0]), list(map(str, files)))
        session.analyze_samples()
        session.get_analysis_report()
    return session


def flowkit_signals(files: Sequence[Path]) -> list[int]:
    """Read, compensate and transform files with flowkit, one after the other; the events of each."""
    import flowkit

    made = []
    for path in files:
        spillover = open_recording(path).spillover  # of the header: the events are for flowkit to read
        assert spillover is not None
        sample = flowkit.Sample(path)
        sample.apply_compensation(flowkit.Matrix(spillover.matrix, list(spillover.channels)))
        sample.apply_transform(flowkit.transforms.LogicleTransform(262144, 0.5, 4.5, 0))
        made.append(sample.event_count)  # the events themselves would fill the memory
    return made


def _for_flowkit(strategy: Strategy, path: Path) -> Any:
    """The same gates in flowkit's words."""
    import flowkit

    acquisition = read_fcs(path)
    panel = resolve_panel(acquisition.channels, strategy.required_markers)
    spillover = acquisition.spillover
    assert spillover is not None
    gates = flowkit.GatingStrategy()
    gates.add_comp_matrix("own", flowkit.Matrix(spillover.matrix, list(spillover.channels)))
    scale = strategy.all_transforms["fluorescence"]
    gates.add_transform("stain", flowkit.transforms.LogicleTransform(262144, scale.width, scale.decades, 0))
    gates.add_transform("scatter", flowkit.transforms.LinearTransform(262144, 0))
    paths: dict[str, tuple[str, ...]] = {ALL: ("root",)}
    for rule in strategy.populations:
        assert isinstance(rule, PolygonRule)
        x, y = (np.unique([corner[k] for corner in rule.vertices]) for k in (0, 1))
        upright = len(x) == len(y) == 2
        dims = [
            flowkit.Dimension(
                panel[marker],
                "uncompensated" if marker in SCATTER else "own",
                "scatter" if marker in SCATTER else "stain",
                range_min=float(edges[0]) if upright else None,
                range_max=float(edges[1]) if upright else None,
            )
            for marker, edges in ((rule.x, x), (rule.y, y))
        ]
        gate = (
            flowkit.gates.RectangleGate(rule.name, dims)
            if upright
            else flowkit.gates.PolygonGate(rule.name, dims, list(rule.vertices))
        )
        gates.add_gate(gate, paths[rule.parent])
        paths[rule.name] = (*paths[rule.parent], rule.name)
    return gates


def _batch(bench: Bench) -> Measured:
    files = [
        tube_of(bench.folder, bench.size(500_000, 50_000), name=str(k)) for k in range(bench.size(20, 3))
    ]
    strategy = load_strategy(str(STRATEGY))
    contenders: dict[str, Callable[[], object] | None] = {
        OURS: lambda: count_files(files, strategy),
        FLOOR: floor(files),
    }
    if bench.has("flowkit"):
        contenders[FLOWKIT] = lambda: flowkit_session(strategy, files)
    measured = bench.paired(contenders, 5)
    measured.goals = [Goal(FLOWKIT, at_least=120.0), Goal(FLOOR, at_most=2.5)]
    return measured


_ALONE: Final = """
import sys
from bcelldepl import count_file

def peak_mb():
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) / 1024 for line in file if line.startswith("VmHWM"))

imported = peak_mb()
count_file(sys.argv[2], sys.argv[1])
ready = peak_mb()
for path in sys.argv[3:]:
    count_file(path, sys.argv[1])
print(ready - imported, peak_mb() - ready)
"""


def _alone(*files: Path) -> list[float]:
    """Count files in a process of its own; memory [MB] beyond the imports for the first, beyond that for the others."""
    command = [sys.executable, "-c", _ALONE, str(STRATEGY), *map(str, files)]
    # Modules are kept as bytecode, as a user's Python keeps them: without, every start compiles the package anew.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    return [float(word) for word in done.stdout.split()]


def _memory(bench: Bench) -> Measured:
    small = tube_of(bench.folder, bench.size(50_000, 20_000))
    large = tube_of(bench.folder, bench.size(5_000_000, 200_000))
    _alone(small)  # compiles, where nothing is compiled yet
    kernels, file = _alone(small, large)
    return Measured(
        values={"MB": file, "MB for the kernels and a small file": kernels},
        goals=[Goal("MB", at_most=64.0)],
        note="above a process that has counted a small file; /proc tells it, on Linux only",
    )


def _cold(bench: Bench) -> Measured:
    path = tube_of(bench.folder, bench.size(500_000, 50_000))
    _alone(path)
    measured = bench.paired({OURS: lambda: _alone(path)}, 5)
    measured.values["s"] = measured.seconds[OURS]
    measured.goals = [Goal("s", at_most=1.0)]
    return measured


ROWS = (
    _row(50_000, 20_000, 50.0, None),
    _row(500_000, 60_000, 90.0, None),
    _row(2_000_000, 200_000, 120.0, 2.5),
    Row("fixed_batch", "batch of 20 x 500k, 6 fixed gates", _batch),
    Row("fixed_memory", "peak memory of counting 5M x 16 (320 MB) with fixed gates", _memory),
    Row("fixed_cold", "a cold process: one 500k file to counts", _cold),
)
