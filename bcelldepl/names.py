"""Names of files from names that people chose: no two become the same, and none leaves its folder."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from typing import Final

__all__ = ["file_stem", "with_digest"]

_LONGEST: Final = 80  # characters; endings and other programs' limits need the rest
_PLAIN: Final = re.compile(r"\w([\w.+ ()-]*[\w+)-])?")
# Devices of Windows, whatever ending follows.
_DEVICES: Final = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)


def file_stem(name: str) -> str:
    """Name a file after a subject or a tube.

    Parameters
    ----------
    name : str
        Any text.

    Returns
    -------
    str
        A plain name as it is. Any other (with slashes, a device of Windows, too long, with a ``~``) with what is not
        plain replaced, ``~`` and 16 hexadecimal digits of its sha256, so that two names never share a file.
    """
    if (
        len(name) <= _LONGEST
        and _PLAIN.fullmatch(name)
        and not _DEVICES.fullmatch(name)
        and _is_composed(name)
    ):
        return name
    return with_digest(name)


def with_digest(name: str) -> str:
    """Name a file after a text that is not plain; see `file_stem`.

    Parameters
    ----------
    name : str
        Any text.

    Returns
    -------
    str
    """
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return f"{re.sub(r'[^A-Za-z0-9_-]+', '_', name)[:_LONGEST].strip('_') or 'x'}~{digest}"


def _is_composed(name: str) -> bool:
    """Some file systems compose accents and others take them apart; a name that survives neither is not plain."""
    return unicodedata.normalize("NFC", name) == name
