"""Counts before and after the cells of a study were learned anew."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["in_record", "moved_counts"]

_KEYS = ["file", "subject", "visit", "population"]


def moved_counts(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """Say which results differ.

    Parameters
    ----------
    before, after : DataFrame
        Of ``counts.csv``.

    Returns
    -------
    DataFrame
        One row per tube and population whose events or code are not the same, those that moved most first: events,
        cells/uL and code before and after, and the change in percent.
    """
    both = before.merge(after, on=_KEYS, suffixes=("_before", "_after"))
    changed = (both["events_before"].fillna(-1) != both["events_after"].fillna(-1)) | (
        both["result_before"] != both["result_after"]
    )
    columns = [
        f"{name}_{side}" for name in ("events", "cells_per_ul", "result") for side in ("before", "after")
    ]
    moved = both.loc[changed, [*_KEYS, *columns]].copy()
    moved["percent"] = 100.0 * (
        moved["events_after"] / moved["events_before"].where(moved["events_before"] > 0) - 1.0
    )
    order = moved["percent"].abs().fillna(float("inf")).sort_values(ascending=False, kind="stable").index
    return moved.loc[order].reset_index(drop=True)


def in_record(moved: pd.DataFrame) -> list[list[Any]]:
    """Put into JSON what the audit record keeps of it: file, population, and the events before and after.

    Parameters
    ----------
    moved : DataFrame
        From `moved_counts`.

    Returns
    -------
    list of list
    """
    columns = moved[["file", "population", "events_before", "events_after"]]
    return [
        [file, population, *(None if count != count else int(count) for count in counts)]
        for file, population, *counts in columns.astype(object).to_numpy().tolist()
    ]
