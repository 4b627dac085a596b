"""The counts that a workspace stores, held against what its gates hold when they are evaluated here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bcelldepl.gate_exchange.gate import GateTree, Path, below, path_text
from bcelldepl.gate_exchange.manual import ManualCount

__all__ = ["StoredCounts", "check_stored_counts"]

_NEAR: Final = 0.01  # FlowJo counts on binned values
_NEAR_EVENTS: Final = 3


@dataclass(frozen=True)
class StoredCounts:
    """How many gates of a tube reproduce the counts that were stored with them.

    Attributes
    ----------
    equal, near : int
        Gates that hold as many events, and nearly as many: FlowJo counts on binned values.
    differing : dict of path to (int, int)
        Gates that hold other events: stored, and evaluated here. Of a gate below another that differs it cannot be told
        whether it is at fault, so only the first on each way is here.
    """

    equal: int = 0
    near: int = 0
    differing: Mapping[Path, tuple[int, int]] = field(default_factory=dict)

    @property
    def compared(self) -> int:
        """Gates that have a stored count, without those below one that differs."""
        return self.equal + self.near + len(self.differing)

    def fault_above(self, path: Path) -> Path | None:
        """The gate at or above a population that does not reproduce its stored count; None for a sound way."""
        return next((one for one in self.differing if below(path, one)), None)

    def sentence(self, path: Path) -> str:
        """Say what a gate was stored with and what it holds."""
        stored, found = self.differing[path]
        return (
            f"the gate {path_text(path)!r} was stored with {stored:,} events and holds {found:,} here: "
            "it was changed after it was counted, or is not read as it was drawn"
        )


def check_stored_counts(
    tree: GateTree, members: Mapping[Path, NDArray[np.bool_]], stated: Mapping[str, ManualCount]
) -> StoredCounts:
    """Compare stored counts with the gates, gate by gate from the root.

    Parameters
    ----------
    tree : GateTree
    members : mapping of path to ndarray of bool
        From `evaluate`.
    stated : mapping of str to ManualCount
        By the text of the path.

    Returns
    -------
    StoredCounts
    """
    equal = near = 0
    differing: dict[Path, tuple[int, int]] = {}
    for path in sorted(tree.gates, key=len):
        stored = stated.get(path_text(path), ManualCount()).events
        if stored is None or path not in members or any(below(path, one) for one in differing):
            continue
        found = int(np.count_nonzero(members[path]))
        if found == stored:
            equal += 1
        elif abs(found - stored) <= max(_NEAR_EVENTS, _NEAR * max(found, stored)):
            near += 1
        else:
            differing[path] = (stored, found)
    return StoredCounts(equal, near, differing)
