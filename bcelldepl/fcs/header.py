"""The HEADER segment: the version, and where TEXT, DATA and ANALYSIS are said to be."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from bcelldepl.fcs.errors import BadHeaderError

__all__ = ["HEADER_BYTES", "Header", "Segment", "parse_header"]

HEADER_BYTES: Final = 58
_KNOWN_VERSIONS: Final = ("FCS2.0", "FCS3.0", "FCS3.1", "FCS3.2")
_FIELDS: Final = (
    "begin of TEXT",
    "end of TEXT",
    "begin of DATA",
    "end of DATA",
    "begin of ANALYSIS",
    "end of ANALYSIS",
)


@dataclass(frozen=True)
class Segment:
    """First and last byte of a segment, counted from the start of its data set; 0, 0 where not said."""

    begin: int
    end: int

    @property
    def is_said(self) -> bool:
        """Whether both offsets are given and in order."""
        return 0 < self.begin <= self.end

    @property
    def n_bytes(self) -> int:
        """Length in bytes; the end is part of the segment."""
        return self.end - self.begin + 1

    def __str__(self) -> str:
        return f"{self.begin}..{self.end}"


@dataclass(frozen=True)
class Header:
    """What the first 58 bytes of a data set say.

    Attributes
    ----------
    version : str
        As written, ``FCS3.1``.
    text, data, analysis : Segment
    warnings : tuple of str
    """

    version: str
    text: Segment
    data: Segment
    analysis: Segment
    warnings: tuple[str, ...] = ()


def parse_header(block: bytes, where: str) -> Header:
    """Read the HEADER of a data set.

    Parameters
    ----------
    block : bytes
        At least the first 58 bytes of the data set.
    where : str
        The file, for messages.

    Raises
    ------
    BadHeaderError
        The block is too short, carries no FCS signature, an unknown version, or no place of TEXT.
    """
    place = f"{where}: HEADER"
    if not re.match(rb"FCS\d\.\d", block[:6]):
        found = block[:6].decode("latin-1").encode("unicode_escape").decode("ascii")
        raise BadHeaderError(
            f'not an FCS file: it starts with "{found}", expected "FCS"',
            place,
            "check that this is the exported FCS file",
        )
    if len(block) < HEADER_BYTES:
        raise BadHeaderError(
            f"{len(block)} bytes found, a HEADER has {HEADER_BYTES}", place, "export or copy the file again"
        )
    version = block[:6].decode("ascii")
    warnings = []
    if version[3] not in "23":
        raise BadHeaderError(
            f"version {version} found, expected one of {', '.join(_KNOWN_VERSIONS)}",
            place,
            "export as FCS 3.1",
        )
    if version not in _KNOWN_VERSIONS:
        warnings.append(f"HEADER: unknown version {version}, read as FCS 3.1")

    offsets = []
    for name, start in zip(_FIELDS, range(10, HEADER_BYTES, 8), strict=True):
        field = block[start : start + 8].strip(b" \0\t\r\n")
        if field.isdigit():
            offsets.append(int(field))
            continue
        offsets.append(0)
        if field and not re.fullmatch(rb"-\d+", field):
            warnings.append(f"HEADER: {name} is not a number and is left out")
    text, data, analysis = (Segment(offsets[i], offsets[i + 1]) for i in (0, 2, 4))
    if not text.is_said or text.begin < HEADER_BYTES:
        raise BadHeaderError(
            f"HEADER places TEXT at {text}, expected two offsets from {HEADER_BYTES} upwards",
            place,
            "the file is damaged; export it again",
        )
    return Header(version, text, data, analysis, tuple(warnings))
