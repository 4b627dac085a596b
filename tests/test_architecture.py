"""Imports point down only."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "bcelldepl"

# What each room may import, by the design; a room may always import itself.
COMMON = {"errors", "units", "untrusted", "spreadsheet", "names"}
MAY_IMPORT = {
    "kernels": set(),
    "errors": set(),
    "units": set(),
    "study": COMMON | {"fcs"},
    "store": COMMON,
    "fcs": COMMON | {"kernels"},
    "signal": COMMON | {"fcs", "kernels"},
    "gating": COMMON | {"signal", "fcs", "kernels"},
    "counting": COMMON | {"gating", "study"},
    "kinetics": COMMON | {"counting", "study"},
    "simulate": COMMON | {"fcs"},
}
MAY_IMPORT["results"] = COMMON | {"kinetics", "counting", "gating", "signal", "fcs", "study", "store"}
MAY_IMPORT["agreement"] = COMMON | {"counting", "gating", "study"}
MAY_IMPORT["interop"] = MAY_IMPORT["results"] | {"results", "agreement", "kernels"}
MAY_IMPORT["report"] = MAY_IMPORT["interop"] | {"interop"}
MAY_IMPORT["batch"] = MAY_IMPORT["report"] | {"report"}
MAY_IMPORT["qualification"] = MAY_IMPORT["batch"] | {"batch", "simulate"}
MAY_IMPORT["verification"] = MAY_IMPORT["batch"] | {"batch"}
MAY_IMPORT["cli"] = MAY_IMPORT["qualification"] | {"qualification", "verification"}

MODULES = sorted(path for path in PACKAGE.rglob("*.py") if path.parent != PACKAGE)


def rooms_imported(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = [node.module] if isinstance(node, ast.ImportFrom) and node.module else []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        found |= {name.split(".")[1] for name in names if name.startswith("bcelldepl.")}
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_a_room_imports_only_what_stands_below_it(path: Path) -> None:
    room = path.relative_to(PACKAGE).parts[0]
    assert rooms_imported(path) - {room} <= MAY_IMPORT[room]
