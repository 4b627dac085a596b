"""A finished run, read for those who analyse it: its tables, and the study as it was run."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bcelldepl.definitions.files import GATES, RUN
from bcelldepl.definitions.tables import COMPANIONS, COUNTS, ENDPOINTS, TUBES
from bcelldepl.errors import ExchangeError
from bcelldepl.kinetics import StudyKinetics, analyse_study
from bcelldepl.results.strategies import RecordedStrategies, recorded_strategies
from bcelldepl.results.unchanged import refuse_changed_files
from bcelldepl.study import Study, Tube
from bcelldepl.study.companions import CompanionResult
from bcelldepl.study.config import StudyFile

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FinishedRun", "read_finished_run"]

NEEDED = (COUNTS, ENDPOINTS, TUBES)


@dataclass(frozen=True)
class FinishedRun:
    """A finished run, read for its data sets and tables.

    Attributes
    ----------
    folder : Path
    counts, endpoints, tubes : DataFrame
        Rows of ``counts.csv``, ``endpoints.csv`` and ``tubes.csv``.
    study : Study
        As it was run: settings and tubes from ``run.json``, companions from ``companions.csv``.
    strategies : RecordedStrategies
        What each tube was gated by.
    gates : dict of str to set of str
        File to the populations that were gated in it.
    panels : dict of str to set of str
        File to its markers.
    record : dict
        ``run.json``.
    """

    folder: Path
    counts: pd.DataFrame
    endpoints: pd.DataFrame
    tubes: pd.DataFrame
    study: Study
    strategies: RecordedStrategies
    gates: dict[str, set[str]]
    panels: dict[str, set[str]]
    record: dict[str, Any]

    @cached_property
    def kinetics(self) -> StudyKinetics:
        """The kinetics of the counts, by the settings of the run."""
        return analyse_study(self.counts, self.study)

    @cached_property
    def tube_of(self) -> dict[str, Tube]:
        """Tubes of the study by file."""
        return {tube.file: tube for tube in self.study.tubes}

    @cached_property
    def tubes_of(self) -> dict[str, tuple[Tube, ...]]:
        """Tubes of the study by subject."""
        found: dict[str, list[Tube]] = {}
        for tube in self.study.tubes:
            found.setdefault(tube.subject, []).append(tube)
        return {subject: tuple(tubes) for subject, tubes in found.items()}

    @property
    def in_percent(self) -> bool:
        """Whether the results are percentages, and there are no concentrations."""
        return self.study.counting.in_percent

    @property
    def is_dated(self) -> bool:
        """Whether the dates of draws are known."""
        return any(tube.collected is not None for tube in self.study.tubes)


def read_finished_run(folder: Path) -> FinishedRun:
    """Read a finished results folder.

    Parameters
    ----------
    folder : Path
        As ``bcelldepl run`` wrote it.

    Returns
    -------
    FinishedRun

    Raises
    ------
    ExchangeError
        A file is missing, changed since the run, or is not what a run writes.
    """
    for name in (*(table.file for table in NEEDED), RUN):
        if not (folder / name).is_file():
            remedy = "give a results folder of a finished `bcelldepl run`"
            raise ExchangeError(f"there is no {name}", str(folder), remedy)
    try:
        record: dict[str, Any] = json.loads((folder / RUN).read_text(encoding="utf-8"))
        settings = StudyFile.model_validate_json(json.dumps(record["settings"]))
        strategies = recorded_strategies(record)
        datetime.fromisoformat(record["finished"])
        tubes = tuple(Tube.model_validate(row | {"path": folder / row["file"]}) for row in record["tubes"])
    except (ValueError, KeyError, TypeError) as error:
        raise ExchangeError(f"{RUN} is not the record of a run: {error}", str(folder)) from None
    refuse_changed_files(folder, record)
    study = Study(
        path=folder / RUN,
        folder=folder,
        samples_path=folder / TUBES.file,
        **settings.study.model_dump(),
        panel=settings.panel,
        counting=settings.counting,
        limits=settings.limits,
        endpoints=settings.endpoints,
        tubes=tubes,
        companion_results=_companions(folder),
    )
    counts, endpoints, sheet = (table.read(folder / table.file) for table in NEEDED)
    return FinishedRun(folder, counts, endpoints, sheet, study, strategies, *_gates(folder), record)


def _companions(folder: Path) -> tuple[CompanionResult, ...]:
    path = folder / COMPANIONS.file
    if not path.is_file():
        return ()
    table = COMPANIONS.read(path).drop(columns="dose_group")
    rows = table.astype(object).where(table.notna(), None).to_dict("records")
    return tuple(
        CompanionResult.model_validate({str(key): value for key, value in row.items()}) for row in rows
    )


def _gates(folder: Path) -> tuple[dict[str, set[str]], dict[str, set[str]]]:
    """Populations that were gated, and markers, by file."""
    gates, panels = {}, {}
    for path in sorted((folder / GATES).glob("*.json")):
        content = json.loads(path.read_text(encoding="utf-8"))
        if "gates" in content:  # else it is what the study learned
            gates[str(content["file"])] = set(content["gates"])
            panels[str(content["file"])] = set(content["panel"])
    return gates, panels
