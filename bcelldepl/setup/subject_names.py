"""Which words of the names of files call the subject: those written as subjects are, alike in all files."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from bcelldepl.setup.name_parts import marker_of

__all__ = ["guess_subjects", "subjects_of_keyword"]

# As laboratories write subjects, the surest first.
_KINDS: Final = (
    re.compile(
        r"(?:subject|subj|sbj|patient|pat|pt|受试者|患者|病人)[\s_#.:-]*[A-Za-z]{0,3}-?\d{1,6}(?:-\d{1,4})?",
        re.IGNORECASE,
    ),
    re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{0,4}\d{2,4}-\d{2,4}(?![A-Za-z0-9-])"),
    re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{1,8}-?\d{1,5}(?![A-Za-z0-9])"),
)
_NUMBERS: Final = re.compile(r"(?<![A-Za-z0-9])\d{3,6}(?![A-Za-z0-9])(?=.)")  # a running number stands last
# Words that number something else.
_OTHERS: Final = re.compile(
    r"(panel|batch|run|plate|exp|experiment|tube|lot|specimen|sample|group|worklist|rep|visit|day|week|d|w|m|v|c"
    r"|bv|buv|bb|af|cy|fl|percp|laser|export)-?\d+",
    re.IGNORECASE,
)
_PLAIN_NAME: Final = re.compile(r"[^\W\d_]{2,20}")
_PLAIN_FOLDER: Final = re.compile(
    r"fcs|lmd|data|raw|files?|samples?|exports?|controls?|results?", re.IGNORECASE
)
_EXPORTED: Final = re.compile(r"(?:specimen|tube|group|export)[\s_-]?\d+", re.IGNORECASE)


def guess_subjects(texts: Mapping[str, str]) -> dict[str, str]:
    """Find the subject in the names of files.

    Parameters
    ----------
    texts : mapping of str to str
        What is left of each name without its day, role and date, by file.

    Returns
    -------
    dict of str to str
        Subject by file, for those that call one; of one kind of name for all.
    """
    for kind in (*_KINDS, *([_NUMBERS] if len(texts) > 1 else [])):
        words = {file: list(_words(kind, text)) for file, text in texts.items()}
        if sum(map(bool, words.values())) * 2 > len(words):
            return _chosen(words)
    return _folders(texts)


def subjects_of_keyword(values: Mapping[str, str], names: Mapping[str, str]) -> dict[str, str]:
    """Take the values of a keyword for subjects, where all files have one that looks so and that their names hold.

    Parameters
    ----------
    values : mapping of str to str
        By file.
    names : mapping of str to str
        Path of each file.

    Returns
    -------
    dict of str to str
        Subject by file; empty where the keyword calls something else.
    """
    for file, name in names.items():
        value = values.get(file, "")
        if value not in name or [value] != [word for kind in _KINDS for word in _words(kind, value)][:1]:
            return {}
    return dict(values)


def _words(kind: re.Pattern[str], text: str) -> Iterator[str]:
    for found in kind.finditer(_EXPORTED.sub(" ", text)):
        word = found[0].strip(" _-#.:")
        if not _OTHERS.fullmatch(word) and not marker_of(word):
            yield word


def _chosen(words: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Of several words of a name, take the one whose letters most names have, but not the same word in all."""
    files_of = Counter(word for own in words.values() for word in set(own))
    varying = {file: [word for word in own if files_of[word] < len(words)] for file, own in words.items()}
    own_of = varying if sum(map(bool, varying.values())) * 2 > len(words) else words
    stems = Counter(stem for own in own_of.values() for stem in {_stem(word) for word in own})
    return {
        file: max(own, key=lambda word: stems[_stem(word)]) for file, own in own_of.items() if own
    }  # the first of equals


def _folders(texts: Mapping[str, str]) -> dict[str, str]:
    """Folders called by people's names or initials, where there is more than one and each file lies in one."""
    parents = {file: text.split("/")[-2] if "/" in text else "" for file, text in texts.items()}
    names = {file: parent.strip(" _-\x1f") for file, parent in parents.items()}
    called = all(_PLAIN_NAME.fullmatch(name) and not _PLAIN_FOLDER.fullmatch(name) for name in names.values())
    return names if called and len(set(names.values())) > 1 else {}


def _stem(word: str) -> str:
    return re.sub(r"\d+", "0", word.casefold())
