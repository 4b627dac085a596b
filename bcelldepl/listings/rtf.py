"""One table or listing as RTF, with titles, footnotes and page numbers."""

from __future__ import annotations

from bcelldepl.listings.listing import Listing

__all__ = ["rtf_text"]

ROWS_PER_PAGE = 26
PAGE = r"Page \chpgn  of {\field{\*\fldinst NUMPAGES }}"  # the first blank ends the control word
EMPTY = "no result"


def rtf_text(listing: Listing, study: str, finished: str) -> str:
    """Write a table as RTF, landscape, its headings on every page.

    Parameters
    ----------
    listing : Listing
    study : str
        Its identifier.
    finished : str
        When the run was, ISO 8601.

    Returns
    -------
    str

    Raises
    ------
    ImportError
        rtflite is not installed: it comes with the extra ``tables``.
    """
    import polars
    import rtflite

    rows = listing.rows or ((EMPTY, *[""] * (len(listing.headings) - 1)),)
    frame = polars.DataFrame([list(row) for row in rows], schema=list(listing.headings), orient="row")
    widths = list(listing.widths)
    kind = "Listing" if listing.number.startswith("16") else "Table"
    left = ["l", *["l" if _is_text(column) else "c" for column in zip(*rows, strict=True)][1:]]
    document = rtflite.RTFDocument(
        df=frame,
        rtf_page=rtflite.RTFPage(orientation="landscape", nrow=ROWS_PER_PAGE, page_footnote="all", page_source="all"),
        rtf_page_header=rtflite.RTFPageHeader(text=PAGE),
        rtf_title=rtflite.RTFTitle(text=[f"{kind} {listing.number}", listing.title, f"Study {study}"],
                                   text_convert=[False]),
        rtf_column_header=[rtflite.RTFColumnHeader(text=list(listing.headings), col_rel_width=widths,
                                                   text_justification=[left], text_convert=[False],
                                                   text_font_size=[8])],
        rtf_body=rtflite.RTFBody(col_rel_width=widths, text_justification=[left], text_convert=[False],
                                 text_font_size=[8]),
        rtf_footnote=rtflite.RTFFootnote(text=list(listing.footnotes), text_convert=[False], text_font_size=[8])
        if listing.footnotes else None,
        rtf_source=rtflite.RTFSource(text=[f"Source: {listing.source} of the run finished {finished}"],
                                     text_convert=[False], text_font_size=[8]),
    )  # fmt: skip
    text: str = document.rtf_encode()
    return text


def _is_text(cells: tuple[str, ...]) -> bool:
    return any(cell[:1].isalpha() for cell in cells)
