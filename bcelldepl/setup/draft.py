"""A study as its files show it: panel, strategy, way of counting, compensation, and what is left to a person."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from bcelldepl.fcs import Acquisition, Channel
from bcelldepl.gating.panel_fit import FoundMarker, StrategyFit, best_fit, find_markers, fit_strategies
from bcelldepl.setup.fcs_folder import FolderFile
from bcelldepl.setup.guesses import GuessedRow
from bcelldepl.setup.name_parts import ISOTYPE
from bcelldepl.study import Role

__all__ = ["StudyDraft", "draft_study"]

_NEEDED: Final = ("subject", "visit", "day")
_VOLUME_COLUMNS: Final = ("dilution",)
_COUNT_COLUMNS: Final = ("bead_count", "blood_volume_ul", "wbc_per_ul", "lymphocytes_per_ul")


@dataclass(frozen=True)
class StudyDraft:
    """What is known of a study, and what is not.

    Attributes
    ----------
    rows : tuple of GuessedRow
    markers : tuple of FoundMarker
        Of the panel that most samples have.
    channels : tuple of Channel
        Its channels.
    fits : tuple of StrategyFit
        Every shipped strategy beside it.
    strategy : StrategyFit or None
        The one that fits best.
    by_volume : bool
        Whether every sample has an acquired volume.
    without_matrix : tuple of str
        Files without a spillover matrix.
    other_panels : tuple of str
        Files whose channels or labels are others.
    unreadable : tuple of FolderFile
    """

    rows: tuple[GuessedRow, ...]
    markers: tuple[FoundMarker, ...] = ()
    channels: tuple[Channel, ...] = ()
    fits: tuple[StrategyFit, ...] = ()
    strategy: StrategyFit | None = None
    by_volume: bool = False
    without_matrix: tuple[str, ...] = ()
    other_panels: tuple[str, ...] = ()
    unreadable: tuple[FolderFile, ...] = ()

    @cached_property
    def questions(self) -> tuple[str, ...]:
        """What a person must decide, in the order of the two files."""
        return tuple(_questions(self))

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of the sheet; those of counting as far as the files leave them open."""
        counting = _VOLUME_COLUMNS if self.by_volume else _COUNT_COLUMNS
        return (
            "file", "subject", "visit", "day", "role", "dose_group", "collected", "infused", *counting, "comment",
            "guessed",
        )  # fmt: skip

    @property
    def doubtful_markers(self) -> tuple[FoundMarker, ...]:
        """Markers that more than one channel could carry."""
        return tuple(one for one in self.markers if not one.is_sure)


def draft_study(files: Sequence[FolderFile], rows: Sequence[GuessedRow]) -> StudyDraft:
    """Find out what the files show of the study.

    Parameters
    ----------
    files : sequence of FolderFile
    rows : sequence of GuessedRow
        Of the same files.

    Returns
    -------
    StudyDraft
    """
    roles = {row.file: row.cells["role"] for row in rows}
    read = [(one.file, one.acquisition) for one in files if one.acquisition is not None]
    samples = [pair for pair in read if roles[pair[0]] == Role.SAMPLE] or read
    refused = tuple(one for one in files if one.acquisition is None)
    if not read:
        return StudyDraft(tuple(rows), unreadable=refused)
    names = Counter(_names(acquisition) for _, acquisition in samples).most_common(1)[0][0]
    channels = next(acquisition.channels for _, acquisition in samples if _names(acquisition) == names)
    markers = find_markers(channels)
    # A marker that two channels could carry is asked for; which of them it is changes no strategy.
    settled = {one.marker: one.channels[0].name for one in markers if not one.is_sure}
    fits = fit_strategies(channels, settled)
    return StudyDraft(
        tuple(rows),
        markers,
        channels,
        fits,
        best_fit(fits),
        by_volume=all(acquisition.volume.microlitres for _, acquisition in samples),
        without_matrix=tuple(file for file, acquisition in read if acquisition.spillover is None),
        other_panels=tuple(file for file, acquisition in read if _names(acquisition) != names),
        unreadable=refused,
    )


def _names(acquisition: Acquisition) -> tuple[tuple[str, str], ...]:
    """Detectors and labels: what makes a panel."""
    return tuple((one.name, one.label) for one in acquisition.channels)


def _questions(draft: StudyDraft) -> Iterator[str]:
    rows = draft.rows
    if draft.unreadable:
        yield f"{_files([one.file for one in draft.unreadable])} cannot be read: copy them again, or delete their rows"
    if draft.strategy is None:
        yield "[study] strategy: no strategy fits the labels of the files; choose one"
        yield "[panel]: name the detector of each marker; the labels do not"
    elif draft.doubtful_markers:
        names = ", ".join(one.marker for one in draft.doubtful_markers)
        yield f"[panel]: more than one channel could be {names}; name the detector"
    if draft.other_panels:
        yield f"{_files(draft.other_panels)}: channels or labels differ from those of most samples; please confirm"
    if draft.without_matrix:
        yield (
            f"[compensation]: no spillover matrix in {_files(draft.without_matrix)}; give one, or state that none is "
            "needed"
        )
    yield from _missing_cells(rows)
    unnamed = [row.file for row in rows if row.cells["role"] in (Role.FMO, Role.SINGLE)]
    if unnamed:
        yield f"column role: add the marker for {_files(unnamed)}, such as fmo:CAR"
    isotypes = [row.file for row in rows if row.cells["role"] == ISOTYPE]
    if isotypes:
        yield f"column role: isotype controls by name, which no gate uses: delete the rows of {_files(isotypes)}"
    if draft.by_volume:
        yield (
            "column dilution: volume of the suspension divided by the volume of blood in it, for every sample; 1 where "
            "nothing was added"
        )
    else:
        yield (
            "columns bead_count and blood_volume_ul, or wbc_per_ul or lymphocytes_per_ul: fill in those that you count "
            'by; or, for percentages without cells/uL, set method = "percent" under [counting]'
        )
    yield "column guessed: compare each row with your records, correct it, and empty the cell once the row is right"


def _missing_cells(rows: Sequence[GuessedRow]) -> Iterator[str]:
    """Needed cells that are empty, those of the same files together."""
    columns: dict[tuple[str, ...], list[str]] = {}
    for column in _NEEDED:
        files = tuple(row.file for row in rows if not row.cells.get(column))
        if files:
            columns.setdefault(files, []).append(column)
    for files, names in columns.items():
        yield f"column{'s' * (len(names) > 1)} {', '.join(names)}: not found for {_files(files)}"


def _files(files: Sequence[str]) -> str:
    if len(files) <= 2:
        return " and ".join(files)
    return f"{len(files)} files ({files[0]}, ...)"
