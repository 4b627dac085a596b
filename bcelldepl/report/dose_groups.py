"""What figures call the dose groups."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bcelldepl.kinetics.groups import ALL_SUBJECTS

__all__ = ["bar_ends", "course_numbers", "first_courses", "name_groups", "with_courses"]

Floats = NDArray[np.float64]


def name_groups(rows: pd.DataFrame) -> pd.DataFrame:
    """Give subjects of no dose group a name that a legend can show.

    Parameters
    ----------
    rows : DataFrame
        Of any table; `dose_group` may be empty, missing, or no column at all.

    Returns
    -------
    DataFrame
        A copy, in which `dose_group` is a str: "all subjects" where nobody has a group, else "no group" for those who
        have none.
    """
    if "dose_group" not in rows:
        return rows.assign(dose_group=ALL_SUBJECTS)
    given = rows["dose_group"].astype("object").fillna("").astype(str)
    return rows.assign(dose_group=given.replace("", "no group" if given.any() else ALL_SUBJECTS))


def first_courses(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of first courses, with the names of the groups that figures show.

    Parameters
    ----------
    table : DataFrame
        With `course`.

    Returns
    -------
    DataFrame
    """
    return name_groups(table[table["course"] == 1])


def with_courses(label: str, table: pd.DataFrame) -> str:
    """Say in the label of an axis that first courses alone are drawn; where there are no others, as it is.

    Parameters
    ----------
    label : str
    table : DataFrame
        Of which the figure is drawn.

    Returns
    -------
    str
    """
    return f"{label}, first courses" if (course_numbers(table) > 1).any() else label


def bar_ends(visits: pd.DataFrame, *, geometric: bool) -> tuple[Floats, Floats, Floats]:
    """Return lower end, middle and upper end of the bars of a group.

    Parameters
    ----------
    visits : DataFrame
        Statistics of one group, a row for each visit.
    geometric : bool
        Geometric mean times and divided by the geometric SD; else mean and SD.

    Returns
    -------
    (ndarray, ndarray, ndarray) of float64, shape (n_visits,)
        NaN where there is no mean; of a single value all three are one.
    """
    if not geometric:
        middle, sd = visits["mean"].to_numpy(float), visits["sd"].fillna(0.0).to_numpy(float)
        return middle - sd, middle, middle + sd
    middle = visits["geometric_mean"].to_numpy(float)
    cv = visits["geometric_cv_percent"].fillna(0.0).to_numpy(float) / 100.0
    factor = np.exp(np.sqrt(np.log1p(cv**2)))
    return middle / factor, middle, middle * factor


def course_numbers(rows: pd.DataFrame) -> pd.Series[int]:
    """Return the course of each row; 1 where the table does not say it.

    Parameters
    ----------
    rows : DataFrame
        Of any table; `course` may be missing, or no column at all.

    Returns
    -------
    Series of int
    """
    if "course" not in rows:
        return pd.Series(1, index=rows.index)
    return pd.to_numeric(rows["course"], errors="coerce").fillna(1).astype(int)
