"""The TEXT segment: keywords and values, also where makers broke the rules of the delimiter.

The standard doubles a delimiter that is part of a value and forbids empty values. Makers write empty
values, leave delimiters inside values as they are, or both, and the three cannot be told apart locally. So
the segment is read in three ways and the reading that finds most of the required keywords wins; the
standard's way wins ties.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from bcelldepl.fcs.errors import BadTextError

__all__ = ["Text", "missing_keywords", "parse_text"]

_STANDARD: Final = re.compile(
    r"\$(ABRT|BEGIN\w+|BTIM|BYTEORD|CELLS|COM|COMP|CYT|CYTSN|DATATYPE|DATE|END\w+|ETIM|EXP|FIL|INST|LAST_MODIFIED|"
    r"LAST_MODIFIER|LOST|MODE|NEXTDATA|OP|ORIGINALITY|PAR|PROJ|SMNO|SPILLOVER|SRC|SYS|TIMESTEP|TOT|TR|VOL|WELLID|"
    r"PLATEID|PLATENAME|P\d+(?:[BDEFGLNOPRSTV]|CALIBRATION|DATATYPE))",
    re.IGNORECASE,
)
_FREE_TEXT: Final = re.compile(
    r"\$(CELLS|COM|CYT|CYTSN|EXP|FIL|INST|LAST_MODIFIER|OP|PLATENAME|PROJ|SMNO|SRC|SYS|P\d+[FNS])",
    re.IGNORECASE,
)
_MATRICES: Final = (
    "SPILL",
    "SPILLOVER",
    "DET_SPILL",
)  # keywords of makers that count as much as the standard's
_MATRIX: Final = re.compile(rb"\s*[0-9]+,")
_REQUIRED: Final = ("$PAR", "$DATATYPE", "$BYTEORD", "$TOT")
_MAX_SCORED_CHANNELS: Final = 10_000
_MOST_REPEATS: Final = 10
# Text of an instrument under a Chinese system: bytes in pairs, nearly all of them from the rows of punctuation and of
# common characters. In Latin-1 they are signs and capitals with accents, which hardly ever come in pairs.
_CHINESE: Final = re.compile(rb"(?:[\x00-\x7f]|[\xa1-\xf7][\xa1-\xfe])+")
_PAIR: Final = re.compile(rb"(?P<common>[\xa1-\xa3\xb0-\xd7].)|[\xa4-\xf7].", re.DOTALL)
_COMMON_PART: Final = 0.7
_FEWEST_PAIRS: Final = 3
_BLANKS: Final = " \t\r\n\0"

Pairs = list[tuple[str, str]]


@dataclass(frozen=True)
class Text:
    """Keywords of a data set.

    Attributes
    ----------
    keywords : dict of str to str
        Keys in upper case; values and keys without blanks around them. The first of two equal keys counts.
    delimiter : bytes
    repeated : dict of str to tuple of str
        Keys that came more than once: their values in order, ten at most.
    warnings : tuple of str
    """

    keywords: dict[str, str]
    delimiter: bytes
    repeated: dict[str, tuple[str, ...]]
    warnings: tuple[str, ...] = ()


def parse_text(segment: bytes, where: str, delimiter: bytes | None = None) -> Text:
    """Split a TEXT segment into keywords and values.

    Parameters
    ----------
    segment : bytes
        From the first delimiter to the last byte of the segment; blanks or zeros may follow.
    where : str
        The file and the segment, for messages.
    delimiter : bytes, optional
        The delimiter of the primary TEXT; default the first byte.

    Raises
    ------
    BadTextError
        There is no pair of keyword and value.
    """
    delimiter = delimiter or segment[:1]
    if not delimiter or segment[:1] != delimiter:
        raise BadTextError(
            f"starts with {segment[:1]!r}, expected the delimiter",
            where,
            "the file is damaged; export it again",
        )
    segment, notes = _chinese_as_utf8(segment)
    body = segment[1:].rstrip(b"\0")
    closed, _, rest = body.rpartition(delimiter)
    if not rest.strip():
        body = closed  # without the final delimiter and what follows it
    tokens = body.split(delimiter)
    readings = [_pairs(tokens)]  # every delimiter separates; a value may be empty
    if b"" in tokens or not _is_in_step(readings[0]):
        readings = [_escaped(body, delimiter), *readings, _anchored(tokens, delimiter)]
    pairs = readings[0] if len(readings) == 1 else max(readings, key=_score)  # the first of equals
    if not any(key for key, _ in pairs):
        raise BadTextError("no keyword with a value found", where, "the file is damaged; export it again")

    keywords: dict[str, str] = {}
    repeated: dict[str, list[str]] = {}
    for key, value in pairs:
        if not key:
            continue
        if key not in keywords:
            keywords[key] = value
        elif len(again := repeated.setdefault(key, [keywords[key]])) < _MOST_REPEATS:
            again.append(value)
    warnings = tuple(
        f"TEXT: {key} is given {len(values)} times with different values; the first, {values[0]!r}, is used"
        for key, values in repeated.items()
        if key.startswith("$") and len(set(values)) > 1
    )
    return Text(
        keywords, delimiter, {key: tuple(values) for key, values in repeated.items()}, notes + warnings
    )


def _chinese_as_utf8(segment: bytes) -> tuple[bytes, tuple[str, ...]]:
    """The segment, in UTF-8 where it is Chinese in another encoding, and a note that says so."""
    try:
        segment.decode()
    except UnicodeDecodeError:
        pairs = list(_PAIR.finditer(segment)) if _CHINESE.fullmatch(segment) else []
        common = sum(pair["common"] is not None for pair in pairs)
        if len(pairs) >= _FEWEST_PAIRS and common >= _COMMON_PART * len(pairs):
            text = segment.decode("gb18030")
            first = re.search(r"[^\x00-\x7f]+", text)
            assert first is not None
            note = f"TEXT is not UTF-8; it is read as GB18030, in which {first[0]!r} comes first"
            return text.encode(), (note,)
    return segment, ()


def _decode(token: bytes) -> str:
    """Text of a token: UTF-8 where it is, else Latin-1, which every byte has a meaning in."""
    try:
        return token.decode("utf-8").strip(_BLANKS)
    except UnicodeDecodeError:
        return token.decode("latin-1").strip(_BLANKS)


def _pairs(tokens: list[bytes]) -> Pairs:
    try:
        words = [token.decode().strip(_BLANKS) for token in tokens]
    except UnicodeDecodeError:
        words = [_decode(token) for token in tokens]
    return list(zip(map(str.upper, words[::2]), words[1::2], strict=False))


def _escaped(body: bytes, delimiter: bytes) -> Pairs:
    """The standard: two delimiters in a row are one that belongs to the value."""
    stand_in = b"\xff\xfe"
    while stand_in in body:
        stand_in += b"\xff"
    tokens = body.replace(delimiter + delimiter, stand_in).split(delimiter)
    return _pairs([token.replace(stand_in, delimiter) for token in tokens])


def _anchored(tokens: list[bytes], delimiter: bytes) -> Pairs:
    """Known keywords are anchors: a run between two of them that does not pair up has a value with delimiters.

    It is that of the first keyword where that is free text, else that of the last.
    """
    pairs: Pairs = []
    for run in _runs(tokens):
        if len(run) % 2:
            whole = 0 if _FREE_TEXT.fullmatch(_decode(run[0])) else max(len(run) - 3, 0)
            run = [*run[: whole + 1], delimiter.join(run[whole + 1 :])]
        pairs.extend(_pairs(run))
    return pairs


def _runs(tokens: list[bytes]) -> Iterator[list[bytes]]:
    run: list[bytes] = []
    for token, after in zip(tokens, [*tokens[1:], b""], strict=True):
        if run and _is_anchor(token, after):
            yield run
            run = []
        run.append(token)
    if run:
        yield run


def _is_anchor(token: bytes, after: bytes) -> bool:
    """Whether a token is a keyword wherever it stands."""
    if b"$" in token:
        return bool(_STANDARD.fullmatch(_decode(token)))
    return b"SPILL" in token.upper() and _decode(token).upper() in _MATRICES and bool(_MATRIX.match(after))


def missing_keywords(keywords: dict[str, str]) -> int:
    """How many of the keywords that DATA needs are absent."""
    missing = sum(key not in keywords for key in _REQUIRED)
    digits = keywords.get("$PAR", "")
    n_channels = int(digits) if digits.isdecimal() and len(digits) < 7 else 0
    for n in range(1, min(n_channels, _MAX_SCORED_CHANNELS) + 1):
        missing += sum(f"$P{n}{letter}" not in keywords for letter in "BNR")
    return missing


def _swallowed(keywords: dict[str, str]) -> int:
    """Known keywords that ended up as values: a sign that keys and values are out of step."""
    return sum(
        value.upper() in _MATRICES or (value.startswith("$") and bool(_STANDARD.fullmatch(value)))
        for value in keywords.values()
    )


def _is_in_step(pairs: Pairs) -> bool:
    keywords = dict(pairs)
    return "$PAR" in keywords and missing_keywords(keywords) == 0 and _swallowed(keywords) == 0


def _score(pairs: Pairs) -> tuple[bool, int, int]:
    keywords = dict(pairs)
    anchors = sum(key.startswith("$") and bool(_STANDARD.fullmatch(key)) for key in keywords)
    return "$PAR" in keywords, -missing_keywords(keywords), anchors - _swallowed(keywords)
