"""What the name of a file says of its tube: role, study day, visit and date, by the words that laboratories use."""

from __future__ import annotations

import datetime
import re
import unicodedata
from dataclasses import dataclass
from typing import Final

from bcelldepl.definitions.markers import MARKERS
from bcelldepl.study import Role

__all__ = ["ISOTYPE", "NameParts", "marker_of", "read_name"]

ISOTYPE: Final = "isotype"  # no role of ours: a person decides
_DAYS_PER_WEEK: Final = 7
_CUT: Final = "\x1f"  # stands where a part was taken out: no word reaches over it

_FREE = r"(?<![A-Za-z0-9])"  # no letter or digit before
_END = r"(?![A-Za-z0-9])"
_MARKER = r"[A-Za-z][A-Za-z0-9]*(?:\+\d+)?"
_STEPS: Final = r"[\s_:.-]*"

_FMO: Final = re.compile(
    rf"{_FREE}(?:(?P<before>{_MARKER}){_STEPS})?FMO(?:{_STEPS}(?P<after>{_MARKER}))?{_END}", re.IGNORECASE
)
_UNSTAINED: Final = re.compile(
    rf"{_FREE}(?:un-?stained|unstain|no[\s_-]?stain)(?:[\s_-]*control)?{_END}|未染色?", re.IGNORECASE
)
_BLANK: Final = re.compile(rf"{_FREE}blank{_END}|空白", re.IGNORECASE)
_ISOTYPE: Final = re.compile(rf"{_FREE}iso(?:type)?{_END}|同型", re.IGNORECASE)
_SINGLE_WORDS: Final = (
    r"(?:(?<![A-Za-z])single[\s_-]*(?:stain(?:ed)?|colou?r)?|stained[\s_-]*control"
    r"|(?<![A-Za-z])comp(?:ensation)?[\s_-]*controls?|单染|单阳|单标)"
)
_SINGLE: Final = re.compile(
    rf"(?:{_FREE}(?P<before>{_MARKER}){_STEPS})?{_SINGLE_WORDS}(?:{_STEPS}(?P<after>{_MARKER}))?",
    re.IGNORECASE,
)
_DATES: Final = (
    re.compile(
        r"(?<!\d)(?P<y>20\d\d)(?P<s>[-_.]?)(?P<m>0[1-9]|1[0-2])(?P=s)(?P<d>0[1-9]|[12]\d|3[01])(?!\d)"
    ),
    re.compile(r"(?<!\d)(?P<y>20\d\d)年(?P<m>\d{1,2})月(?P<d>\d{1,2})日"),
    re.compile(r"(?<!\d)(?P<d>\d{1,2})[- ]?(?P<m>[A-Za-z]{3})[- ]?(?P<y>20\d\d)(?!\d)"),
)
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAY: Final = re.compile(
    rf"{_FREE}D(?:ay)?[ _]?(?P<n>[+-]?\d{{1,4}}(?:\.\d+)?){_END}|第?(?P<cn>[+-]?\d{{1,4}})天", re.IGNORECASE
)
_WEEK: Final = re.compile(
    rf"{_FREE}W(?:ee)?k?[ _]?(?P<n>\d{{1,3}}){_END}|第?(?P<cn>\d{{1,3}})周", re.IGNORECASE
)
_MONTH: Final = re.compile(
    rf"{_FREE}M(?:o(?:nth)?)?[ _]?\d{{1,2}}{_END}|第?\d{{1,2}}个?月(?!\d)", re.IGNORECASE
)
_VISIT: Final = re.compile(
    rf"{_FREE}(?:baseline|base|BL|screening|screen|SCR|enrol+ment|pre[\s_-]?(?:infusion|dose)|pre|EOS|EOT"
    rf"|V(?:isit)?[ _]?\d{{1,2}}|C\d{{1,2}}D\d{{1,2}}){_END}|基线|筛选期?|(?:输注|回输)前|访视\d{{1,2}}",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class NameParts:
    """Parts of a name.

    Attributes
    ----------
    role : str
        As the sample sheet writes it, ``fmo`` where no marker is named; empty where nothing is said.
    day : float or None
        Study day.
    visit : str
        As it is written there.
    date : date or None
        Read with the year first, or with the month in letters.
    rest : str
        The text without these parts, which are cut out of it.
    """

    role: str = ""
    day: float | None = None
    visit: str = ""
    date: datetime.date | None = None
    rest: str = ""


def read_name(text: str) -> NameParts:
    """Read the parts of a name.

    Parameters
    ----------
    text : str
        A path without its ending, or a keyword.

    Returns
    -------
    NameParts
    """
    rest = unicodedata.normalize("NFKC", text)
    role, rest = _role(rest)
    date, rest = _date(rest)
    visit, rest = _take(_VISIT, rest)
    day_words, day, rest = _day(rest)
    return NameParts(role, day, _tidy(visit or day_words), date, rest)


def marker_of(word: str) -> str:
    """Return the marker that a word calls, as strategies have it.

    Parameters
    ----------
    word : str

    Returns
    -------
    str
        Empty where it calls none: it is neither a CD number nor a name of another marker.
    """
    plain = word.casefold()
    for marker in MARKERS.values():
        if plain == marker.name.casefold() or plain in marker.other_names:
            return marker.name
    return word.upper() if re.fullmatch(r"cd\d+[a-z]?(\+\d+)?", plain) else ""


def _role(text: str) -> tuple[str, str]:
    for pattern, role in ((_FMO, Role.FMO), (_UNSTAINED, Role.UNSTAINED), (_SINGLE, Role.SINGLE)):
        found = pattern.search(text)
        if not found:
            continue
        if role is Role.UNSTAINED:
            return role.value, _cut(text, *found.span())
        before, after = found["before"] or "", found["after"] or ""
        named = next((word for word in (after, before) if marker_of(word)), "")
        if role is Role.SINGLE and not named:
            named = after or before  # a dye: controls of compensation are called by it
        start = (
            found.start() if named and named == before else found.end("before") if before else found.start()
        )
        end = found.end() if named and named == after else found.start("after") if after else found.end()
        words = f"{role.value}:{marker_of(named) or named}" if named else role.value
        return words, _cut(text, start, end)
    for pattern, words in ((_ISOTYPE, ISOTYPE), (_BLANK, Role.BLANK.value)):
        found = pattern.search(text)
        if found:
            return words, _cut(text, *found.span())
    return "", text


def _date(text: str) -> tuple[datetime.date | None, str]:
    for pattern in _DATES:
        for found in pattern.finditer(text):
            month = found["m"].casefold()
            if not month.isdigit() and month not in _MONTHS:
                continue
            number = int(month) if month.isdigit() else _MONTHS.index(month) + 1
            try:
                date = datetime.date(int(found["y"]), number, int(found["d"]))
            except ValueError:
                continue
            return date, _cut(text, *found.span())
    return None, text


def _day(text: str) -> tuple[str, float | None, str]:
    """The words of a day, the day, and the rest; of months the day is not known."""
    for pattern, days in ((_DAY, 1), (_WEEK, _DAYS_PER_WEEK)):
        found = pattern.search(text)
        if found:
            number = float(found["n"] or found["cn"])
            return found[0], days * number, _cut(text, *found.span())
    words, rest = _take(_MONTH, text)
    return words, None, rest


def _take(pattern: re.Pattern[str], text: str) -> tuple[str, str]:
    found = pattern.search(text)
    return (found[0], _cut(text, *found.span())) if found else ("", text)


def _cut(text: str, start: int, end: int) -> str:
    return f"{text[:start]}{_CUT}{text[end:]}"


def _tidy(words: str) -> str:
    return re.sub(r"[\s_]+", " ", words).strip()
