"""Settings of a study file alone: where there are no samples to check them against."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Final

from bcelldepl.errors import StudyError
from bcelldepl.study.config import StudyFile
from bcelldepl.study.toml import check_settings, read_toml

__all__ = ["read_settings"]

UNNAMED: Final[dict[str, Any]] = {"id": "STUDY", "samples": "none", "strategy": "none"}


def read_settings(path: str | os.PathLike[str] | None) -> StudyFile:
    """Read the settings of a study file; its samples and strategy are not looked at, and need not be named.

    Parameters
    ----------
    path : str or path or None
        A ``study.toml``; None: all defaults.

    Returns
    -------
    StudyFile

    Raises
    ------
    StudyError
        With every problem of the file.
    """
    if path is None:
        return StudyFile.model_validate({"study": UNNAMED})
    file = Path(path)
    raw, problems = read_toml(file)
    if problems:
        raise StudyError(problems)
    study = raw.get("study", {})
    raw = {**raw, "study": {**UNNAMED, "id": file.parent.absolute().name or "STUDY", **study}
           if isinstance(study, dict) else study}  # fmt: skip
    config, problems = check_settings(raw, file.name)
    if problems or config is None:
        raise StudyError(problems)
    return config
