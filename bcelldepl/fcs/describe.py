"""An acquisition as plain values, for JSON and for people."""

from __future__ import annotations

from typing import Any

from bcelldepl.fcs.acquisition import Acquisition, Channel

__all__ = ["describe", "scale_of"]


def scale_of(channel: Channel) -> str:
    """How a channel was amplified, in words."""
    return f"log, {channel.decades:g} decades from {channel.offset:g}" if channel.decades else "linear"


def describe(acquisition: Acquisition) -> dict[str, Any]:
    """Every fact that `inspect` shows; numbers in the units of their names."""
    spillover = acquisition.spillover
    return {
        "file": str(acquisition.path),
        "sha256": acquisition.sha256,
        "version": acquisition.version,
        "dataset": acquisition.dataset,
        "n_datasets": acquisition.n_datasets,
        "cytometer": acquisition.cytometer,
        "date": acquisition.date,
        "events": acquisition.n_events,
        "acquisition_seconds": acquisition.acquisition_seconds,
        "time_step_s": acquisition.time_step_s,
        "volume_ul": acquisition.volume.microlitres,
        "volume_reason": acquisition.volume.reason,
        "channels": [
            {
                "number": number,
                "detector": channel.name,
                "label": channel.label,
                "range": channel.range,
                "decades": channel.decades,
                "offset": channel.offset,
                "gain": channel.gain,
            }
            for number, channel in enumerate(acquisition.channels, start=1)
        ],
        "spillover": None
        if spillover is None
        else {
            "keyword": spillover.keyword,
            "channels": list(spillover.channels),
            "matrix": spillover.matrix.tolist(),
        },
        "warnings": list(acquisition.warnings),
        "facts": list(acquisition.facts),
    }
