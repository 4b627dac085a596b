"""Checks of names: whether a file, by its path and keywords, is of the subject and visit that its row says."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, Protocol

from bcelldepl.quality.checks import CHECKS, Outcome
from bcelldepl.study import Role, Tube

__all__ = ["NAMING_KEYWORDS", "NamedTube", "check_names"]

# Keywords in which makers keep what the operator typed.
NAMING_KEYWORDS: Final = (
    "$FIL",
    "TUBE NAME",
    "TUBENAME",
    "GROUPNAME",
    "SAMPLE ID",
    "SAMPLE NAME",
    "SPECIMEN NAME",
    "PATIENT ID",
    "$SMNO",
    "$SRC",
    "@SAMPLEID1",
    "@SAMPLEID2",
)
LEAST_TUBES: Final = 3  # that a kind of name is learned from
TELLING: Final = 0.5  # part of them in which it names one subject, or one visit, of the study
DIGITS: Final = 3  # of a number that stands alone: fewer number tubes, wells and runs

PATH: Final = "path"
FMO: Final = Role.FMO.value

Tokens = tuple[str, ...]


class NamedTube(Protocol):
    """What is known of a tube once its file was opened."""

    @property
    def file(self) -> str:
        """As in the sheet."""

    @property
    def names(self) -> Mapping[str, str]:
        """What the file calls itself, by keyword."""


def check_names(tubes: Sequence[Tube], opened: Sequence[NamedTube]) -> dict[str, list[Outcome]]:
    """Compare the names that files carry with their rows.

    A kind of name is believed where it names one subject (or one visit) of the study in most tubes.

    Parameters
    ----------
    tubes : sequence of Tube
    opened : sequence of NamedTube
        The same tubes, opened.

    Returns
    -------
    dict of str to list of Outcome
        By file, the checks that failed: ``named_otherwise``, once for a subject and once for a visit, and
        ``named_as_control``.
    """
    subjects = {tube.subject: {_tokens(tube.subject)} for tube in tubes}
    visits: dict[str, set[Tokens]] = defaultdict(set)
    for tube in tubes:
        visits[tube.visit] |= {_tokens(tube.visit), *_of_day(tube.day)}
    failed: dict[str, dict[str, Outcome]] = defaultdict(dict)
    for source in (PATH, *NAMING_KEYWORDS):
        texts = {tube.file: _text(source, tube, one) for tube, one in zip(tubes, opened, strict=True)}
        named = {file: _named(_tokens(text), subjects, visits) for file, text in texts.items() if text}
        for column, place in (("subject", 0), ("visit", 1)):
            told = {file: names[place] for file, names in named.items()}
            if not _believed(told):
                continue
            for tube in tubes:
                names, own = told.get(tube.file, frozenset()), str(getattr(tube, column))
                if names and own not in names and column not in failed[tube.file]:
                    outcome = CHECKS["named_otherwise"].judge(
                        len(names),
                        passed=False,
                        source=_source(source),
                        text=texts[tube.file],
                        column=column,
                        named=" or ".join(sorted(names)),
                        own=own,
                    )
                    failed[tube.file][column] = outcome
        for tube, outcome in _controls(source, tubes, texts):
            failed[tube.file].setdefault("role", outcome)
    return {file: list(found.values()) for file, found in failed.items() if found}


def _controls(source: str, tubes: Sequence[Tube], texts: Mapping[str, str]) -> Iterator[tuple[Tube, Outcome]]:
    """Tubes that a name calls a control and the sheet does not; the other way round where controls' names say it."""
    named = {file: FMO in _tokens(text) for file, text in texts.items() if text}
    said = [named[tube.file] for tube in tubes if tube.role is Role.FMO and tube.file in named]
    telling = len(said) >= LEAST_TUBES and sum(said) >= TELLING * len(said)
    for tube in tubes:
        if tube.file not in named or tube.role not in (Role.SAMPLE, Role.FMO):
            continue
        by_sheet, by_name = tube.role is Role.FMO, named[tube.file]
        if (by_name and not by_sheet) or (by_sheet and not by_name and telling):
            yield (
                tube,
                CHECKS["named_as_control"].judge(
                    float(by_name),
                    passed=False,
                    source=_source(source),
                    text=texts[tube.file],
                    what="an FMO control" if by_name else "no FMO control",
                    role=tube.role.value,
                ),
            )


def _source(source: str) -> str:
    return "its path" if source == PATH else source


def _text(source: str, tube: Tube, opened: NamedTube) -> str:
    return tube.file if source == PATH else opened.names.get(source, "")


def _tokens(text: str) -> Tokens:
    """Words and whole numbers of a text, without leading zeros: ``S01_D+007`` is s, 1, d, 7."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    return tuple(word.lstrip("0") or "0" for word in re.findall(r"\d+|[^\W\d_]+", plain))


def _of_day(day: float) -> set[Tokens]:
    """How names of files write a study day."""
    return {(word, f"{abs(day):g}") for word in ("d", "day")} if float(day).is_integer() else set()


def _named(
    tokens: Tokens, subjects: Mapping[str, set[Tokens]], visits: Mapping[str, set[Tokens]]
) -> tuple[frozenset[str], frozenset[str]]:
    """The subject and the visit that a name names, with those that are written alike; empty where it names two or none.

    Words that stand for a subject name no visit.
    """
    found = _spans(tokens, subjects)
    covered = {place for span in found for place in range(*span)}
    rest = tuple("" if place in covered else word for place, word in enumerate(tokens))
    return _only(found.values()), _only(_spans(rest, visits).values())


def _only(names: Iterable[frozenset[str]]) -> frozenset[str]:
    different = set(names)
    return different.pop() if len(different) == 1 else frozenset()


def _spans(tokens: Tokens, labels: Mapping[str, set[Tokens]]) -> dict[tuple[int, int], frozenset[str]]:
    """Labels by where they stand among words, without those that are part of a longer one."""
    found: dict[tuple[int, int], set[str]] = defaultdict(set)
    for name, spellings in labels.items():
        for label in spellings:
            for span in _places(tokens, label):
                found[span].add(name)
    return {
        (start, end): frozenset(names)
        for (start, end), names in found.items()
        if not any(low <= start and end <= high and (low, high) != (start, end) for low, high in found)
    }


def _places(tokens: Tokens, label: Tokens) -> Iterator[tuple[int, int]]:
    if not label or (len(label) == 1 and label[0].isdecimal() and len(label[0]) < DIGITS):
        return
    for start in range(len(tokens) - len(label) + 1):
        if tokens[start : start + len(label)] == label:
            yield start, start + len(label)


def _believed(told: Mapping[str, frozenset[str]]) -> bool:
    """Whether a kind of name tells subjects, or visits: one of them in most tubes, and not the same in all."""
    telling = [names for names in told.values() if names]
    return len(told) >= LEAST_TUBES and len(set(telling)) > 1 and len(telling) >= TELLING * len(told)
