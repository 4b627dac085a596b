"""Compare automated with manual gating, each reader by itself: tables, verdicts and a page."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

from bcelldepl.comparison.agreement import study_statistics, study_verdict
from bcelldepl.comparison.event_days import event_days
from bcelldepl.comparison.mapping_file import NameMap, mapping_text, read_mapping
from bcelldepl.comparison.match_files import SheetFile, match_files
from bcelldepl.comparison.match_populations import Naming, name_populations
from bcelldepl.comparison.outcome import Comparison
from bcelldepl.comparison.page import comparison_page
from bcelldepl.comparison.study_files import keywords_reader, study_files
from bcelldepl.comparison.tube import TubeComparison, compare_tube
from bcelldepl.definitions.populations import BEADS, is_result
from bcelldepl.errors import BcelldeplError, ExchangeError, Problem
from bcelldepl.gate_exchange.manual import Manual, ManualTube
from bcelldepl.spreadsheet import csv_text
from bcelldepl.store.files import write_bytes
from bcelldepl.study import AcceptanceLimits, Study
from bcelldepl.tubes.regate import GatedResults

__all__ = ["compare_source", "compare_sources"]

Progress = Callable[[str, int, int], None]


def compare_source(
    gated: GatedResults,
    source: Manual,
    out: Path | None = None,
    *,
    mapping: Path | None = None,
    progress: Progress | None = None,
) -> Comparison:
    """Compare a study's automated gating with the manual results of one reader.

    Parameters
    ----------
    gated : GatedResults
    source : Manual
    out : Path, optional
        Folder for ``comparison.html``, ``comparison.csv``, ``agreement.csv`` and ``mapping.toml``; None writes nothing.
    mapping : Path, optional
        A mapping file; without one, names are guessed.
    progress : callable, optional
        Called with a tube, how many are done, and of how many.

    Returns
    -------
    Comparison

    Raises
    ------
    ExchangeError
        Where no tube or no population of theirs is found among ours.
    """
    outs = None if out is None else {"": out}
    return compare_sources(gated, {"": source}, outs, mapping=mapping, progress=progress)[""]


def compare_sources(
    gated: GatedResults,
    sources: Mapping[str, Manual],
    outs: Mapping[str, Path] | None = None,
    *,
    mapping: Path | None = None,
    progress: Progress | None = None,
) -> dict[str, Comparison]:
    """Compare a study's automated gating with several manual results, of which each is compared by itself.

    Parameters
    ----------
    gated : GatedResults
    sources : mapping of str to Manual
        By the name of the reader. Each tube is gated once for all of them.
    outs : mapping of str to Path, optional
        Folder of each; None writes nothing.
    mapping, progress
        As `compare_source`.

    Returns
    -------
    dict of str to Comparison
        By the name of the reader.
    """
    names = read_mapping(mapping) if mapping is not None else NameMap()
    study, limits, problems = _study_of(gated)
    files = study_files(gated)
    matches = {name: _match(gated, source, files, names, study) for name, source in sources.items()}
    _compare_tubes(gated, list(matches.values()), study, limits, progress)
    samples = sum(not one.control for one in files)
    found = {}
    for name, match in matches.items():
        tubes = tuple(match.compared[file] for file in match.tubes if file in match.compared)
        common = match.naming.common
        populations = [label for label in _reported(gated) if label in common and is_result(label)]
        statistics = study_statistics(tubes, populations, limits) + event_days(tubes, gated.counts, study)
        comparison = Comparison(
            study_verdict(tubes, statistics),
            tubes,
            tuple(statistics),
            (*problems, *match.problems),
            common,
            match.source,
            limits,
            samples=samples,
        )
        found[name] = _write(comparison, outs[name], gated, match.naming) if outs else comparison
    return found


@dataclass
class _Match:
    """A manual source, its tubes by ours, and what came of them."""

    source: Manual
    tubes: Mapping[str, ManualTube]
    naming: Naming
    problems: list[Problem]
    compared: dict[str, TubeComparison] = field(default_factory=dict)


def _match(
    gated: GatedResults, source: Manual, files: Sequence[SheetFile], names: NameMap, study: Study | None
) -> _Match:
    """Find our tubes and populations in a source.

    Raises
    ------
    ExchangeError
        None of its files, or none of its populations, is one of ours.
    """
    matched, unmatched = match_files(files, source, names, keywords_reader(study))
    if not matched:
        raise ExchangeError(
            "none of its files is a tube of the study", source.path.name, "; ".join(map(str, unmatched[:3]))
        )
    naming, missing = name_populations(_reported(gated), matched.values(), names)
    if not set(naming.common) - {BEADS}:
        known = ", ".join(dict.fromkeys(path for tube in matched.values() for path in tube.populations))
        remedy = f"give a mapping; it has {known[:600]}"
        raise ExchangeError("none of its populations is a population of the study", source.path.name, remedy)
    return _Match(source, matched, naming, [*source.skipped, *unmatched, *missing])


def _reported(gated: GatedResults) -> list[str]:
    return list(dict.fromkeys(str(name) for name in gated.counts["population"]))


def _compare_tubes(
    gated: GatedResults,
    matches: Sequence[_Match],
    study: Study | None,
    limits: AcceptanceLimits,
    progress: Progress | None,
) -> None:
    """Compare every tube that a source has; events are read and gated once for all sources."""
    sheet = gated.results.tubes.dropna(subset="kept_time_fraction")
    kept = dict(zip(sheet["file"], sheet["kept_time_fraction"], strict=True))
    by_file = dict(iter(gated.counts.groupby("file", sort=False)))
    files = dict.fromkeys(file for match in matches for file in match.tubes)
    for number, file in enumerate(files, start=1):
        having = [match for match in matches if file in match.tubes]
        if file not in by_file:
            for match in having:
                match.problems.append(Problem(file, "not compared: the results contain no count of it"))
            continue
        rows = cast("list[dict[str, Any]]", by_file[file].to_dict("records"))
        with_gates = any(match.tubes[file].tree is not None for match in having)
        tube, reason = gated.try_tube(file) if with_gates else (None, "")
        for match in having:
            manual, naming = match.tubes[file], match.naming
            if reason and manual.tree is not None:
                match.problems.append(Problem(file, f"compared by counts alone: {reason}"))
            named = naming.of(manual)
            lacking = [label for label in naming.common if label not in named and is_result(label)]
            if lacking:
                match.problems.append(Problem(file, f"no manual result of {', '.join(lacking)}"))
            gates = tube if manual.tree is not None else None
            one = compare_tube(rows, manual, named, gates, study, limits, kept.get(file, 1.0))
            match.problems += one.problems
            match.compared[file] = one
        if progress:
            progress(file, number, len(files))


def _study_of(gated: GatedResults) -> tuple[Study | None, AcceptanceLimits, list[Problem]]:
    """The study and its limits; where the study has moved, the limits of the record."""
    settings: dict[str, Any] = gated.record.get("settings", {}).get("agreement", {})
    problems: list[Problem] = []
    study = None
    try:
        study = gated.study
    except (BcelldeplError, OSError) as error:
        problems.append(Problem(str(gated.record.get("study_file")), f"the study cannot be read: {error}"))
    try:
        return study, AcceptanceLimits.model_validate(settings), problems
    except (ValueError, TypeError) as error:
        raise ExchangeError(
            str(error), "study [agreement]", "see docs/comparison.md for the limits"
        ) from error


def _write(comparison: Comparison, out: Path, gated: GatedResults, naming: Naming) -> Comparison:
    out.mkdir(parents=True, exist_ok=True)
    theirs = list(dict.fromkeys(path for tube in comparison.manual.tubes for path in tube.populations))
    contents = {
        "comparison.csv": csv_text(comparison.rows),
        "agreement.csv": csv_text(comparison.agreement),
        "mapping.toml": mapping_text(naming.common, naming.missing, theirs),
        "comparison.html": comparison_page(comparison, gated.record),
    }
    for name, content in contents.items():
        write_bytes(out / name, content.encode())
    return replace(comparison, files=tuple(out / name for name in contents))
