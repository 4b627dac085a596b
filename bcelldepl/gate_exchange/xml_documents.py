"""XML from other programs, read so that it can do no harm."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from lxml import etree  # type: ignore[import-untyped]

from bcelldepl.errors import ExchangeError
from bcelldepl.input_limits import MEGABYTE, defines_entities, read_limited

__all__ = ["DATATYPES", "GATING", "TRANSFORMS", "parse_document", "parse_xml", "tag_of"]

GATING: Final = "http://www.isac-net.org/std/Gating-ML/v2.0/gating"
TRANSFORMS: Final = "http://www.isac-net.org/std/Gating-ML/v2.0/transformations"
DATATYPES: Final = "http://www.isac-net.org/std/Gating-ML/v2.0/datatypes"

_MAX_BYTES: Final = 500 * MEGABYTE
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
        content = read_limited(path, _MAX_BYTES)
    except OSError as error:
        raise ExchangeError(
            f"cannot be read: {error.strerror or error}", str(path), "check the path"
        ) from error
    return parse_document(content, path.name)


def parse_document(content: bytes, name: str) -> Any:
    """Parse an XML document, without entities, DTDs or the network.

    Parameters
    ----------
    content : bytes
    name : str
        Of its file, for messages.

    Returns
    -------
    lxml.etree._Element
        The root.

    Raises
    ------
    ExchangeError
        As `parse_xml`.
    """
    if defines_entities(content):
        what = "the file defines a document type or entities, which can read other files or fill the memory"
        remedy = f"remove the <!DOCTYPE ...> part, or {_REMEDY}; a workspace of FlowJo 9, from FlowJo 10"
        raise ExchangeError(what, name, remedy)
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        raise ExchangeError(f"not well-formed XML: {error}", name, _REMEDY) from error
    if root.getroottree().docinfo.internalDTD is not None:  # one in an encoding that the search cannot see
        raise ExchangeError("the file defines a document type", name, _REMEDY)
    return root


def tag_of(element: Any) -> str:
    """Return the name of an element without its namespace; empty for comments.

    Parameters
    ----------
    element : object

    Returns
    -------
    str
    """
    return etree.QName(element).localname if isinstance(element.tag, str) else ""
