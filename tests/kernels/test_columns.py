"""Columns of a block of rows, against numpy's own indexing."""

from __future__ import annotations

import numpy as np
import numpy.testing as npt
import pytest

from bcelldepl.kernels.columns import gather_columns


@pytest.mark.parametrize("n", [0, 1, 63, 64, 65, 1000])
@pytest.mark.parametrize("indices", [[0], [6, 2, 2], list(range(7))])
@pytest.mark.parametrize(
    ("dtype", "made"), [("u4", "u4"), ("u4", "f4"), ("u2", "f4"), ("u2", "u2"), ("u1", "f4")]
)
def test_gathers_what_indexing_gives(n: int, indices: list[int], dtype: str, made: str) -> None:
    rng = np.random.default_rng(n)
    rows = rng.integers(0, 1 << 32, (n, 7), dtype=np.uint32).astype(dtype)
    every_bit = np.iinfo(dtype).max
    masks = rng.choice(np.array([every_bit, every_bit // 2, 127], dtype), len(indices))
    out = np.full((len(indices), n + 5), 9, made)
    for kernel in (gather_columns, gather_columns.py_func):
        out[:] = 9
        kernel(rows, np.array(indices, np.int64), masks, out, 3)
        npt.assert_array_equal(out[:, 3 : 3 + n], (rows[:, indices] & masks).astype(made).T)
        npt.assert_array_equal(out[:, :3], 9)
        npt.assert_array_equal(out[:, 3 + n :], 9)
