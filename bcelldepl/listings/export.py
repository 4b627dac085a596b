"""Tables and listings of a finished run, with the figures beside them as vector files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from bcelldepl.definitions.columns import TableDefinition
from bcelldepl.definitions.files import FIGURES
from bcelldepl.errors import ExchangeError
from bcelldepl.kinetics import kinetics_tables
from bcelldepl.listings.rtf import rtf_text
from bcelldepl.listings.subjects import listings_of
from bcelldepl.listings.tables import tables_of
from bcelldepl.report.images import render_drawing
from bcelldepl.report.kinetics import kinetics_figures
from bcelldepl.results.finished import read_finished_run
from bcelldepl.store.files import write_bytes

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["export_listings"]

_VECTOR: Final = ("pdf", "svg")
_DPI: Final = 150.0  # of what is no line, such as a field of points


def export_listings(results_folder: Path, out: Path) -> list[Path]:
    """Write the tables and listings of a study report as RTF, and its figures as PDF and SVG.

    Parameters
    ----------
    results_folder : Path
        As ``bcelldepl run`` wrote it.
    out : Path
        Folder to write to; made if not there.

    Returns
    -------
    list of Path
        One file per table and listing, then the figures.

    Raises
    ------
    ExchangeError
        The folder is no finished run, or what writes RTF is not installed.
    """
    folder = Path(results_folder)
    run = read_finished_run(folder)

    def read(table: TableDefinition) -> pd.DataFrame:
        path = folder / table.file
        return table.read(path) if path.is_file() else table.frame([])

    finished = str(run.record.get("finished", ""))
    try:
        texts = {
            one.name: rtf_text(one, run.study.id, finished) for one in (*tables_of(read), *listings_of(read))
        }
    except ImportError as error:
        remedy = "pip install 'bcelldepl[tables]'"
        raise ExchangeError(f"{error.name} is not installed", "--to rtf", remedy) from None
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    written = []
    for name, text in texts.items():
        path = out / f"{name}.rtf"
        write_bytes(path, text.encode())
        written.append(path)
    tables = kinetics_tables(run.kinetics)
    for name, draw in kinetics_figures(run.counts, run.kinetics, tables):
        if "/" in name:
            continue  # pages of single subjects
        for kind, content in zip(_VECTOR, render_drawing(draw, _DPI, _VECTOR), strict=True):
            target = out / FIGURES / f"{name}.{kind}"
            target.parent.mkdir(exist_ok=True)
            write_bytes(target, content)
            written.append(target)
    return written
