"""The public names: what a type checker sees of them, that all are there, and that importing them stays light."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

import bcelldepl

PROGRAM = """
import bcelldepl as bd

study = bd.load_study("study.toml")
results = bd.run(study, out="results", workers=2)
reveal_type(study)
reveal_type(results)
reveal_type(bd.open_results("results"))
reveal_type(bd.read_fcs("tube.fcs"))
reveal_type(bd.verify("results"))
reveal_type(bd.selftest())
"""
SEEN = [
    "bcelldepl.study.study.Study",
    "bcelldepl.results.folder.Results",
    "bcelldepl.results.folder.Results",
    "bcelldepl.fcs.acquisition.Acquisition",
    "bcelldepl.verification.findings.Verification",
    "bcelldepl.qualification.check.Qualification",
]


def test_a_type_checker_sees_the_types(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    command = [sys.executable, "-m", "mypy", "--cache-dir", str(tmp_path / "cache"), "--follow-imports=silent",
               "--config-file=", str(program)]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert re.findall(r'Revealed type is "([^"]*)"', done.stdout) == SEEN, done.stdout + done.stderr


@pytest.mark.parametrize("name", [name for name in bcelldepl.__all__ if name != "__version__"])
def test_every_public_name_is_there_and_says_what_it_takes(name: str) -> None:
    member = getattr(bcelldepl, name)
    text = inspect.getdoc(member) or ""
    takes = () if inspect.isclass(member) or not inspect.signature(member).parameters else ("Parameters",)
    for section in (*takes, "Attributes" if inspect.isclass(member) else "Returns"):
        assert f"\n{section}\n---" in text, section


def test_what_is_not_public_is_refused() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'gating_of_dreams'"):
        bcelldepl.gating_of_dreams  # noqa: B018


def test_importing_the_package_imports_no_library() -> None:
    code = "import sys, bcelldepl; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"numpy", "numba", "pandas", "pydantic"} & set(done.stdout.split())
