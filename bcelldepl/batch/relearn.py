"""Learning the cells of a study anew, on trial."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from bcelldepl.batch.moved import moved_counts
from bcelldepl.batch.run import run
from bcelldepl.definitions.files import MODELS
from bcelldepl.errors import Problem, StudyError
from bcelldepl.results import Results

if TYPE_CHECKING:
    import pandas as pd

    from bcelldepl.batch.workers import Progress
    from bcelldepl.study import Study

__all__ = ["what_would_move"]


def what_would_move(
    study: Study,
    out: str | os.PathLike[str] | None = None,
    *,
    workers: int | str | None = None,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Learn the cells of a study anew on trial, and say which reported counts that would move.

    Parameters
    ----------
    study : Study
    out : path, optional
        The results folder, which is not touched; default ``results`` beside the study file.
    workers : int or str, optional
        As for `run`.
    progress : callable, optional
        As for `run`.

    Returns
    -------
    DataFrame
        As `moved_counts`.

    Raises
    ------
    StudyError
        There are no results yet, or nothing was learned for them.
    BcelldeplError
        As for `run`.
    """
    folder = Path(out) if out is not None else study.folder / "results"
    if not (folder / MODELS).is_file():
        what = "nothing has been learned for these results yet"
        raise StudyError([Problem(str(folder), what, "run the study first, without --learn-again")])
    before = Results(folder).counts
    with tempfile.TemporaryDirectory(prefix="bcelldepl-learn-") as place:
        again = run(
            study, place, workers=workers, learn_again=True, models=folder / MODELS, progress=progress
        )
        return moved_counts(before, again.counts)
