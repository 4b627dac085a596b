"""Columns of a block of rows, against numpy's own indexing."""

from __future__ import annotations

import numpy as np
import numpy.testing as npt
import pytest

from bcelldepl.kernels.columns import gather_columns


@pytest.mark.parametrize("n", [0, 1, 63, 64, 65, 1000])
@pytest.mark.parametrize("indices", [[0], [6, 2, 2], list(range(8))])
@pytest.mark.parametrize(
    ("stored", "made", "fetched"),
    [
        (stored, made, fetched)
        for stored, made in (("u4", "u4"), ("u4", "f4"), ("u2", "f4"), ("u2", "u2"), ("u1", "f4"))
        for fetched in ("<u1", "<u2", "<u4", "<u8")
        if fetched[-1] >= stored[-1]
    ],
)
def test_gathers_what_indexing_gives(
    n: int, indices: list[int], stored: str, made: str, fetched: str
) -> None:
    per_word = np.dtype(fetched).itemsize // np.dtype(stored).itemsize
    rng = np.random.default_rng(n)
    rows = rng.integers(0, 1 << 32, (n, 8), dtype=np.uint32).astype(f"<{stored}")
    every_bit = np.iinfo(stored).max
    masks = rng.choice(np.array([every_bit, every_bit // 2, 127], stored), len(indices))
    places, within = np.divmod(np.array(indices, np.int64), per_word)
    shifts = (8 * np.dtype(stored).itemsize * within).astype(fetched)
    out = np.full((len(indices), n + 5), 9, made)
    for kernel in (gather_columns, gather_columns.py_func):
        out[:] = 9
        kernel(rows.view(fetched), places, shifts, masks.astype(fetched), out, 3)
        npt.assert_array_equal(out[:, 3 : 3 + n], (rows[:, indices] & masks).astype(made).T)
        npt.assert_array_equal(out[:, :3], 9)
        npt.assert_array_equal(out[:, 3 + n :], 9)
