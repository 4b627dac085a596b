"""No collection runs while Numba starts; afterwards all is as it was."""

from __future__ import annotations

import gc
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bcelldepl.runtime.garbage_collector import without_collections


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    before = gc.isenabled()
    yield
    gc.enable() if before else gc.disable()


@pytest.mark.parametrize("collects", [True, False])
def test_it_is_left_as_it_was_found(collects: bool) -> None:
    gc.enable() if collects else gc.disable()
    with without_collections():
        assert not gc.isenabled()
        with without_collections():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled() is collects


def test_an_error_passes_through_and_collections_go_on() -> None:
    gc.enable()
    with pytest.raises(KeyError), without_collections():
        raise KeyError
    assert gc.isenabled()


def test_what_came_meanwhile_is_still_collected_once_it_is_garbage() -> None:
    gc.enable()
    with without_collections():
        circles: list[list[object]] = [[] for _ in range(30_000)]
        for circle in circles:
            circle.append(circle)
        frozen = gc.get_freeze_count()
    assert gc.get_freeze_count() == frozen
    del circles, circle
    assert gc.collect() >= 30_000


def test_when_python_ends_files_are_closed_and_functions_still_run(tmp_path: Path) -> None:
    path = tmp_path / "written.txt"
    code = (
        "import atexit, sys; from bcelldepl.runtime.garbage_collector import leave_quickly; leave_quickly(); "
        "atexit.register(print, 'said at the end'); "
        "file = open(sys.argv[1], 'w'); file.write('all of it')"
    )
    command = [sys.executable, "-W", "ignore", "-c", code, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "said at the end"
    assert path.read_text() == "all of it"


def test_a_program_that_uses_the_package_ends_as_it_would_without() -> None:
    code = (
        "import atexit, gc, bcelldepl; atexit.register(lambda: print(gc.get_freeze_count())); "
        "import bcelldepl.batch.run, bcelldepl.gating.stream; bcelldepl.load_study"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "0"
