"""How the rooms stand to each other: imports point down only, none in a circle; one name means one thing."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

import pytest

from bcelldepl.definitions.codes import ResultCode
from bcelldepl.definitions.endpoints import endpoint_definitions
from bcelldepl.definitions.populations import POPULATIONS

PACKAGE = Path(__file__).resolve().parent.parent / "bcelldepl"

# The rooms from the ground up, each with those that it may import; a room may always import itself.
COMMON = {
    "arguments",
    "definitions",
    "errors",
    "units",
    "input_limits",
    "spreadsheet",
    "names",
    "near_names",
    "html_pages",
}
MAY_IMPORT: dict[str, set[str]] = {
    "errors": set(),
    "units": set(),
    "definitions": {"units"},
    "runtime": {"errors"},
    "kernels": {"runtime"},
    "store": COMMON,
    "fcs": COMMON | {"kernels", "runtime"},
    "study": COMMON | {"fcs"},
    "simulation": COMMON | {"fcs"},
    "signal": COMMON | {"fcs", "kernels", "runtime"},
    "gating": COMMON | {"signal", "fcs", "kernels", "runtime"},
    "counting": COMMON | {"gating", "study"},
    "quality": COMMON | {"counting", "gating", "signal", "fcs", "study"},
    "kinetics": COMMON | {"counting", "study"},
    "results": COMMON | {"kinetics", "store", "study"},
    "tubes": COMMON | {"results", "gating", "signal", "fcs", "study"},
    "cdisc": COMMON | {"results", "kinetics", "gating", "store", "study"},
    "gate_exchange": COMMON
    | {"tubes", "results", "gating", "signal", "fcs", "kernels", "runtime", "store", "study"},
    "listings": COMMON | {"report", "results", "kinetics", "gating", "store", "study"},
    "report": COMMON | {"kinetics", "gating", "signal", "kernels", "store", "study"},
}
MAY_IMPORT["comparison"] = MAY_IMPORT["gate_exchange"] | {"gate_exchange", "report", "kinetics", "counting"}
MAY_IMPORT["batch"] = (
    MAY_IMPORT["tubes"]
    | (MAY_IMPORT["report"] - {"kernels"})
    | {"tubes", "report", "listings", "quality", "counting", "runtime"}
)
MAY_IMPORT["verification"] = MAY_IMPORT["batch"] | {"batch"}
MAY_IMPORT["qualification"] = MAY_IMPORT["batch"] | {"batch", "kernels", "simulation"}
MAY_IMPORT["review"] = MAY_IMPORT["batch"] | {"batch", "kernels", "kinetics"}
MAY_IMPORT["setup"] = MAY_IMPORT["batch"] | {"batch"}
MAY_IMPORT["exports"] = COMMON | {"cdisc", "gate_exchange", "listings", "results", "store", "study"}
MAY_IMPORT["cli"] = (
    MAY_IMPORT["qualification"]
    | {"setup", "qualification", "review", "verification", "comparison", "exports"}
)  # fmt: skip

FILES = sorted(PACKAGE.rglob("*.py"))
TREES = {path: ast.parse(path.read_text(encoding="utf-8")) for path in FILES}
MODULES = [path for path in FILES if path.parent != PACKAGE]


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0]


def name_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def rooms_imported(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(TREES[path]):
        names = [node.module] if isinstance(node, ast.ImportFrom) and node.module else []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        found |= {name.split(".")[1] for name in names if name.startswith("bcelldepl.")}
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_a_room_imports_only_what_stands_below_it(path: Path) -> None:
    assert rooms_imported(path) - {room_of(path)} <= MAY_IMPORT[room_of(path)]


def modules_imported(path: Path) -> set[str]:
    """Modules of the package that a module needs to work; those that only types need are left out."""
    typing = {
        node
        for one in ast.walk(TREES[path])
        if isinstance(one, ast.If) and ast.unparse(one.test) == "TYPE_CHECKING"
        for node in ast.walk(one)
    }
    modules = {name_of(one) for one in FILES}
    found = set()
    for node in ast.walk(TREES[path]):
        if (
            isinstance(node, ast.ImportFrom)
            and node not in typing
            and (node.module or "").startswith("bcelldepl.")
        ):
            whole = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= (whole & modules) or {str(node.module)}
    return found


def test_no_module_imports_itself_by_way_of_others() -> None:
    imported = {name_of(path): modules_imported(path) for path in FILES}
    done: set[str] = set()
    while True:
        free = {name for name in imported if name not in done and imported[name] - {name} <= done}
        if not free:
            break
        done |= free
    assert sorted(set(imported) - done) == []


def test_one_class_name_means_one_thing() -> None:
    places: dict[str, list[str]] = defaultdict(list)
    for path in FILES:
        for node in TREES[path].body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places[node.name].append(path.relative_to(PACKAGE).as_posix())
    assert {name: found for name, found in places.items() if len(found) > 1} == {}


# Names of one letter are words of other things too, and so are these.
WORDS = {"cells", "singlets"}
NAMES = {*ResultCode, *endpoint_definitions(), *(name for name in POPULATIONS if len(name) > 1)} - WORDS
# Strategies name populations themselves, simulations have a truth of their own.
OWN_NAMES = {"definitions", "gating", "simulation"}


def test_names_of_the_field_are_written_in_one_place() -> None:
    """But in the types of settings, which must be spelt out."""
    found = []
    for path in MODULES:
        if room_of(path) in OWN_NAMES or path.name == "config.py":
            continue
        texts = [
            node for node in ast.walk(TREES[path]) if isinstance(node, ast.Constant) and node.value in NAMES
        ]
        found += [f"{path.relative_to(PACKAGE).as_posix()}:{node.lineno} {node.value!r}" for node in texts]
    assert found == []
