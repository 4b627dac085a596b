"""The study report: one HTML page that holds everything it shows."""

from __future__ import annotations

import base64
import zlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any, Final, Protocol
from urllib.parse import quote

import pandas as pd
from jinja2 import Template
from markupsafe import Markup

from bcelldepl.definitions.codes import EVIDENCE_MEANINGS, NONE_IN_STUDY, Method, ResultCode
from bcelldepl.definitions.courses import of_course
from bcelldepl.definitions.populations import label_of
from bcelldepl.html_pages import package_text, page_template
from bcelldepl.report.clusters import CellsOfStudy
from bcelldepl.report.figure_list import OTHER, OUTCOME, QUALITY, as_links, figures_on_page, linked_figures
from bcelldepl.report.labelled_curves import label_curves
from bcelldepl.report.palette import EVIDENCE_COLOURS, text_on
from bcelldepl.report.pictures import TubePicture
from bcelldepl.report.quality_section import quality_section
from bcelldepl.report.table import count_rows, endpoint_tables, not_measured, plain, usual_place
from bcelldepl.report.tubes import TubeEntry, contact_sheet, needing_a_look, tube_entries
from bcelldepl.store.files import write_bytes

__all__ = ["OutcomeTable", "Pieces", "report_template", "write_report"]

# By file: what is known of a tube and whether its part is packed, and that part.
Pieces = dict[str, tuple[tuple[TubeEntry, bool], Markup]]

_MOST_IN_PAGE: Final = 15_000_000  # bytes of gating paths: some 200 tubes


class OutcomeTable(Protocol):
    """A table of the outcome, as text."""

    @property
    def title(self) -> str:
        """What it tells."""

    @property
    def headings(self) -> tuple[str, ...]:
        """Of the columns."""

    @property
    def rows(self) -> tuple[tuple[str, ...], ...]:
        """Cells by row."""

    @property
    def footnotes(self) -> tuple[str, ...]:
        """What has to be known to read it."""

    @property
    def source(self) -> str:
        """The file that holds the same numbers."""


def write_report(
    path: Path,
    *,
    study_id: str,
    strategy: str,
    counts: pd.DataFrame,
    tubes: pd.DataFrame,
    endpoints: pd.DataFrame | None,
    pictures: Sequence[TubePicture],
    run: Mapping[str, Any],
    cells: Sequence[CellsOfStudy] = (),
    outcomes: Sequence[OutcomeTable] = (),
    quality: pd.DataFrame | None = None,
    figures: Sequence[str] = (),
    curves: bytes = b"",
    labels: str = "",
    files: Mapping[str, str] | None = None,
    pieces: Pieces | None = None,
) -> None:
    """Write the report of a study as one self-contained page.

    The page asks no network for anything. Where the gating paths of a large study would make it slow, it holds all but
    these, and loads each from its file when the tube is opened. It is written beside its place and then renamed. The
    same input gives the same bytes: every date on it comes from `run`.

    Parameters
    ----------
    path : Path
        Where to write, usually ``results/report.html``.
    study_id, strategy : str
        Names of the study and of its gating strategy.
    counts, tubes : pandas.DataFrame
        Rows of ``counts.csv`` and ``tubes.csv``.
    endpoints : pandas.DataFrame or None
        Rows of ``endpoints.csv``, where there are any.
    pictures : sequence of TubePicture
        One per tube that could be gated.
    run : mapping
        The content of ``run.json``.
    cells : sequence of CellsOfStudy
        What was learned of the study's cells, where its strategy learns.
    outcomes : sequence of OutcomeTable
        The trial's outcome by visit and dose group.
    quality : pandas.DataFrame, optional
        Rows of ``quality_over_time.csv``.
    figures : sequence of str
        Files of figures, such as ``figures/swimmer.png``, that lie beside the page: those of the study are taken into
        it, others linked.
    curves : bytes
        From `bcelldepl.report.curves.draw_study_curves`, as SVG; shown where the tubes are of more than one day.
    labels : str
        Of these curves, from `bcelldepl.report.labelled_curves.curve_labels`.
    files : mapping of str to str, optional
        File of each tube's gating path, from the folder of the page, for a large study.
    pieces : dict, optional
        By file, what an earlier page showed of each tube: it is taken from there where nothing of it has changed.
    """
    path = Path(path)
    drawn_figures = figures_on_page(path.parent, figures)
    large = sum(len(picture.path_png) for picture in pictures) > _MOST_IN_PAGE
    addresses = {file: quote(name) for file, name in (files or {}).items()} if large else {}
    entries = tube_entries(tubes, counts, pictures, addresses)
    anchors = {tube.file: tube for tube in entries}
    controls = {tube.file for tube in entries if not tube.is_sample}
    samples = counts[~counts["file"].isin(controls)]
    populations, rows = count_rows(samples)
    visits, sheet = contact_sheet(entries)
    has_course = samples["day"].nunique() > 1
    outcomes = outcomes if has_course else ()
    # Of draws on one day there is no course: its figures would be empty.
    on_page = [one for one in drawn_figures if has_course or one.section == QUALITY]
    shown = {name for tube in entries for name in tube.panels}
    panels = [(name, label_of(name)) for name in sorted(shown, key=usual_place)]
    page = report_template().render(
        study_id=study_id,
        strategy=strategy,
        style=Markup(package_text("bcelldepl.report", "style.css")),
        script=Markup(
            package_text("bcelldepl.report", "shared.js") + package_text("bcelldepl.report", "script.js")
        ),
        versions=_flat(run.get("versions", {})),
        settings=_flat(run.get("settings", {})),
        started=plain(run.get("started")),
        finished=plain(run.get("finished")),
        curves=Markup(label_curves(curves, labels)) if curves and has_course else "",
        outcomes=outcomes,
        quality=None if quality is None else quality_section(quality),
        figures={
            section: [one for one in on_page if one.section == section]
            for section in (OUTCOME, QUALITY, OTHER)
        },
        linked=[*as_links(one for one in drawn_figures if one not in on_page), *linked_figures(figures)],
        cells=cells,
        questions=[plain(question) for question in run.get("questions", ())],
        tubes=entries,
        by_course=[
            (*key, list(own)) for key, own in groupby(entries, key=lambda tube: (tube.subject, tube.course))
        ],
        printed_title=Markup(_css_text(f"{study_id}: B-cell depletion and CAR-T kinetics")),
        printed_version=Markup(
            _css_text(f"bcelldepl {_version(run)}, {plain(run.get('finished'))[:16].replace('T', ' ')}")
        ),
        anchors=anchors,
        look=needing_a_look(entries),
        notes=[plain(note) for note in run.get("warnings", ())],
        status_counts=Counter(tube.status for tube in entries),
        n_subjects=len({row.subject for row in sheet}),
        of_course=of_course,
        later_courses=any(row.course > 1 for row in sheet),
        populations=populations,
        rows=rows,
        not_measured=[label_of(name) for name in not_measured(samples)],
        by_hand=any(cell is not None and cell.override for row in rows for cell in row.cells),
        has_dose=any(row.dose_group for row in rows),
        in_percent="method" in counts and (counts["method"] == Method.PERCENT).any(),
        endpoints=endpoint_tables(endpoints),
        packed=bool(addresses),
        piece=partial(_piece, {} if pieces is None else pieces, packed=bool(addresses)),
        visits=visits,
        sheet=sheet,
        has_controls=bool(controls),
        panels=panels,
        results={str(code): (code.symbol, code.meaning) for code in ResultCode},
        evidence=[
            (str(rung), colour, text_on(colour), EVIDENCE_MEANINGS[rung])
            for rung, colour in EVIDENCE_COLOURS.items()
        ],
        none_in_study=NONE_IN_STUDY,
    )
    write_bytes(path, page.encode())


def report_template() -> Template:
    """Return the template of the page: the first call compiles it, which can be done before all of the page is there.

    Returns
    -------
    Template
    """
    return page_template("bcelldepl.report", "template.html")


def _css_text(text: str) -> str:
    """Text as the content of a CSS string; what could end the string, or the style, is escaped."""
    # A blank ends an escape and is part of it.
    return "".join(one if one.isalnum() or one in " -:.," else f"\\{ord(one):x} " for one in text)


def _version(run: Mapping[str, Any]) -> str:
    return plain(run.get("versions", {}).get("bcelldepl"))


def _piece(pieces: Pieces, tube: TubeEntry, caller: Callable[[], Markup], *, packed: bool) -> Markup:
    """Give what the page shows of a tube; of a large study compressed, for its script to unpack once it is opened."""
    before, content = pieces.get(tube.file, (None, Markup()))
    if before != (tube, packed):
        content = caller()
        if packed:
            text = base64.b64encode(zlib.compress(content.encode(), 9)).decode("ascii")
            content = Markup(f'<div data-packed="{text}"></div>')
        pieces[tube.file] = (tube, packed), content
    return content


def _flat(values: object, name: str = "") -> list[tuple[str, str]]:
    """Flatten nested settings to dotted names and text."""
    if isinstance(values, Mapping):
        return [
            line
            for key, value in values.items()
            for line in _flat(value, f"{name}.{key}" if name else str(key))
        ]
    if isinstance(values, (list, tuple)):
        return [(name, ", ".join(plain(value) for value in values))]
    return [(name, plain(values))]
