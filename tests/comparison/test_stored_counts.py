"""Counts that a workspace stores, gate by gate against what its gates hold."""

from __future__ import annotations

import numpy as np

from bcelldepl.comparison.stored_counts import check_stored_counts
from bcelldepl.gate_exchange.gate import Gate, GateTree
from bcelldepl.gate_exchange.manual import ManualCount

PATHS = [("live",), ("live", "B"), ("live", "B", "naive"), ("live", "T"), ("live", "NK")]
TREE = GateTree({path: Gate(path, "rectangle") for path in PATHS})


def members(*numbers: int) -> dict[tuple[str, ...], np.ndarray]:
    return {path: np.arange(1000) < number for path, number in zip(PATHS, numbers, strict=True)}


def stated(*numbers: int) -> dict[str, ManualCount]:
    return {"/".join(path): ManualCount(number) for path, number in zip(PATHS, numbers, strict=True)}


def test_equal_near_and_differing() -> None:
    found = check_stored_counts(TREE, members(900, 231, 100, 600, 3), stated(900, 1, 50, 605, 0))
    assert (found.equal, found.near, found.compared) == (1, 2, 4)
    assert found.differing == {("live", "B"): (1, 231)}
    assert "'live/B' was stored with 1 events and holds 231" in found.sentence(("live", "B"))


def test_what_stands_on_a_gate_that_differs_is_not_believed() -> None:
    found = check_stored_counts(TREE, members(900, 231, 100, 600, 3), stated(900, 1, 50, 605, 0))
    assert found.fault_above(("live", "B", "naive")) == ("live", "B")
    assert found.fault_above(("live", "B")) == ("live", "B")
    assert found.fault_above(("live", "T")) is None


def test_nothing_was_stored() -> None:
    found = check_stored_counts(TREE, members(900, 231, 100, 600, 3), {})
    assert (found.compared, found.differing) == (0, {})
