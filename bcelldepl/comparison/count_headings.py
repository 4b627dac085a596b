"""Headings of tables of counts, as FlowJo, FACSDiva, Kaluza and people write them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

__all__ = ["Measure", "PopulationColumn", "column_roles", "is_summary", "names_tubes", "population_column"]


class Measure(StrEnum):
    """What the numbers of a column are."""

    EVENTS = "events"
    PER_UL = "cells/uL"
    PERCENT = "percent of parent"
    OTHER = "another statistic"


# Columns of one row per tube, or per tube and population; the first spelling is the one that is written here.
_ROLES: Final = {
    "file": ("file", "filename", "fcs", "fcsfile", "fcsfilename", "dataset", "datasetname", "sample", "samplename",
             "sampleid", "name", ""),
    "tube": ("tubename", "tube"),
    "specimen": ("specimenname", "specimen", "$src"),
    "population": ("population", "populations", "gate", "gatename", "subset", "cell", "cellpopulation"),
    "path": ("gatepath", "path", "populationpath"),
    "parent": ("parent", "parentname", "parentgate", "inputgate"),
    "sha256": ("sha256",),
    "volume": ("analysedvolumeul", "analyzedvolumeul", "volumeul", "analysedvolume(ul)", "volume(ul)"),
    "reader": ("reader", "operator", "analyst", "gatedby"),
}  # fmt: skip
_MEASURES: Final = {
    Measure.EVENTS: ("events", "#events", "count", "counts", "manualevents", "eventcount", "numberofevents", "#cells",
                     "cellcount", "number", "n", "cells", "#"),
    Measure.PER_UL: ("cells/ul", "cellsperul", "events/ul", "events/ul(v)", "eventsperul", "count/ul", "/ul", "perul",
                     "manualperul", "cells/mm3", "cells/mm³", "/mm3", "/mm³", "concentration", "conc", "abscnt",
                     "absolutecount(cells/ul)"),
    Measure.PERCENT: ("percentofparent", "%ofparent", "%parent", "percentparent", "freqofparent", "frequencyofparent",
                      "%gated", "freqofparent(%)", "freqofparent%", "%"),
    Measure.OTHER: ("%total", "%oftotal", "freqoftotal", "percentoftotal", "%grandparent", "%ofgrandparent",
                    "freqofgrandparent", "%all", "mean", "median", "geometricmean", "geomean", "mfi", "cv", "robustcv",
                    "sd", "robustsd", "mode", "min", "max"),
}  # fmt: skip
# At the end of a heading these are part of a name ("B cells") more often than a measure.
_NEVER_AT_THE_END: Final = {"cells", "n", "number", "#", "min", "max", "mode", "conc", "perul"}
# First cells of rows that sum up the tubes above them.
_SUMMARIES: Final = {"mean", "sd", "stddev", "std", "stdev", "cv", "%cv", "median", "average", "avg", "min", "max",
                     "sum", "total", "n", "sem", "standarddeviation", "geometricmean", "geomean", "mean±sd",
                     "mean+/-sd"}  # fmt: skip
_PART_OF: Final = re.compile(
    r"(?:%|percent(?:age)?|freq(?:uency|\.)?)\s*of\s+(?P<parent>.+?)\s*(?:\(%\))?", re.IGNORECASE
)
_BY_SPELLING: Final = {
    spelling: measure for measure, spellings in _MEASURES.items() for spelling in spellings
}


@dataclass(frozen=True)
class PopulationColumn:
    """A column that holds one population of every tube.

    Attributes
    ----------
    population : str
        Path or name.
    measure : Measure or None
        None where the heading does not tell.
    parent : str
        What percentages are of, where the heading names it.
    """

    population: str
    measure: Measure | None
    parent: str = ""


def column_roles(headings: list[str]) -> tuple[dict[str, int], dict[Measure, int]]:
    """Tell what the columns of a table are, of those that are no population.

    Parameters
    ----------
    headings : list of str

    Returns
    -------
    roles : dict of str to int
        ``file``, ``tube``, ``specimen``, ``population``, ``path``, ``parent``, ``sha256``, ``volume``, ``reader`` to
        the number of the column. A first column without a heading names the file.
    measures : dict of Measure to int
        Columns whose whole heading is a measure, as tables of one row per population have them.
    """
    plain = [_plain(heading) for heading in headings]
    roles: dict[str, int] = {}
    for role, spellings in _ROLES.items():
        for spelling in spellings:
            found = [i for i, one in enumerate(plain) if one == spelling and (spelling or i == 0)]
            if found:
                roles[role] = found[0]
                break
    measures: dict[Measure, int] = {}
    for measure, known in _MEASURES.items():
        for spelling in known:
            if spelling in plain and plain.index(spelling) not in roles.values():
                measures.setdefault(measure, plain.index(spelling))
    return roles, measures


def names_tubes(row: list[str]) -> bool:
    """Tell whether a row has headings, of which one is that of the tubes; ``Tube Name:`` and a name are none.

    Parameters
    ----------
    row : list of str

    Returns
    -------
    bool
    """
    filled = list(filter(None, row))
    told = len(filled) == 2 and filled[0].endswith(":")
    return len(filled) > 1 and not told and bool({"file", "tube"} & set(column_roles(row)[0]))


def is_summary(cell: str) -> bool:
    """Tell whether the first cell of a row says that the row is a mean or the like of the tubes.

    Parameters
    ----------
    cell : str

    Returns
    -------
    bool
    """
    return _plain(cell).strip("=") in _SUMMARIES


def population_column(heading: str) -> PopulationColumn:
    """Part a heading into a population and what is counted of it.

    Parameters
    ----------
    heading : str
        Such as ``Lymphocytes/B cells | Freq. of Parent``, ``CD19+ #Events``, ``B cells (cells/uL)`` or ``B cells``.

    Returns
    -------
    PopulationColumn
    """
    heading = heading.strip()
    name, bar, statistic = heading.rpartition("|")
    measure: Measure | None
    if bar:
        bare = re.sub(r"\s*\([^()]*\)\s*$", "", statistic)
        measure = _BY_SPELLING.get(_plain(statistic)) or _BY_SPELLING.get(_plain(bare))
        part = _PART_OF.fullmatch(statistic.strip())
        if measure is None and part:
            return PopulationColumn(_path(name), Measure.PERCENT, part["parent"])
        return PopulationColumn(_path(name), measure or Measure.OTHER)
    # The longest end that is a measure, in brackets or after a blank, a comma, a colon or an underscore.
    for found in re.finditer(r"[\s,:_(\[#%/]", heading):
        end = heading[found.start() :].lstrip(" ,:_([")
        if end != heading[found.start() :].lstrip(" ,:_"):
            end = end.rstrip(")] ")  # the bracket that was opened
        measure = _BY_SPELLING.get(_plain(end))
        part = _PART_OF.fullmatch(end)
        before = heading[: found.start()].strip(" ,:_([")
        if measure is None and part and before:
            return PopulationColumn(_path(before), Measure.PERCENT, part["parent"])
        bracket = heading[found.start()] in "(["
        if measure is None or (_plain(end) in _NEVER_AT_THE_END and not bracket):
            per_ul = _plain(heading[found.start() :]) == "perul"
            if not per_ul:
                continue
            measure = Measure.PER_UL
        if before:
            return PopulationColumn(_path(before), measure)
    return PopulationColumn(_path(heading), None)


def _path(name: str) -> str:
    return name.strip().removeprefix("root/").strip("/")


def _plain(heading: str) -> str:
    """Without case, blanks, underscores, points, colons and quotes; micro as u."""
    plain = re.sub(r"[\s_.:\"']", "", heading.casefold())
    return plain.replace("µ", "u").replace("μ", "u").replace("[", "(").replace("]", ")")
