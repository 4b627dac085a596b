"""bcelldepl: B-cell depletion and CAR-T kinetics from flow-cytometry files, in cells per microlitre."""

from __future__ import annotations

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

# Public names and where they live; imported when first used, so that `import bcelldepl` stays fast.
_PUBLIC = {
    "read_fcs": "bcelldepl.fcs",
    "load_study": "bcelldepl.study",
    "run": "bcelldepl.batch",
    "count_file": "bcelldepl.gating.stream",
    "count_files": "bcelldepl.gating.stream",
    "selftest": "bcelldepl.qualification",
    "verify": "bcelldepl.verification",
}

__all__ = [
    "__version__",
    "count_file",
    "count_files",
    "load_study",
    "read_fcs",
    "run",
    "selftest",
    "verify",
]


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        from bcelldepl.runtime.garbage_collector import without_collections

        with without_collections():
            return getattr(import_module(_PUBLIC[name]), name)
    msg = f"module 'bcelldepl' has no attribute {name!r}"
    raise AttributeError(msg)


def __dir__() -> list[str]:
    return list(__all__)
