"""Kinetics and depletion of a table of concentrations, without any FCS file."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from bcelldepl.arguments import as_path
from bcelldepl.batch.write import write_csv
from bcelldepl.definitions.files import FIGURES
from bcelldepl.definitions.tables import COUNTS, ENDPOINTS
from bcelldepl.errors import CountingError
from bcelldepl.kinetics import StudyKinetics, analyse_study, kinetics_tables
from bcelldepl.kinetics.concentration_table import counts_of, study_of_table
from bcelldepl.store.files import write_bytes
from bcelldepl.study import Study
from bcelldepl.study.settings_file import read_settings

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["endpoints"]


def endpoints(
    table: pd.DataFrame | str | os.PathLike[str],
    settings: Study | str | os.PathLike[str] | None = None,
    out: str | os.PathLike[str] | None = None,
) -> StudyKinetics:
    """Compute kinetics and depletion from a table of concentrations.

    Parameters
    ----------
    table : DataFrame or str or path
        ``counts.csv``, or subject, day, analyte and value with its LLOQ; see
        `bcelldepl.kinetics.concentration_table.counts_of`. A path is of a CSV or Parquet file.
    settings : Study or path, optional
        A ``study.toml``, whose ``[endpoints]`` are used; or a study, whose tubes also give dose groups, dates and
        controls. By default all defaults.
    out : str or path, optional
        Folder for the tables and figures that a run would write; nothing is written without one.

    Returns
    -------
    StudyKinetics
        Its `endpoints` is the table of that name.

    Raises
    ------
    ArgumentError
        `table` is neither a table nor a path, or another argument is not a path.
    CountingError
        The table is not understood; the message names the row.
    StudyError
        The settings are not.
    """
    study = settings if isinstance(settings, Study) else _study_of(settings)
    counts = _counts_of(table)
    kinetics = analyse_study(counts, study)
    if out is not None:
        _write(as_path(out, "out", "the folder to write to"), counts, kinetics)
    return kinetics


def _study_of(settings: str | os.PathLike[str] | None) -> Study:
    path = None if settings is None else as_path(settings, "settings", "a Study, or the path of a study.toml")
    return study_of_table(read_settings(path), path)


def _counts_of(table: object) -> pd.DataFrame:
    import pandas as pd

    if not isinstance(table, pd.DataFrame):
        table = _read(as_path(table, "table", "a table, or the path of one"))
    return counts_of(table)


def _read(path: Path) -> pd.DataFrame:
    import pandas as pd

    if not path.is_file():
        raise CountingError("there is no such file", str(path))
    if path.suffix == ".parquet":
        return pd.read_parquet(path)
    texts = pd.read_csv(
        path, dtype=str, keep_default_na=False, sep=None, engine="python", encoding="utf-8-sig"
    )
    if set(COUNTS.names[:8]) <= set(texts.columns):
        return COUNTS.read(path)
    return texts


def _write(out: Path, counts: pd.DataFrame, kinetics: StudyKinetics) -> None:
    from bcelldepl.definitions.files import FIGURE_FORMATS
    from bcelldepl.report.images import render_drawing
    from bcelldepl.report.kinetics import kinetics_figures

    out.mkdir(parents=True, exist_ok=True)
    tables = kinetics_tables(kinetics)
    for name, one in {ENDPOINTS.name: kinetics.endpoints, **tables}.items():
        write_csv(out / f"{name}.csv", one)
    for name, draw in kinetics_figures(counts, kinetics, tables):
        for kind, content in zip(FIGURE_FORMATS, render_drawing(partial(draw), 150.0), strict=True):
            write_bytes(out / FIGURES / f"{name}.{kind}", content)
