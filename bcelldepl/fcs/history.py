"""What a file says of its past: events lost while it was measured, programs that wrote it again."""

from __future__ import annotations

from collections.abc import Mapping

from bcelldepl.fcs.numbers import integer

__all__ = ["history_notes"]


def history_notes(keywords: Mapping[str, str], n_events: int, has_volume: bool) -> tuple[str, ...]:
    """Warnings for counting.

    Parameters
    ----------
    keywords : mapping of str to str
    n_events : int
    has_volume : bool
        Whether a volume was found: it may be that of a larger file.
    """
    notes = []
    for key, meaning in (("$LOST", "lost, the computer being busy"), ("$ABRT", "aborted as coincident")):
        missed = integer(keywords, key) or 0
        if missed > 0:
            share = 100 * missed / (missed + n_events)
            notes.append(f"{key}: {missed} events ({share:.2g} %) were {meaning}; counts are too low by them")
    program = _rewritten_by(keywords)
    if program and has_volume:
        notes.append(f"the file was written again by {program}: $VOL is that of the file before")
    return tuple(notes)


def _rewritten_by(keywords: Mapping[str, str]) -> str:
    if "$CYTOLIB_VERSION" in keywords:
        return f"cytolib {keywords['$CYTOLIB_VERSION']}"
    if any(key.startswith("FLOWCORE_") for key in keywords):
        return "flowCore"
    originality = keywords.get("$ORIGINALITY", "")
    if originality.lower() in ("appended", "datamodified"):
        return f"a program ($ORIGINALITY is {originality})"
    return ""
