"""The verification on one page, self-contained."""

from __future__ import annotations

from pathlib import Path

import bcelldepl
from bcelldepl.html_pages import page_template
from bcelldepl.store.files import write_bytes
from bcelldepl.verification.findings import Verification

__all__ = ["write_page"]

MOST = 40  # findings on the page


def write_page(path: Path, verification: Verification) -> None:
    """Write the page; every value on it is escaped, and it asks no network for anything.

    Parameters
    ----------
    path : Path
        Where to write.
    verification : Verification
    """
    template = page_template("bcelldepl.verification", "page.html")
    page = template.render(v=verification, version=bcelldepl.__version__, most=MOST)
    write_bytes(path, page.encode())
