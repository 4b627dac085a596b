"""What both methods say of one population of one tube, put side by side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from bcelldepl.comparison.acceptance import NO_RESULT
from bcelldepl.comparison.match_populations import same_name
from bcelldepl.comparison.tube_pair import TubePair
from bcelldepl.comparison.volumes import number_of
from bcelldepl.definitions.codes import ResultCode
from bcelldepl.definitions.populations import Kinetics, analytes
from bcelldepl.gate_exchange.manual import ManualCount, ManualTube
from bcelldepl.study import EndpointSettings, Study

__all__ = ["ManualResult", "make_pair", "manual_count", "reconstitution"]

_PERCENT: Final = 100.0


@dataclass(frozen=True)
class ManualResult:
    """What the manual gating says of a population.

    Attributes
    ----------
    events : int or None
    per_ul : float or None
        As stated, or the events in the volume.
    percent : float or None
        Of the parent.
    volume_ul : float or None
        Volume that the source states.
    below : bool
        Whether the numbers are bounds.
    note : str
        What is to be known of them; empty for nothing.
    """

    events: int | None = None
    per_ul: float | None = None
    percent: float | None = None
    volume_ul: float | None = None
    below: bool = False
    note: str = ""


def manual_count(
    manual: ManualTube,
    path: str,
    row: Mapping[str, Any],
    member: NDArray[np.bool_] | None,
    volume_ul: float | None,
) -> ManualResult:
    """Gather what a manual source says of a population.

    Parameters
    ----------
    manual : ManualTube
    path : str
        Of the manual population.
    row : mapping of str to object
        Ours, of ``counts.csv``.
    member : ndarray of bool or None
        Events of its gates, which go before a stored count.
    volume_ul : float or None
        Behind its events, where the source states none.

    Returns
    -------
    ManualResult
    """
    stated = manual.stated.get(path, ManualCount())
    events = stated.events if member is None else int(np.count_nonzero(member))
    parent = manual.stated.get(_path_of_parent(path, stated.parent), ManualCount()).events
    note, percent = "", stated.percent
    if percent is not None and events is None and stated.per_ul is None:
        same = same_name(stated.parent, str(row["parent"])) if stated.parent else None
        if parent is not None:
            events = round(percent / _PERCENT * parent)
        elif same is False:
            note = f"the manual percentage is of {stated.parent}, the automated of {row['parent']}"
            percent = None
        elif stated.parent and same is None:
            note = f"manual percentage of {stated.parent}, automated of {row['parent']}"
    volume = stated.volume_ul or volume_ul
    per_ul = stated.per_ul
    if per_ul is None and events is not None and volume:
        per_ul = events / volume
    return ManualResult(events, per_ul, percent, stated.volume_ul, stated.below, note)


def _path_of_parent(path: str, parent: str) -> str:
    """Path of what a percentage is of: the gate of this name above the population, else the gate next above."""
    above = path.rpartition("/")[0]
    if not parent or same_name(parent, above):
        return above
    names = above.split("/")
    found = [at for at, name in enumerate(names, start=1) if same_name(name, parent)]
    return "/".join(names[: found[-1]]) if found else parent


def make_pair(
    row: Mapping[str, Any], found: ManualResult, auto_volume: float, manual_volume: float, study: Study | None
) -> TubePair:
    """Put both methods' numbers and decisions side by side.

    Parameters
    ----------
    row : mapping of str to object
        Ours, of ``counts.csv``.
    found : ManualResult
    auto_volume, manual_volume : float
        In one unit.
    study : Study or None
        Thresholds; None: the defaults.

    Returns
    -------
    TubePair
    """
    events, parent_events = number_of(row.get("events")), number_of(row.get("parent_events"))
    per_ul, population = number_of(row.get("cells_per_ul")), str(row["population"])
    auto = manual = ""
    if population in analytes(Kinetics.DEPLETION) and found.per_ul is not None:
        threshold = _endpoints(study).depletion_threshold_per_ul
        auto = _decide(row, per_ul, threshold, "depleted", "not depleted")
        if not found.below or found.per_ul <= threshold:
            depleted = found.below or found.per_ul < threshold
            manual = "depleted" if depleted else "not depleted"
    return TubePair(
        population,
        None if events is None else int(events),
        found.events,
        per_ul,
        found.per_ul,
        None,
        auto,
        manual,
        auto_volume,
        manual_volume,
        number_of(row.get("percent_of_parent")),
        found.percent,
        None if parent_events is None else int(parent_events),
        found.below,
    )


def reconstitution(row: Mapping[str, Any], per_ul: float | None, study: Study | None) -> tuple[str, str]:
    """Whether either method says that B cells are back.

    Parameters
    ----------
    row : mapping of str to object
        Ours, of ``counts.csv``.
    per_ul : float or None
        By hand.
    study : Study or None

    Returns
    -------
    (str, str)
        Automated and manual.
    """
    threshold = _endpoints(study).reconstitution_threshold_per_ul
    words = ("not reconstituted", "reconstituted")
    auto = _decide(row, number_of(row.get("cells_per_ul")), threshold, *words)
    return auto, words[per_ul is not None and per_ul >= threshold]


def _endpoints(study: Study | None) -> EndpointSettings:
    """Settings of the endpoints; the defaults where the study cannot be read."""
    return study.endpoints if study else EndpointSettings()


def _decide(row: Mapping[str, Any], per_ul: float | None, threshold: float, below: str, above: str) -> str:
    if per_ul is None or not ResultCode(str(row["result"])).is_evaluable:
        return NO_RESULT
    return below if per_ul < threshold else above
