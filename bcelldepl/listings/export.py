"""Tables and listings of a finished run, with the figures beside them as vector files."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from bcelldepl.definitions.columns import TableDefinition
from bcelldepl.definitions.files import FIGURES
from bcelldepl.errors import ExchangeError
from bcelldepl.listings.rtf import rtf_text
from bcelldepl.listings.subjects import listings_of
from bcelldepl.listings.tables import tables_of
from bcelldepl.results.finished import read_finished_run
from bcelldepl.store.files import write_bytes

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["export_listings"]


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
    for figure in sorted((folder / FIGURES).glob("*.*")):
        if figure.suffix in (".pdf", ".svg"):
            target = out / FIGURES / figure.name
            target.parent.mkdir(exist_ok=True)
            shutil.copyfile(figure, target)
            written.append(target)
    return written
