"""What a file says of its past: events lost while it was measured, programs that wrote it again."""

from __future__ import annotations

from collections.abc import Mapping

from bcelldepl.fcs.numbers import integer

__all__ = ["loss_notes", "rewritten_by"]


def loss_notes(keywords: Mapping[str, str], n_events: int, is_part: bool) -> tuple[str, ...]:
    """Warnings of events that the instrument did not keep.

    Parameters
    ----------
    keywords : mapping of str to str
    n_events : int
    is_part : bool
        Whether the file holds, or may hold, a part of the run that ``$LOST`` and ``$ABRT`` count.
    """
    notes = []
    for key, meaning in (("$LOST", "lost because the computer was busy"), ("$ABRT", "aborted as coincident")):
        missed = integer(keywords, key) or 0
        if missed <= 0:
            continue
        if is_part:
            told = (
                "were {} in the whole run; the file may contain only part of it, so their share is not known"
            )
        else:
            share = 100 * missed / (missed + n_events)
            told = f"({share:.2g} %) were {{}}; counts are too low by as many"
        notes.append(f"{key}: {missed} events {told.format(meaning)}")
    return tuple(notes)


def rewritten_by(keywords: Mapping[str, str]) -> str:
    """The program that wrote the file after the cytometer's own; empty where none is known of.

    A gate exported by FlowJo, a file cleaned in R and a whole file look alike: they keep the keywords they had.
    """
    if "FJ_FCS_VERSION" in keywords:
        return "FlowJo"
    if "cytobank" in keywords.get("$COM", "").lower():
        return "Cytobank"
    if "$CYTOLIB_VERSION" in keywords:
        return f"cytolib {keywords['$CYTOLIB_VERSION']}"
    if any(key.startswith("FLOWCORE_") for key in keywords):
        return "flowCore"
    originality = keywords.get("$ORIGINALITY", "")
    if originality.lower() in ("appended", "datamodified"):
        return f"a program ($ORIGINALITY is {originality})"
    return ""
