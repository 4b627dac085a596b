"""What is odd about a tube beside the others of its study: mistakes that no count of its own shows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from bcelldepl.batch.outcome import FittedTube
from bcelldepl.study import Tube

__all__ = ["find_oddities"]

OTHERS = 2  # tubes that must agree before one is called odd


def find_oddities(tubes: Sequence[Tube], fitted: Sequence[FittedTube]) -> dict[str, list[str]]:
    """Compare each tube with those that should be different files, and those that should be labelled alike.

    Parameters
    ----------
    tubes : sequence of Tube
    fitted : sequence of FittedTube
        What the first pass brought back of each.

    Returns
    -------
    dict of str to list of str
        By file, a sentence for each oddity.
    """
    files: dict[str, list[str]] = defaultdict(list)
    alike: dict[tuple[str, str], list[FittedTube]] = defaultdict(list)
    for tube, one in zip(tubes, fitted, strict=True):
        if one.sha256:
            files[one.sha256].append(one.file)
        if one.panel:
            alike[tube.subject, one.cytometer].append(one)
    found: dict[str, list[str]] = defaultdict(list)
    for names in files.values():
        for name in names:
            twin = next((other for other in names if other != name), "")
            if twin:
                found[name].append(f"the same bytes as {twin}: one of the two is a copy")
    for group in alike.values():
        for one in group:
            found[one.file] += _relabelled(one.panel, [other.panel for other in group if other is not one])
    return found


def _relabelled(panel: Mapping[str, str], others: Sequence[Mapping[str, str]]) -> list[str]:
    """Markers on a detector that carries another marker in every other tube of the subject: a label may be wrong."""
    if len(others) < OTHERS:
        return []
    found = []
    for marker, detector in panel.items():
        here = [{name for name, place in other.items() if place == detector} for other in others]
        if all(names and marker not in names for names in here) and all(marker in other for other in others):
            usual = sorted(set.union(*here))
            words = f"{marker} is read from {detector}, which is {' or '.join(usual)} in all other tubes of the subject"
            found.append(f"{words}: a label may be wrong")
    return found
