"""XML from other programs, read so that it can do no harm."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

from lxml import etree  # type: ignore[import-untyped]

from bcelldepl.interop.errors import ExchangeError

__all__ = ["DATATYPES", "GATING", "TRANSFORMS", "parse_xml", "tag_of"]

GATING: Final = "http://www.isac-net.org/std/Gating-ML/v2.0/gating"
TRANSFORMS: Final = "http://www.isac-net.org/std/Gating-ML/v2.0/transformations"
DATATYPES: Final = "http://www.isac-net.org/std/Gating-ML/v2.0/datatypes"

_MAX_BYTES: Final = 500_000_000
# Entities can read files and fill the memory; no workspace and no Gating-ML needs a DTD.
_FORBIDDEN: Final = re.compile(rb"<!\s*(DOCTYPE|ENTITY)", re.IGNORECASE)
_REMEDY: Final = "save it again from the program that wrote it"


def parse_xml(path: Path) -> Any:
    """Parse an XML file, without entities, DTDs or the network.

    Parameters
    ----------
    path : Path

    Returns
    -------
    lxml.etree._Element
        The root.

    Raises
    ------
    ExchangeError
        For a file that cannot be read, is no XML, is beyond 500 MB, or defines entities or a document type.
    """
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise ExchangeError("the file is larger than 500 MB", path.name, "split the workspace")
        content = path.read_bytes()
    except OSError as error:
        raise ExchangeError(
            f"cannot be read: {error.strerror or error}", str(path), "check the path"
        ) from error
    # Of UTF-16 and UTF-32 the zero bytes go, so that the words to look for stand as in ASCII.
    if _FORBIDDEN.search(content.replace(b"\x00", b"")):
        what = "the file defines a document type or entities, which can read other files or fill the memory"
        raise ExchangeError(what, path.name, "remove the <!DOCTYPE ...> part, or " + _REMEDY)
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        raise ExchangeError(f"not well-formed XML: {error}", path.name, _REMEDY) from error
    if root.getroottree().docinfo.internalDTD is not None:  # one in an encoding that the search cannot see
        raise ExchangeError("the file defines a document type", path.name, _REMEDY)
    return root


def tag_of(element: Any) -> str:
    """Return the name of an element without its namespace; empty for comments."""
    return etree.QName(element).localname if isinstance(element.tag, str) else ""
