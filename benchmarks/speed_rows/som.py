"""A self-organising map of 10 x 10 prototypes, beside the `flowsom` package."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from bcelldepl.gating.som import EPOCHS, SIDE, map_events, train_map

from bcelldepl.fcs import read_fcs
from bcelldepl.gating.strategy import load_strategy
from bcelldepl.signal import resolve_panel
from bcelldepl.signal.signal import make_signal
from speed_rows.base import OURS, Bench, Goal, Measured, Row
from speed_rows.tubes import tube_of

__all__ = ["ROWS"]

_MARKERS = ("FSC-A", "SSC-A", "CD3", "CD19", "CD45", "CAR", "Viability", "CD20", "CD56", "CD14")


def _som(bench: Bench) -> Measured:
    """All contenders get the same events in ten markers, as many epochs, and one thread or all, as they please."""
    strategy = load_strategy("cart_pd")
    acquisition = read_fcs(tube_of(bench.folder, bench.size(500_000, 60_000)))
    panel = resolve_panel(acquisition.channels, strategy.required_markers, strategy.optional_markers)
    signal = make_signal(acquisition, panel, strategy.all_transforms, acquisition.spillover)
    points = np.stack([signal.columns[marker] for marker in _MARKERS])
    found: dict[str, np.ndarray] = {}

    def ours() -> None:
        found[OURS] = train_map(points)

    contenders: dict[str, Callable[[], None] | None] = {
        OURS: ours,
        "flowsom": None,
        "flowsom in batches": None,
    }
    if bench.has("flowsom"):
        from flowsom.models.batch import BatchSOMEstimator
        from flowsom.models.som_estimator import SOMEstimator

        events = points.T.astype(np.float64)

        def peer(name: str, kind: type) -> Callable[[], None]:
            def fit() -> None:
                model = kind(xdim=SIDE, ydim=SIDE, rlen=EPOCHS, seed=0).fit(events)
                found[name] = model.codes.astype(np.float32)

            return fit

        contenders["flowsom"] = peer("flowsom", SOMEstimator)
        contenders["flowsom in batches"] = peer("flowsom in batches", BatchSOMEstimator)
    measured = bench.paired(contenders, rounds=5)
    measured.goals = [Goal("flowsom", at_least=20.0), Goal("flowsom in batches", at_least=3.0)]
    errors = {
        name: float(map_events(points, codes)[1].mean(dtype=np.float64)) for name, codes in found.items()
    }
    measured.values = {f"quantisation error, {name}": error for name, error in errors.items()}
    if len(errors) > 1:
        best = min(error for name, error in errors.items() if name != OURS)
        measured.goals.append(Goal(f"quantisation error, {OURS}", at_most=round(best, 6)))
    measured.note = "flowsom without its metaclusters"
    return measured


ROWS = (Row("som", "SOM 10x10, 10 epochs, 500k events x 10 markers", _som),)
