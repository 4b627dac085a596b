"""The table of cells fits the panel, the labels and the reported populations."""

from __future__ import annotations

import numpy as np
import pytest

from bcelldepl.simulation.cells import BEAD, CELLS, LABELS, MARKERS, POPULATIONS, CellType
from bcelldepl.simulation.detectors import DETECTORS, SATURATION, SPILLOVER


def test_codes_are_unique_and_fit_a_byte() -> None:
    assert len(set(LABELS)) == len(LABELS) < 256


def test_each_marker_has_its_detector() -> None:
    assert tuple(detector.marker for detector in DETECTORS) == MARKERS
    assert SPILLOVER.shape == (len(MARKERS),) * 2
    np.testing.assert_array_equal(np.diag(SPILLOVER), 1.0)
    assert np.linalg.cond(SPILLOVER) < 3.0


@pytest.mark.parametrize("cell", [*CELLS.values(), BEAD], ids=lambda cell: str(cell.label))
def test_a_row_of_the_table_is_on_the_scale(cell: CellType) -> None:
    assert set(cell.antigens) <= set(MARKERS)
    assert 10_000 < cell.fsc < SATURATION
    assert 0 < cell.ssc < SATURATION
    assert all(10.0 ** (median + 3 * sd) < SATURATION for median, sd in cell.antigens.values())


def test_reported_populations_are_nested() -> None:
    assert set(POPULATIONS["CAR_T"]) < set(POPULATIONS["T"])
    assert {*POPULATIONS["T"], *POPULATIONS["B"], *POPULATIONS["NK"]} < set(POPULATIONS["lymphocytes"])
    assert set(POPULATIONS["lymphocytes"]) < set(POPULATIONS["leukocytes"]) < set(CELLS)
    assert not set(POPULATIONS["B"]) & set(POPULATIONS["T"])
    assert all(member in LABELS for members in POPULATIONS.values() for member in members)
