"""Damaged files: a few thousand mutants here, any number with fuzz.py."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest
from fuzz import mutant, read_all, seeds
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

SEEDS = seeds()
LIMIT_SECONDS = 2.0


@pytest.mark.parametrize("content", SEEDS)
def test_every_seed_is_read(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "seed.fcs"
    path.write_bytes(content)
    assert read_all(path)


@settings(max_examples=2500, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(content=st.sampled_from(SEEDS), seed=st.integers(0, 2**32))
def test_only_refusals_come_out_of_a_damaged_file(tmp_path: Path, content: bytes, seed: int) -> None:
    path = tmp_path / "mutant.fcs"
    path.write_bytes(mutant(content, random.Random(seed)))
    started = time.process_time()
    read_all(path)
    assert time.process_time() - started < LIMIT_SECONDS


@settings(max_examples=500, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(tail=st.binary(max_size=300))
def test_only_refusals_come_out_of_any_bytes(tmp_path: Path, tail: bytes) -> None:
    path = tmp_path / "mutant.fcs"
    path.write_bytes(b"FCS3.1    " + b"%8d%8d%8d%8d%8d%8d" % (58, 200, 201, 299, 0, 0) + tail)
    read_all(path)
