"""The volume that manual counts are of: whole file, kept time, counting beads."""

from __future__ import annotations

import numpy as np
import pytest

from bcelldepl.comparison.volumes import auto_volume, manual_volume, time_share
from bcelldepl.fcs import read_fcs
from bcelldepl.fcs.write import write_fcs
from bcelldepl.gate_exchange.evaluate import Channels, evaluate
from bcelldepl.gate_exchange.gate import Axis, Gate, GateTree

N = 20_000


def test_volumes_by_kept_time_and_by_beads() -> None:
    assert auto_volume({"analysed_volume_ul": 8.0}, 0.8) == 8.0
    assert auto_volume({"analysed_volume_ul": None}, 0.8) == 0.8
    assert manual_volume(8.0, None, 0.8, 1.0) == pytest.approx(10.0)  # the whole file
    assert manual_volume(8.0, None, 0.8, 0.8) == pytest.approx(8.0)  # a time gate like ours
    assert manual_volume(8.0, (1000, 1250), 0.8, 1.0) == pytest.approx(10.0)


@pytest.fixture(scope="module")
def channels(tmp_path_factory: pytest.TempPathFactory) -> Channels:
    rng = np.random.default_rng(4)
    path = tmp_path_factory.mktemp("time") / "a.fcs"
    events = np.vstack([rng.uniform(0, 1000, N), np.sort(rng.uniform(0, 100, N))]).astype(np.float32)
    write_fcs(path, events, ["FSC-A", "Time"], ["", ""], keywords={"$TIMESTEP": "1"})
    return Channels(read_fcs(path))


def shared(gates: list[Gate], path: tuple[str, ...], channels: Channels) -> float:
    tree = GateTree({gate.path: gate for gate in gates})
    return time_share(tree, path, evaluate(tree, channels)[0], channels, "Time")


def test_time_gates_alone_inside_others_and_combined(channels: Channels) -> None:
    small = Gate(("small",), "rectangle", (Axis("FSC-A", high=500),))
    late = Gate(("small", "late"), "rectangle", (Axis("Time", low=30),))
    assert shared([small], ("small",), channels) == 1.0
    assert shared([small, late], ("small", "late"), channels) == pytest.approx(0.7, abs=0.01)
    parts = [
        Gate(("first",), "rectangle", (Axis("Time", high=20),)),
        Gate(("last",), "rectangle", (Axis("Time", low=60),)),
        Gate(("kept",), "or", operands=((("first",), False), (("last",), False))),
        Gate(("kept", "B"), "rectangle", (Axis("FSC-A", high=50),)),
    ]
    assert shared(parts, ("kept", "B"), channels) == pytest.approx(0.6, abs=0.01)
