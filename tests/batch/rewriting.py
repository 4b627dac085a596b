"""Files written again, spoiled on purpose."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bcelldepl.fcs import read_fcs
from bcelldepl.fcs.write import write_fcs

__all__ = ["rewrite"]


def rewrite(
    path: Path,
    *,
    drop: tuple[str, ...] = (),
    rename: Mapping[str, str] | None = None,
    only: NDArray[np.bool_] | None = None,
    **keywords: str,
) -> None:
    """Write a file again without some keywords, with other labels, with some of its events, or other keywords."""
    old = read_fcs(path)
    columns = old.columns()
    if only is not None:
        columns = columns[:, only]
    kept = {
        k: v
        for k, v in old.keywords.items()
        if k.startswith("$") and not k.startswith("$P") and k not in drop
    }
    for name in ("$BEGINDATA", "$ENDDATA", "$BEGINANALYSIS", "$ENDANALYSIS", "$BEGINSTEXT", "$ENDSTEXT", "$NEXTDATA",
                 "$BYTEORD", "$DATATYPE", "$MODE", "$PAR", "$TOT"):  # fmt: skip
        kept.pop(name, None)
    kept |= {f"${name}": text for name, text in keywords.items()}
    labels = [(rename or {}).get(c.label, c.label) for c in old.channels]
    write_fcs(path, np.ascontiguousarray(columns), [c.name for c in old.channels], labels, keywords=kept,
              ranges=[c.range for c in old.channels])  # fmt: skip
