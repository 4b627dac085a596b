"""Tubes to measure on: a simulated baseline tube, repeated with jitter to any number of events, in 16 channels; and a
study of large tubes.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from bcelldepl.fcs import read_fcs
from bcelldepl.fcs.write import write_fcs
from bcelldepl.simulation import scenarios, simulate

__all__ = ["SUBJECT_STUDY", "large_study", "tube_of"]

SUBJECT_STUDY: Final = "one_subject"  # folder of the study that the tubes are taken from
_BASELINE: Final = "S01_BL"
_EXTRA: Final = ("U450-A", "U530-A")  # channels that nobody gates, to make it 16


def tube_of(folder: Path, n_events: int, *, name: str = "") -> Path:
    """File of a tube with so many events and 16 float32 channels; made once per folder.

    Parameters
    ----------
    folder : Path
    n_events : int
    name : str
        Tubes of other names have other jitter, and so other bytes.
    """
    path = folder / f"tube{name}_{n_events}.fcs"
    if path.is_file():
        return path
    study = folder / SUBJECT_STUDY
    if not (study / "study.toml").is_file():
        simulate(study, subjects=1, seed=0)
    source = read_fcs(study / "fcs" / f"{_BASELINE}.fcs")
    columns = source.columns()
    rng = np.random.default_rng([0, *name.encode()])
    picked = np.arange(n_events) % source.n_events
    events = columns[:, picked]
    names = [channel.name for channel in source.channels]
    time = names.index("Time")
    events[time] += (np.arange(n_events) // source.n_events) * (columns[time].max() + 1.0)
    light = [k for k in range(len(names)) if k != time]
    events[light] += rng.normal(0.0, 20.0, (len(light), n_events)).astype(np.float32)
    events[light] = np.minimum(events[light], np.float32(262143.0))
    extra = rng.normal(0.0, 100.0, (len(_EXTRA), n_events)).astype(np.float32)
    keep = ("$CYT", "$DATE", "$TIMESTEP", "$SPILLOVER")
    write_fcs(
        path,
        np.concatenate([events, extra]),
        [*names, *_EXTRA],
        [*(channel.label for channel in source.channels), "", ""],
        keywords={key: source.keywords[key] for key in keep},
    )
    return path


def large_study(folder: Path, tubes: int, events: int) -> Path:
    """Study file of one subject with so many visits, a tube of so many simulated events at each; made once.

    No event repeats another: where they do, as in `tube_of`, the cells of a study fall into clusters that no laboratory
    has, and to learn them takes longer.
    """
    study = folder / f"large_{tubes}_{events}"
    if not (study / "study.toml").is_file():
        name, small = study.name, scenarios.SCENARIOS["small"]
        visits = tuple(
            replace(visit, events=events, fmo_events=0)
            for visit in scenarios.SCENARIOS["trial"].visits[:tubes]
        )
        times = events / 20_000  # of blood and beads, too; of these no more than a check takes for a slip
        scenarios.SCENARIOS[name] = replace(
            small,
            name=name,
            stream=98,
            subjects=1,
            visits=visits,
            mishaps=(),
            bead_count=min(round(small.bead_count * times), 450_000),
            blood_volume_ul=small.blood_volume_ul * times,
            max_volume_ul=small.max_volume_ul * times,
        )
        simulate(study, scenario=name)
    return study / "study.toml"
