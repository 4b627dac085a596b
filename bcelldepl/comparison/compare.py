"""Compare automated with manual gating: tables, verdicts and a page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from bcelldepl.comparison.acceptance import Verdict
from bcelldepl.comparison.agreement import Statistic, day_statistics, study_statistics
from bcelldepl.comparison.matching import NameMap, guess_population, mapping_text, match_files, read_mapping
from bcelldepl.comparison.outcome import Comparison
from bcelldepl.comparison.page import comparison_page
from bcelldepl.comparison.read_manual import read_manual
from bcelldepl.comparison.tube import TubeComparison, compare_tube
from bcelldepl.counting.intervals import garwood
from bcelldepl.counting.limits import result_code
from bcelldepl.definitions.codes import Qualifier
from bcelldepl.definitions.endpoints import DEPLETION_DAY, RECONSTITUTION_DAY
from bcelldepl.definitions.populations import BEADS, B, is_result
from bcelldepl.errors import BcelldeplError, ExchangeError, Problem
from bcelldepl.spreadsheet import csv_text
from bcelldepl.store.files import write_bytes
from bcelldepl.study import AcceptanceLimits, Role, Study
from bcelldepl.tubes.regate import GatedResults

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["compare"]

Progress = Callable[[str, int, int], None]

_DAYS = (DEPLETION_DAY, RECONSTITUTION_DAY)


def compare(
    results: Path,
    manual: Path,
    out: Path | None = None,
    *,
    mapping: Path | None = None,
    progress: Progress | None = None,
) -> Comparison:
    """Compare a study's automated gating with manual gating.

    Parameters
    ----------
    results : Path
        Folder that ``bcelldepl run`` wrote.
    manual : Path
        FlowJo workspace, Gating-ML 2.0, or a table of counts.
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
        Where either side cannot be read, or no tube or no population of theirs is found among ours.
    """
    gated = GatedResults(results)
    source = read_manual(manual)
    names = read_mapping(mapping) if mapping is not None else NameMap()
    study, limits, problems = _study_of(gated)
    problems += source.skipped
    counts = gated.counts
    files = {
        str(row.file): str(row.sha256) for row in gated.results.tubes.itertuples() if row.role == Role.SAMPLE
    }
    matched, unmatched = match_files(files, source, names)
    problems += unmatched
    if not matched:
        raise ExchangeError(
            "none of its files is a tube of the study", manual.name, "; ".join(map(str, unmatched[:3]))
        )
    reported = list(dict.fromkeys(str(name) for name in counts["population"]))
    theirs = list(dict.fromkeys(path for tube in matched.values() for path in tube.populations))
    named, missing = _names(reported, theirs, names)
    problems += missing
    if not set(named) - {BEADS}:
        known = ", ".join(theirs[:20])
        raise ExchangeError(
            "none of its populations is one of ours", manual.name, f"give a mapping; it has {known}"
        )
    sheet = gated.results.tubes.dropna(subset="kept_time_fraction")
    kept = dict(zip(sheet["file"], sheet["kept_time_fraction"], strict=True))
    tubes = []
    for number, file in enumerate(name for name in files if name in matched):
        if progress:
            progress(file, number, len(matched))
        rows: list[dict[str, Any]] = cast(
            "list[dict[str, Any]]", counts[counts["file"] == file].to_dict("records")
        )
        if not rows:
            continue
        tube, reason = gated.try_tube(file) if matched[file].tree is not None else (None, "")
        if reason:
            problems.append(Problem(file, f"compared by counts alone: {reason}"))
        own = {ours: path for ours, path in named.items() if path in matched[file].populations}
        one = compare_tube(rows, matched[file], own, tube, study, limits, kept.get(file, 1.0))
        problems += one.problems
        tubes.append(one)
    populations = [name for name in reported if name in named and is_result(name)]
    statistics = study_statistics(tubes, populations, limits)
    statistics += _days(tubes, counts, study)
    beyond = any(statistic.verdict == Verdict.DISAGREE for statistic in statistics)
    judged = any(statistic.verdict == Verdict.AGREE for statistic in statistics)
    verdict = Verdict.DISAGREE if beyond else Verdict.AGREE if judged else Verdict.NOT_COMPARABLE
    comparison = Comparison(verdict, tuple(tubes), tuple(statistics), tuple(problems), named, source, limits)
    return comparison if out is None else _write(comparison, out, gated, missing, theirs)


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


def _names(reported: list[str], theirs: list[str], names: NameMap) -> tuple[dict[str, str], list[Problem]]:
    named: dict[str, str] = {}
    problems = []
    for ours in dict.fromkeys((*reported, *names.populations)):
        if ours not in (*reported, BEADS):
            what = f"the mapping names {ours!r}, which is no population of ours"
            problems.append(Problem("mapping", what, f"there are {', '.join(reported)}"))
            continue
        path, reason = guess_population(ours, theirs, names)
        if path is not None:
            named[ours] = path
        elif ours in names.populations:  # a mapping is an order, not a guess
            raise ExchangeError(
                f"population {ours}: {reason}", "mapping", f"they have {', '.join(theirs[:20])}"
            )
        elif is_result(ours):
            problems.append(Problem(f"population {ours}", f"not compared: {reason}", "name it in a mapping"))
    return named, problems


def _days(tubes: list[TubeComparison], counts: pd.DataFrame, study: Study | None) -> list[Statistic]:
    """Days of depletion and reconstitution, by the same rules from either side's counts."""
    from bcelldepl.kinetics import endpoints_table

    theirs = {
        tube.file: (one.pair.manual_events, one.pair.manual_per_ul)
        for tube in tubes
        for one in tube.populations
        if one.pair.population == B and one.pair.auto_per_ul is not None
        if one.pair.manual_per_ul is not None and one.pair.manual_events is not None
    }
    if study is None or not theirs:
        return []
    shared = counts[counts["file"].isin(theirs) & (counts["population"] == B)].copy()
    found = [theirs[file] for file in shared["file"]]
    events, per_ul = [e or 0 for e, _ in found], [c or 0.0 for _, c in found]
    # Without an event the volume is ours.
    volume = [
        e / c if c > 0 else v for e, c, v in zip(events, per_ul, shared["analysed_volume_ul"], strict=True)
    ]
    ends = [garwood(e) for e in events]
    manual = shared.assign(
        events=events,
        cells_per_ul=per_ul,
        ci_low_per_ul=[end.low / v for end, v in zip(ends, volume, strict=True)],
        ci_high_per_ul=[end.high / v for end, v in zip(ends, volume, strict=True)],
        result=[result_code(e, study.limits) for e in events],
    )
    auto, by_hand = _event_days(endpoints_table(shared, study)), _event_days(endpoints_table(manual, study))
    return day_statistics(auto, by_hand)


def _event_days(endpoints: pd.DataFrame) -> dict[str, dict[str, float | None]]:
    """Days by parameter and subject; None where a subject does not reach the event."""
    days: dict[str, dict[str, float | None]] = {}
    for row in cast("list[dict[str, Any]]", endpoints.to_dict("records")):
        if row["parameter"] in _DAYS:
            reached = float(row["value"]) if row["qualifier"] == Qualifier.EQUAL else None
            days.setdefault(row["parameter"], {})[str(row["subject"])] = reached
    return days


def _write(
    comparison: Comparison, out: Path, gated: GatedResults, missing: list[Problem], theirs: list[str]
) -> Comparison:
    out.mkdir(parents=True, exist_ok=True)
    left = [problem.where.removeprefix("population ") for problem in missing]
    contents = {
        "comparison.csv": csv_text(comparison.rows),
        "agreement.csv": csv_text(comparison.agreement),
        "mapping.toml": mapping_text(comparison.named, left, theirs),
        "comparison.html": comparison_page(comparison, gated.record),
    }
    for name, content in contents.items():
        write_bytes(out / name, content.encode())
    return replace(comparison, files=tuple(out / name for name in contents))
