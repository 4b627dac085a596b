"""Recorded gates give again what was counted by them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

import bcelldepl as bd
from bcelldepl.tubes.regate import GatedResults


def test_recorded_gates_count_a_file_in_a_stream(exchange_results: Path) -> None:
    gated = GatedResults(exchange_results)
    file = gated.files[0]
    strategy, fits = gated.gates(file)
    tube = gated.tube(file)
    assert fits == tube.fits
    counted = bd.count_file(tube.acquisition, strategy, fits, keep_membership=True)
    assert counted.membership.keys() >= {"beads", "singlets", "lymphocytes", "B", "CAR_T"}
    kept = tube.signal.quality.keep
    for name, inside in counted.membership.items():
        np.testing.assert_array_equal(inside & kept, tube.membership[name], err_msg=name)
