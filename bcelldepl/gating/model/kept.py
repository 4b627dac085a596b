"""Models that a study keeps: learned once, then the same for every tube that comes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from bcelldepl.errors import StrategyError
from bcelldepl.gating.model.study_model import StudyModel, plain
from bcelldepl.input_limits import MEGABYTE, read_limited

__all__ = ["KeptModel", "models_from_text", "models_to_text", "read_models"]

_LARGEST = 200 * MEGABYTE


@dataclass(frozen=True)
class KeptModel:
    """A model, and what it is of.

    Attributes
    ----------
    name : str
        Of the strategy, and a number where a study has several: one for each cytometer and panel.
    strategy, strategy_sha256 : str
        Name and digest of the strategy that its gates were drawn for.
    cytometer : str
        As the files name it.
    panel : dict of str to str
        Channel by marker, of those that it knows.
    tubes : dict of str to str
        SHA-256 by file, of the tubes that it was learned from.
    given : dict of str to tuple of int
        Clusters that the study named itself.
    model : StudyModel
    """

    name: str
    strategy: str
    strategy_sha256: str
    cytometer: str
    panel: Mapping[str, str]
    tubes: Mapping[str, str]
    model: StudyModel
    given: Mapping[str, tuple[int, ...]] = field(default_factory=dict)

    def is_of(self, strategy: str, cytometer: str, panel: Mapping[str, str]) -> bool:
        """Whether tubes of a strategy, a cytometer and a panel are gated by it."""
        return (self.strategy, self.cytometer, dict(self.panel)) == (strategy, cytometer, dict(panel))


_ADAPTER: TypeAdapter[tuple[KeptModel, ...]] = TypeAdapter(tuple[KeptModel, ...])


def models_to_text(models: Iterable[KeptModel]) -> str:
    """Write models as JSON, always in the same way.

    Parameters
    ----------
    models : iterable of KeptModel

    Returns
    -------
    str
    """
    content: dict[str, Any] = {"models": list(models)}
    return json.dumps(content, separators=(",", ":"), sort_keys=True, default=plain) + "\n"


def models_from_text(text: str) -> tuple[KeptModel, ...]:
    """Read models back.

    Parameters
    ----------
    text : str
        From `models_to_text`.

    Returns
    -------
    tuple of KeptModel

    Raises
    ------
    ValueError
        Where the text holds none.
    """
    try:
        return _ADAPTER.validate_python(json.loads(text)["models"])
    except (KeyError, TypeError, RecursionError) as error:
        raise ValueError(f"not a file of models: {error}") from error


def read_models(path: Path) -> tuple[KeptModel, ...]:
    """Read the models of a study.

    Parameters
    ----------
    path : Path
        A ``gates/model.json`` that a run wrote.

    Returns
    -------
    tuple of KeptModel

    Raises
    ------
    StrategyError
        Where the file cannot be read, or holds none.
    """
    remedy = "give the gates/model.json of a results folder"
    try:
        return models_from_text(read_limited(path, _LARGEST).decode())
    except OSError as error:
        raise StrategyError(f"cannot be read: {error.strerror}", str(path), remedy) from error
    except (ValidationError, ValueError) as error:
        raise StrategyError(
            f"contains no model of a study: {str(error).splitlines()[0]}", str(path), remedy
        ) from error
