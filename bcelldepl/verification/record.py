"""The audit record and ``run.json``: is each what was written, and do they say the same?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bcelldepl.definitions.files import AUDIT, RUN, SEAL
from bcelldepl.store.audit import chain_problems
from bcelldepl.store.files import sha256_of
from bcelldepl.store.seal import read_seal
from bcelldepl.verification.findings import CheckedPart, Part
from bcelldepl.verification.reference import Reference

__all__ = ["check_record"]


def check_record(folder: Path, reference: Reference) -> CheckedPart:
    """Check the chain of entries, its exported copy, the seal, and ``run.json`` against all of them.

    Parameters
    ----------
    folder : Path
        The results folder.
    reference : Reference

    Returns
    -------
    CheckedPart
    """
    check = CheckedPart(Part.RECORD, checked=len(reference.entries))
    seal = read_seal(folder)
    if seal is None:
        check.found(
            SEAL, "is missing or cannot be read: whether the end of the record was cut off cannot be checked"
        )
    head = (seal.entries, seal.head) if seal else None
    for name in (AUDIT, RUN):
        if seal is not None and seal.files.get(name) != sha256_of(folder / name):
            check.found(name, f"its bytes are not those that the last command left, or {SEAL} was edited")
    for number, words in chain_problems(reference.entries, head):
        check.found(f"entry {number}", words)
    for number, entry in enumerate(reference.entries, start=1):
        content = entry.content
        if content.get("action") == "discrepancy":
            for words in content.get("what", {}).get("problems", []):
                check.found(f"entry {number}", f"records that on {content.get('when')} {words}")
    _check_copy(check, reference)
    _check_run(check, reference)
    return check


def _check_copy(check: CheckedPart, reference: Reference) -> None:
    lines, entries = reference.lines, reference.entries
    if lines is None:
        check.found(AUDIT, "is missing or cannot be read")
        return
    for number, (line, entry) in enumerate(zip(lines, entries, strict=False), start=1):
        if line != entry:
            check.found(
                f"{AUDIT}, entry {number}",
                "is not what study.db contains: one of the two was edited or damaged",
            )
    if len(lines) != len(entries):
        check.found(AUDIT, f"has {len(lines)} entries, study.db has {len(entries)}")


def _check_run(check: CheckedPart, reference: Reference) -> None:
    check.checked += 1
    run, finished = reference.run, reference.finished
    if not run:
        check.found(RUN, "is missing or cannot be read; the audit record is used instead")
        return
    if not finished:
        check.found(AUDIT, "records no finished run")
        return
    for kind in ("inputs", "outputs", "settings", "versions"):
        for name in differences(finished.get(kind), run.get(kind)):
            check.found(RUN, f"{kind}: {name} is not what the audit record says of this run")
    place = run.get("audit", {})
    number, sha256 = place.get("entry"), place.get("sha256")
    known = [entry.sha256 for entry in reference.entries]
    if not isinstance(number, int) or not 0 < number <= len(known) or known[number - 1] != sha256:
        check.found(f"entry {number}", "is not the one that run.json names as the end of its run")
    elif reference.entries[number - 1].content.get("number") != finished.get("number"):
        check.found(RUN, "is not of the last run in the audit record")


def differences(recorded: Any, found: Any, name: str = "") -> list[str]:
    """Name what differs between two pieces of plain data, by dotted names."""
    if isinstance(recorded, dict) and isinstance(found, dict):
        return [
            place
            for key in [*recorded, *(key for key in found if key not in recorded)]
            for place in differences(recorded.get(key), found.get(key), f"{name}.{key}" if name else str(key))
        ]
    return [] if recorded == found else [name or "all of it"]
