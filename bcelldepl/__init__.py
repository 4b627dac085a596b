"""bcelldepl: B-cell depletion and CAR-T kinetics from flow-cytometry files, in cells per microlitre."""

from __future__ import annotations

from importlib import import_module

TYPE_CHECKING = False  # not of `typing`: the program listens for Ctrl-C as soon as this package is imported
if TYPE_CHECKING:  # what a type checker sees; at run time each comes when it is first used
    from bcelldepl import plots
    from bcelldepl.batch.endpoints import endpoints
    from bcelldepl.batch.run import run
    from bcelldepl.comparison.compare import compare
    from bcelldepl.exports.export import export
    from bcelldepl.fcs import Acquisition, read_fcs
    from bcelldepl.gating.stream import count_file, count_files
    from bcelldepl.qualification.check import Qualification
    from bcelldepl.qualification.selftest import selftest
    from bcelldepl.results import Results, open_results
    from bcelldepl.simulation.study import simulate
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
    "compare": "bcelldepl.comparison.compare",
    "count_file": "bcelldepl.gating.stream",
    "count_files": "bcelldepl.gating.stream",
    "endpoints": "bcelldepl.batch.endpoints",
    "export": "bcelldepl.exports.export",
    "load_study": "bcelldepl.study",
    "open_results": "bcelldepl.results",
    "plots": "bcelldepl",
    "read_fcs": "bcelldepl.fcs",
    "run": "bcelldepl.batch",
    "selftest": "bcelldepl.qualification",
    "simulate": "bcelldepl.simulation.study",
    "verify": "bcelldepl.verification",
}

__all__ = [
    "Acquisition",
    "Qualification",
    "Results",
    "Study",
    "Verification",
    "__version__",
    "compare",
    "count_file",
    "count_files",
    "endpoints",
    "export",
    "load_study",
    "open_results",
    "plots",
    "read_fcs",
    "run",
    "selftest",
    "simulate",
    "verify",
]


def __getattr__(name: str) -> object:
    if name in _PUBLIC:
        from bcelldepl.runtime.garbage_collector import without_collections

        with without_collections():
            module = import_module(f"{__name__}.{name}" if _PUBLIC[name] == __name__ else _PUBLIC[name])
        return module if _PUBLIC[name] == __name__ else getattr(module, name)
    msg = f"module 'bcelldepl' has no attribute {name!r}"
    raise AttributeError(msg)


def __dir__() -> list[str]:
    return list(__all__)
