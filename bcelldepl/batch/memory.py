"""What a process that runs a study again and again remembers of it; it changes no byte of the results."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bcelldepl.batch.inputs import Identity

if TYPE_CHECKING:
    from bcelldepl.report.page import Pieces

__all__ = ["RunMemory"]


@dataclass
class RunMemory:
    """Remembered between runs.

    Attributes
    ----------
    identities : dict of str to Identity
        Of inputs: a file that did not change is not hashed again.
    pieces : dict
        By file, what the report showed of each tube.
    stages : dict
        What the store holds of a tube, read already: by stage and tube, its key and its value.
    """

    identities: dict[str, Identity] = field(default_factory=dict)
    pieces: Pieces = field(default_factory=dict)
    stages: dict[tuple[str, str], tuple[str, Any]] = field(default_factory=dict)
