"""A study: its settings after defaults and its tubes, checked and frozen."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from bcelldepl.study.companions import CompanionResult
from bcelldepl.study.config import (
    AcceptanceLimits,
    BatchSettings,
    CompensationSettings,
    CountingSettings,
    EndpointSettings,
    GatingSettings,
    LimitSettings,
    ReviewSettings,
    StudyFile,
    StudySettings,
)
from bcelldepl.study.overrides import Override
from bcelldepl.study.tubes import Tube

__all__ = ["Study"]


class Study(BaseModel):
    """What `load_study` gives: nothing in it needs checking again.

    Attributes
    ----------
    path, folder, samples_path : Path
        The study file, its folder, and the sample sheet.
    id, strategy : str
        As in ``[study]``.
    panel : dict of str to str
        Marker to detector or label, where the files do not say it.
    batch : dict of str to BatchSettings
        What is different in a batch.
    compensation, gating, counting, limits, endpoints, agreement, review
        The tables of that name, with defaults.
    companions : str or None
        The table of other results, as in ``[study]``.
    companion_results : tuple of CompanionResult
        What it holds, by subject, test and day.
    tubes : tuple of Tube
        Subjects in the order in which the sheet first names them; within a subject by nominal day, then role
        (`sample` first, as in `Role`), then row of the sheet.
    overrides : tuple of Override
        Gates of single tubes set by hand, from ``overrides.toml`` beside the study file.
    warnings : tuple of str
        What was accepted but is unusual, one sentence each.
    tube_notes : dict of str to tuple of str
        By file, how its row of the sheet was read, and what of it is not used, where that is not plain.
    guesses : dict of str to str
        By file, what `bcelldepl init` guessed of its row and nobody has confirmed.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: Path
    folder: Path
    samples_path: Path
    samples: str
    id: str
    strategy: str
    companions: str | None = None
    allow_outside: bool = False
    panel: dict[str, str] = {}
    batch: dict[str, BatchSettings] = {}
    compensation: CompensationSettings = CompensationSettings()
    gating: GatingSettings = GatingSettings()
    counting: CountingSettings = CountingSettings()
    limits: LimitSettings = LimitSettings()
    endpoints: EndpointSettings = EndpointSettings()
    agreement: AcceptanceLimits = AcceptanceLimits()
    review: ReviewSettings = ReviewSettings()
    tubes: tuple[Tube, ...] = ()
    companion_results: tuple[CompanionResult, ...] = ()
    overrides: tuple[Override, ...] = ()
    warnings: tuple[str, ...] = ()
    tube_notes: dict[str, tuple[str, ...]] = {}
    guesses: dict[str, str] = {}

    def __repr__(self) -> str:
        return f"Study({self.id}: {len(self.tubes)} tubes of {len(self.subjects)} subjects, strategy {self.strategy})"

    __str__ = __repr__

    def _repr_html_(self) -> str:
        import pandas as pd

        from bcelldepl.html_pages import titled_table

        rows = [
            (one.file, one.subject, one.visit, one.day, one.role.value, one.dose_group, one.batch or "")
            for one in self.tubes
        ]
        columns = ["file", "subject", "visit", "day", "role", "dose_group", "batch"]
        return titled_table(repr(self), pd.DataFrame(rows, columns=columns))

    @property
    def subjects(self) -> tuple[str, ...]:
        """Subjects in the order of the sheet."""
        return tuple(dict.fromkeys(tube.subject for tube in self.tubes))

    def overrides_of(self, file: str) -> tuple[Override, ...]:
        """Return the gates of a tube that were set by hand."""
        return tuple(override for override in self.overrides if override.file == file)

    def panel_of(self, batch: str | None) -> dict[str, str]:
        """Return the study's own names of detectors and labels for a batch."""
        own = self.batch.get(batch or "")
        return {**self.panel, **own.panel} if own else dict(self.panel)

    def strategy_of(self, batch: str | None) -> str:
        """Return the name or path of the strategy for a batch."""
        own = self.batch.get(batch or "")
        return (own.strategy if own else None) or self.strategy

    def matrix_path(self, batch: str | None) -> Path | None:
        """Return the study's spillover matrix for a batch, or None where the file's own is meant."""
        name = self.compensation.by_batch.get(batch or "", self.compensation.matrix)
        return None if name is None else self.folder / name

    def with_matrices(self, made: Mapping[str, Path]) -> Study:
        """Return the study with matrices that were made of its controls, by batch; the only one serves all batches."""
        names = {batch: os.path.relpath(path, self.folder) for batch, path in made.items()}
        only = next(iter(names.values())) if len(names) == 1 else None
        settings = self.compensation.model_copy(update={"matrix": only, "by_batch": names})
        return self.model_copy(update={"compensation": settings})

    def settings(self) -> dict[str, Any]:
        """Return every setting after defaults, as ``study.toml`` would spell it; ready for JSON."""
        tables = {name: getattr(self, name) for name in StudyFile.model_fields if name != "study"}
        study = {name: getattr(self, name) for name in StudySettings.model_fields}
        return StudyFile.model_validate({"study": study, **tables}).model_dump(mode="json", exclude_none=True)


def is_path(strategy: str) -> bool:
    """Tell the path of a strategy file from a name in ``gates/``."""
    return strategy.endswith(".toml") or "/" in strategy or "\\" in strategy
