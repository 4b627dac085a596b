"""The study report: one HTML page that holds everything it shows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from markupsafe import Markup

from bcelldepl.definitions.codes import EVIDENCE_MEANINGS, Method, ResultCode
from bcelldepl.definitions.populations import POPULATIONS
from bcelldepl.html_pages import package_text, page_template
from bcelldepl.report.clusters import CellsOfStudy
from bcelldepl.report.curves import draw_study_curves
from bcelldepl.report.images import data_uri, figure_bytes, fixed_style
from bcelldepl.report.palette import EVIDENCE_COLOURS, text_on
from bcelldepl.report.pictures import TubePicture
from bcelldepl.report.table import count_rows, endpoint_tables, plain
from bcelldepl.report.tubes import contact_sheet, needing_a_look, tube_entries
from bcelldepl.store.files import write_bytes

__all__ = ["write_report"]


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
    """
    entries = tube_entries(tubes, counts, pictures)
    anchors = {tube.file: tube for tube in entries}
    controls = {tube.file for tube in entries if not tube.is_sample}
    samples = counts[~counts["file"].isin(controls)]
    populations, rows = count_rows(samples)
    visits, sheet = contact_sheet(entries)
    followed = [row.name for row in POPULATIONS.values() if row.kinetics]
    drawn = [name for name in followed if name in dict(populations)] or [name for name, _ in populations[:2]]
    drawn = drawn if samples["day"].nunique() > 1 else []
    order = next((tube.gates for tube in entries if tube.gates), ())
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
        curves=_curves(samples, drawn),
        cells=cells,
        questions=[plain(question) for question in run.get("questions", ())],
        tubes=entries,
        anchors=anchors,
        look=needing_a_look(entries),
        notes=[plain(note) for note in run.get("warnings", ())],
        status_counts=Counter(tube.status for tube in entries),
        n_subjects=len(sheet),
        populations=populations,
        rows=rows,
        by_hand=any(cell is not None and cell.override for row in rows for cell in row.cells),
        has_dose=any(row.dose_group for row in rows),
        in_percent="method" in counts and (counts["method"] == Method.PERCENT).any(),
        endpoints=endpoint_tables(endpoints),
        visits=visits,
        sheet=sheet,
        thumbnail_order=[row.note.population for row in order],
        results={str(code): (code.symbol, code.meaning) for code in ResultCode},
        evidence=[
            (str(rung), colour, text_on(colour), EVIDENCE_MEANINGS[rung])
            for rung, colour in EVIDENCE_COLOURS.items()
        ],
    )
    write_bytes(Path(path), page.encode())


def _curves(counts: pd.DataFrame, populations: Sequence[str]) -> str:
    """Return the study's curves as an address that holds the figure; empty where there is nothing to draw."""
    if not populations:
        return ""
    with fixed_style():
        return data_uri(figure_bytes(draw_study_curves(counts, populations)), "image/svg+xml")


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
