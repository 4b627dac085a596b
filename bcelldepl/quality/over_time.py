"""Quality control over time: what should be alike in every tube, by cytometer, with limits and Westgard rules."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from bcelldepl.counting import Concentration
from bcelldepl.definitions.quality_measures import (
    BEAD_RECOVERY,
    BEADS_SEEN,
    FEWEST_TUBES,
    QUALITY_MEASURES,
    QualityMeasure,
    WestgardRule,
)
from bcelldepl.definitions.tables import QUALITY_OVER_TIME
from bcelldepl.signal import Signal

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["TubeQuality", "broken_rules", "quality_over_time", "robust_mean_sd", "tube_brightness"]

_SHOWN: Final = 30  # events, from which a median is known
_ROUNDS: Final = 100
# Algorithm A: values are drawn in to 1.5 SD, and the SD of what is drawn in is that much too small for normal values.
_WITHIN: Final = 1.5
_FACTOR: Final = 1.134


@dataclass(frozen=True)
class TubeQuality:
    """What is known of one sample tube.

    Attributes
    ----------
    file, subject, visit, batch, cytometer : str
    acquired : str
        Start of its acquisition, ISO; empty where it is not known.
    beads_seen, bead_count : float or None
    concentrations : tuple of Concentration
    brightness : mapping of str to float
        From `tube_brightness`.
    """

    file: str
    subject: str
    visit: str
    batch: str
    cytometer: str
    acquired: str
    beads_seen: float | None
    bead_count: float | None
    concentrations: tuple[Concentration, ...]
    brightness: Mapping[str, float]


def tube_brightness(signal: Signal, membership: Mapping[str, NDArray[np.bool_]]) -> dict[str, float]:
    """Median signals of the cells that every tube has.

    Parameters
    ----------
    signal : Signal
    membership : mapping of str to ndarray of bool, shape (n_events,)
        By population.

    Returns
    -------
    dict of str to float
        By measure, in the instrument's units; those of fewer than 30 cells are left out.
    """
    medians = {}
    for measure in QUALITY_MEASURES.values():
        axis, members = signal.axes.get(measure.marker), membership.get(measure.population)
        if axis is not None and members is not None and np.count_nonzero(members) >= _SHOWN:
            events = np.flatnonzero(members).astype(np.int32)
            position = float(np.median(signal.take([measure.marker], events)[measure.marker]))
            medians[measure.name] = float(f"{axis.values([position])[0]:.6g}")
    return medians


def quality_over_time(tubes: Sequence[TubeQuality]) -> pd.DataFrame:
    """Hold each measure of every tube against the other tubes of its cytometer.

    Parameters
    ----------
    tubes : sequence of TubeQuality
        Sample tubes, in the order of the sheet.

    Returns
    -------
    DataFrame
        As ``quality_over_time.csv`` holds it. Without mean, SD and rules where a cytometer has fewer than 10 tubes with
        a value, or where their SD is 0.
    """
    by_cytometer: dict[str, list[TubeQuality]] = defaultdict(list)
    for tube in sorted(tubes, key=lambda one: one.acquired or "~"):  # those without a date last
        by_cytometer[tube.cytometer].append(tube)
    rows: list[dict[str, Any]] = []
    for measure in QUALITY_MEASURES.values():
        for cytometer in sorted(by_cytometer):
            known = [(tube, _value(tube, measure)) for tube in by_cytometer[cytometer]]
            rows += _series(measure, [(tube, value) for tube, value in known if value is not None])
    return QUALITY_OVER_TIME.frame(rows)


def _value(tube: TubeQuality, measure: QualityMeasure) -> float | None:
    if measure.name == BEADS_SEEN:
        return None if tube.beads_seen is None else float(tube.beads_seen)
    if measure.name == BEAD_RECOVERY:
        known = tube.beads_seen is not None and tube.bead_count
        return 100 * float(tube.beads_seen or 0) / float(tube.bead_count or 1) if known else None
    if measure.parts:
        events = {one.population: one.events for one in tube.concentrations}
        whole, parts = events.get(measure.population), [events.get(name) for name in measure.parts]
        return 100 * sum(part or 0 for part in parts) / whole if whole and None not in parts else None
    return tube.brightness.get(measure.name)


def _series(measure: QualityMeasure, known: Sequence[tuple[TubeQuality, float]]) -> Iterator[dict[str, Any]]:
    values = np.array([value for _, value in known])
    mean, sd = robust_mean_sd(values) if len(values) >= FEWEST_TUBES else (np.nan, np.nan)
    judged = sd > 0
    deviations = (values - mean) / sd if judged else np.full(len(values), np.nan)
    rules = broken_rules(deviations)
    for (tube, value), deviation, rule in zip(known, deviations.tolist(), rules, strict=True):
        yield {
            "measure": measure.name,
            "unit": measure.unit,
            "cytometer": tube.cytometer,
            "batch": tube.batch,
            "acquired": tube.acquired,
            "file": tube.file,
            "subject": tube.subject,
            "visit": tube.visit,
            "value": value,
            "n": len(known),
            "mean": float(mean) if judged else None,
            "sd": float(sd) if judged else None,
            "deviation_sd": deviation if judged else None,
            "rule": rule or "",
        }


def robust_mean_sd(values: NDArray[np.float64]) -> tuple[float, float]:
    """Mean and SD that a few odd values do not move: Algorithm A of ISO 13528 (2022), annex C.

    The plain SD will not do: among ten values, one that is off widens it so far that it lies within 3 SD itself.

    Parameters
    ----------
    values : ndarray of float64
        Two or more.

    Returns
    -------
    (float, float)
    """
    mean = float(np.median(values))
    sd = 1.483 * float(np.median(np.abs(values - mean)))
    for _ in range(_ROUNDS):
        drawn_in = np.clip(values, mean - _WITHIN * sd, mean + _WITHIN * sd)
        before = mean, sd
        mean, sd = float(drawn_in.mean()), _FACTOR * float(drawn_in.std(ddof=1))
        if np.allclose(before, (mean, sd), rtol=1e-9, atol=0.0):
            break
    return mean, sd


def broken_rules(deviations: NDArray[np.float64]) -> list[WestgardRule | None]:
    """Say of each value which Westgard rule it breaks.

    Parameters
    ----------
    deviations : ndarray of float64
        From the mean, in SD, in the order of acquisition; NaN where not known.

    Returns
    -------
    list of WestgardRule or None
        ``1-3s`` goes before ``2-2s``. Both values of a pair are marked.
    """
    beyond = np.where(np.abs(deviations) > 2, np.sign(deviations), 0.0)
    paired = np.zeros(len(deviations), dtype=np.bool_)
    for first, second in pairwise(range(len(deviations))):
        if beyond[first] != 0 and beyond[first] == beyond[second]:
            paired[[first, second]] = True
    return [
        WestgardRule.ONE_3S if abs(deviation) > 3 else WestgardRule.TWO_2S if pair else None
        for deviation, pair in zip(deviations.tolist(), paired.tolist(), strict=True)
    ]
