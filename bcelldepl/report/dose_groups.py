"""What figures call the dose groups."""

from __future__ import annotations

import pandas as pd

__all__ = ["course_numbers", "name_groups"]


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
        return rows.assign(dose_group="all subjects")
    given = rows["dose_group"].astype("object").fillna("").astype(str)
    return rows.assign(dose_group=given.replace("", "no group" if given.any() else "all subjects"))


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
