"""Blinding: whose tube it is stays hidden until it is signed, where the study asks for that."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any, Final

from bcelldepl.review.signing import is_signed
from bcelldepl.review.state import Snapshot, tube_id
from bcelldepl.study import Tube

__all__ = ["Blinding"]

HIDDEN: Final = "hidden"


class Blinding:
    """What the page may tell of a tube.

    Parameters
    ----------
    snapshot : Snapshot
    """

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._asked = snapshot.study.review.blinded
        tubes = snapshot.study.tubes
        names = {name for tube in tubes for name in (tube.file, tube.subject, tube.dose_group) if name}
        # Keywords of a file often repeat its name, without folder or suffix.
        names |= {
            part for tube in tubes for part in (PurePosixPath(tube.file).name, PurePosixPath(tube.file).stem)
        }
        longest_first = sorted(names, key=len, reverse=True)
        self._names = re.compile("|".join(map(re.escape, longest_first))) if names else None

    def hides(self, tube: Tube) -> bool:
        """Whether the tube's subject and dose group are hidden."""
        return self._asked and not is_signed(self._snapshot, tube.file)

    def facts(self, tube: Tube) -> dict[str, Any]:
        """Whose tube it is, as far as it may be told; a file is often named for its subject."""
        hidden = self.hides(tube)
        return {
            "id": tube_id(tube.file),
            "file": f"tube {tube_id(tube.file)[:6]}" if hidden else tube.file,
            "subject": HIDDEN if hidden else tube.subject,
            "dose_group": HIDDEN if hidden else tube.dose_group,
            "visit": tube.visit,
            "day": tube.day,
            "hidden": hidden,
        }

    def text(self, tube: Tube, text: str) -> str:
        """A sentence about the tube, without names that are hidden."""
        if not self.hides(tube) or self._names is None:
            return text
        return self._names.sub("…", text)

    def texts(self, tube: Tube, row: Mapping[str, Any]) -> dict[str, Any]:
        """Cells of a table, without names that are hidden."""
        return {name: self.text(tube, cell) if isinstance(cell, str) else cell for name, cell in row.items()}
