"""The digest of versions names every library that a number depends on."""

from __future__ import annotations

import ast
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import bcelldepl
from bcelldepl.store.versions import versions

PACKAGE = Path(bcelldepl.__file__).parent
# What makes the numbers and pictures of a results folder.
ROOMS = ("kernels", "fcs", "signal", "gating", "counting", "kinetics", "quality", "study", "tubes", "report")
# They check, write or lay out and move no number, or go with one that is named.
NO_NUMBERS = {"fcsparser", "flowio", "jinja2", "markupsafe", "pydantic_core", "threadpoolctl"}


def imported(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.split(".")[0])
        elif isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
    return names - set(sys.stdlib_module_names) - {"bcelldepl"} - NO_NUMBERS


def test_every_library_that_computes_is_named() -> None:
    distributions = packages_distributions()
    found = {
        distributions[name][0]
        for room in ROOMS
        for path in (PACKAGE / room).rglob("*.py")
        for name in imported(path)
    }
    assert {"numpy", "scipy", "pandas"} <= found
    assert found <= set(versions())


def test_each_has_a_version() -> None:
    assert all(versions().values())
