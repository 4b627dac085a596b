"""The signals of one tube by marker, ready to be gated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bcelldepl.errors import CompensationError
from bcelldepl.fcs.acquisition import Acquisition, Spillover
from bcelldepl.kernels.compensation import compensate
from bcelldepl.signal.compensation import plan_unmixing
from bcelldepl.signal.panel import SCATTER
from bcelldepl.signal.quality import Quality, assess_quality
from bcelldepl.signal.transform import Transform

__all__ = ["Signal", "make_signal"]


@dataclass(frozen=True)
class Signal:
    """One tube's signals.

    Attributes
    ----------
    columns : dict of str to ndarray of float32, shape (n_events,)
        Transformed position of every event, by marker; scatter too.
    quality : Quality
        The keep-mask and its reasons.
    scales : dict of str to str
        The scale of each marker in words; gates are carried only between tubes whose scales are the same.
    """

    columns: dict[str, NDArray[np.float32]]
    quality: Quality
    scales: dict[str, str]

    @property
    def n_events(self) -> int:
        """Events of the file."""
        return int(self.quality.keep.size)


def make_signal(
    acquisition: Acquisition,
    panel: Mapping[str, str],
    transforms: Mapping[str, Transform],
    spillover: Spillover | None,
) -> Signal:
    """Read, compensate and transform the panel's channels, and judge the events.

    Parameters
    ----------
    acquisition : Acquisition
    panel : mapping of str to str
        Marker to channel name, from `resolve_panel`.
    transforms : mapping of str to Transform
        By marker, with ``"scatter"`` and ``"fluorescence"`` for those not named.
    spillover : Spillover or None
        The matrix to use; None for data that is already compensated or has but one fluorochrome.

    Returns
    -------
    Signal

    Raises
    ------
    FcsError
        Where the file's DATA cannot be read.
    CompensationError
        Where the matrix cannot be used.
    """
    ranges = {channel.name: channel.range for channel in acquisition.channels}
    scatter = [marker for marker in panel if marker in SCATTER]
    stains = [marker for marker in panel if marker not in SCATTER and marker != "Time"]
    plan = plan_unmixing(
        spillover, [panel[marker] for marker in stains], list(ranges), where=acquisition.path.name
    )
    time = ["Time"] if "Time" in panel else []
    names = list(dict.fromkeys([*(panel[marker] for marker in (*scatter, *time)), *plan.detectors]))
    raw = dict(zip(names, acquisition.columns(names), strict=True))
    detectors = (
        np.stack([raw[name] for name in plan.detectors]) if plan.detectors else np.empty((0, 0), np.float32)
    )
    compensated = np.empty((len(stains), acquisition.n_events), dtype=np.float32)
    if stains:
        compensate(np.ascontiguousarray(detectors), plan.weights, compensated)
        if np.any(np.isinf(compensated)):
            msg = "compensated signals are infinite"
            raise CompensationError(msg, acquisition.path.name, "look at the spillover matrix of this file")
    columns: dict[str, NDArray[np.float32]] = {}
    scales: dict[str, str] = {}
    linear = {**{m: raw[panel[m]] for m in scatter}, **dict(zip(stains, compensated, strict=True))}
    for marker, column in linear.items():
        transform = transforms.get(marker) or transforms["scatter" if marker in SCATTER else "fluorescence"]
        channel_range = ranges[panel[marker]]
        columns[marker] = transform.apply(column, channel_range)
        scales[marker] = f"{transform.kind} to {transform.top_signal(channel_range):g}"
    time_s = raw[panel["Time"]] * np.float32(acquisition.time_step_s or 1.0) if time else None
    quality = assess_quality(
        forward={m: raw[panel[m]] for m in scatter if m in ("FSC-A", "FSC-H")},
        forward_top=ranges[panel["FSC-A"]] if "FSC-A" in panel else np.inf,
        time_s=time_s,
        signals=columns,
    )
    return Signal(columns, quality, scales)
