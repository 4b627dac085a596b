"""The events of single populations as FCS files of their own."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from bcelldepl.errors import ExchangeError, Problem
from bcelldepl.fcs.acquisition import Acquisition, Channel
from bcelldepl.fcs.write import spillover_keyword, write_fcs
from bcelldepl.gating.strategy import ALL
from bcelldepl.near_names import did_you_mean
from bcelldepl.results import tube_stem
from bcelldepl.tubes.regate import GatedResults, GatedTube

__all__ = ["export_subsets"]

# What describes the bytes of the original, or would be false of a part of its events.
_NOT_CARRIED = re.compile(
    r"\$(BEGIN|END)(DATA|STEXT|ANALYSIS)|\$(NEXTDATA|MODE|DATATYPE|BYTEORD|TOT|PAR|FIL|VOL|ABRT|LOST|UNICODE)|"
    r"\$P\d+[BEGNRSD]|\$?SPILL(OVER)?|\$?COMP|DET_SPILL|\$DFC\d+TO\d+"
)


def export_subsets(results: Path, populations: Sequence[str], out: Path) -> tuple[list[Path], list[Problem]]:
    """Write the events of populations, one FCS 3.1 file per tube and population.

    Parameters
    ----------
    results : Path
        Folder that ``bcelldepl run`` wrote.
    populations : sequence of str
        Of the strategies.
    out : Path
        Folder to write to.

    Returns
    -------
    written : list of Path
        Values are linear: amplifiers and gains are undone. Keywords of the original are kept where they are true of
        a part of its events; the acquired volume is not, and goes as ``BCELLDEPL VOLUME OF SOURCE``.
    problems : list of Problem
        Tubes and populations that could not be written.

    Raises
    ------
    ExchangeError
        Where no strategy of the study has such a population; nothing is written then.
    """
    gated = GatedResults(results)
    known = list(dict.fromkeys(rule.name for one in gated.strategies for rule in one.populations))
    for population in populations:
        if population not in (ALL, *known):
            remedy = did_you_mean(population, known) or f"there are {', '.join(known)}"
            raise ExchangeError(f"the strategy has no population {population!r}", str(results), remedy)
    out.mkdir(parents=True, exist_ok=True)
    written, problems = [], []
    for file in gated.files:
        tube, reason = gated.try_tube(file)
        if tube is None:
            problems.append(Problem(file, reason))
            continue
        for population in populations:
            if population not in tube.membership:
                problems.append(
                    Problem(file, f"no population {population!r}", f"it has {', '.join(tube.membership)}")
                )
                continue
            path = out / f"{tube_stem(file)}.{population}.fcs"
            _write(tube, population, path)
            written.append(path)
    return written, problems


def _write(tube: GatedTube, population: str, path: Path) -> None:
    acquisition = tube.acquisition
    events = np.ascontiguousarray(acquisition.columns()[:, tube.membership[population]])
    write_fcs(
        path,
        events,
        [channel.name for channel in acquisition.channels],
        [channel.label for channel in acquisition.channels],
        keywords=_keywords(acquisition, population, path.name),
        ranges=[_top(channel) for channel in acquisition.channels],
    )


def _keywords(acquisition: Acquisition, population: str, name: str) -> dict[str, str]:
    kept = {
        key: value
        for key, value in acquisition.keywords.items()
        if not _NOT_CARRIED.fullmatch(key.upper()) and not value.startswith("/")
    }
    kept |= {
        "$FIL": name,
        "BCELLDEPL POPULATION": population,
        "BCELLDEPL SOURCE SHA256": acquisition.sha256,
        "BCELLDEPL EVENTS OF SOURCE": str(acquisition.n_events),
    }
    if acquisition.keywords.get("$VOL"):
        kept["BCELLDEPL VOLUME OF SOURCE"] = acquisition.keywords["$VOL"]
    if acquisition.spillover is not None:
        kept["$SPILLOVER"] = spillover_keyword(acquisition.spillover.channels, acquisition.spillover.matrix)
    return kept


def _top(channel: Channel) -> float:
    """Largest linear value of a channel."""
    if channel.decades > 0:
        return float((channel.offset or 1.0) * 10.0**channel.decades)
    return channel.range / channel.gain
