"""``tubes.csv``: one row per tube, failed ones too."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from bcelldepl.batch.outcome import CountedTube, FittedTube
from bcelldepl.batch.tube import role_name
from bcelldepl.study import Tube, iso_text

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["tubes_table"]


def tubes_table(
    tubes: Sequence[Tube], fitted: Sequence[FittedTube], counted: Sequence[CountedTube]
) -> pd.DataFrame:
    """Return one row per tube, in the order of the study.

    Returns
    -------
    DataFrame
        Columns ``file, sha256, subject, visit, day, role, dose_group, batch, status, reason, events,
        kept_fraction, kept_time_fraction, dropped, quality_flags, acquired_volume_ul, cytometer, warnings,
        collected, infused, comment``.
    """
    import pandas as pd

    rows = []
    for tube, fit, count in zip(tubes, fitted, counted, strict=True):
        rows.append(
            {
                "file": tube.file,
                "sha256": fit.sha256,
                "subject": tube.subject,
                "visit": tube.visit,
                "day": tube.day,
                "role": role_name(tube),
                "dose_group": tube.dose_group,
                "batch": fit.batch,
                "status": count.status,
                "reason": count.reason,
                "events": fit.events if fit.sha256 else None,
                "kept_fraction": _rounded(count.kept_fraction),
                "kept_time_fraction": _rounded(count.kept_time_fraction),
                "dropped": "; ".join(
                    f"{reason} {events}" for reason, events in count.dropped.items() if events
                ),
                "quality_flags": "; ".join(count.flags),
                "acquired_volume_ul": count.acquired_volume_ul,
                "cytometer": fit.cytometer,
                "warnings": "; ".join(fit.warnings),
                "collected": iso_text(tube.collected, tube.collected_has_time),
                "infused": iso_text(tube.infused, tube.infused_has_time),
                "comment": tube.comment,
            }
        )
    return pd.DataFrame(rows).astype({"events": "Int64", "kept_fraction": "float64", "kept_time_fraction": "float64",
                                      "acquired_volume_ul": "float64"})  # fmt: skip


def _rounded(fraction: float | None) -> float | None:
    return None if fraction is None else round(fraction, 6)
