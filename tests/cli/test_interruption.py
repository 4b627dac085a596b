"""``Ctrl-C`` at any moment, also where a library takes it for an error of its own."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from bcelldepl.cli.run import _by_reason

SWALLOWED = """
import os, signal, time
from bcelldepl.cli.interruption import guarded, raise_if_interrupted

def library():
    try:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(5)
    except BaseException:
        pass

def program():
    library()
    {after}
    print("went on", flush=True)

guarded(program)
"""


@pytest.mark.skipif(os.name != "posix", reason="sends a POSIX signal")
@pytest.mark.parametrize(
    ("after", "went_on"), [("raise_if_interrupted()", False), ("pass", True), ("raise SystemExit(0)", False)]
)
def test_an_interruption_that_was_swallowed_still_ends_with_130(after: str, went_on: bool) -> None:
    code = SWALLOWED.format(after=after)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 130
    assert done.stderr == "interrupted\n"
    assert ("went on" in done.stdout) is went_on


@pytest.mark.skipif(os.name != "posix", reason="sends a POSIX signal")
def test_an_interruption_while_the_program_is_imported() -> None:
    code = (
        "import os, signal, sys\n"
        "class Finder:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'typer':\n"
        "            os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Finder())\n"
        "from bcelldepl.cli.program import main\n"
        "main()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (130, "interrupted\n")


def test_tubes_with_the_same_reason_are_named_together() -> None:
    attention = [("a", "failed", "x"), ("b", "review", "x"), ("c", "failed", "x"), ("d", "failed", "y")]
    assert _by_reason(attention) == [
        ("failed", "x", ["a", "c"]),
        ("review", "x", ["b"]),
        ("failed", "y", ["d"]),
    ]
