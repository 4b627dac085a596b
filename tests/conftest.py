"""Fixtures that every room's tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of real FCS files with truth; the test is skipped, visibly, where there is none."""
    folder = Path(os.environ.get("BCELLDEPL_REAL_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no real data at {folder}: set BCELLDEPL_REAL_DATA")
    return folder
