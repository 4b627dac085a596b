"""The files of a simulated study, each written beside and then renamed."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bcelldepl.definitions.tables import SAMPLES, TRUTH
from bcelldepl.fcs.write import spillover_keyword
from bcelldepl.simulation.cells import LABELS, POPULATIONS
from bcelldepl.simulation.detectors import DETECTORS, FLUORESCENCE_CHANNELS, SPILLOVER
from bcelldepl.simulation.scenarios import Scenario
from bcelldepl.simulation.tube import CHANNELS, TIMESTEP_S

__all__ = [
    "Row",
    "channel_labels",
    "is_simulation",
    "remove_former",
    "tube_keywords",
    "write_array",
    "write_label_meanings",
    "write_study",
    "write_table",
]

Row = Mapping[str, object]
_MEANINGS: Final = "labels/populations.json"
# Another site's names for the same reagents.
_OTHER_LABELS: Final = {
    "CD3": "cd3-FITC",
    "CAR": "CAR (FMC63) PE",
    "Viability": "Live/Dead 7-AAD",
    "CD19": "cd19-PECy7",
    "CD16+56": "CD16/CD56 APC",
    "CD20": "cd20-APC-H7",
    "CD14": "CD14",
    "CD45": "cd45 V500",
}


def is_simulation(folder: Path) -> bool:
    """Whether a folder holds a study that `simulate` wrote, or began to write.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    bool
    """
    return (folder / _MEANINGS).is_file()


def remove_former(folder: Path) -> None:
    """Take away the files of a former simulation, and only those: a tube is ours if it has labels.

    Parameters
    ----------
    folder : Path
        The folder of the study.
    """
    for name in ("study.toml", SAMPLES.file, TRUTH.file, "labels/incidents.csv"):
        (folder / name).unlink(missing_ok=True)
    for labels in (folder / "labels").glob("*.npy"):
        (folder / "fcs" / f"{labels.stem}.fcs").unlink(missing_ok=True)
        labels.unlink()


def channel_labels(*, other_site: bool = False) -> tuple[str, ...]:
    """``$PnS`` of every channel, empty for scatter and time.

    Parameters
    ----------
    other_site : bool
        Spelled as another site would.

    Returns
    -------
    tuple of str
    """
    names = {d.channel: _OTHER_LABELS[d.marker] if other_site else d.label for d in DETECTORS}
    return tuple(names.get(channel, "") for channel in CHANNELS)


def tube_keywords(stem: str, collected: datetime, duration_s: float) -> dict[str, str]:
    """TEXT keywords of one tube, measured four hours after the blood was drawn.

    Parameters
    ----------
    stem : str
        Of the tube's file.
    collected : datetime
        When the blood was drawn.
    duration_s : float
        Of the acquisition [s].

    Returns
    -------
    dict of str to str
    """
    begin = collected + timedelta(hours=4)
    end = begin + timedelta(seconds=duration_s)
    return {
        "$FIL": f"{stem}.fcs",
        "$SYS": "simulated",
        "$CYT": "FACSCantoII",
        "$DATE": f"{begin.day:02d}-{_MONTHS[begin.month - 1]}-{begin.year}",
        "$BTIM": begin.strftime("%H:%M:%S"),
        "$ETIM": end.strftime("%H:%M:%S"),
        "$TIMESTEP": f"{TIMESTEP_S:g}",
        "$SPILLOVER": spillover_keyword(FLUORESCENCE_CHANNELS, SPILLOVER),
        "THRESHOLD": "FSC,10000",
        "TUBE NAME": stem,
    }


# English in every locale, as FCS wants it.
_MONTHS: Final = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")


def write_study(path: Path, scenario: Scenario, seed: int) -> None:
    """Write ``study.toml``.

    Parameters
    ----------
    path : Path
    scenario : Scenario
    seed : int
    """
    drift = scenario.difficulty.drift
    text = f"""# Simulated study: scenario {scenario.name}, seed {seed}, drift {drift:g} log10.
[study]
id = "{scenario.study_id}"
samples = "samples.csv"
strategy = "cart_pd"

[counting]
method = "beads"
"""
    _replace(path, text.encode())


def write_label_meanings(folder: Path) -> None:
    """Write what the codes in the label files mean, and which labels make a reported population.

    Parameters
    ----------
    folder : Path
        The folder of the study.
    """
    meaning = {
        "labels": {label: code for code, label in enumerate(LABELS)},
        "populations": {name: list(members) for name, members in POPULATIONS.items()},
    }
    _replace(folder / _MEANINGS, (json.dumps(meaning, indent=1) + "\n").encode())


def write_array(path: Path, values: NDArray[np.uint8]) -> None:
    """Write one ``.npy`` file.

    Parameters
    ----------
    path : Path
    values : ndarray of uint8
    """
    content = io.BytesIO()
    np.save(content, values)
    _replace(path, content.getvalue())


def write_table(path: Path, columns: tuple[str, ...], rows: Iterable[Row]) -> None:
    """Write one CSV file.

    Parameters
    ----------
    path : Path
    columns : tuple of str
    rows : iterable of Row
    """
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    _replace(path, text.getvalue().encode())


def _replace(path: Path, content: bytes) -> None:
    beside = path.with_name(path.name + ".part")
    beside.write_bytes(content)
    os.replace(beside, path)
