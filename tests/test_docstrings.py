"""Every public function says what it takes, by the names of its signature, and what it gives."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "bcelldepl"
# Rooms that are not done yet come off this list; the options of commands tell themselves.
OPEN = {"fcs", "gating", "kernels", "cli"}
SECTION = re.compile(r"^(\w+)\n-{3,}\n((?:.+\n?|\n(?!\w+\n-{3}))*)", re.MULTILINE)


def public_functions() -> list[tuple[str, ast.FunctionDef]]:
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        where = path.relative_to(PACKAGE)
        tree = ast.parse(path.read_text(encoding="utf-8"))
        public: set[str] = set()
        for node in tree.body:
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
                public = set(ast.literal_eval(node.value))
        if where.parts[0] not in OPEN:
            functions = [
                node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name in public
            ]
            found += [(f"{where.as_posix()}:{function.name}", function) for function in functions]
    return found


FUNCTIONS = public_functions()


@pytest.mark.parametrize("function", [one for _, one in FUNCTIONS], ids=[name for name, _ in FUNCTIONS])
def test_a_public_function_tells_its_parameters_and_what_it_returns(function: ast.FunctionDef) -> None:
    sections = dict(SECTION.findall(f"{ast.get_docstring(function)}\n"))
    taken = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
    told = re.findall(r"^(\*{0,2}\w[\w, *]*?)(?: : .*)?$", sections.get("Parameters", ""), re.MULTILINE)
    names = [name.strip().lstrip("*") for line in told for name in line.split(",")]
    assert [one.arg for one in taken if one.arg not in names] == []
    returns = "" if function.returns is None else ast.unparse(function.returns)
    if returns not in ("", "None", "Iterator[None]"):
        assert sections.keys() & {"Returns", "Yields"}
