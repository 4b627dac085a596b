"""Facts that a data set leaves to its sibling.

Beckman Coulter's list-mode files hold the same events twice: 10 bits with every keyword (FCS 2.0), then 20
bits with hardly any (FCS 3.0). The richer events are wanted, with the instrument, the day and the stains of
the other.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from bcelldepl.fcs.numbers import integer

__all__ = ["with_facts_of_sibling"]

_SHARED: Final = re.compile(
    r"\$(CYT|CYTSN|DATE|BTIM|ETIM|OP|INST|SMNO|SRC|CELLS|EXP|PROJ|SYS|COM|FIL|VOL|DFC\d+TO\d+)"
)
_DETECTOR: Final = re.compile(r"(FS|SS|FL\s*\d+|AUX)\b", re.IGNORECASE)


def with_facts_of_sibling(
    keywords: Mapping[str, str], sibling: Mapping[str, str]
) -> tuple[dict[str, str], tuple[str, ...]]:
    """Fill the gaps of a data set from the first one of the file, where both hold the same number of events.

    Parameters
    ----------
    keywords, sibling : mapping of str to str
        Of the chosen data set and of the first.
    """
    filled = dict(keywords)
    total = integer(keywords, "$TOT")
    if total is None or total != integer(sibling, "$TOT") or keywords == sibling:
        return filled, ()
    for key, value in sibling.items():
        if _SHARED.fullmatch(key) and value and not filled.get(key):
            filled[key] = value
    labels = _labels(sibling)
    for n in range(1, (integer(keywords, "$PAR") or 0) + 1):
        detector = _detector(keywords.get(f"$P{n}N", ""))
        if not keywords.get(f"$P{n}S") and detector in labels:
            filled[f"$P{n}S"] = labels[detector]
    taken = [key for key in filled if key not in keywords and not key.startswith("$DFC")]
    if len(filled) > len(keywords):
        named = ", ".join(taken[:6]) + (" and more" if len(taken) > 6 else "")
        return filled, (f"from data set 0, which has as many events: {named or '$DFC'}",)
    return filled, ()


def _labels(keywords: Mapping[str, str]) -> dict[str, str]:
    """Stain by detector, where the label says more than the name."""
    labels: dict[str, str] = {}
    for n in range(1, (integer(keywords, "$PAR") or 0) + 1):
        name, label = keywords.get(f"$P{n}N", ""), keywords.get(f"$P{n}S", "")
        detector = _detector(name)
        if detector and label and label != name:
            labels.setdefault(detector, label)
    return labels


def _detector(name: str) -> str:
    match = _DETECTOR.match(name)
    return re.sub(r"\s", "", match[1].upper()) if match else ""
