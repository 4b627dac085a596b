"""The results of a study, as tables."""

from __future__ import annotations

import csv
import json
import os
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bcelldepl.arguments import as_path
from bcelldepl.definitions.codes import TubeStatus
from bcelldepl.definitions.files import RUN
from bcelldepl.definitions.tables import ENDPOINTS, TABLES, TUBES
from bcelldepl.errors import ExchangeError
from bcelldepl.names import file_stem, with_digest

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Results", "as_results", "open_results", "tube_stem"]

_WANTED = "a results folder of a finished `bcelldepl run`"
# Columns that a notebook shows.
_SHOWN = ("subject", "visit", "day", "population", "events", "percent_of_parent", "cells_per_ul", "ci_low_per_ul",
          "ci_high_per_ul", "result", "evidence")  # fmt: skip


@dataclass(frozen=True, repr=False)
class Results:
    """A results folder.

    Attributes
    ----------
    folder : Path
    was_current : bool
        Whether the folder already held these results, so that nothing was run.
    """

    folder: Path
    was_current: bool = False

    def __repr__(self) -> str:
        try:
            sheet = self.record["tubes"]
            subjects = len({row["subject"] for row in sheet})
            return (
                f"Results({self.record['study']}: {len(sheet)} tubes of {subjects} subjects, {self.folder})"
            )
        except (
            OSError,
            ValueError,
            KeyError,
            TypeError,
        ):  # not run yet, or not readable: still results of a folder
            return f"Results({self.folder})"

    def _repr_html_(self) -> str:
        from bcelldepl.html_pages import titled_table

        return titled_table(repr(self), self.counts[list(_SHOWN)])

    @cached_property
    def counts(self) -> pd.DataFrame:
        """``counts.csv``: one row per sample tube and reported population."""
        import pandas as pd

        return pd.read_parquet(self.folder / "counts.parquet")

    @cached_property
    def endpoints(self) -> pd.DataFrame:
        """``endpoints.csv``: one row per subject, analyte and parameter."""
        return ENDPOINTS.read(self.folder / ENDPOINTS.file)

    def summary(self, by: str = "dose_group") -> pd.DataFrame:
        """Summarise endpoints and counts by visit within groups; see `bcelldepl.kinetics.summarise`.

        Parameters
        ----------
        by : str
            ``dose_group``, as ``summary.csv`` has it; or another column of ``counts.csv`` or ``tubes.csv`` that is the
            same in all tubes of a subject's course.

        Raises
        ------
        ExchangeError
            There is no such column, or it differs within a subject; it says which may be used.
        """
        from bcelldepl.results.grouping import summary_by

        return summary_by(self, by)

    @cached_property
    def tubes(self) -> pd.DataFrame:
        """``tubes.csv``: one row per tube."""
        return TUBES.read(self.folder / TUBES.file)

    def table(self, name: str) -> pd.DataFrame:
        """Read a table of the folder by its name, such as ``summary`` or ``depletion_rates``.

        Parameters
        ----------
        name : str
            Of its file, without ``.csv``.

        Raises
        ------
        ExchangeError
            The results have no such table; it says which they have.
        """
        there = {one.name: one for one in TABLES if (self.folder / one.file).is_file()}
        if name not in there:
            raise ExchangeError(
                f"the results have no table {name!r}", str(self.folder), f"there are {', '.join(there)}"
            )
        return there[name].read(self.folder / there[name].file)

    @cached_property
    def record(self) -> dict[str, Any]:
        """``run.json``."""
        content: dict[str, Any] = json.loads((self.folder / RUN).read_text(encoding="utf-8"))
        return content

    @property
    def attention(self) -> list[tuple[str, str, str]]:
        """Tubes that failed or need review: file, status, reason."""
        rows = self._rows(TUBES.file)
        return [(row["file"], row["status"], row["reason"]) for row in rows if row["status"] != TubeStatus.OK]

    def tally(self, table: str, column: str) -> Counter[str]:
        """How often each word stands in a column of a table, such as ``("tubes.csv", "status")``."""
        return Counter(row[column] for row in self._rows(table))

    def _rows(self, name: str) -> list[dict[str, str]]:
        """Rows as text: pandas takes longer to import than a study of which nothing changed should take."""
        with (self.folder / name).open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    @property
    def questions(self) -> tuple[str, ...]:
        """Questions about the study: cells that could not be identified."""
        return tuple(self.record.get("questions", ()))

    @property
    def exit_code(self) -> int:
        """0 where every tube is fine, 1 where some failed or need review, or there is a question about the study."""
        return 1 if self.attention or self.questions else 0


def open_results(folder: str | os.PathLike[str]) -> Results:
    """Open the results folder of a study that was run.

    Parameters
    ----------
    folder : str or path
        As ``bcelldepl run`` wrote it.

    Returns
    -------
    Results

    Raises
    ------
    ArgumentError
        It is not a path.
    ExchangeError
        Where it is not a results folder.
    """
    path = as_path(folder, "folder", _WANTED)
    if not (path / RUN).is_file():
        what = f"there is no {RUN}" if path.is_dir() else "there is no such folder"
        raise ExchangeError(what, str(path), f"give {_WANTED}")
    return Results(path)


def as_results(results: Results | str | os.PathLike[str]) -> Results:
    """Take results, or the folder that they are in.

    Parameters
    ----------
    results : Results or path

    Returns
    -------
    Results

    Raises
    ------
    ArgumentError
        It is neither.
    ExchangeError
        Where the path is no results folder.
    """
    return results if isinstance(results, Results) else open_results(results)


def tube_stem(file: str) -> str:
    """Name of a tube's files in the results: its path in the sheet with ``__`` for ``/``, without ``.fcs``.

    A path that this could make the same as another's, or that is no name of a file, has a digest at its end.

    Parameters
    ----------
    file : str
        As in the sample sheet.

    Returns
    -------
    str
    """
    stem = file.removesuffix(".fcs").replace("/", "__")
    plain = file_stem(stem) == stem and stem.replace("__", "/") + ".fcs" == file
    return stem if plain else with_digest(file)
