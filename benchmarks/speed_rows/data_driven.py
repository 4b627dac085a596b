"""File to counts with the whole data-driven strategy, both passes: beside the floor, and as events grow."""

from __future__ import annotations

import pickle
import subprocess
import sys
from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np
from accuracy_gating import Gated, fit_study

from bcelldepl.batch.tube import KEPT_EVENTS
from bcelldepl.gating.model.composition import with_composition
from bcelldepl.gating.model.place import PLACED_EVENTS, place_gates
from bcelldepl.gating.populations import Populations
from bcelldepl.gating.strategy import load_strategy
from bcelldepl.gating.tube import apply_gates
from bcelldepl.study import load_study
from bcelldepl.tubes.read import open_tube
from bcelldepl.tubes.sample import take_sample
from speed_rows.base import OURS, Bench, Goal, Measured, Row, seconds
from speed_rows.fixed_gates import FLOOR, FLOWKIT, STRATEGY, floor, flowkit_session
from speed_rows.tubes import SUBJECT_STUDY, tube_of

__all__ = ["ROWS", "count_by_data"]

SIZES: Final = (10_000, 100_000, 1_000_000, 10_000_000)
QUICK_SIZES: Final = (10_000, 30_000, 100_000)
_MEMORY: Final = "{:,} events, peak memory [MB]"


@lru_cache(maxsize=1)
def learned(folder: Path) -> Gated:
    """What the study that the tubes are made of teaches, once."""
    return fit_study(load_study(folder / SUBJECT_STUDY / "study.toml"), 1)


def count_by_data(path: Path, gated: Gated | None = None) -> Populations:
    """Sample one tube, place its gates by the study's model, and count it, as `run` does.

    The process is as Python makes it, for the peers' sake; a worker of `run` keeps its memory (`keep_memory`).
    """
    gated = gated or learned(path.parent)
    tube = next(one for one in gated.study.tubes if one.role == "sample").model_copy(
        update={"file": path.name, "path": path}
    )
    opened = open_tube(tube, gated.study, gated.strategy)
    sample = take_sample(opened, tube, gated.strategy, PLACED_EVENTS)
    placed = place_gates(gated.model, gated.strategy, sample)
    signal = open_tube(tube, gated.study, gated.strategy).signal(gated.strategy, KEPT_EVENTS)
    found = apply_gates(signal, gated.strategy, placed.fits, keep_membership=True)
    assert placed.alignment is not None
    return with_composition(found, gated.strategy, gated.model, placed.alignment, signal)


def _whole(bench: Bench) -> Measured:
    path = tube_of(bench.folder, bench.size(500_000, 60_000))
    gated, drawn = learned(bench.folder), load_strategy(str(STRATEGY))
    beside = f"{FLOWKIT}, 6 fixed gates"
    with_flowkit = bench.has("flowkit")
    measured = bench.paired({
        OURS: lambda: count_by_data(path, gated),
        FLOOR: floor([path]),
        beside: (lambda: flowkit_session(drawn, [path])) if with_flowkit else None,
    })  # fmt: skip
    measured.goals = [Goal(FLOOR, at_most=12.0), Goal(beside, at_least=25.0)]
    measured.note = "both passes read, compensate and mask; the study's cells are learned before"
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
        found.values[_MEMORY.format(n_events)] = _peak_megabytes(path)
    steps = np.diff(np.log(times)) / np.diff(np.log(sizes))
    found.values["exponent over the last step"] = float(steps[-1])
    found.goals = [Goal("exponent over the last step", at_most=1.1)]
    found.values[f"memory of {sizes[-1]:,} events over that of {sizes[-2]:,} [B an event]"] = (
        (found.values[_MEMORY.format(sizes[-1])] - found.values[_MEMORY.format(sizes[-2])])
        * 2**20
        / (sizes[-1] - sizes[-2])
    )
    found.note = "the tube is read in blocks; memory grows with its T cells"
    return found


def _peak_megabytes(path: Path) -> float:
    """Peak memory of a process that counts the tube, above that of one that only imports; NaN but on Linux.

    What the study teaches is handed to both: learning it takes more.
    """
    script = (
        "import pickle, sys; from pathlib import Path; sys.path.insert(0, sys.argv[1]); "
        "from speed_rows.data_driven import count_by_data; "
        "gated = pickle.loads(Path(sys.argv[2]).read_bytes()); "
        "len(sys.argv) > 3 and count_by_data(Path(sys.argv[3]), gated); "
        "print(Path('/proc/self/status').read_text().split('VmHWM:')[1].split()[0])"
    )
    if not sys.platform.startswith("linux"):
        return float("nan")
    taught = path.parent / "taught.pickle"
    taught.write_bytes(pickle.dumps(learned(path.parent)))
    words = [sys.executable, "-c", script, str(Path(__file__).resolve().parent.parent), str(taught)]
    with_tube, without = (
        float(subprocess.run(one, capture_output=True, text=True, check=True).stdout)
        for one in ([*words, str(path)], words)
    )
    return (with_tube - without) / 1024.0


ROWS = (
    Row("data_driven", "file to counts, all of `cart_pd`, both passes, 500k events x 16", _whole),
    Row("growth_events", "all of `cart_pd`, both passes, as events grow", _growth),
)
