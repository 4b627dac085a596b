"""Versions of everything that can move a number."""

from __future__ import annotations

import hashlib
import platform
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import bcelldepl

__all__ = ["versions"]

# Whatever a number or a picture of a results folder is made with.
_LIBRARIES = (
    "numpy", "numba", "llvmlite", "scipy", "contourpy", "pandas", "pyarrow", "pydantic", "openpyxl",
    "matplotlib", "pillow",
)  # fmt: skip


@cache
def versions() -> dict[str, str]:
    """Versions of the program, of Python and of the libraries that compute.

    Returns
    -------
    dict of str to str
    """
    found = {"bcelldepl": bcelldepl.__version__, "source": _source(), "python": platform.python_version()}
    for name in _LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:  # pragma: no cover - all are dependencies
            found[name] = ""
    return found


def _source() -> str:
    """Digest of the program's own files: an edited program is another program, whatever its version says."""
    total = hashlib.sha256()
    folder = Path(bcelldepl.__file__).parent
    for path in sorted(p for p in folder.rglob("*") if p.suffix in (".py", ".html", ".css", ".js")):
        total.update(path.relative_to(folder).as_posix().encode() + path.read_bytes())
    return total.hexdigest()[:16]
