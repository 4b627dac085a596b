"""Groups that results can be summarised by: columns that are the same in all tubes of a subject's course."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bcelldepl.definitions.tables import SUMMARY
from bcelldepl.errors import ExchangeError

if TYPE_CHECKING:
    import pandas as pd

    from bcelldepl.results.folder import Results

__all__ = ["summary_by"]

DOSE_GROUP = "dose_group"


def summary_by(results: Results, by: str) -> pd.DataFrame:
    """Summarise the results of a run by a column.

    Parameters
    ----------
    results : Results
    by : str
        ``dose_group``, or a column that is the same in all tubes of a subject's course.

    Returns
    -------
    DataFrame
        As ``summary.csv`` holds it, with `by` in place of its first column.

    Raises
    ------
    ExchangeError
        There is no such column, or it differs within a subject.
    """
    path = results.folder / SUMMARY.file
    if by == DOSE_GROUP and path.is_file():
        return SUMMARY.read(path).astype(dict.fromkeys(SUMMARY.integers, "Int64"))
    from bcelldepl.kinetics import summarise
    from bcelldepl.results.finished import read_finished_run

    run = read_finished_run(results.folder)
    values = _by_course(run.study.tubes, run.tubes)
    usable = sorted(name for name, of_course in values.items() if of_course is not None)
    groups = values.get(by)
    if groups is None:
        what = f"{by!r} differs within a subject" if by in values else f"the results have no column {by!r}"
        raise ExchangeError(what, "summary(by=...)", f"it may be {', '.join(usable)}")
    return summarise(run.kinetics, by, groups)


def _by_course(tubes: Any, sheet: pd.DataFrame) -> dict[str, dict[tuple[str, int], str] | None]:
    """Value of every column by subject and course; None for a column that differs within one."""
    found: dict[str, dict[tuple[str, int], str] | None] = {}
    rows = {row["file"]: {str(name): cell for name, cell in row.items()} for row in sheet.to_dict("records")}
    for tube in tubes:
        known = {
            "subject": tube.subject,
            "course": tube.course,
            "site": tube.site,
            "dose_group": tube.dose_group,
        }
        for name, cell in (rows.get(tube.file, {}) | known).items():
            if found.get(name, {}) is None:
                continue
            of_course = found.setdefault(name, {})
            if of_course is not None and of_course.setdefault((tube.subject, tube.course), str(cell)) != str(
                cell
            ):
                found[name] = None
    return found
