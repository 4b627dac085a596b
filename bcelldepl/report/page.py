"""The study report: one HTML page that holds everything it shows."""

from __future__ import annotations

import base64
import zlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import pandas as pd
from markupsafe import Markup

from bcelldepl.definitions.codes import EVIDENCE_MEANINGS, ResultCode
from bcelldepl.html_pages import package_text, page_template
from bcelldepl.report.clusters import CellsOfStudy
from bcelldepl.report.images import data_uri
from bcelldepl.report.palette import EVIDENCE_COLOURS, text_on
from bcelldepl.report.pictures import TubePicture
from bcelldepl.report.table import count_rows, endpoint_tables, plain
from bcelldepl.report.tubes import TubeEntry, contact_sheet, needing_a_look, tube_entries
from bcelldepl.store.files import write_bytes

__all__ = ["Pieces", "write_report"]

# By file: what is known of a tube and whether its part is packed, and that part.
Pieces = dict[str, tuple[tuple[TubeEntry, bool], Markup]]

_MOST_IN_PAGE: Final = 15_000_000  # bytes of gating paths: some 200 tubes


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
    curves: bytes = b"",
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
    curves : bytes
        From `bcelldepl.report.curves.draw_study_curves`, as SVG; shown where the tubes are of more than one day.
    files : mapping of str to str, optional
        File of each tube's gating path, from the folder of the page, for a large study.
    pieces : dict, optional
        By file, what an earlier page showed of each tube: it is taken from there where nothing of it has changed.
    """
    large = sum(len(picture.path_png) for picture in pictures) > _MOST_IN_PAGE
    addresses = {file: quote(name) for file, name in (files or {}).items()} if large else {}
    entries = tube_entries(tubes, counts, pictures, addresses)
    anchors = {tube.file: tube for tube in entries}
    controls = {tube.file for tube in entries if not tube.is_sample}
    samples = counts[~counts["file"].isin(controls)]
    populations, rows = count_rows(samples)
    visits, sheet = contact_sheet(entries)
    has_course = bool(curves) and samples["day"].nunique() > 1
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
        curves=data_uri(curves, "image/svg+xml") if has_course else "",
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
        endpoints=endpoint_tables(endpoints),
        packed=bool(addresses),
        piece=partial(_piece, {} if pieces is None else pieces, packed=bool(addresses)),
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
