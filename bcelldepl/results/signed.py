"""What a signature under a tube is about: digests of its file, its gates, its numbers, and the verdict."""

from __future__ import annotations

import hashlib

from bcelldepl.definitions.files import GATES
from bcelldepl.results.folder import Results, tube_stem
from bcelldepl.spreadsheet import csv_text
from bcelldepl.store.files import sha256_of
from bcelldepl.store.reviews import Judgement

__all__ = ["signed_facts"]


def signed_facts(results: Results, file: str, judged: Judgement | None) -> dict[str, str]:
    """Digests of what a signature is under.

    Parameters
    ----------
    results : Results
    file : str
        As in the sample sheet.
    judged : Judgement or None
        The verdict that is signed.

    Returns
    -------
    dict of str to str
        SHA-256 of the file as it was counted, of the file of its gates, and of its rows of ``counts.csv`` without the
        column that tells of the review; the verdict in words.
    """
    tubes, counts = results.tubes, results.counts
    own = tubes.loc[tubes["file"] == file, "sha256"]
    rows = counts[counts["file"] == file].drop(columns=["review"])
    return {
        "input": str(own.iloc[0]) if len(own) else "",
        "gates": sha256_of(results.folder / GATES / f"{tube_stem(file)}.json"),
        "numbers": hashlib.sha256(csv_text(rows).encode()).hexdigest(),
        "verdict": judged.sentence if judged else "",
    }
