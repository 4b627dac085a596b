"""Checks of the rows of a sample sheet, by themselves and beside each other: odd days, visits twice, guesses."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from bcelldepl.quality.checks import CHECKS, Outcome
from bcelldepl.quality.limits import ODD_DAYS, ODD_PART
from bcelldepl.study import Role, Tube

__all__ = ["check_guesses", "check_rows"]

Key = TypeVar("Key")


def check_rows(tubes: Sequence[Tube]) -> dict[str, list[Outcome]]:
    """Compare the day of each row with its dates, and samples that should be replicates with each other.

    Parameters
    ----------
    tubes : sequence of Tube
        The whole study.

    Returns
    -------
    dict of str to list of Outcome
        By file, the checks that failed: ``draw_day``, ``visit_on_two_days``, ``visit_on_two_dates``,
        ``day_of_two_visits``.
    """
    failed: dict[str, list[Outcome]] = defaultdict(list)
    for tube in tubes:
        day = tube.actual_day
        if day is not None:
            limits = (None, max(ODD_DAYS, ODD_PART * abs(tube.day)))
            found = CHECKS["draw_day"].judge(
                abs(day - tube.day), limits=limits, nominal=tube.day, collected=day
            )
            failed[tube.file] += [] if found.passed else [found]
    samples = [tube for tube in tubes if tube.role is Role.SAMPLE]
    for tube, group in _each_with(samples, lambda one: (one.subject, one.course, one.visit)):
        failed[tube.file] += _two_draws(tube, group)
    for tube, group in _each_with(samples, lambda one: (one.subject, one.course, one.day)):
        failed[tube.file] += _two_visits(tube, group)
    return {file: found for file, found in failed.items() if found}


def check_guesses(guesses: Mapping[str, str]) -> dict[str, list[Outcome]]:
    """Ask for a look at each tube whose row was guessed.

    Parameters
    ----------
    guesses : mapping of str to str
        What was guessed, by file.

    Returns
    -------
    dict of str to list of Outcome
        By file, ``guessed_row``.
    """
    check = CHECKS["guessed_row"]
    return {file: [check.judge(1, passed=False, guess=guess)] for file, guess in guesses.items()}


def _each_with(tubes: Sequence[Tube], key: Callable[[Tube], Key]) -> Iterator[tuple[Tube, list[Tube]]]:
    """Each tube with all that have its key."""
    groups: dict[Key, list[Tube]] = defaultdict(list)
    for tube in tubes:
        groups[key(tube)].append(tube)
    for group in groups.values():
        for tube in group:
            yield tube, group


def _two_draws(tube: Tube, group: Sequence[Tube]) -> Iterator[Outcome]:
    """Replicates of one visit are of one day, and of one date."""
    words: dict[str, Any] = {"visit": tube.visit, "subject": tube.subject}
    other = next((one for one in group if one.day != tube.day), None)
    if other is not None:
        yield CHECKS["visit_on_two_days"].judge(
            abs(other.day - tube.day),
            passed=False,
            day=tube.day,
            other_day=other.day,
            other=other.file,
            **words,
        )
        return
    here = tube.collected
    for one in group:
        there = one.collected
        if here is not None and there is not None and here.date() != there.date():
            yield CHECKS["visit_on_two_dates"].judge(
                abs((there.date() - here.date()).days),
                passed=False,
                date=here.date(),
                other_date=there.date(),
                other=one.file,
                **words,
            )
            return


def _two_visits(tube: Tube, group: Sequence[Tube]) -> Iterator[Outcome]:
    """Samples of one day are of one visit, unless they were drawn at times that differ."""
    other = next((one for one in group if one.visit != tube.visit and not _drawn_apart(one, tube)), None)
    if other is not None:
        yield CHECKS["day_of_two_visits"].judge(
            tube.day,
            passed=False,
            day=tube.day,
            subject=tube.subject,
            visit=tube.visit,
            other_visit=other.visit,
            other=other.file,
        )


def _drawn_apart(one: Tube, other: Tube) -> bool:
    """Whether two tubes were collected at times that are known and differ."""
    return one.collected is not None and other.collected is not None and one.collected != other.collected
