"""The queue of a review: tubes in the order in which they are worth a look, and how the review of each stands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from bcelldepl.definitions.codes import ResultCode, TubeStatus
from bcelldepl.definitions.result_columns import result_columns
from bcelldepl.definitions.review import REVIEW_REASONS, ReviewMark, ReviewVerdict, SignatureOrder
from bcelldepl.gating.evidence import Evidence
from bcelldepl.review.blinding import Blinding
from bcelldepl.review.signing import is_signed, missing_signatures
from bcelldepl.review.state import Snapshot, StudyState, tube_id
from bcelldepl.study import Role, Tube

__all__ = ["study_content", "urgency"]

_NEAR_LLOQ: Final = 2.0  # times the limit, up to which a number is near it
_BORROWED: Final = frozenset({Evidence.SUBJECT, Evidence.BATCH, Evidence.FIXED, Evidence.FAILED})
# Why a tube stands where it does in the queue, first things first.
_CLASSES: Final = (
    "changed since it was judged",
    "failed",
    "needs review",
    "gated by hand",
    "gates borrowed or fixed",
    "near the limit of quantification",
    "no findings",
)


def study_content(state: StudyState) -> dict[str, Any]:
    """The study and its queue, as the page takes them.

    Parameters
    ----------
    state : StudyState

    Returns
    -------
    dict of str to object
    """
    snapshot = state.snapshot
    blinding = Blinding(snapshot)
    inputs = state.inputs()
    changed = set(state.changed_inputs(inputs))
    unsigned = missing_signatures(snapshot)
    return {
        "study": snapshot.study.id,
        "signatures": snapshot.study.review.signatures,
        "blinded": snapshot.study.review.blinded,
        "locked": snapshot.review.locked,
        "current": state.is_current(inputs),
        "awaits_tables": state.awaits_tables,
        "questions": list(snapshot.results.results.questions),
        "unsigned": len(unsigned),
        "reasons": list(REVIEW_REASONS),
        "verdicts": {verdict.value: verdict.words for verdict in ReviewVerdict},
        "meanings": {order.value: order.meaning for order in SignatureOrder},
        "classes": list(_CLASSES),
        "tubes": sorted(
            (
                _entry(snapshot, blinding, tube, number, tube.file in changed)
                for number, tube in enumerate(snapshot.study.tubes)
            ),
            key=lambda entry: (entry["class"], entry["order"]),
        ),
    }


def _entry(
    snapshot: Snapshot, blinding: Blinding, tube: Tube, number: int, input_changed: bool
) -> dict[str, Any]:
    row, said = snapshot.rows.get(tube.file, {}), snapshot.review_of(tube.file)
    digest = "" if input_changed else snapshot.digest(tube.file)
    sha256 = "" if input_changed else str(row.get("sha256", ""))
    mark = said.mark(digest or "changed", sha256)
    broken = bool(said.broken(digest or "changed"))
    signed = [
        {"order": one.order.value, "who": one.who, "when": one.when}
        for one in said.standing(digest or "changed")
    ]
    place = urgency(snapshot, tube, mark, broken or input_changed)
    reason = "the file has changed since it was counted" if input_changed else str(row.get("reason", ""))
    return {
        **blinding.facts(tube),
        "role": str(row.get("role", tube.role.value)),
        "batch": str(row.get("batch", "")),
        "status": str(row.get("status", "")),
        "reason": blinding.text(tube, reason),
        "class": place,
        # The order of the sheet goes by subject: of hidden tubes it must not tell.
        "order": tube_id(tube.file) if blinding.hides(tube) else f"{number:08d}",
        "review": str(mark or ""),
        "verdict": said.judgement.verdict.value if said.judgement else "",
        "signed": signed,
        "broken": broken,
        "done": is_signed(snapshot, tube.file) and not input_changed,
        "version": snapshot.version(tube.file),
    }


def urgency(snapshot: Snapshot, tube: Tube, mark: ReviewMark | None, broken: bool) -> int:
    """Place of a tube in the queue by why it is worth a look; 0 is first.

    Parameters
    ----------
    snapshot : Snapshot
    tube : Tube
    mark : ReviewMark or None
    broken : bool
        Whether a signature no longer holds.

    Returns
    -------
    int
    """
    row, counts = snapshot.rows.get(tube.file, {}), snapshot.counts.get(tube.file, [])
    reasons = (
        broken or mark is ReviewMark.CHANGED,
        row.get("status") == TubeStatus.FAILED,
        row.get("status") == TubeStatus.REVIEW,
        bool(snapshot.study.overrides_of(tube.file)),
        tube.role is Role.SAMPLE and any(one["evidence"] in _BORROWED for one in counts if one["events"]),
        any(_near_lloq(one) for one in counts),
    )
    return next((place for place, stands in enumerate(reasons) if stands), len(reasons))


def _near_lloq(row: Mapping[str, Any]) -> bool:
    if row["result"] == ResultCode.DETECTED_BELOW_LLOQ:
        return True
    columns = result_columns(row["method"])
    value, limit = row[columns.value], row[columns.lloq]
    return bool(
        value is not None and limit and row["result"] == ResultCode.QUANTIFIED and value < _NEAR_LLOQ * limit
    )
