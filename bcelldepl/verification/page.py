"""The verification on one page, self-contained."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, StrictUndefined

import bcelldepl
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
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    text = files("bcelldepl.verification").joinpath("page.html").read_text(encoding="utf-8")
    page = environment.from_string(text).render(v=verification, version=bcelldepl.__version__, most=MOST)
    write_bytes(path, page.encode())
