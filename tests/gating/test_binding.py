"""Cells that bind every stain are told beside the negative cells of their tube, whatever part of it is positive."""

from __future__ import annotations

import numpy as np
import pytest

from bcelldepl.gating.model.binding import binds_every_stain, learn_binding
from bcelldepl.gating.model.left_spill import near_mode

MARKERS = ("CD19", "CD14", "CD56")


@pytest.mark.parametrize("positives", [100, 3_000, 20_000])
def test_positives_that_bind_more_do_so_in_any_number(positives: int) -> None:
    """Beside the median of all cells, most of a tube's positives bound no more than is usual where they were many."""
    rng = np.random.default_rng(1)
    cells = {m: rng.normal(0.2, 0.05, 5_000 + positives).astype(np.float32) for m in MARKERS}
    for values in cells.values():
        values[5_000:] += np.float32(0.1)
    car = np.concatenate((rng.normal(0.5, 0.5, 5_000), rng.normal(4.5, 0.6, positives))).astype(np.float32)
    binding = learn_binding(MARKERS, [{m: rng.normal(0.2, 0.05, 3_000).astype(np.float32) for m in MARKERS}])
    binds = binds_every_stain(binding, cells, near_mode(car))
    assert binds[:5_000].mean() == pytest.approx(0.0035, abs=0.003)
    assert binds[5_000:].mean() == pytest.approx(0.78, abs=0.08)


def test_few_cells_are_all_usual_and_none_are_no_harm() -> None:
    assert near_mode(np.array([0.0, 9.0], dtype=np.float32)).all()
    binding = learn_binding(MARKERS, [{m: np.arange(200, dtype=np.float32) for m in MARKERS}])
    empty = np.empty(0, dtype=np.float32)
    assert len(binds_every_stain(binding, dict.fromkeys(MARKERS, empty), near_mode(empty))) == 0


def test_a_marker_that_a_tube_lacks_tells_of_no_cell() -> None:
    binding = learn_binding(MARKERS, [{m: np.arange(200, dtype=np.float32) for m in MARKERS}])
    assert not binds_every_stain(binding, {"CD19": np.full(9, 9e9, np.float32)}, np.ones(9, bool)).any()
