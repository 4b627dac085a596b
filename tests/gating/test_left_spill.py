"""What compensation leaves of a stain is taken off a marker, whatever part of the cells is positive for it."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from bcelldepl.gating.model.left_spill import without_spill


def cells(
    negatives: int, positives: int, left: float, seed: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Linear signals of a marker, and of a stain of which a part is left in it; positives have less of the stain."""
    rng = np.random.default_rng(seed)
    stain = 60.0 * np.exp(rng.normal(0.0, 0.35, negatives + positives))
    stain[negatives:] *= 0.7
    marker = rng.normal(0.5, 0.6, negatives + positives)
    marker[negatives:] += np.exp(rng.normal(3.0, 0.8, positives))
    return marker + left * stain, stain


def taken_off(marker: NDArray[np.float64], stain: NDArray[np.float64]) -> NDArray[np.float64]:
    values = without_spill(np.arcsinh(marker).astype(np.float32), [np.arcsinh(stain).astype(np.float32)])
    return np.sinh(values.astype(np.float64))


@pytest.mark.parametrize("positives", [0, 300, 9_000])
@pytest.mark.parametrize("left", [-0.05, 0.0, 0.03])
def test_negatives_are_as_narrow_as_without_it(left: float, positives: int) -> None:
    marker, stain = cells(3_000, positives, left, 1)
    before, after = marker[:3_000], taken_off(marker, stain)[:3_000]
    assert after.std() == pytest.approx(0.6, rel=0.08)
    assert abs(np.corrcoef(after, stain[:3_000])[0, 1]) < (0.07 if positives < 3_000 else 0.35)
    if left:
        assert before.std() > 1.2 * after.std()


def test_a_cell_with_as_much_of_the_stain_as_most_stays() -> None:
    marker, stain = cells(3_000, 0, 0.04, 2)
    usual = np.abs(stain - np.median(stain)) < 0.5
    np.testing.assert_allclose(taken_off(marker, stain)[usual], marker[usual], atol=0.05)


@pytest.mark.parametrize(("number", "same"), [(99, True), (400, False)])
def test_few_cells_tell_nothing(number: int, same: bool) -> None:
    marker, stain = cells(number, 0, 0.05, 3)
    assert np.allclose(taken_off(marker, stain), marker, rtol=1e-5, atol=1e-5) is same


def test_signals_that_are_no_numbers_stay_so_and_do_no_harm() -> None:
    marker, stain = cells(3_000, 100, 0.03, 4)
    marker[5], stain[7] = np.nan, np.nan
    after = taken_off(marker, stain)
    assert np.flatnonzero(np.isnan(after)).tolist() == [5, 7]
    assert np.nanstd(after[:3_000]) == pytest.approx(0.6, rel=0.04)


def test_without_a_stain_nothing_is_taken_off() -> None:
    values = np.arange(500, dtype=np.float32)
    assert without_spill(values, []) is values
