"""The study report: one HTML page that holds everything it shows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, Protocol

import pandas as pd
from markupsafe import Markup

from bcelldepl.definitions.codes import EVIDENCE_MEANINGS, Method, ResultCode
from bcelldepl.definitions.populations import POPULATIONS, label_of
from bcelldepl.html_pages import package_text, page_template
from bcelldepl.report.clusters import CellsOfStudy
from bcelldepl.report.curves import draw_study_curves
from bcelldepl.report.figure_list import OTHER, OUTCOME, QUALITY, as_links, figures_on_page, linked_figures
from bcelldepl.report.images import figure_bytes, fixed_style
from bcelldepl.report.labelled_curves import label_curves
from bcelldepl.report.palette import EVIDENCE_COLOURS, text_on
from bcelldepl.report.pictures import TubePicture
from bcelldepl.report.quality_section import quality_section
from bcelldepl.report.table import count_rows, endpoint_tables, not_measured, plain, usual_place
from bcelldepl.report.tubes import contact_sheet, needing_a_look, tube_entries
from bcelldepl.store.files import write_bytes

__all__ = ["OutcomeTable", "write_report"]


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
) -> None:
    """Write the report of a study as one self-contained page.

    The page asks no network for anything. It is written beside its place and then renamed. The same input
    gives the same bytes: every date on it comes from `run`.

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
    """
    path = Path(path)
    drawn_figures = figures_on_page(path.parent, figures)
    entries = tube_entries(tubes, counts, pictures)
    anchors = {tube.file: tube for tube in entries}
    controls = {tube.file for tube in entries if not tube.is_sample}
    samples = counts[~counts["file"].isin(controls)]
    populations, rows = count_rows(samples)
    visits, sheet = contact_sheet(entries)
    followed = [row.name for row in POPULATIONS.values() if row.kinetics]
    drawn = [name for name in followed if name in dict(populations)] or [name for name, _ in populations[:2]]
    has_course = samples["day"].nunique() > 1
    drawn = drawn if has_course else []
    outcomes = outcomes if has_course else ()
    # Of draws on one day there is no course: its figures would be empty.
    on_page = [one for one in drawn_figures if has_course or one.section == QUALITY]
    shown = {name for tube in entries for name in tube.panels}
    panels = [(name, label_of(name)) for name in sorted(shown, key=usual_place)]
    page = page_template("bcelldepl.report", "template.html").render(
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
        curves=Markup(_curves(samples, drawn)),
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
        by_subject=[(subject, list(own)) for subject, own in groupby(entries, key=lambda tube: tube.subject)],
        printed_title=Markup(_css_text(f"{study_id}: B-cell depletion and CAR-T kinetics")),
        printed_version=Markup(
            _css_text(f"bcelldepl {_version(run)}, {plain(run.get('finished'))[:16].replace('T', ' ')}")
        ),
        anchors=anchors,
        look=needing_a_look(entries),
        notes=[plain(note) for note in run.get("warnings", ())],
        status_counts=Counter(tube.status for tube in entries),
        n_subjects=len(sheet),
        populations=populations,
        rows=rows,
        not_measured=[label_of(name) for name in not_measured(samples)],
        by_hand=any(cell is not None and cell.override for row in rows for cell in row.cells),
        has_dose=any(row.dose_group for row in rows),
        in_percent="method" in counts and (counts["method"] == Method.PERCENT).any(),
        endpoints=endpoint_tables(endpoints),
        visits=visits,
        sheet=sheet,
        has_controls=bool(controls),
        panels=panels,
        results={str(code): (code.symbol, code.meaning) for code in ResultCode},
        evidence=[
            (str(rung), colour, text_on(colour), EVIDENCE_MEANINGS[rung])
            for rung, colour in EVIDENCE_COLOURS.items()
        ],
    )
    write_bytes(path, page.encode())


def _curves(counts: pd.DataFrame, populations: Sequence[str]) -> str:
    """Return the study's curves as an element of the page; empty where there is nothing to draw."""
    if not populations:
        return ""
    with fixed_style():
        drawn = figure_bytes(draw_study_curves(counts, populations))
    return label_curves(drawn, counts, populations)


def _css_text(text: str) -> str:
    """Text as the content of a CSS string, in which nothing but letters, digits and blanks stands for itself."""
    # A blank ends an escape and is part of it.
    return "".join(one if one.isalnum() or one == " " else f"\\{ord(one):x} " for one in text)


def _version(run: Mapping[str, Any]) -> str:
    return plain(run.get("versions", {}).get("bcelldepl"))


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
