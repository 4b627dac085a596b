"""The chain of data sets in one file, each with its HEADER and TEXT."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import BinaryIO, Final

from bcelldepl.errors import FcsError
from bcelldepl.fcs.errors import BadHeaderError, BadTextError
from bcelldepl.fcs.header import HEADER_BYTES, Header, Segment, parse_header
from bcelldepl.fcs.numbers import integer
from bcelldepl.fcs.text import Text, missing_keywords, parse_text

__all__ = ["Dataset", "read_datasets"]

_MAX_TEXT_BYTES: Final = 64 << 20


@dataclass(frozen=True)
class Dataset:
    """HEADER and TEXT of one data set.

    Attributes
    ----------
    base : int
        Where the data set begins in the file [bytes].
    header : Header
    text : Text
        The supplemental TEXT included.
    """

    base: int
    header: Header
    text: Text


def read_datasets(file: BinaryIO, file_bytes: int, where: str) -> tuple[tuple[Dataset, ...], tuple[str, ...]]:
    """Follow ``$NEXTDATA`` through the file.

    Parameters
    ----------
    file : binary file
    file_bytes : int
        Its length.
    where : str
        The file, for messages.

    Returns
    -------
    tuple of Dataset
        At least one.
    tuple of str
        Why the chain ended before its time; empty where it did not.

    Raises
    ------
    FcsError
        The first data set has no readable HEADER or TEXT.
    """
    datasets = [_read_dataset(file, 0, file_bytes, where)]
    while sum(dataset.header.text.n_bytes for dataset in datasets) <= file_bytes:
        last = datasets[-1]
        step = integer(last.text.keywords, "$NEXTDATA") or 0
        if step <= 0:
            return tuple(datasets), ()
        # Offsets count from their data set; some makers count from the start of the file.
        bases = [base for base in dict.fromkeys((last.base + step, step)) if last.base < base < file_bytes]
        base = next((base for base in bases if _bytes(file, base, 3) == b"FCS"), None)
        if base is None:
            return tuple(datasets), (
                f"$NEXTDATA of data set {len(datasets) - 1} is {step}, but no data set begins there",
            )
        try:
            datasets.append(_read_dataset(file, base, file_bytes, f"{where}: data set {len(datasets)}"))
        except FcsError as error:
            return tuple(datasets), (f"data set {len(datasets)} cannot be read: {error.what}",)
    return tuple(datasets), ("the TEXT of data sets overlaps; the others are left out",)


def _read_dataset(file: BinaryIO, base: int, file_bytes: int, where: str) -> Dataset:
    header = parse_header(_bytes(file, base, HEADER_BYTES), where)
    room = file_bytes - base
    if header.text.begin >= room:
        raise BadHeaderError(
            f"HEADER places TEXT at {header.text}, but the file has {room} bytes",
            f"{where}: HEADER",
            "copy or export the file again",
        )
    if min(header.text.end, room) - header.text.begin > _MAX_TEXT_BYTES:
        raise BadHeaderError(
            f"TEXT of {header.text.n_bytes} bytes, expected at most {_MAX_TEXT_BYTES}",
            f"{where}: HEADER",
            "export the file again",
        )
    text = _read_text(file, base, header, where)
    return Dataset(base, header, _with_supplement(file, base, file_bytes, header, text, where))


def _read_text(file: BinaryIO, base: int, header: Header, where: str) -> Text:
    """The primary TEXT; where its first byte cannot be a delimiter, the bytes beside it are tried."""
    begin, end = header.text.begin, header.text.end
    segment = _bytes(file, base + begin - 1, end - begin + 2)
    if not segment[1:2].isalnum() and segment[1:2] not in (b"$", b" "):
        text = parse_text(segment[1:], f"{where}: TEXT")
        gap = header.data.begin - end - 1
        if not 0 < gap <= _MAX_TEXT_BYTES or missing_keywords(text.keywords) == 0:
            return text
        longer = parse_text(segment[1:] + _bytes(file, base + end + 1, gap), f"{where}: TEXT")
        if missing_keywords(longer.keywords) >= missing_keywords(text.keywords):
            return text
        note = f"TEXT: continues after the end {end} that HEADER states, up to DATA"
        return replace(longer, warnings=(note, *longer.warnings))
    for shifted in (segment, segment[2:], segment[1:].lstrip(b" ")):
        if shifted[:1].isalnum() or shifted[:1] in (b"$", b" ", b""):
            continue
        text = parse_text(shifted, f"{where}: TEXT")
        if "$PAR" in text.keywords:
            note = f"TEXT: does not begin at {begin} as HEADER states; begins with the delimiter nearby"
            return replace(text, warnings=(note, *text.warnings))
    raise BadTextError(
        f"begins with {segment[1:2].decode('latin-1')!r}, expected a delimiter",
        f"{where}: TEXT",
        "the file is damaged; export it again",
    )


def _with_supplement(
    file: BinaryIO, base: int, file_bytes: int, header: Header, text: Text, where: str
) -> Text:
    """Add the keywords of the supplemental TEXT; those of the primary TEXT come first."""
    begin, end = (integer(text.keywords, key) or 0 for key in ("$BEGINSTEXT", "$ENDSTEXT"))
    segment = Segment(begin, end)
    if not segment.is_said or (begin <= header.text.end and end >= header.text.begin):
        return text
    stored = b""
    if base + end < file_bytes and segment.n_bytes <= _MAX_TEXT_BYTES and begin >= HEADER_BYTES:
        stored = _bytes(file, base + begin, segment.n_bytes)
        if not stored.strip(b" \0\t\r\n"):
            return text  # room that was kept and not used
    try:
        more = parse_text(stored, f"{where}: supplemental TEXT", text.delimiter)
    except BadTextError:
        note = f"supplemental TEXT: none at {segment}, where TEXT says it is; left out"
        return replace(text, warnings=(*text.warnings, note))
    keywords = {**more.keywords, **text.keywords}
    return replace(text, keywords=keywords, warnings=(*text.warnings, *more.warnings))


def _bytes(file: BinaryIO, begin: int, n_bytes: int) -> bytes:
    file.seek(begin)
    return file.read(n_bytes)
