"""One tube as the page shows it: its gates, numbers, facts, flags, and the tubes that one compares it with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from bcelldepl.definitions.populations import BEADS, label_of
from bcelldepl.review.axes import axis_of
from bcelldepl.review.blinding import Blinding
from bcelldepl.review.highlights import LEFT_OUT, flag_highlight
from bcelldepl.review.opened import Gated, TubeUnderReview
from bcelldepl.review.pictures import gate_of, time_course, view_of
from bcelldepl.review.state import Snapshot, StudyState, tube_id
from bcelldepl.store.reviews import Signature
from bcelldepl.study import Role, Tube

__all__ = ["flags_content", "gates_content", "tube_content"]

_KEYWORDS: Final = 60
_HIDDEN_KEYWORDS: Final = ("$FIL", "$SRC", "$SMNO", "$PROJ", "$EXP", "$COM", "$CELLS")


def tube_content(state: StudyState, tube: Tube) -> dict[str, Any]:
    """All but the pictures of a tube.

    Parameters
    ----------
    state : StudyState
    tube : Tube

    Returns
    -------
    dict of str to object
        Of a tube that cannot be opened, without gates, and with the reason.
    """
    snapshot = state.snapshot
    blinding = Blinding(snapshot)
    row = blinding.texts(tube, snapshot.rows.get(tube.file, {}))
    said, digest = snapshot.review_of(tube.file), snapshot.digest(tube.file)
    content: dict[str, Any] = {
        **blinding.facts(tube),
        "version": snapshot.version(tube.file),
        "row": {name: cell for name, cell in row.items() if cell == cell and name not in ("sha256",)},
        "counts": [
            blinding.texts(tube, one) | {"label": label_of(one["population"])}
            for one in snapshot.counts.get(tube.file, [])
        ],
        "overrides": [blinding.text(tube, one.sentence) for one in snapshot.study.overrides_of(tube.file)],
        "by_hand": [one.population for one in snapshot.study.overrides_of(tube.file)],
        "judgement": said.judgement.sentence if said.judgement else "",
        "signatures": [_signature(one, True) for one in said.standing(digest)]
        + [_signature(one, False) for one in said.broken(digest)],
        "beside": _beside(snapshot, tube),
    }
    try:
        opened = state.opened(tube.file)
    except Exception as error:  # whatever is wrong with one tube, the others are reviewed
        return {**content, "failure": blinding.text(tube, str(error))}
    gated = opened.as_counted
    quality = opened.gated.signal.quality
    return {
        **content,
        "failure": "",
        "left_out": {
            "name": LEFT_OUT,
            "events": int(np.count_nonzero(~quality.keep)),
            "flags": list(quality.flags),
        },
        **gates_content(opened, gated),
        "facts": _facts(opened, gated, blinding),
    }


def gates_content(opened: TubeUnderReview, gated: Gated) -> dict[str, Any]:
    """Gates of a tube in the order of the strategy, and the axes that they are drawn on.

    Parameters
    ----------
    opened : TubeUnderReview
    gated : Gated

    Returns
    -------
    dict of str to object
    """
    panel, gates = opened.gated.signal.columns, []
    titles = {population: gated.rule(population).title(panel) for population in gated.parents}
    for population in gated.parents:
        view = view_of(opened, gated, population)
        gate = gate_of(opened, gated, population)
        labels = {"label": titles[population], "parent_label": titles.get(gate["parent"], "")}
        gates.append({**gate, **labels, "x_axis": view.x, "y_axis": view.y})
    markers = list(opened.gated.signal.columns)
    return {"gates": gates, "axes": {marker: axis_of(opened, gated, marker) for marker in markers}}


def flags_content(opened: TubeUnderReview) -> list[dict[str, Any]]:
    """Flags of the model's checks: what the page highlights when one is chosen.

    Parameters
    ----------
    opened : TubeUnderReview

    Returns
    -------
    list of dict of str to object
        Sentence of the flag, the gate that shows its events, their name among the highlights, and their legend.
    """
    return [
        {
            "sentence": flag.sentence,
            "population": flag.population,
            "name": flag_highlight(place),
            "legend": flag.legend,
        }
        for place, flag in enumerate(opened.flags)
    ]


def _signature(one: Signature, holds: bool) -> dict[str, Any]:
    return {
        "sentence": one.sentence,
        "meaning": one.meaning,
        "holds": holds,
        "who": one.who,
        "order": one.order.value,
    }


def _facts(opened: TubeUnderReview, gated: Gated, blinding: Blinding) -> dict[str, Any]:
    """What the numbers stand on beside the gates."""
    facts, acquisition = opened.facts, opened.gated.acquisition
    beads = gated.members.get(BEADS)
    keywords: Mapping[str, str] = acquisition.keywords
    hidden = blinding.hides(opened.tube)
    shown = {
        key: value[:120]
        for key, value in keywords.items()
        if not key.startswith(("$P", "P"))
        and value.strip()
        and not (hidden and key.upper() in _HIDDEN_KEYWORDS)
    }
    return {
        "bead_count": facts.bead_count,
        "beads_seen": beads.events if beads else None,
        "blood_volume_ul": facts.blood_volume_ul,
        "acquired_volume_ul": facts.acquired_volume_ul,
        "events": acquisition.n_events,
        "kept_time_fraction": facts.kept_time_fraction,
        "cytometer": acquisition.cytometer,
        "date": acquisition.date,
        "keywords": {
            key: blinding.text(opened.tube, value) for key, value in list(shown.items())[:_KEYWORDS]
        },
        "time": time_course(opened, gated, [n for n in gated.members if gated.rule(n).report]),
    }


def _beside(snapshot: Snapshot, tube: Tube) -> dict[str, Any]:
    """Tubes that one compares this one with."""
    samples = [one for one in snapshot.study.tubes if one.role is Role.SAMPLE]
    visits = [one for one in samples if one.course_key == tube.course_key]
    earlier = [one for one in visits if one.draw_day < tube.draw_day and one.file != tube.file]
    own = snapshot.rows.get(tube.file, {}).get("batch", "")
    fmos = [one for one in snapshot.study.tubes if one.role is Role.FMO]
    same_draw = [one for one in fmos if one.course_key == tube.course_key and one.visit == tube.visit]
    same_batch = [one for one in fmos if snapshot.rows.get(one.file, {}).get("batch", "") == own]
    batch = [
        one
        for one in samples
        if snapshot.rows.get(one.file, {}).get("batch", "") == own and one.file != tube.file
    ]
    found: dict[str, list[Tube]] = {
        "previous visit": earlier[-1:],
        "FMO": (same_draw or same_batch)[:1],
        "same batch": batch[:1],
    }
    return {name: tube_id(tubes[0].file) for name, tubes in found.items() if tubes}
