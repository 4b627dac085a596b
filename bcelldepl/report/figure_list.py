"""The figures of a study as its page shows them: each with a caption, those of one tube or subject as links."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final
from urllib.parse import quote

from bcelldepl.definitions.files import FIGURES
from bcelldepl.definitions.populations import POPULATIONS
from bcelldepl.definitions.tables import QUALITY_OVER_TIME
from bcelldepl.report.images import data_uri
from bcelldepl.report.palette import natural_key

__all__ = ["FigureOnPage", "LinkedFigures", "as_links", "figures_on_page", "linked_figures"]

OUTCOME: Final = "outcome"
QUALITY: Final = "quality"
OTHER: Final = "other"
# Caption and section by name, in the order of the page. The curves and the clusters are in the page already.
_CAPTIONS: Final = {
    "depletion_rate": ("Share of subjects with depleted B cells by visit", OUTCOME),
    "percent_of_baseline": ("B cells in percent of baseline by visit", OUTCOME),
    "log10_change": ("B cells, log10 change from baseline by visit", OUTCOME),
    "time_to_depletion": ("Time to depletion of B cells", OUTCOME),
    "depletion_duration": ("Duration of depletion", OUTCOME),
    "reconstitution": ("Time to reconstitution of B cells", OUTCOME),
    QUALITY_OVER_TIME.name: ("Quality control over time", QUALITY),
    "waterfall": ("Depth of depletion by subject", OTHER),
    "swimmer": ("Depletion and recovery by subject", OTHER),
    "dose_cmax": ("Cmax of CAR+ T cells by dose", OTHER),
    "dose_auc": ("AUC of CAR+ T cells by dose", OTHER),
    "exposure_depth": ("Depth of depletion by exposure", OTHER),
    "exposure_duration": ("Duration of depletion by exposure", OTHER),
}
_AVERAGES: Final = {"groups": "median", "mean": "mean", "geometric_mean": "geometric mean"}
_SHOWN_ELSEWHERE: Final = ("curves", "clusters")
_TYPES: Final = {".png": "image/png", ".svg": "image/svg+xml"}  # that a page can show, the usual one first


@dataclass(frozen=True)
class FigureOnPage:
    """A figure in the page.

    Attributes
    ----------
    name : str
        Without suffix and folder.
    caption : str
    section : str
        ``outcome``, ``quality`` or ``other``.
    address : str
        Holds the figure; empty where it is there in no format that a page can show.
    files : tuple of (str, str)
        Address from the page and format of each file.
    """

    name: str
    caption: str
    section: str
    address: str
    files: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class LinkedFigures:
    """Figures of a kind that the page links.

    Attributes
    ----------
    title : str
    files : tuple of (str, str)
        Name and address from the page.
    """

    title: str
    files: tuple[tuple[str, str], ...]


def figures_on_page(folder: Path, names: Sequence[str]) -> list[FigureOnPage]:
    """Take the figures of the whole study into the page.

    Parameters
    ----------
    folder : Path
        The results folder, with the figures written.
    names : sequence of str
        Files of it, such as ``figures/swimmer.png``; others are left out.

    Returns
    -------
    list of FigureOnPage
        In the order of the page.
    """
    files: dict[str, list[PurePosixPath]] = {}
    for path in map(PurePosixPath, names):
        if path.parent == PurePosixPath(FIGURES) and not path.stem.startswith(_SHOWN_ELSEWHERE):
            files.setdefault(path.stem, []).append(path)
    order = {name: place for place, name in enumerate(_CAPTIONS)}
    return [
        FigureOnPage(
            stem,
            *_caption(stem),
            _address(folder, files[stem]),
            tuple((quote(str(path)), path.suffix[1:].upper()) for path in files[stem]),
        )
        for stem in sorted(files, key=lambda one: order.get(one, len(order)))
    ]


def as_links(figures: Iterable[FigureOnPage]) -> list[LinkedFigures]:
    """List figures of the whole study that the page does not show.

    Parameters
    ----------
    figures : iterable of FigureOnPage

    Returns
    -------
    list of LinkedFigures
        One group, or none.
    """
    files = tuple((f"{one.caption} ({kind})", address) for one in figures for address, kind in one.files)
    return [LinkedFigures("Of the study", files)] if files else []


def linked_figures(names: Sequence[str]) -> list[LinkedFigures]:
    """List the figures that the page links: a page for each subject, and those of matrices.

    Parameters
    ----------
    names : sequence of str
        As for `figures_on_page`.

    Returns
    -------
    list of LinkedFigures
    """
    return [found for found in _linked(names) if found.files]


def _linked(names: Sequence[str]) -> Iterator[LinkedFigures]:
    for title, kind in (("Subjects", "subjects"), ("Compensation", "compensation")):
        own = [PurePosixPath(name) for name in names if name.startswith(f"{FIGURES}/{kind}/")]
        shown = sorted(own, key=lambda path: natural_key(path.name))
        suffixes = {path.suffix for path in own}
        yield LinkedFigures(
            title, tuple((path.name if len(suffixes) > 1 else path.stem, quote(str(path))) for path in shown)
        )


def _caption(stem: str) -> tuple[str, str]:
    known = _CAPTIONS.get(stem)
    if known:
        return known
    for prefix, average in _AVERAGES.items():
        for row in POPULATIONS.values():
            if stem == f"{prefix}_{row.name.lower()}":
                return f"{row.label} by dose group and visit, {average}", OTHER
    return stem.replace("_", " "), OTHER


def _address(folder: Path, files: Sequence[PurePosixPath]) -> str:
    for suffix, mime in _TYPES.items():
        path = next((path for path in files if path.suffix == suffix), None)
        if path is not None and (folder / path).is_file():
            return data_uri((folder / path).read_bytes(), mime)
    return ""
