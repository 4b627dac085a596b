"""``Ctrl-C`` at any moment, also where a library takes it for an error of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

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


def test_the_program_listens_before_it_imports_what_can_wait() -> None:
    """What is imported first is the time in which Ctrl-C shows a traceback of Python."""
    code = (
        "import sys; before = set(sys.modules); import bcelldepl.cli.program; "
        "print(sorted({'typing', 'typer', 'numpy', 'pathlib', 'inspect', 'dataclasses'} & set(sys.modules) - before))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.skipif(os.name != "posix", reason="sends a POSIX signal")
@pytest.mark.parametrize(
    "module", ["typer", "bcelldepl.study", "bcelldepl.batch", "numba", "bcelldepl.store"]
)
def test_an_interruption_at_any_import_of_a_run(tmp_path: Path, module: str) -> None:
    """Within the first second a run imports; Ctrl-C comes at a certain module, so no clock decides."""
    code = (
        "import os, signal, sys\n"
        "class Finder:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name == {module!r}:\n"
        "            os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Finder())\n"
        f"sys.argv = ['bcelldepl', 'run', {str(tmp_path / 'study.toml')!r}]\n"
        "from bcelldepl.cli.program import main\n"
        "main()\n"
    )
    (tmp_path / "study.toml").write_text(
        '[study]\nid = "S"\nsamples = "samples.csv"\nstrategy = "cart_pd"\n', encoding="utf-8"
    )
    (tmp_path / "samples.csv").write_text("file,subject,visit,day\na.fcs,S,V,0\n", encoding="utf-8")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (130, "interrupted\n")
    assert not (tmp_path / "results" / "counts.csv").exists()


def test_tubes_with_the_same_reason_are_named_together() -> None:
    attention = [("a", "failed", "x"), ("b", "review", "x"), ("c", "failed", "x"), ("d", "failed", "y")]
    assert _by_reason(attention) == [
        ("failed", "x", ["a", "c"]),
        ("review", "x", ["b"]),
        ("failed", "y", ["d"]),
    ]
