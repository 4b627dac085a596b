"""A tube, or all tubes of a subject, on paper: gating path, numbers, who judged and signed what."""

from __future__ import annotations

import io
from collections.abc import Sequence
from textwrap import wrap
from typing import TYPE_CHECKING, Any, Final

from bcelldepl.definitions.codes import Method
from bcelldepl.definitions.files import FIGURES
from bcelldepl.definitions.populations import label_of
from bcelldepl.definitions.result_columns import result_columns
from bcelldepl.errors import ReviewError
from bcelldepl.results import tube_stem
from bcelldepl.review.blinding import Blinding
from bcelldepl.review.state import Snapshot
from bcelldepl.study import Tube

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["tubes_pdf"]

_PAGE_INCH: Final = (8.27, 11.69)  # A4
_WIDTH: Final = 108  # characters of a line of small type
_SMALL: Final = 7.5


def tubes_pdf(snapshot: Snapshot, tubes: Sequence[Tube]) -> bytes:
    """Write tubes as PDF: of each its gating path on one page, its numbers and who judged it on the next.

    Parameters
    ----------
    snapshot : Snapshot
    tubes : sequence of Tube

    Returns
    -------
    bytes

    Raises
    ------
    ReviewError
        One is blinded: a page would tell whose it is.
    """
    from matplotlib import rc_context
    from matplotlib.backends.backend_pdf import PdfPages
    from matplotlib.figure import Figure

    from bcelldepl.report.fonts import font_families
    from bcelldepl.report.images import quiet_about_glyphs

    blinding = Blinding(snapshot)
    hidden = [tube for tube in tubes if blinding.hides(tube)]
    if hidden:
        raise ReviewError("the PDF would show whose tube it is", "blinded", "sign it first")
    written = io.BytesIO()
    with (
        rc_context({"text.parse_math": False, "pdf.fonttype": 3, "font.family": font_families()}),
        quiet_about_glyphs(),
        PdfPages(written, metadata={"CreationDate": None, "Title": f"{snapshot.study.id}: review"}) as pages,
    ):
        for tube in tubes:
            for draw in (_draw_path, _draw_numbers):
                figure = Figure(figsize=_PAGE_INCH)
                _head(figure, snapshot, tube)
                draw(figure, snapshot, tube)
                pages.savefig(figure)
    return written.getvalue()


def _head(figure: Figure, snapshot: Snapshot, tube: Tube) -> None:
    sha256 = snapshot.rows.get(tube.file, {}).get("sha256", "")
    figure.text(0.06, 0.965, f"{tube.subject} · {tube.visit} · day {tube.day:g}", size=13, weight="bold")
    figure.text(0.06, 0.948, f"{snapshot.study.id}   {tube.file}   SHA-256 {sha256}", size=6.5)


def _draw_path(figure: Figure, snapshot: Snapshot, tube: Tube) -> None:
    """The gating path as the run drew it."""
    import matplotlib.image as images

    path = snapshot.results.folder / FIGURES / "tubes" / f"{tube_stem(tube.file)}.png"
    if not path.is_file():
        reason = str(snapshot.rows.get(tube.file, {}).get("reason", "not gated"))
        figure.text(0.06, 0.92, "\n".join(wrap(reason, _WIDTH)), size=9, va="top")
        return
    drawn = figure.add_axes((0.06, 0.04, 0.88, 0.895), anchor="N")
    drawn.imshow(images.imread(path), interpolation="lanczos", aspect="equal")
    drawn.axis("off")


def _draw_numbers(figure: Figure, snapshot: Snapshot, tube: Tube) -> None:
    """Results, status, gates set by hand, verdict and signatures."""
    table = figure.add_axes((0.06, 0.60, 0.88, 0.33))
    table.axis("off")
    _numbers(table, snapshot.counts.get(tube.file, []))
    lines = _lines(snapshot, tube, snapshot.rows.get(tube.file, {}))
    figure.text(0.06, 0.57, "\n".join(lines), size=_SMALL, va="top", linespacing=1.35)


def _numbers(axes: Axes, rows: Sequence[dict[str, Any]]) -> None:
    if not rows:
        axes.text(0, 1, "a control: no results are given", va="top", size=_SMALL)
        return
    cells = [
        [
            label_of(str(one["population"])),
            "" if one["events"] is None else f"{one['events']:,}",
            _number(one[columns.value]),
            f"{_number(one[columns.low])} to {_number(one[columns.high])}"
            if one[columns.low] is not None
            else "",
            _number(one[columns.lloq]),
            str(one["result"]),
            str(one["evidence"]),
        ]
        for one in rows
        for columns in [result_columns(one["method"])]
    ]
    in_percent = any(one["method"] == Method.PERCENT for one in rows)
    heads = [
        "population",
        "events",
        "% of parent" if in_percent else "cells/µL",
        "95 % interval",
        "LLOQ",
        "result",
        "evidence",
    ]
    table = axes.table(cells, colLabels=heads, loc="upper left", cellLoc="right", edges="horizontal")
    table.auto_set_font_size(False)
    table.set_fontsize(_SMALL)
    table.scale(1, 1.15)


def _lines(snapshot: Snapshot, tube: Tube, row: dict[str, Any]) -> list[str]:
    said, digest = snapshot.review_of(tube.file), snapshot.digest(tube.file)
    told = [f"Status: {row.get('status', '')}. {row.get('reason') or ''}".strip()]
    told += [one.sentence for one in snapshot.study.overrides_of(tube.file)]
    told.append(f"Verdict: {said.judgement.sentence}" if said.judgement else "Verdict: none")
    for one in said.standing(digest):
        told += [f"{one.sentence}. Meaning: {one.meaning}"]
        told += [
            "Signed: "
            + ", ".join(f"{name} {value[:16]}" for name, value in one.signed.items() if name != "verdict")
        ]
    told += [f"BROKEN, what was signed has changed since: {one.sentence}" for one in said.broken(digest)]
    versions = snapshot.results.record.get("versions", {})
    told.append(f"bcelldepl {versions.get('bcelldepl', '')} ({versions.get('source', '')}); digest {digest}")
    return [line for text in told for line in wrap(text, _WIDTH)]


def _number(value: Any) -> str:
    return "" if value is None or value != value else f"{float(value):.4g}"
