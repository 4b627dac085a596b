"""Controls that control nothing: of a marker that nobody has, or of blood that was not measured."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

from bcelldepl.batch.outcome import FittedTube
from bcelldepl.fcs.acquisition import Channel
from bcelldepl.signal.panel import find_marker
from bcelldepl.study import Role, Tube
from bcelldepl.study.toml import did_you_mean

__all__ = ["doubt_of_marker", "lone_controls"]


def doubt_of_marker(
    tube: Tube, channels: Sequence[Channel], panel: Mapping[str, str], markers: Collection[str]
) -> str:
    """Why no gate can use a control; empty where one can, and for a marker of the panel that no gate needs.

    Parameters
    ----------
    tube : Tube
    channels : sequence of Channel
        Of its file.
    panel : mapping of str to str
        Marker to channel name.
    markers : collection of str
        Of the strategy.
    """
    named = tube.role_marker or ""
    if tube.role is not Role.FMO or named.casefold() in {marker.casefold() for marker in markers}:
        return ""
    carrying = {channel.name for channel in find_marker(named, channels)}
    meant = [marker for marker, channel in panel.items() if channel in carrying]
    if meant:
        return f"the role fmo:{named} is used by no gate: the strategy calls that channel {meant[0]}"
    if carrying:
        return ""
    hint = did_you_mean(named, markers) or f"the strategy uses {', '.join(markers)}"
    return f"the role fmo:{named} is used by no gate: no channel carries {named} ({hint})"


def lone_controls(tubes: Sequence[Tube], fitted: Sequence[FittedTube]) -> dict[str, list[str]]:
    """By file, a sentence for each control whose subject and batch have no sample.

    Parameters
    ----------
    tubes : sequence of Tube
    fitted : sequence of FittedTube
        What the first pass brought back of each.
    """
    pairs = list(zip(tubes, fitted, strict=True))
    samples = [(tube, one) for tube, one in pairs if tube.role is Role.SAMPLE]
    subjects = {tube.subject for tube, _ in samples}
    batches = {one.batch for _, one in samples if one.batch}
    found: dict[str, list[str]] = defaultdict(list)
    for tube, one in pairs:
        is_control = tube.role in (Role.FMO, Role.UNSTAINED) and not one.failure
        if is_control and tube.subject not in subjects and one.batch not in batches:
            batch = f"batch {one.batch}" if one.batch else "no known batch"
            found[tube.file].append(
                f"a control without its sample: subject {tube.subject} and {batch} have none"
            )
    return found
