"""Machine code that is kept is that of the sources and of the signature that it is handed out for."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bcelldepl.runtime import compiled

TOTAL = """
from bcelldepl.runtime.compiled import kernel

@kernel
def total(values):
    found = 0.0
    for i in range(values.shape[0]):
        found += values[i]
    return found
"""
CALLER = """
from bcelldepl.runtime.compiled import kernel
from callee_of_the_test import FACTOR, add

@kernel
def twice(value):
    return add(FACTOR * value)
"""
CALLEE = """
from bcelldepl.runtime.compiled import kernel
FACTOR = 2.0

@kernel
def add(value):
    return value + 1.0
"""
SORTS = """
import numpy as np
from bcelldepl.runtime.compiled import kernel

VALUES = np.random.default_rng(0).random(300)

@kernel
def order(values):
    return np.argsort(values)

@kernel
def ordered(values):
    return np.sort(values)

def argsort():
    return (VALUES[order(VALUES)] == np.sort(VALUES)).all()

def sort():
    return (ordered(VALUES) == np.sort(VALUES)).all()
"""
Load = Callable[[str], Any]


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Load]:
    """What loads kernels of a folder as a new process does."""
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    monkeypatch.setattr("numba.core.config.CACHE_DIR", "")
    monkeypatch.setattr(compiled, "FOLDER", tmp_path)

    def load(name: str) -> Any:
        compiled.sources.cache_clear()
        spec = spec_from_file_location(name, tmp_path / f"{name}.py")
        assert spec
        assert spec.loader
        module = module_from_spec(spec)
        monkeypatch.setitem(sys.modules, name, module)
        spec.loader.exec_module(module)
        return module

    yield load
    compiled.sources.cache_clear()


def test_a_second_process_compiles_nothing(load: Load, tmp_path: Path) -> None:
    (tmp_path / "total.py").write_text(TOTAL)
    for hits in (0, 1):
        total = load("total").total
        assert total(np.arange(4.0)) == 6.0
        assert sum(total.stats.cache_hits.values()) == hits


def test_two_processes_that_add_a_signature_at_once_leave_each_its_own(
    load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "total.py").write_text(TOTAL)
    one, other, third = (load("total").total for _ in range(3))
    plain = np.arange(8.0)
    strided = plain[::2]
    save = one._cache._cache_file._save_data
    monkeypatch.setattr(
        other._cache._cache_file, "_load_index", dict
    )  # it looked before the first saved anything

    def meanwhile(name: str, data: Any) -> None:
        assert other(strided) == 12.0
        save(name, data)

    monkeypatch.setattr(one._cache._cache_file, "_save_data", meanwhile)
    assert one(plain) == 28.0
    assert third(strided) == 12.0
    assert third(plain) == 28.0


@pytest.mark.parametrize(
    ("before", "after", "expected"), [("+ 1.0", "+ 50.0", 56.0), ("FACTOR = 2.0", "FACTOR = 40.0", 121.0)]
)
def test_a_kernel_is_compiled_anew_where_one_that_it_calls_has_changed(
    load: Load, tmp_path: Path, before: str, after: str, expected: float
) -> None:
    (tmp_path / "caller_of_the_test.py").write_text(CALLER)
    callee = tmp_path / "callee_of_the_test.py"
    callee.write_text(CALLEE)
    load("callee_of_the_test")
    assert load("caller_of_the_test").twice(3.0) == 7.0
    callee.write_text(
        CALLEE.replace(before, after)
    )  # to another length, or Python's own bytecode is taken for current
    load("callee_of_the_test")
    assert load("caller_of_the_test").twice(3.0) == expected
    assert len(list(tmp_path.rglob("caller*.nbc"))) == 1  # what is of no use any more is removed


@pytest.fixture
def python(tmp_path: Path) -> Callable[[str], list[str]]:
    """What runs code with kernels that sort in a process of its own, and gives what it prints."""
    (tmp_path / "sorts.py").write_text(SORTS)
    path = f"{tmp_path}{os.pathsep}{os.environ['PYTHONPATH']}"
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path / "kept"), "PYTHONPATH": path}

    def run(code: str) -> list[str]:
        command = [sys.executable, "-c", code]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        return done.stdout.split()

    return run


def test_kernels_of_two_processes_keep_their_own_parts(python: Callable[[str], list[str]]) -> None:
    """By Numba's own count, parts of both sorts would have the same names."""
    for code in ("argsort()", "sort()", "sort() and argsort()", "argsort() and sort()"):
        assert python(f"from sorts import *; print({code})") == ["True"]
    kept = "sum(order.stats.cache_hits.values())"
    assert python(f"from sorts import *; argsort(); print({kept})") == ["1"]


def test_numbas_own_count_is_as_it_was(python: Callable[[str], list[str]]) -> None:
    code = "from numba.core.bytecode import FunctionIdentity as one; before = one._unique_ids; from sorts import *; "
    assert python(f"{code}argsort(); print(one._unique_ids is before, one._unique_ids)") == [
        "True",
        "count(1)",
    ]


def test_what_may_hold_parts_of_a_host_program_is_not_kept(python: Callable[[str], list[str]]) -> None:
    host = "import numba, numpy; numba.njit(lambda x: numpy.sort(x))(numpy.ones(3)); "
    assert python(f"{host}from sorts import *; print(sort())") == ["True"]
    assert python("from sorts import *; sort(); print(sum(ordered.stats.cache_hits.values()))") == ["0"]
    assert python(f"{host}from sorts import *; sort(); print(sum(ordered.stats.cache_hits.values()))") == [
        "1"
    ]


def test_where_nothing_can_be_kept_kernels_are_compiled_for_this_process(
    load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "total.py").write_text(TOTAL)

    def nowhere(*_: object) -> None:
        raise RuntimeError("cannot cache function: no locator available")

    monkeypatch.setattr(compiled.FunctionCache, "__init__", nowhere)
    total = load("total").total
    assert total(np.arange(4.0)) == 6.0
    assert total.stats.cache_path is None


def test_every_kernel_is_kept_this_way() -> None:
    for path in sorted(compiled.FOLDER.glob("*.py")):
        assert "import njit" not in path.read_text(encoding="utf-8"), path.name
