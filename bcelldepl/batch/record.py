"""The record of a run: what went in, what came out, with which versions and settings."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Collection, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import bcelldepl
from bcelldepl.gating.strategy import Strategy
from bcelldepl.study import Study

__all__ = ["digest", "is_current", "remove_stale", "sha256_of", "versions"]

_LIBRARIES = ("numpy", "numba", "scipy", "pandas", "pyarrow", "matplotlib")


def versions() -> dict[str, str]:
    """Versions of everything that can move a number."""
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


def sha256_of(path: Path) -> str:
    """SHA-256 of a file; empty where it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""


def digest(study: Study, strategy: Strategy, inputs: Mapping[str, str]) -> str:
    """One digest of all that the results depend on: inputs, settings, strategy and versions."""
    tubes = [tube.model_dump(mode="json", exclude={"path"}) for tube in study.tubes]
    content = {
        "settings": study.settings(),
        "tubes": tubes,
        "overrides": [override.model_dump(mode="json") for override in study.overrides],
        "strategy": strategy.sha256,
        "inputs": dict(inputs),
        "versions": versions(),
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def remove_stale(folder: Path, outputs: Collection[str]) -> None:
    """Remove what an earlier run wrote here and this one did not: a failed tube must not show its former gates."""
    try:
        former = json.loads((folder / "run.json").read_text(encoding="utf-8"))["outputs"]
        names = [str(name) for name in former]
    except (OSError, ValueError, KeyError, TypeError):
        return
    for name in names:
        path = (folder / name).resolve()
        if name not in outputs and path.is_relative_to(folder.resolve()):
            path.unlink(missing_ok=True)


def is_current(folder: Path, wanted: str) -> bool:
    """Tell whether a results folder holds, unchanged, what this digest would give."""
    try:
        record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        outputs: dict[str, str] = record["outputs"]
        return bool(record["digest"] == wanted) and all(
            sha256_of(folder / name) == sha for name, sha in outputs.items()
        )
    except (OSError, ValueError, KeyError, TypeError):
        return False
