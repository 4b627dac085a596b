"""``tubes.csv``, one row per tube, failed ones too, and ``quality_over_time.csv``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from bcelldepl.batch.outcome import CountedTube, FittedTube
from bcelldepl.batch.tube import role_name
from bcelldepl.definitions.tables import TUBES
from bcelldepl.quality.over_time import TubeQuality, quality_over_time
from bcelldepl.store.reviews import StudyReview
from bcelldepl.study import Role, Study, iso_text

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["quality_table", "tubes_table"]


def tubes_table(
    study: Study, fitted: Sequence[FittedTube], counted: Sequence[CountedTube], review: StudyReview
) -> pd.DataFrame:
    """Return one row per tube, in the order of the study.

    Parameters
    ----------
    study : Study
    fitted : sequence of FittedTube
        What the first pass brought back of each.
    counted : sequence of CountedTube
        What the last pass brought back of each.
    review : StudyReview
        What people said of each.

    Returns
    -------
    DataFrame
        As ``tubes.csv`` holds it.
    """
    rows = []
    for tube, fit, count in zip(study.tubes, fitted, counted, strict=True):
        said = review.of(tube.file)
        judged = said.judgement
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
                "bead_count": tube.bead_count,
                "blood_volume_ul": tube.blood_volume_ul,
                "dilution": tube.dilution,
                "beads_seen": count.beads_seen,
                "recovery": _recovery(count.beads_seen, tube.bead_count),
                "analysed_volume_ul": count.analysed_volume_ul,
                "cytometer": fit.cytometer,
                "warnings": "; ".join((*fit.warnings, *study.tube_notes.get(tube.file, ()))),
                "collected": iso_text(tube.collected, tube.collected_has_time),
                "infused": iso_text(tube.infused, tube.infused_has_time),
                "comment": tube.comment,
                "review": str(said.mark(count.digest, fit.sha256) or ""),
                "verdict": judged.sentence if judged else "",
                "signatures": "; ".join(one.sentence for one in said.standing(count.digest)),
                "broken_signatures": "; ".join(one.sentence for one in said.broken(count.digest)),
                "site": tube.site,
                "plate": tube.plate,
                "well": tube.well,
                "course": tube.course,
            }
        )
    return TUBES.frame(rows, rounded=False)


def quality_table(study: Study, fitted: Sequence[FittedTube], counted: Sequence[CountedTube]) -> pd.DataFrame:
    """Return what is followed from tube to tube, of the samples that were counted.

    Parameters
    ----------
    study : Study
    fitted : sequence of FittedTube
        What the first pass brought back of each tube.
    counted : sequence of CountedTube
        What the last pass brought back of each.

    Returns
    -------
    DataFrame
        As ``quality_over_time.csv`` holds it.
    """
    return quality_over_time(
        [
            TubeQuality(
                file=tube.file,
                subject=tube.subject,
                visit=tube.visit,
                batch=fit.batch,
                cytometer=fit.cytometer,
                acquired=fit.started,
                beads_seen=count.beads_seen,
                bead_count=tube.bead_count,
                concentrations=count.concentrations,
                brightness=count.quality,
            )
            for tube, fit, count in zip(study.tubes, fitted, counted, strict=True)
            if tube.role is Role.SAMPLE and not count.failure
        ]
    )


def _rounded(fraction: float | None) -> float | None:
    return None if fraction is None else round(fraction, 6)


def _recovery(seen: int | None, bead_count: float | None) -> float | None:
    return None if seen is None or not bead_count else round(seen / bead_count, 6)
