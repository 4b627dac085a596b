"""Workers that are copies of the process: where they can be made, and what they must not take along."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="copies are made on Linux alone")

# Each is a program of its own: a process of the test runner has other threads.
BEGIN = """
import os, sys, threading, time
from bcelldepl.runtime import compiled
from bcelldepl.runtime.copies import copies, copies_at_hand
from bcelldepl.runtime.processes import in_processes
"""


def done(code: str) -> str:
    run = subprocess.run([sys.executable, "-c", BEGIN + code], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return run.stdout.strip()


def test_copies_do_the_jobs_without_importing_anew() -> None:
    code = """
import collections
collections.known_here_alone = 7
jobs = [(f"[__import__('os').getpid(), __import__('collections').known_here_alone + {n}]",) for n in range(9)]
for in_order in (False, True):
    found = list(in_processes(eval, jobs, 2, in_order=in_order))
    assert sorted((place, value) for place, (_, value) in found) == [(n, 7 + n) for n in range(9)]
    assert not in_order or [place for place, _ in found] == list(range(9))
    assert os.getpid() not in {pid for _, (pid, _) in found}
print("joblib" in sys.modules)
"""
    assert done(code) == "False"


def test_the_same_workers_serve_until_they_are_dismissed() -> None:
    code = """
jobs = [("__import__('time').sleep(0.05) or __import__('os').getpid()",)] * 8
with copies(2):
    first, second = ({pid for _, pid in in_processes(eval, jobs, 2)} for _ in range(2))
    assert first | second == first or len(first | second) == 2
assert copies_at_hand() is None
try:
    [os.kill(pid, 0) for pid in first]
except ProcessLookupError:
    print("gone")
"""
    assert done(code) == "gone"


def test_workers_at_hand_begin_before_anybody_asks_for_a_result(tmp_path: Path) -> None:
    code = f"""
from pathlib import Path
import bcelldepl.runtime.processes as processes
processes.compiled_before = lambda: True
marks = [Path({str(tmp_path)!r}) / str(n) for n in range(3)]
jobs = [(f"__import__('pathlib').Path({{str(mark)!r}}).touch()",) for mark in marks]
waiting = in_processes(eval, jobs, 2)
time.sleep(0.5)
assert not any(mark.exists() for mark in marks)  # nobody is at hand: those who are wanted are made when asked
assert sorted(waiting) == [(n, None) for n in range(3)]
for mark in marks:
    mark.unlink()
with copies(2):
    waiting = in_processes(eval, jobs, 2)
    until = time.monotonic() + 30
    while not all(mark.exists() for mark in marks) and time.monotonic() < until:
        time.sleep(0.01)
    print(all(mark.exists() for mark in marks), sorted(waiting) == [(n, None) for n in range(3)])
"""
    assert done(code) == "True True"


def test_a_process_with_another_thread_is_not_copied() -> None:
    code = """
stay = threading.Event()
thread = threading.Thread(target=stay.wait)
thread.start()
with copies(2):
    print(copies_at_hand())
stay.set()
thread.join()
with copies(2):
    print(copies_at_hand() is not None)
with copies(1):
    print(copies_at_hand())
"""
    assert done(code).split() == ["None", "True", "None"]


def test_threads_of_the_kernels_are_in_nobodys_way() -> None:
    code = """
os.environ["NUMBA_NUM_THREADS"] = "3"
from bcelldepl.runtime.threads import in_threads
assert in_threads(lambda one: one + 1, range(50)) == list(range(1, 51))
assert threading.active_count() > 1
work = "__import__('bcelldepl.runtime.threads', fromlist=['x']).in_threads(str, range(9))"
with copies(2):
    assert copies_at_hand() is not None
    assert [found for _, found in in_processes(eval, [(work,)] * 3, 2)] == [list("012345678")] * 3
print(in_threads(str, range(3)))
"""
    assert done(code) == "['0', '1', '2']"


def test_a_worker_that_is_killed_is_told_of() -> None:
    code = """
from bcelldepl.errors import WorkersError
try:
    list(in_processes(eval, [("__import__('os').kill(__import__('os').getpid(), 9)",)] * 3, 2))
except WorkersError as error:
    print(error)
print(copies_at_hand())
"""
    said = done(code)
    assert "a worker process was killed" in said
    assert said.endswith("None")


def test_an_error_of_a_job_is_raised_and_ends_the_workers() -> None:
    code = """
begun = time.monotonic()
try:
    list(in_processes(eval, [("1 / 0",), ("__import__('time').sleep(60)",)], 2))
except ZeroDivisionError:
    print(time.monotonic() - begun < 30)
"""
    assert done(code) == "True"


def test_copies_end_with_a_parent_that_is_killed() -> None:
    code = (
        BEGIN
        + """
with copies(2):
    print(*{pid for _, pid in in_processes(eval, [("__import__('os').getpid()",)] * 2, 2)}, flush=True)
    time.sleep(60)
"""
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pids = [int(word) for word in parent.stdout.readline().split()]
        parent.send_signal(signal.SIGKILL)
        parent.wait()
        assert pids
        until = time.monotonic() + 20
        while any(map(is_running, pids)):
            assert time.monotonic() < until
            time.sleep(0.05)


def is_running(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as state:
            return state.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_what_a_copy_compiles_is_numbered_apart() -> None:
    """Else two that compile the same kernel at once could be linked to each other's parts."""
    number = "repr(__import__('bcelldepl.runtime.compiled', fromlist=['x'])._numbers)"
    code = f"""
jobs = [({number!r} + ", __import__('time').sleep(0.2)",)] * 2
told = {{numbers for _, (numbers, _) in in_processes(eval, jobs, 2)}}
print(len(told | {{repr(compiled._numbers)}}))
"""
    assert done(code) == "3"


def test_copies_share_the_cores() -> None:
    code = """
os.environ.pop("NUMBA_NUM_THREADS", None)
work = "__import__('bcelldepl.runtime.threads', fromlist=['x']).threads()"
print(max(share for _, share in in_processes(eval, [(work,)] * 4, 2)) * 2 <= max(os.cpu_count(), 2))
"""
    assert done(code) == "True"
