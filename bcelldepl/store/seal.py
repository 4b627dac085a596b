"""What the last command left behind, beside the store: so that a store or a record that is not it any more is known."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bcelldepl.definitions.files import SEAL
from bcelldepl.store.files import sha256_of, write_bytes

__all__ = ["Seal", "changed_files", "read_seal", "write_seal"]


@dataclass(frozen=True)
class Seal:
    """State of a store when it was closed.

    Attributes
    ----------
    entries : int
        Of the audit record.
    head : str
        SHA-256 of the last of them.
    files : dict of str to str
        SHA-256 of ``study.db``, ``audit.jsonl`` and, after a run, ``run.json``.
    """

    entries: int
    head: str
    files: Mapping[str, str]


def write_seal(folder: Path, seal: Seal) -> None:
    """Write ``seal.json``.

    Parameters
    ----------
    folder : Path
        The results folder.
    seal : Seal
    """
    write_bytes(folder / SEAL, (json.dumps(vars(seal), indent=1) + "\n").encode())


def read_seal(folder: Path) -> Seal | None:
    """Read ``seal.json``; None where there is none that can be read.

    Parameters
    ----------
    folder : Path
        The results folder.

    Returns
    -------
    Seal or None
    """
    try:
        content = json.loads((folder / SEAL).read_text(encoding="utf-8"))
        files = {str(name): str(sha256) for name, sha256 in content["files"].items()}
        return Seal(int(content["entries"]), str(content["head"]), files)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def changed_files(folder: Path, seal: Seal | None) -> list[str]:
    """Say which sealed files are not any more what they were.

    Parameters
    ----------
    folder : Path
        The results folder.
    seal : Seal or None
        From `read_seal`.

    Returns
    -------
    list of str
        A sentence for each.
    """
    return [
        f"{name} was {'changed' if (folder / name).is_file() else 'removed'} since the last command closed it"
        for name, sha256 in (seal.files.items() if seal else ())
        if sha256_of(folder / name) != sha256
    ]
