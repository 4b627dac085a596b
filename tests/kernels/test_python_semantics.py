"""Compiled or not, a kernel says the same: its source can be read as the Python that it is."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import cases
import numpy as np

ROOT = Path(__file__).parents[2]


def test_compiled_kernels_say_what_their_source_says(tmp_path):
    path = tmp_path / "python.npz"
    script = Path(__file__).with_name("cases.py")
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1", "PYTHONPATH": f"{ROOT}{os.pathsep}{script.parent}"}
    done = subprocess.run(
        [sys.executable, str(script), str(path)], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    compiled = cases.outcomes()
    with np.load(path) as python:
        assert set(python.files) == set(compiled)
        for name in python.files:
            assert python[name].dtype == compiled[name].dtype, name
            np.testing.assert_allclose(compiled[name], python[name], rtol=1e-7, atol=1e-12, err_msg=name)
