"""From a path through HEADER, TEXT and the place of DATA to an `Acquisition`, or to as much as counting needs."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bcelldepl.arguments import as_path
from bcelldepl.errors import ArgumentError, FcsError
from bcelldepl.fcs.acquisition import Acquisition, Recording
from bcelldepl.fcs.channels import read_channels
from bcelldepl.fcs.clock import acquisition_date, clock_seconds
from bcelldepl.fcs.dataset_merge import with_facts_of_sibling
from bcelldepl.fcs.datasets import Dataset, read_datasets
from bcelldepl.fcs.errors import NoSuchDatasetError, UnreadableFileError, UnsupportedDataError
from bcelldepl.fcs.history import loss_notes, rewritten_by
from bcelldepl.fcs.layout import row_layouts
from bcelldepl.fcs.locate import Place, Source, locate_data
from bcelldepl.fcs.numbers import real
from bcelldepl.fcs.off_scale import settle_upper_bits
from bcelldepl.fcs.plausible import plausibility_notes
from bcelldepl.fcs.spillover import read_spillover
from bcelldepl.fcs.timeline import read_timeline
from bcelldepl.fcs.transfer import refuse_text_transfer
from bcelldepl.fcs.volume import read_volume
from bcelldepl.input_limits import check_plain_file
from bcelldepl.near_names import near_file

__all__ = ["open_recording", "read_fcs"]

_MOST_TOLD: Final = 4  # data sets in one warning


@dataclass(frozen=True)
class _Located:
    index: int
    dataset: Dataset
    place: Place

    @property
    def richness(self) -> int:
        """Bits of measurement: the same events in 20 bits count more than in 10."""
        bits = sum(
            word.width * 8 if word.mask is None else word.mask.bit_length() for word in self.place.row.words
        )
        return self.place.n_events * bits


def read_fcs(
    path: str | os.PathLike[str],
    *,
    dataset: int | None = None,
    volume_unit: str = "auto",
    offsets: Source = "auto",
) -> Acquisition:
    """Open an FCS file: every fact of it, no events yet.

    Parameters
    ----------
    path : str or Path
    dataset : int, optional
        Which data set of the file, counted from 0; default the largest.
    volume_unit : {"auto", "nl", "ul"}
        Unit of ``$VOL``; "auto" decides by instrument and flow rate.
    offsets : {"auto", "header", "text"}
        Whose offsets of DATA to believe; "auto" takes those that fit the file and ``$TOT``.

    Returns
    -------
    Acquisition

    Raises
    ------
    FcsError
        The file cannot be read, or cannot be read safely; the kinds are in `bcelldepl.fcs.errors`.
    ArgumentError
        `path` is not a path, or `volume_unit` or `offsets` is none of the words above.

    Examples
    --------
    >>> acquisition = read_fcs("tube.fcs")  # doctest: +SKIP
    >>> acquisition.columns(["CD19-A", "CD3-A"]).shape  # doctest: +SKIP
    (2, 250000)
    """
    if volume_unit not in ("auto", "nl", "ul"):
        raise ArgumentError(f"{volume_unit!r} is not a unit", "volume_unit", "give auto, nl or ul")
    if offsets not in ("auto", "header", "text"):
        raise ArgumentError(f"{offsets!r} is not a source of offsets", "offsets", "give auto, header or text")
    return _with_facts(_find(as_path(path, "path", "the path of an FCS file"), dataset, offsets), volume_unit)


def open_recording(path: str | Path) -> Recording:
    """Open an FCS file as far as counting needs it; raises as `read_fcs`, and reads the same data set."""
    return _find(as_path(path, "path", "the path of an FCS file"), None, "auto").recording


@dataclass(frozen=True)
class _Found:
    recording: Recording
    located: _Located
    keywords: dict[str, str]
    n_datasets: int
    warnings: tuple[str, ...]  # before those of its own segments
    channel_warnings: tuple[str, ...]
    facts: tuple[str, ...]


def _find(path: Path, dataset: int | None, offsets: Source) -> _Found:
    try:
        check_plain_file(path)
        with path.open("rb") as file:
            file_bytes = os.fstat(file.fileno()).st_size
            datasets, warnings = read_datasets(file, file_bytes, str(path))
    except OSError as error:
        raise UnreadableFileError(
            f"{error.strerror or error}",
            str(path),
            near_file(path) or "check the name and the read permission",
        ) from error
    chosen, notes = _choose(datasets, dataset, file_bytes, str(path), offsets)
    keywords, sibling_notes = with_facts_of_sibling(chosen.dataset.text.keywords, datasets[0].text.keywords)
    channels, channel_notes = read_channels(keywords, chosen.place.row.words)
    spillover, spillover_notes, spillover_facts = read_spillover(keywords, channels)
    refuse_text_transfer(path, chosen.place)
    place, bit_notes = settle_upper_bits(path, chosen.place, channels)
    return _Found(
        Recording(path, channels, place.n_events, spillover, place),
        chosen,
        keywords,
        len(datasets),
        (*warnings, *notes, *sibling_notes),
        (*bit_notes, *channel_notes, *spillover_notes),
        (*place.facts, *spillover_facts),
    )


def _choose(
    datasets: Sequence[Dataset], wanted: int | None, file_bytes: int, where: str, offsets: Source
) -> tuple[_Located, tuple[str, ...]]:
    """The asked data set, or the richest of those that can be read."""
    if wanted is not None:
        if not 0 <= wanted < len(datasets):
            raise NoSuchDatasetError(
                f"no data set {wanted}; the file has {len(datasets)}, counted from 0",
                where,
                "ask for another one",
            )
        return _locate(wanted, datasets[wanted], file_bytes, where, offsets), ()
    located: list[_Located] = []
    warnings: list[str] = []
    refusals: list[FcsError] = []
    for index, candidate in enumerate(datasets):
        try:
            located.append(_locate(index, candidate, file_bytes, where, offsets))
        except FcsError as error:
            refusals.append(error)
            warnings.append(f"data set {index} cannot be read: {error.what}")
    if not located:
        raise refusals[0]
    best = max(located, key=lambda candidate: candidate.richness)  # the first of equals
    if len(datasets) > 1:
        told = "; ".join(
            f"{one.index}: {one.place.n_events} events x {len(one.place.row.words)} channels, "
            f"{one.dataset.header.version}"
            for one in located[:_MOST_TOLD]
        )
        told += "; ..." if len(located) > _MOST_TOLD else ""
        warnings.append(
            f"the file has {len(datasets)} data sets ({told}); {best.index}, the largest, is read"
        )
    return best, tuple(warnings)


def _locate(index: int, dataset: Dataset, file_bytes: int, where: str, offsets: Source) -> _Located:
    keywords = dataset.text.keywords
    mode = keywords.get("$MODE", "L").upper() or "L"
    if mode != "L":
        raise UnsupportedDataError(
            f"$MODE is {mode!r}, expected L, one row per event", f"{where}: TEXT", "export as list mode"
        )
    rows = row_layouts(keywords, where)
    place = locate_data(dataset.header, keywords, rows, dataset.base, file_bytes, where, offsets)
    return _Located(index, dataset, place)


def _with_facts(found: _Found, volume_unit: str) -> Acquisition:
    """What else a file says of its acquisition."""
    recording, keywords = found.recording, found.keywords
    path, place = recording.path, recording.place
    header, text = found.located.dataset.header, found.located.dataset.text
    time_step_s = real(keywords, "$TIMESTEP")
    step_notes: tuple[str, ...] = ()
    if keywords.get("$TIMESTEP") and (time_step_s is None or time_step_s <= 0):
        step_notes = (f"$TIMESTEP is {keywords['$TIMESTEP']!r}, not a time; not used",)
        time_step_s = None
    timeline = read_timeline(path, place, recording.channels, time_step_s, clock_seconds(keywords))
    clock_notes = (timeline.clock_doubt,) if timeline.clock_doubt else ()
    program = rewritten_by(keywords)
    volume = read_volume(keywords, text.repeated, timeline, volume_unit, program)
    has_volume = bool(keywords.get("$VOL")) or timeline.volume_ul is not None
    volume_notes = (volume.reason,) if has_volume and volume.microlitres is None else ()
    return Acquisition(
        path=path,
        channels=recording.channels,
        n_events=recording.n_events,
        spillover=recording.spillover,
        place=place,
        version=header.version,
        keywords=keywords,
        volume=volume,
        time_step_s=timeline.time_step_s,
        time_advances=timeline.advances,
        acquisition_seconds=timeline.seconds,
        date=acquisition_date(keywords),
        cytometer=keywords.get("$CYT", ""),
        dataset=found.located.index,
        n_datasets=found.n_datasets,
        warnings=(
            *found.warnings,
            *header.warnings,
            *text.warnings,
            *place.warnings,
            *plausibility_notes(path, place),
            *found.channel_warnings,
            *step_notes,
            *volume_notes,
            *clock_notes,
            *loss_notes(keywords, place.n_events, bool(program or timeline.doubt)),
        ),
        facts=found.facts,
    )
