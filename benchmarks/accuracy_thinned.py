"""Real tubes from which B cells are taken away at random: what is counted of what is left?

No public data set holds tubes of depleted patients with a reference count. But a real tube minus real B cells is
such a tube, and what is left is known exactly. B cells are the expert's (manual gates, openCyto's labels for
`lyoplate_bcell`, our own call of the full tube for `tbnk`). The subject's other visits stand by as in a study; a
tube without others has itself, unthinned, as the subject's baseline.

Some events are B cells by their markers and yet outside the expert's gate (of scatter, as a rule), or the other
way round. What the expert and any of the methods, ours or a peer, dispute in the full tube is therefore set aside
for all: of the events that somebody called a B cell, only the expert's come back. How far the expert and a method
disagree is measured on the full tubes, and once more here by removing the expert's B cells alone (``strict``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final

import numpy as np
from accuracy_gating import linear_sample, quiet
from accuracy_peers import Cuts, call_peer
from accuracy_real import RealTube, baseline_of, full_calls
from numpy.typing import NDArray

from bcelldepl.batch.workers import map_tubes
from bcelldepl.counting.limits import result_code
from bcelldepl.gating.evidence import Evidence
from bcelldepl.gating.model.event_sample import EventSample
from bcelldepl.gating.model.gate_tube import automated_gates
from bcelldepl.gating.model.place import PLACED_EVENTS, borrowed_evidence, place_gates
from bcelldepl.quality.limits import DIFFERENT_CELLS
from bcelldepl.signal import Signal
from bcelldepl.signal.signal import Exact

__all__ = ["LEFT", "run_thinned"]

Record = dict[str, Any]
LEFT: Final = (100, 50, 20, 10, 5, 1, 0)
REPEATS: Final = {"full": 20, "quick": 4}
PEER_REPEATS: Final = {"full": 5, "quick": 2}


def run_thinned(
    tubes: Sequence[RealTube], peers: Sequence[str], workers: int, *, quick: bool
) -> list[Record]:
    """Thin every tube to every number left, so many times, and let every method count.

    Parameters
    ----------
    tubes : sequence of RealTube
        All of them: those of a subject serve each other as baseline.
    peers : sequence of str
    workers : int
    quick : bool
    """
    size = "quick" if quick else "full"
    repeats, peer_repeats = REPEATS[size], PEER_REPEATS[size]
    jobs = []
    for place, one in enumerate(tubes):
        cuts, asked = baseline_of(one, tubes).draw(), tuple(peers) if one.tells_peers else ()
        sample = linear_sample(one.gated, one.tube)
        somebodys = np.logical_or.reduce([by["B"] for by in full_calls(one, cuts, asked).values()])
        jobs += [(one, sample, cuts, asked, somebodys, (place, left), repeats, peer_repeats) for left in LEFT]
        jobs.append((one, sample, cuts, asked, np.zeros_like(somebodys), (place, 0), 1, 1, "strict"))
    return [record for records in map_tubes(_thin, jobs, [job[0].name for job in jobs], workers, quiet)
            for record in records]  # fmt: skip


def _thin(
    one: RealTube,
    sample: EventSample,
    cuts: Cuts,
    peers: Sequence[str],
    disputed: NDArray[np.bool_],
    draw: tuple[int, int],
    repeats: int,
    peer_repeats: int,
    kind: str = "thinned",
) -> list[Record]:
    left = draw[1]
    cells = np.flatnonzero(one.labels["B"] & one.signal.quality.keep)
    records = []
    for repeat in range(repeats):
        rng = np.random.default_rng([*draw, repeat])
        chosen = np.ones(one.signal.n_events, dtype=bool)
        chosen[one.labels["B"] | disputed] = False
        chosen[rng.choice(cells, left, replace=False)] = True
        signal, label = subset(one.signal, chosen), one.labels["B"][chosen]
        record, root = _ours(one, sample, chosen, signal, label)
        columns = {marker: values[root] for marker, values in signal.columns.items()}
        for peer in peers if repeat < peer_repeats else ():
            called = call_peer(peer, columns, cuts)["B"]
            record["calls"][peer] = {"events": int(called.sum()), "right": int((called & label[root]).sum())}
        records.append({
            "kind": kind, "tube": one.name, "dataset": one.dataset, "left": left, "repeat": repeat,
            "events": signal.n_events, **record,
        })  # fmt: skip
    return records


def subset(signal: Signal, chosen: NDArray[np.bool_]) -> Signal:
    """Signals of some of the events."""
    columns = {marker: values[chosen] for marker, values in signal.columns.items()}
    quality = replace(signal.quality, keep=signal.quality.keep[chosen])
    index, exact = np.flatnonzero(chosen), signal.exact
    again = None if exact is None else partial(_of_subset, exact, index)
    return replace(signal, columns=columns, quality=quality, exact=again)


def _of_subset(
    exact: Exact, index: NDArray[np.intp], marker: str, events: NDArray[np.intp]
) -> NDArray[np.float64]:
    return exact(marker, index[events])


def _ours(
    one: RealTube,
    sample: EventSample,
    chosen: NDArray[np.bool_],
    signal: Signal,
    label: NDArray[np.bool_],
) -> tuple[Record, NDArray[np.intp]]:
    """Gate the thinned tube by what its study taught; returns the record and the events that the peers are given."""
    gated, limits = one.gated, one.gated.study.limits
    left = np.flatnonzero(chosen & one.signal.quality.keep)
    order = np.random.default_rng(len(left)).permutation(left)[:PLACED_EVENTS]
    part = replace(sample, signals={marker: values[order] for marker, values in sample.signals.items()})
    others = [tube.file for tube in gated.study.tubes if tube.file != one.tube.file]
    placed = place_gates(
        gated.model, gated.strategy, part, borrowed_evidence(gated.model, gated.strategy, others)
    )
    counted, _ = automated_gates(
        signal, gated.strategy, placed.fits, gated.model, placed.alignment, DIFFERENT_CELLS
    )
    found, called = counted.members["B"], counted.membership["B"]
    failed = found.evidence is Evidence.FAILED
    record = {
        "calls": {"ours": {"events": found.events, "right": int((called & label).sum())}},
        "evidence": str(found.evidence),
        "result": "NOT_EVALUABLE" if failed else str(result_code(found.events, limits)),
        "true_result": str(result_code(int(label.sum()), limits)),
        "interval": [found.events_low, found.events_high],
    }
    return record, np.flatnonzero(counted.membership[one.root])
