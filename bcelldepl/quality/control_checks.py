"""Checks of controls: of a marker that nobody has, of blood that was not measured, against the matrix in the file."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bcelldepl.counting import Concentration
from bcelldepl.definitions.markers import CAR
from bcelldepl.fcs.acquisition import Channel, Spillover
from bcelldepl.gating.rules.positives import PositivesRule
from bcelldepl.gating.strategy import Strategy
from bcelldepl.near_names import did_you_mean
from bcelldepl.quality.checks import CHECKS, Outcome
from bcelldepl.quality.cross_tube_checks import OpenedTube
from bcelldepl.quality.limits import FEWEST_POSITIVES
from bcelldepl.signal.panel import find_marker
from bcelldepl.study import Role, Tube

__all__ = ["check_control", "check_for_samples", "check_negative", "check_spillover"]


def check_control(
    tube: Tube, channels: Sequence[Channel], panel: Mapping[str, str], markers: Collection[str]
) -> tuple[Outcome, ...]:
    """Check whether a gate can use a control; one of a marker that no gate needs passes, if the panel has it.

    Parameters
    ----------
    tube : Tube
    channels : sequence of Channel
        Of its file.
    panel : mapping of str to str
        Marker to channel name.
    markers : collection of str
        Of the strategy.

    Returns
    -------
    tuple of Outcome
        ``control_marker``; empty for a tube that is no FMO.
    """
    if tube.role is not Role.FMO:
        return ()
    why = _unusable(tube.role_marker or "", channels, panel, markers)
    named = tube.role_marker
    return (CHECKS["control_marker"].judge(float(bool(why)), passed=not why, marker=named, why=why),)


def check_negative(tube: Tube, counted: Iterable[Concentration], strategy: Strategy) -> tuple[Outcome, ...]:
    """Check that a tube that cannot hold positive cells holds none: it may be another tube.

    These are tubes without the stain, and for the CAR samples drawn before the first infusion.

    Parameters
    ----------
    tube : Tube
    counted : iterable of Concentration
        Of the tube.
    strategy : Strategy

    Returns
    -------
    tuple of Outcome
        ``positive_control`` or ``positive_before_infusion``, for each population that is told by the stain; empty for
        other tubes.
    """
    if tube.role is Role.FMO:
        check, marker = CHECKS["positive_control"], tube.role_marker or ""
    elif tube.role is Role.SAMPLE and tube.before_first_infusion:
        check, marker = CHECKS["positive_before_infusion"], CAR
    else:
        return ()
    told = {
        rule.name
        for rule in strategy.populations
        if isinstance(rule, PositivesRule) and rule.marker.casefold() == marker.casefold()
    }
    return tuple(
        check.judge(
            events / of,
            passed=True if events < FEWEST_POSITIVES else None,
            events=events,
            percent=100 * events / of,
            parent=one.parent,
            population=one.population,
            marker=marker,
        )
        for one in counted
        if one.population in told and (events := one.events or 0) and (of := one.parent_events or 0)
    )


def check_for_samples(tubes: Sequence[Tube], opened: Sequence[OpenedTube]) -> dict[str, list[Outcome]]:
    """Check that each control has a sample of its subject or of its batch.

    Parameters
    ----------
    tubes : sequence of Tube
    opened : sequence of OpenedTube
        The same tubes, opened.

    Returns
    -------
    dict of str to list of Outcome
        By file, the checks that failed: ``lone_control``.
    """
    pairs = list(zip(tubes, opened, strict=True))
    samples = [(tube, one) for tube, one in pairs if tube.role is Role.SAMPLE]
    subjects = {tube.subject for tube, _ in samples}
    batches = {one.batch for _, one in samples if one.batch}
    failed = {}
    for tube, one in pairs:
        is_control = tube.role in (Role.FMO, Role.UNSTAINED) and not one.failure
        if is_control and tube.subject not in subjects and one.batch not in batches:
            batch = f"batch {one.batch}" if one.batch else "no known batch"
            check = CHECKS["lone_control"]
            failed[tube.file] = [check.judge(0, passed=False, subject=tube.subject, batch=batch)]
    return failed


def check_spillover(detector: str, by_controls: Spillover, in_file: NDArray[np.float64]) -> Outcome:
    """Compare what a dye gives to other detectors by its control with what the matrix in the file says.

    Parameters
    ----------
    detector : str
        Of the dye.
    by_controls : Spillover
        Made of the controls.
    in_file : ndarray of float64, shape (n, n)
        The matrix in the file, for the same detectors.

    Returns
    -------
    Outcome
        ``control_spillover``, of the detector in which the two differ most.
    """
    own = by_controls.channels.index(detector)
    away = np.abs(by_controls.matrix[own] - in_file[own])
    other = int(np.argmax(away))
    words: dict[str, Any] = {
        "detector": detector,
        "other": by_controls.channels[other],
        "by_control": 100 * by_controls.matrix[own, other],
        "in_file": 100 * in_file[own, other],
    }
    return CHECKS["control_spillover"].judge(float(away[other]), **words)


def _unusable(
    named: str, channels: Sequence[Channel], panel: Mapping[str, str], markers: Collection[str]
) -> str:
    """Why no gate can use a control of this marker; empty where one can."""
    if named.casefold() in {marker.casefold() for marker in markers}:
        return ""
    carrying = {channel.name for channel in find_marker(named, channels)}
    meant = [marker for marker, channel in panel.items() if channel in carrying]
    if meant:
        return f"the strategy calls that channel {meant[0]}"
    if carrying:
        return ""
    hint = did_you_mean(named, markers) or f"the strategy uses {', '.join(markers)}"
    return f"no channel found for {named} ({hint})"
