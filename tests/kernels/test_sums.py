"""Sums against those of numpy."""

from __future__ import annotations

import math

import numpy as np
import pytest

from bcelldepl.kernels.sums import pairwise_sum, sum_of


@pytest.mark.parametrize("n", [*range(40), 127, 128, 129, 136, 200, 256, 257, 1_000, 20_000])
def test_a_pairwise_sum_is_that_of_numpy_to_the_bit(n):
    values = np.random.default_rng(n).normal(size=n) * 10.0 ** np.arange(n) ** 0.1
    assert pairwise_sum(values) == values.sum()


def test_a_sum_goes_as_far_as_it_is_told():
    values = np.random.default_rng(0).normal(size=100)
    assert sum_of(values, 37) == pytest.approx(math.fsum(values[:37]), rel=1e-14)
