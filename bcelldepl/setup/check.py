"""`check_study`: everything that can be wrong with a study, found before it is run; nothing is counted."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from bcelldepl.batch.inputs import matrix_files
from bcelldepl.batch.strategies import Strategies, load_strategies
from bcelldepl.definitions.markers import is_stain
from bcelldepl.errors import Problem, StrategyError, StudyError
from bcelldepl.fcs.spillover_table import read_matrix
from bcelldepl.quality.before_counting import check_before_counting
from bcelldepl.setup.findings import Severity, StudyCheck, StudyFinding, TubeFinding, gathered
from bcelldepl.setup.negatives import missing_negatives
from bcelldepl.setup.tube_findings import NOT_COUNTED, LookedAt, look_at
from bcelldepl.store.files import sha256_of
from bcelldepl.study import Role, Study
from bcelldepl.study.load import read_study
from bcelldepl.study.sheet_checks import note_of_guesses
from bcelldepl.tubes.countable import uncountable

__all__ = ["check_study"]


def check_study(
    path: str | os.PathLike[str], progress: Callable[[str, int, int], None] | None = None
) -> StudyCheck:
    """Check a study file, its sample sheet and every file that it names, as far as TEXT tells.

    Parameters
    ----------
    path : str or path
        The ``study.toml``.
    progress : callable, optional
        Called with the tube, how many are done, and of how many.

    Returns
    -------
    StudyCheck
        With everything that is wrong or in doubt; nothing is raised for what is wrong with the study.
    """
    study, problems = read_study(path)
    findings = [StudyFinding.of_problem(problem) for problem in problems]
    if study is None:
        return StudyCheck(Path(path).name, 0, findings=tuple(findings), can_run=False)
    strategies, complaints = _strategies(study)
    findings += [StudyFinding.of_problem(problem) for problem in complaints]
    looked = []
    for number, tube in enumerate(study.tubes, 1):
        looked.append(look_at(tube, study, strategies.of(tube) if strategies else None))
        if progress:
            progress(tube.file, number, len(study.tubes))
    volumes = {one.tube.file: one.volume for one in looked if one.volume is not None}
    nothing_countable = None if problems else uncountable(study, volumes)
    # What is wrong with the study is not repeated for each tube that it fails.
    found = [
        one
        for tube in looked
        for one in tube.findings
        if not any(one.what in problem.what for problem in problems)
        and not (nothing_countable and one.kind.startswith(NOT_COUNTED))
    ]
    if nothing_countable:
        findings.append(StudyFinding.of_problem(nothing_countable))
    if not problems:
        found += _beside(looked)
        findings += missing_negatives(study, strategies.all if strategies else ())
        findings += _guesses(study)
        findings += _large_spillover(study)
    findings += gathered(found)
    findings += [
        StudyFinding(Severity.NOTE, warning)
        for warning in study.warnings
        if warning != note_of_guesses(study.samples, study.guesses)
    ]
    countable = [one for one in looked if one.tube.role is Role.SAMPLE and not one.opened.failure]
    order = list(Severity)
    return StudyCheck(
        study.id,
        len(study.tubes),
        facts=tuple(_facts(study, looked, strategies)),
        findings=tuple(sorted(findings, key=lambda one: order.index(one.severity))),
        can_run=not (problems or complaints or nothing_countable) and bool(countable),
    )


def _strategies(study: Study) -> tuple[Strategies | None, list[Problem]]:
    try:
        return load_strategies(study), []
    except StudyError as error:
        return None, list(error.problems)
    except StrategyError as error:
        return None, [Problem(f"{study.path.name}, [study] strategy", error.what, error.remedy)]


def _beside(looked: Sequence[LookedAt]) -> Iterator[TubeFinding]:
    """Hold the rows of the sheet against each other, and against what the files say."""
    tubes, opened = [one.tube for one in looked], [one.opened for one in looked]
    sizes = Counter(_size(tube.path) for tube in tubes)
    # Files of one size alone can be copies: the others need not be read.
    opened = [
        replace(one, sha256=sha256_of(tube.path)) if sizes[_size(tube.path)] > 1 else one
        for tube, one in zip(tubes, opened, strict=True)
    ]
    for file, outcomes in check_before_counting(tubes, opened).items():
        for one in outcomes:
            severity = Severity.DOUBT if one.needs_review else Severity.NOTE
            yield TubeFinding(file, severity, one.sentence, kind=one.check.name)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return -1


def _guesses(study: Study) -> Iterator[StudyFinding]:
    if study.guesses:
        note = note_of_guesses(study.samples, study.guesses).removeprefix(f"{study.samples}: ")
        yield StudyFinding(Severity.DOUBT, note, study.samples, tubes=tuple(study.guesses.items()))


def _large_spillover(study: Study) -> Iterator[StudyFinding]:
    """Matrices in which a dye gives more to another detector than to its own: numbers may be percent."""
    for name, path in matrix_files(study).items():
        spillover = read_matrix(path)
        beside = spillover.matrix - np.diag(np.diag(spillover.matrix))
        if beside.max(initial=0.0) > 1:
            source, detector = np.unravel_index(int(beside.argmax()), beside.shape)
            what = (
                f"{spillover.channels[source]} gives {beside.max():.3g} times as much to "
                f"{spillover.channels[detector]} as to its own detector"
            )
            remedy = "if the numbers are percent, write 100 on the diagonal"
            yield StudyFinding(Severity.DOUBT, what, f"{study.path.name}, [compensation], {name}", remedy)


def _facts(study: Study, looked: Sequence[LookedAt], strategies: Strategies | None) -> Iterator[str]:
    """How the study is understood: what a person reads once more before a run."""
    if not looked:
        return
    roles = Counter(one.tube.role.value for one in looked)
    subjects = [name for name in study.subjects if name]
    yield f"tubes: {len(looked)} ({_tally(roles)}), subjects: {len(subjects)}"
    if strategies is not None:
        yield f"strategy: {' and '.join(one.name for one in strategies.all)}"
    panels = Counter(
        (one.opened.cytometer, tuple(one.opened.panel.items())) for one in looked if one.opened.panel
    )
    for (cytometer, panel), count in panels.most_common():
        listed = ", ".join(f"{marker} {detector}" for marker, detector in panel if is_stain(marker))
        yield f"panel of {count} tube{'s' * (count > 1)}, {cytometer or 'no cytometer named'}: {listed}"
    yield f"counted by: {_tally(Counter(one.method.value for one in looked if one.tube.role is Role.SAMPLE))}"
    if strategies is not None:
        yield f"compensated by: {_tally(Counter(one.compensated_by or 'nothing' for one in looked))}"


def _tally(counted: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counted.items())
