"""Compare automated with the manual gating of one reader: tables, verdicts and a page."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from bcelldepl.comparison.agreement import study_statistics, study_verdict
from bcelldepl.comparison.event_days import event_days
from bcelldepl.comparison.mapping_file import NameMap, mapping_text, read_mapping
from bcelldepl.comparison.match_files import match_files
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

__all__ = ["compare_source"]

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
    names = read_mapping(mapping) if mapping is not None else NameMap()
    study, limits, problems = _study_of(gated)
    problems += source.skipped
    files = study_files(gated)
    matched, unmatched = match_files(files, source, names, keywords_reader(study))
    problems += unmatched
    if not matched:
        raise ExchangeError(
            "none of its files is a tube of the study", source.path.name, "; ".join(map(str, unmatched[:3]))
        )
    reported = list(dict.fromkeys(str(name) for name in gated.counts["population"]))
    naming, missing = name_populations(reported, matched.values(), names)
    problems += missing
    if not set(naming.common) - {BEADS}:
        known = ", ".join(dict.fromkeys(path for tube in matched.values() for path in tube.populations))
        remedy = f"give a mapping; it has {known[:600]}"
        raise ExchangeError("none of its populations is one of ours", source.path.name, remedy)
    tubes = list(_tubes(gated, matched, naming, study, limits, problems, progress))
    populations = [name for name in reported if name in naming.common and is_result(name)]
    statistics = study_statistics(tubes, populations, limits) + event_days(tubes, gated.counts, study)
    samples = sum(not one.control for one in files)
    comparison = Comparison(
        study_verdict(tubes, statistics),
        tuple(tubes),
        tuple(statistics),
        tuple(problems),
        naming.common,
        source,
        limits,
        samples=samples,
    )
    return comparison if out is None else _write(comparison, out, gated, naming)


def _tubes(
    gated: GatedResults,
    matched: Mapping[str, ManualTube],
    naming: Naming,
    study: Study | None,
    limits: AcceptanceLimits,
    problems: list[Problem],
    progress: Progress | None,
) -> Iterator[TubeComparison]:
    sheet = gated.results.tubes.dropna(subset="kept_time_fraction")
    kept = dict(zip(sheet["file"], sheet["kept_time_fraction"], strict=True))
    by_file = dict(iter(gated.counts.groupby("file", sort=False)))
    for number, (file, manual) in enumerate(matched.items(), start=1):
        if file not in by_file:
            problems.append(Problem(file, "not compared: the results hold no count of it"))
            continue
        rows = cast("list[dict[str, Any]]", by_file[file].to_dict("records"))
        tube, reason = gated.try_tube(file) if manual.tree is not None else (None, "")
        if reason:
            problems.append(Problem(file, f"compared by counts alone: {reason}"))
        named = naming.of(manual)
        lacking = [label for label in naming.common if label not in named and is_result(label)]
        if lacking:
            problems.append(Problem(file, f"no manual result of {', '.join(lacking)}"))
        one = compare_tube(rows, manual, named, tube, study, limits, kept.get(file, 1.0))
        problems += one.problems
        if progress:
            progress(file, number, len(matched))
        yield one


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
