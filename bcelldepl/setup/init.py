"""`init_study`: ``study.toml`` and ``samples.csv`` from a folder of FCS files, nothing of it guessed in silence."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bcelldepl.errors import Problem, StudyError
from bcelldepl.near_names import near_file
from bcelldepl.setup.draft import StudyDraft, draft_study
from bcelldepl.setup.fcs_folder import read_folder
from bcelldepl.setup.guesses import guess_rows
from bcelldepl.setup.study_text import study_text
from bcelldepl.spreadsheet import is_live
from bcelldepl.study.plain import complaint

__all__ = ["InitialStudy", "init_study"]

_STUDY: Final = "study.toml"
_SHEET: Final = "samples.csv"


@dataclass(frozen=True)
class InitialStudy:
    """What was written.

    Attributes
    ----------
    study_path, sheet_path : Path
    draft : StudyDraft
    """

    study_path: Path
    sheet_path: Path
    draft: StudyDraft


def init_study(
    folder: str | os.PathLike[str],
    out: str | os.PathLike[str] | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> InitialStudy:
    """Write a study file and its sample sheet for a folder of FCS files.

    Parameters
    ----------
    folder : str or path
        With the FCS files, also in folders in it.
    out : str or path, optional
        Where to write; by default the folder itself.
    progress : callable, optional
        Called with the file, how many are done, and of how many.

    Returns
    -------
    InitialStudy
        With what is left to a person.

    Raises
    ------
    StudyError
        The folder holds no FCS files, or one of the two files is there already: nothing is overwritten.
    OSError
        They cannot be written.
    """
    folder = Path(folder).absolute()
    target = folder if out is None else Path(out).absolute()
    study_path, sheet_path = target / _STUDY, target / _SHEET
    if not folder.is_dir():
        remedy = near_file(folder) or "give the folder that holds the FCS files"
        raise StudyError([Problem(str(folder), "is not a folder", remedy)])
    there = [path for path in (study_path, sheet_path) if path.exists() or path.is_symlink()]
    if there:
        remedy = "move it away, or write elsewhere with --out"
        raise StudyError(
            [Problem(str(path), "is there already, and is not overwritten", remedy) for path in there]
        )
    files = read_folder(folder, progress)
    if not files:
        remedy = "give the folder that holds the FCS files"
        raise StudyError([Problem(str(folder), "holds no FCS files (.fcs, .lmd)", remedy)])
    draft = draft_study(files, guess_rows(files))
    outside = not folder.is_relative_to(target)
    sheet = _sheet(draft, os.path.relpath(folder, target))
    study_id = "STUDY" if complaint(folder.name) or not folder.name else folder.name
    text = study_text(draft, study_id, _SHEET, outside)
    target.mkdir(parents=True, exist_ok=True)
    # Of two at once, one finds the files there. A mark begins the sheet: spreadsheets read it as UTF-8.
    with sheet_path.open("x", encoding="utf-8-sig", newline="") as stream:
        stream.write(sheet)
    try:
        with study_path.open("x", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
    except OSError:  # a sheet without its study would stand in the way of the next attempt
        sheet_path.unlink(missing_ok=True)
        raise
    return InitialStudy(study_path, sheet_path, draft)


def _sheet(draft: StudyDraft, folder: str) -> str:
    """The sample sheet; what a spreadsheet would run is left out, for the sheet would be refused with it."""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, draft.columns, restval="", lineterminator="\n")
    writer.writeheader()
    for row in draft.rows:
        cells = {column: value for column, value in row.cells.items() if not complaint(value)}
        path = Path(folder, row.file).as_posix()
        cells |= {
            "file": f"./{path}" if is_live(path) else path,
            "comment": row.comment,
            "guessed": row.guessed,
        }
        writer.writerow(cells)
    return stream.getvalue()
