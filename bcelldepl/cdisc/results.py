"""What a results folder holds for those who analyse it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from bcelldepl.definitions.files import GATES, RUN
from bcelldepl.definitions.tables import COUNTS, ENDPOINTS, TUBES
from bcelldepl.errors import BcelldeplError, ExchangeError
from bcelldepl.results import Results
from bcelldepl.results.strategies import RecordedStrategies, recorded_strategies
from bcelldepl.results.unchanged import refuse_changed
from bcelldepl.study import Study, Tube, load_study
from bcelldepl.study.cells import role, when
from bcelldepl.study.config import StudyFile

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FinishedRun", "read_finished_run"]

TABLES: Final = (COUNTS, ENDPOINTS, TUBES)


@dataclass(frozen=True)
class FinishedRun:
    """A finished run, read for its data sets.

    Attributes
    ----------
    counts, endpoints : DataFrame
        Rows of ``counts.csv`` and ``endpoints.csv``.
    study : Study
        As it was run: settings from ``run.json``, tubes from ``tubes.csv``.
    strategies : RecordedStrategies
        What each tube was gated by.
    gates : dict of str to set of str
        File to the populations that were gated in it.
    panels : dict of str to set of str
        File to its markers.
    record : dict
        ``run.json``.
    dates : str
        Where dates of draws come from: ``tubes.csv``, the sample sheet, or nowhere.
    """

    counts: pd.DataFrame
    endpoints: pd.DataFrame
    study: Study
    strategies: RecordedStrategies
    gates: dict[str, set[str]]
    panels: dict[str, set[str]]
    record: dict[str, Any]
    dates: str

    @property
    def tubes(self) -> dict[str, Tube]:
        """Tubes by file."""
        return {tube.file: tube for tube in self.study.tubes}

    def usubjid(self, subject: str) -> str:
        """Identifier of a subject across studies."""
        return f"{self.study.id}-{subject}"


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
        A file is missing or is not what a run writes.
    """
    for name in (*(table.file for table in TABLES), RUN):
        if not (folder / name).is_file():
            remedy = "give the folder that `bcelldepl run` wrote, once it is done"
            raise ExchangeError(f"there is no {name}", str(folder), remedy)
    try:
        record: dict[str, Any] = json.loads((folder / RUN).read_text(encoding="utf-8"))
        settings = StudyFile.model_validate_json(json.dumps(record["settings"]))
        strategies = recorded_strategies(record)
        datetime.fromisoformat(record["finished"])
    except (ValueError, KeyError, TypeError) as error:
        raise ExchangeError(f"{RUN} is not the record of a run: {error}", str(folder)) from None
    refuse_changed(Results(folder))
    counts, endpoints, sheet = (table.read(folder / table.file) for table in TABLES)
    tubes, dates = _tubes(sheet, folder, Path(record.get("study_file", "")))
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
    )
    return FinishedRun(counts, endpoints, study, strategies, *_gates(folder), record, dates)


def _tubes(sheet: pd.DataFrame, folder: Path, study_file: Path) -> tuple[tuple[Tube, ...], str]:
    """Rebuild the tubes; dates from ``tubes.csv`` where it has them, else from the sample sheet of the study."""
    source = TUBES.file if {"collected", "infused"} <= set(sheet.columns) else "nowhere"
    known: dict[str, Tube] = {}
    if source == "nowhere" and study_file.is_file():
        try:
            known = {tube.file: tube for tube in load_study(study_file).tubes}
            source = "the sample sheet"
        except BcelldeplError:
            known = {}
    tubes = []
    for row in sheet.to_dict("records"):
        file, kind = str(row["file"]), role(str(row["role"]))
        times: dict[str, Any] = {}
        for column in ("collected", "infused"):
            text = row.get(column)
            if isinstance(text, str) and text:
                times[column], times[f"{column}_has_time"] = when(text)
            elif file in known:
                times[column] = getattr(known[file], column)
                times[f"{column}_has_time"] = getattr(known[file], f"{column}_has_time")
        tubes.append(
            Tube(
                file=file,
                path=folder / file,
                subject=str(row["subject"]),
                visit=str(row["visit"]),
                day=float(row["day"]),
                role=kind[0],
                role_marker=kind[1],
                dose_group=str(row["dose_group"]),
                **times,
            )
        )
    return tuple(tubes), source


def _gates(folder: Path) -> tuple[dict[str, set[str]], dict[str, set[str]]]:
    """Populations that were gated, and markers, by file."""
    gates, panels = {}, {}
    for path in sorted((folder / GATES).glob("*.json")):
        content = json.loads(path.read_text(encoding="utf-8"))
        if "gates" in content:  # else it is what the study learned
            gates[str(content["file"])] = set(content["gates"])
            panels[str(content["file"])] = set(content["panel"])
    return gates, panels
