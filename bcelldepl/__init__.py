"""bcelldepl: B-cell depletion and CAR-T kinetics from flow-cytometry files, in cells per microlitre."""

from __future__ import annotations

from importlib import import_module

TYPE_CHECKING = False  # not of `typing`: the program listens for Ctrl-C as soon as this package is imported
if TYPE_CHECKING:  # what a type checker sees; at run time each comes when it is first used
    from bcelldepl.batch.endpoints import endpoints
    from bcelldepl.batch.run import run
    from bcelldepl.fcs import Acquisition, read_fcs
    from bcelldepl.gating.stream import count_file, count_files
    from bcelldepl.qualification.check import Qualification
    from bcelldepl.qualification.selftest import selftest
    from bcelldepl.results import Results, open_results
    from bcelldepl.study import Study, load_study
    from bcelldepl.verification.findings import Verification
    from bcelldepl.verification.verify import verify

__version__ = "0.1.0"

# Public names and where they live; imported when first used, so that `import bcelldepl` stays fast.
_PUBLIC = {
    "Acquisition": "bcelldepl.fcs",
    "Qualification": "bcelldepl.qualification",
    "Results": "bcelldepl.results",
    "Study": "bcelldepl.study",
    "Verification": "bcelldepl.verification",
    "count_file": "bcelldepl.gating.stream",
    "count_files": "bcelldepl.gating.stream",
    "endpoints": "bcelldepl.batch.endpoints",
    "load_study": "bcelldepl.study",
    "open_results": "bcelldepl.results",
    "read_fcs": "bcelldepl.fcs",
    "run": "bcelldepl.batch",
    "selftest": "bcelldepl.qualification",
    "verify": "bcelldepl.verification",
}

__all__ = [
    "Acquisition",
    "Qualification",
    "Results",
    "Study",
    "Verification",
    "__version__",
    "count_file",
    "count_files",
    "endpoints",
    "load_study",
    "open_results",
    "read_fcs",
    "run",
    "selftest",
    "verify",
]


def __getattr__(name: str) -> object:
    if name in _PUBLIC:
        from bcelldepl.runtime.garbage_collector import without_collections

        with without_collections():
            return getattr(import_module(_PUBLIC[name]), name)
    msg = f"module 'bcelldepl' has no attribute {name!r}"
    raise AttributeError(msg)


def __dir__() -> list[str]:
    return list(__all__)
