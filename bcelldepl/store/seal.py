"""What the last command left behind, beside the store: so that a store or a record that is not it any more is known."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from bcelldepl.store.files import write_bytes

__all__ = ["SEAL", "Seal", "read_seal", "write_seal"]

SEAL = "seal.json"


@dataclass(frozen=True)
class Seal:
    """State of a store when it was closed.

    Attributes
    ----------
    entries : int
        Of the audit record.
    head : str
        SHA-256 of the last of them.
    store_sha256 : str
        Of ``study.db``.
    """

    entries: int
    head: str
    store_sha256: str


def write_seal(folder: Path, seal: Seal) -> None:
    """Write ``seal.json``."""
    write_bytes(folder / SEAL, (json.dumps(vars(seal), indent=1) + "\n").encode())


def read_seal(folder: Path) -> Seal | None:
    """Read ``seal.json``; None where there is none that can be read."""
    try:
        content = json.loads((folder / SEAL).read_text(encoding="utf-8"))
        return Seal(int(content["entries"]), str(content["head"]), str(content["store_sha256"]))
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
