"""The review: do signatures still stand under what was signed, and do the tables tell of every verdict?"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bcelldepl.definitions.files import RUN
from bcelldepl.results import Results
from bcelldepl.results.signed import signed_facts
from bcelldepl.store.reviews import TubeReview, read_reviews
from bcelldepl.verification.findings import CheckedPart, Part
from bcelldepl.verification.reference import Reference

__all__ = ["check_reviews"]


def check_reviews(folder: Path, reference: Reference, hashed: Mapping[str, str]) -> CheckedPart:
    """Check every verdict and signature of the audit record.

    Parameters
    ----------
    folder : Path
        The results folder.
    reference : Reference
    hashed : mapping of str to str
        SHA-256 of every input as it is now, by name.

    Returns
    -------
    CheckedPart
    """
    check = CheckedPart(Part.REVIEW)
    try:
        review = read_reviews(reference.entries)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        check.found("the audit record", f"contains a review that cannot be read: {error}")
        return check
    if review.content() != reference.said("review", []):
        check.found(RUN, "does not contain every verdict and signature: run the study again")
    digests = reference.said("tube_digests", {})
    results = Results(folder)
    for file, said in sorted(review.tubes.items()):
        check.checked += 1 + len(said.signatures)
        digest = str(digests.get(file, "")) if isinstance(digests, dict) else ""
        for one in said.broken(digest):
            check.found(file, f"{one.sentence}: no longer valid, something has changed since")
        for words in _differing(results, file, said, digest):
            check.found(file, words)
        if said.standing(digest) and file in hashed and hashed[file] != _input(said):
            check.found(file, "was signed, and is not the file that was signed")
    return check


def _input(said: TubeReview) -> str:
    return str(said.signatures[-1].signed.get("input", ""))


def _differing(results: Results, file: str, said: TubeReview, digest: str) -> list[str]:
    standing = said.standing(digest)
    if not standing:
        return []
    try:
        now: dict[str, Any] = signed_facts(results, file, said.judgement)
    except (OSError, ValueError, KeyError) as error:
        return [f"what was signed cannot be read: {error}"]
    return [
        f"{one.sentence}: was under other {name} than those there are"
        for one in standing
        for name, value in now.items()
        if one.signed.get(name) != value
    ]
