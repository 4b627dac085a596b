"""Where DATA really is: among the offsets of HEADER and TEXT, those that fit the file and ``$TOT``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from bcelldepl.fcs.errors import BadKeywordError, DataNotFoundError, TruncatedDataError
from bcelldepl.fcs.header import HEADER_BYTES, Header, Segment
from bcelldepl.fcs.layout import Row
from bcelldepl.fcs.numbers import integer

__all__ = ["Place", "Source", "locate_data"]

Source = Literal["auto", "header", "text"]
_CHECKSUM_BYTES: Final = 8
_MOST_OVERLAP_BYTES: Final = 16
_FROM_ONE: Final = "offsets count from 1"
_EXACT, _OFF_BY_ONE, _LONGER, _SHORTER, _GUESSED = range(5)


@dataclass(frozen=True)
class Place:
    """Where the events of a data set are.

    Attributes
    ----------
    begin : int
        First byte of DATA, counted from the start of the file.
    n_events : int
    row : Row
        How each event lies there.
    warnings : tuple of str
    facts : tuple of str
        What is common in valid files and needs no attention.
    """

    begin: int
    n_events: int
    row: Row
    warnings: tuple[str, ...]
    facts: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Candidate:
    source: str
    segment: Segment
    begin: int
    n_events: int
    row: Row
    grade: int
    note: str

    @property
    def needed_bytes(self) -> int:
        return self.n_events * self.row.n_bytes


def locate_data(
    header: Header,
    keywords: Mapping[str, str],
    rows: Sequence[Row],
    base: int,
    room: int,
    where: str,
    source: Source = "auto",
) -> Place:
    """Decide where DATA begins and how many events it holds.

    Parameters
    ----------
    header : Header
    keywords : mapping of str to str
    rows : sequence of Row
        The ways in which an event may lie there, the likeliest first.
    base : int
        Where the data set begins in the file [bytes].
    room : int
        Where the file ends [bytes].
    where : str
        The file, for messages.
    source : {"auto", "header", "text"}
        Whose offsets to believe; "auto" takes those that fit.

    Raises
    ------
    TruncatedDataError, DataNotFoundError, BadKeywordError
    """
    total = _total(keywords, where)
    said = {"HEADER": header.data, "TEXT": _text_segment(keywords)}
    sources = ("HEADER", "TEXT") if source == "auto" else (source.upper(),)
    segments = {name: said[name] for name in sources if said[name].begin > 0}
    # Where both say the same, it is the end of TEXT that is wrong if DATA seems to lie inside it.
    outside_text = source == "auto" and said["HEADER"] != said["TEXT"]
    candidates = [
        candidate
        for name, segment in segments.items()
        for row in rows
        for candidate in _candidates(name, segment, row, total, header, base, room, outside_text)
    ]
    if total == 0 and not any(candidate.n_events for candidate in candidates):
        return Place(base + HEADER_BYTES, 0, rows[0], ("the file contains no events ($TOT is 0)",))
    if not candidates and not any(segment.is_said for segment in segments.values()):
        candidates = list(_behind_text(rows, total, header, base, room))
    if not candidates:
        _refuse(segments, rows[0], total, base, room, where)
    best = min(candidates, key=lambda candidate: candidate.grade)  # the first of equals
    return Place(best.begin, best.n_events, best.row, _warnings(best, said, header), _facts(best))


def _total(keywords: Mapping[str, str], where: str) -> int | None:
    if not keywords.get("$TOT"):
        return None
    total = integer(keywords, "$TOT")
    if total is None or total < 0:
        raise BadKeywordError(
            f"$TOT is {keywords['$TOT']!r}, expected a number of events",
            f"{where}: TEXT",
            "export the file again",
        )
    return total


def _text_segment(keywords: Mapping[str, str]) -> Segment:
    return Segment(integer(keywords, "$BEGINDATA") or 0, integer(keywords, "$ENDDATA") or 0)


def _candidates(
    source: str,
    segment: Segment,
    row: Row,
    total: int | None,
    header: Header,
    base: int,
    room: int,
    outside_text: bool,
) -> Iterator[_Candidate]:
    """How well the events fit at these offsets; nothing where they cannot be there."""
    length = segment.n_bytes if segment.is_said else 0
    n_events, note = total, ""
    if not total:
        n_events = next(
            (size // row.n_bytes for size in (length, length - 1) if size > 0 and size % row.n_bytes == 0),
            None,
        )
        note = f"$TOT is {'absent' if total is None else total}, the length of DATA gives {n_events} events"
    if n_events is None:
        return
    needed = n_events * row.n_bytes
    if outside_text and _is_inside(header.text, segment.begin):
        return
    # Offsets count from the data set; some makers count those of a later data set from the start of the file.
    for begin in dict.fromkeys((base + segment.begin, segment.begin)):
        if begin < base + HEADER_BYTES:
            continue
        if begin + needed == room + 1 and length == needed:
            yield _Candidate(source, segment, begin - 1, n_events, row, _OFF_BY_ONE, _FROM_ONE)
        elif begin + needed <= room:
            grade = (
                _EXACT if length == needed
                else _OFF_BY_ONE if abs(length - needed) == 1
                else _LONGER if length > needed
                else _SHORTER
            )  # fmt: skip
            if grade != _SHORTER or begin + needed <= _next_segment(header, base, begin, room):
                yield _Candidate(source, segment, begin, n_events, row, grade, note)


def _is_inside(text: Segment, begin: int) -> bool:
    """Whether an offset lies well inside TEXT; a few bytes of overlap come from a wrong end of TEXT."""
    return text.begin <= begin < text.end - _MOST_OVERLAP_BYTES


def _next_segment(header: Header, base: int, begin: int, room: int) -> int:
    """Where the next segment behind DATA begins, at the latest the end of the file."""
    begins = [base + segment.begin for segment in (header.text, header.analysis) if segment.is_said]
    return min([room, *(start for start in begins if start > begin)])


def _behind_text(
    rows: Sequence[Row], total: int | None, header: Header, base: int, room: int
) -> Iterator[_Candidate]:
    """No offsets at all: DATA that fills the file behind TEXT to the last byte cannot be elsewhere."""
    begin = base + header.text.end + 1
    for row in rows:
        for tail in (0, _CHECKSUM_BYTES):
            left = room - begin - tail
            n_events = left // row.n_bytes if total is None else total
            if left > 0 and n_events * row.n_bytes == left:
                note = "neither HEADER nor TEXT says where DATA is; it fills the file after TEXT exactly"
                yield _Candidate("neither", Segment(0, 0), begin, n_events, row, _GUESSED, note)


def _warnings(best: _Candidate, said: Mapping[str, Segment], header: Header) -> tuple[str, ...]:
    warnings = []
    stored_rows = best.segment.n_bytes // best.row.n_bytes
    other = "TEXT" if best.source == "HEADER" else "HEADER"
    if best.note and best.note != _FROM_ONE:
        warnings.append(f"DATA: {best.note}")
    if best.row.note:
        warnings.append(f"DATA: {best.row.note}")
    if best.grade == _LONGER and stored_rows > best.n_events:
        warnings.append(
            f"DATA: {best.source} has room for {stored_rows} events, $TOT says {best.n_events}; $TOT is used"
        )
    elif best.grade == _SHORTER:
        warnings.append(
            f"DATA: {best.source} says {best.segment}, too short for the {best.n_events} events of $TOT, "
            "which the file contains"
        )
    if best.source != "neither" and said[other].begin > 0 and said[other] != said[best.source]:
        inside = " (inside TEXT)" if _is_inside(header.text, said[other].begin) else ""
        warnings.append(
            f"DATA: {best.source} says {best.segment}, {other} says {said[other]}{inside}; "
            f"{best.source} fits and is used"
        )
    return tuple(warnings)


def _facts(best: _Candidate) -> tuple[str, ...]:
    if best.grade != _OFF_BY_ONE:
        return ()
    if best.note == _FROM_ONE:
        return (f"DATA: {_FROM_ONE}",)
    return (f"DATA: {best.source} says {best.segment}, one byte off its {best.needed_bytes} bytes of events",)


def _refuse(
    segments: Mapping[str, Segment], row: Row, total: int | None, base: int, room: int, where: str
) -> None:
    needed = (total or 0) * row.n_bytes
    begins = [base + segment.begin for segment in segments.values()]
    if begins and min(begins) + needed > room:
        held = max(0, room - min(begins)) // row.n_bytes
        raise TruncatedDataError(
            f"the file ends at byte {room}, but {total} events of {row.n_bytes} bytes from byte "
            f"{min(begins)} on end at {min(begins) + needed}; it contains at most {held}",
            f"{where}: DATA",
            "copy or export the file again; it is cut off",
        )
    told = (
        ", ".join(f"{name} says {segment}" for name, segment in segments.items())
        or "neither HEADER nor TEXT says where"
    )
    expected = "$TOT or a length" if total is None else f"{needed} bytes for {total} events"
    raise DataNotFoundError(
        f"{told}; expected {expected} outside of TEXT and within the file",
        f"{where}: DATA",
        "export the file again",
    )
