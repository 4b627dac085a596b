"""Imports point down only."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "bcelldepl"

# The rooms from the ground up, each with those that it may import; a room may always import itself.
COMMON = {"errors", "units", "input_limits", "spreadsheet", "names", "definitions"}
MAY_IMPORT = {
    "errors": set(),
    "units": set(),
    "definitions": {"units"},
    "runtime": set(),
    "kernels": {"runtime"},
    "store": COMMON,
    "study": COMMON,
    "fcs": COMMON | {"kernels", "runtime"},
    "simulate": COMMON | {"fcs"},
    "signal": COMMON | {"fcs", "kernels", "runtime"},
    "gating": COMMON | {"signal", "fcs", "kernels", "runtime"},
    "counting": COMMON | {"gating", "study"},
    "kinetics": COMMON | {"counting", "study"},
    "quality": COMMON | {"counting", "gating", "signal", "study"},
    "results": COMMON | {"kinetics", "store", "study"},
    "tubes": COMMON | {"results", "gating", "signal", "fcs", "study"},
    "cdisc": COMMON | {"results", "kinetics", "counting", "store", "study"},
    "gate_exchange": COMMON | {"tubes", "results", "gating", "signal", "fcs", "kernels", "store", "study"},
    "report": COMMON | {"kinetics", "gating", "store", "study"},
}
MAY_IMPORT["comparison"] = MAY_IMPORT["gate_exchange"] | {"gate_exchange", "report", "kinetics", "counting"}
MAY_IMPORT["batch"] = (
    MAY_IMPORT["tubes"] | MAY_IMPORT["report"] | {"tubes", "report", "quality", "counting", "runtime"}
)
MAY_IMPORT["verification"] = MAY_IMPORT["batch"] | {"batch"}
MAY_IMPORT["qualification"] = MAY_IMPORT["batch"] | {"batch", "kernels", "simulate"}
MAY_IMPORT["cli"] = MAY_IMPORT["qualification"] | {
    "qualification",
    "verification",
    "comparison",
    "cdisc",
    "gate_exchange",
}

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
