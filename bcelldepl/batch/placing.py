"""A tube of a strategy that learns: sampled, and its gates placed by the study's model. Each step runs in a worker."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from bcelldepl.batch.inputs import Identity
from bcelldepl.batch.outcome import FittedTube, SampledTube
from bcelldepl.batch.tube import in_words
from bcelldepl.definitions.reasons import Reason
from bcelldepl.gating.evidence import Evidence
from bcelldepl.gating.model.event_sample import EventSample
from bcelldepl.gating.model.kept import KeptModel
from bcelldepl.gating.model.place import PLACED_EVENTS, place_gates
from bcelldepl.gating.strategy import Strategy
from bcelldepl.study import Study, Tube
from bcelldepl.tubes.read import open_tube
from bcelldepl.tubes.sample import take_sample

__all__ = ["place", "sample"]


def sample(tube: Tube, study: Study, strategy: Strategy, identity: Identity, wanted: int) -> SampledTube:
    """Take a part of a tube's events. Never raises for what is wrong with the tube itself.

    Parameters
    ----------
    tube : Tube
    study : Study
    strategy : Strategy
    identity : Identity
        Of the file: it must still be the one that was hashed.
    wanted : int
        How many events.

    Returns
    -------
    SampledTube
    """
    try:
        taken = take_sample(open_tube(tube, study, strategy), tube, strategy, max(wanted, PLACED_EVENTS))
    except Exception as error:
        return SampledTube(tube.file, in_words(error, tube))
    if not identity.still_holds(tube.path):
        return SampledTube(tube.file, str(Reason.FILE_CHANGED))
    return SampledTube(tube.file, "", taken)


def place(
    tube: Tube,
    study: Study,
    strategy: Strategy,
    identity: Identity,
    fitted: FittedTube,
    kept: KeptModel | None,
    borrowed: Mapping[str, Evidence],
    taken: EventSample | None,
) -> FittedTube:
    """Place the gates of a tube.

    Parameters
    ----------
    tube : Tube
    study : Study
    strategy : Strategy
    identity : Identity
    fitted : FittedTube
        From the first pass, without gates.
    kept : KeptModel or None
        None where no sample of the study is like the tube.
    borrowed : mapping of str to Evidence
        As for `place_gates`.
    taken : EventSample or None
        Where the tube has been sampled already.

    Returns
    -------
    FittedTube
    """
    if kept is None:
        return replace(fitted, failure=str(Reason.NO_MODEL))
    if taken is None:
        sampled = sample(tube, study, strategy, identity, PLACED_EVENTS)
        if sampled.sample is None:
            return replace(fitted, failure=sampled.failure)
        taken = sampled.sample
    try:
        placed = place_gates(kept.model, strategy, taken, borrowed)
    except Exception as error:
        return replace(fitted, failure=in_words(error, tube))
    scales = {
        marker: kept.model.scales[marker].words(taken.tops[marker])
        for marker in taken.tops
        if marker in kept.model.scales
    }
    return replace(
        fitted,
        fits=placed.fits,
        scales={**fitted.scales, **scales},
        model=kept.name,
        alignment=placed.alignment,
        brightness=placed.brightness,
    )
