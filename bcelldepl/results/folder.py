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

from bcelldepl.definitions.codes import TubeStatus
from bcelldepl.definitions.files import RUN
from bcelldepl.definitions.tables import ENDPOINTS, TUBES
from bcelldepl.errors import ExchangeError
from bcelldepl.names import file_stem, with_digest

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Results", "open_results", "tube_stem"]


@dataclass(frozen=True)
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
        """What the study is asked: cells that could not be named."""
        return tuple(self.record.get("questions", ()))

    @property
    def exit_code(self) -> int:
        """0 where every tube is fine, 1 where some failed or need review, or the study is asked something."""
        return 1 if self.attention or self.questions else 0


def open_results(folder: str | os.PathLike[str]) -> Results:
    """Open the results folder of a study that was run.

    Parameters
    ----------
    folder : path
        As ``bcelldepl run`` wrote it.

    Returns
    -------
    Results

    Raises
    ------
    ExchangeError
        Where it is no results folder.
    """
    path = Path(folder)
    if not (path / RUN).is_file():
        remedy = "give the folder that `bcelldepl run` wrote, once it is done"
        raise ExchangeError(f"there is no {RUN}", str(path), remedy)
    return Results(path)


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
