"""The strategies of a run, as ``run.json`` keeps them: that of the study, and those of batches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["RecordedStrategies", "recorded_strategies"]


@dataclass(frozen=True)
class RecordedStrategies:
    """What each tube was gated by.

    Attributes
    ----------
    common : mapping of str to object
        The strategy of the study, as data.
    of_batch : mapping of str to mapping of str to object
        Those of batches that have one of their own.
    batches : mapping of str to str
        Batch in the sample sheet by file; tubes without one are left out.
    """

    common: Mapping[str, Any]
    of_batch: Mapping[str, Mapping[str, Any]]
    batches: Mapping[str, str]

    def of(self, file: str) -> Mapping[str, Any]:
        """Return the strategy of a tube."""
        return self.of_batch.get(self.batches.get(file, ""), self.common)

    @property
    def all(self) -> dict[str, Mapping[str, Any]]:
        """Every strategy by its name, the common one first."""
        return {str(one["name"]): one for one in (self.common, *self.of_batch.values())}


def recorded_strategies(record: Mapping[str, Any]) -> RecordedStrategies:
    """Read the strategies of a run.

    Parameters
    ----------
    record : mapping of str to object
        The content of ``run.json``.

    Returns
    -------
    RecordedStrategies

    Raises
    ------
    KeyError, TypeError
        It holds no strategy.
    """
    return RecordedStrategies(
        record["strategy"]["content"],
        {batch: own["content"] for batch, own in record.get("strategies_by_batch", {}).items()},
        {row["file"]: row["batch"] for row in record.get("tubes", ()) if row.get("batch")},
    )
