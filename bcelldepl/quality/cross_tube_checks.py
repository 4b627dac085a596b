"""Checks of the tubes of a study beside each other: mistakes that no count of one tube shows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, Protocol

from bcelldepl.quality.checks import CHECKS, Outcome
from bcelldepl.study import Tube

__all__ = ["OpenedTube", "check_across_tubes"]

OTHERS: Final = 2  # tubes that must agree before one is called odd


class OpenedTube(Protocol):
    """What is known of a tube once its file was opened."""

    @property
    def file(self) -> str:
        """As in the sheet."""

    @property
    def sha256(self) -> str:
        """Of the file; empty where it could not be read."""

    @property
    def failure(self) -> str:
        """Why it could not be opened; empty where it could."""

    @property
    def batch(self) -> str:
        """As in the sheet, else the date of acquisition; empty where neither is known."""

    @property
    def cytometer(self) -> str:
        """As the file names it."""

    @property
    def panel(self) -> Mapping[str, str]:
        """Marker to detector; empty where the file could not be read."""


def check_across_tubes(tubes: Sequence[Tube], opened: Sequence[OpenedTube]) -> dict[str, list[Outcome]]:
    """Compare each tube with those that should be different files, and those that should be labelled alike.

    Parameters
    ----------
    tubes : sequence of Tube
    opened : sequence of OpenedTube
        The same tubes, opened.

    Returns
    -------
    dict of str to list of Outcome
        By file, the checks that failed: ``copied_file``, ``exchanged_label``.
    """
    files: dict[str, list[str]] = defaultdict(list)
    alike: dict[tuple[str, str], list[OpenedTube]] = defaultdict(list)
    for tube, one in zip(tubes, opened, strict=True):
        if one.sha256:
            files[one.sha256].append(one.file)
        if one.panel:
            alike[tube.subject, one.cytometer].append(one)
    failed: dict[str, list[Outcome]] = defaultdict(list)
    for names in files.values():
        for name in names:
            twin = next((other for other in names if other != name), "")
            if twin:
                failed[name].append(CHECKS["copied_file"].judge(len(names), passed=False, twin=twin))
    for group in alike.values():
        for one in group:
            failed[one.file] += _exchanged_labels(
                one.panel, [other.panel for other in group if other is not one]
            )
    return failed


def _exchanged_labels(panel: Mapping[str, str], others: Sequence[Mapping[str, str]]) -> Iterator[Outcome]:
    """Markers on a detector that carries another marker in every other tube of the subject."""
    if len(others) < OTHERS:
        return
    for marker, detector in panel.items():
        here = [{name for name, place in other.items() if place == detector} for other in others]
        if all(names and marker not in names for names in here) and all(marker in other for other in others):
            usual = " or ".join(sorted(set.union(*here)))
            yield CHECKS["exchanged_label"].judge(
                len(others), passed=False, marker=marker, detector=detector, usual=usual
            )
