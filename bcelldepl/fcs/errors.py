"""The kinds of refusal of the FCS reader; each one is an `FcsError` with file, place, finding and remedy."""

from __future__ import annotations

from bcelldepl.errors import FcsError

__all__ = [
    "BadHeaderError",
    "BadKeywordError",
    "BadTextError",
    "DamagedDataError",
    "DataNotFoundError",
    "MissingKeywordError",
    "NoSuchChannelError",
    "NoSuchDatasetError",
    "TruncatedDataError",
    "UnreadableFileError",
    "UnsupportedDataError",
]


class UnreadableFileError(FcsError):
    """The operating system does not give the bytes of the file."""


class BadHeaderError(FcsError):
    """The first 58 bytes are no FCS HEADER, or one that leads nowhere."""


class BadTextError(FcsError):
    """The TEXT segment cannot be split into keywords and values."""


class MissingKeywordError(FcsError):
    """A keyword without which DATA has no meaning is absent."""


class BadKeywordError(FcsError):
    """A keyword is there, but its value has no meaning."""


class DataNotFoundError(FcsError):
    """No place in the file fits what HEADER and TEXT say about DATA."""


class DamagedDataError(FcsError):
    """DATA is there, but its values were changed by a program for text."""


class TruncatedDataError(FcsError):
    """The file ends before its DATA does."""


class UnsupportedDataError(FcsError):
    """DATA is of a kind that this reader does not decode."""


class NoSuchDatasetError(FcsError):
    """The file has no data set of the asked number."""


class NoSuchChannelError(FcsError):
    """The data set has no channel of the asked name."""
