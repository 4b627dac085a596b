"""``bcelldepl selftest``: an installation qualification."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["selftest"]


def selftest(
    as_json: Annotated[bool, typer.Option("--json", help="Print every check as JSON.")] = False,
    out: Annotated[
        Path | None,
        typer.Option(help="Also write the page to a file: HTML where it ends in .html, else text."),
    ] = None,
) -> None:
    """Check this installation: versions, known answers, and a simulated study against its truth.

    Exit codes: 0 every check passed; 1 some failed; 2 the page cannot be written.
    """
    from bcelldepl.qualification import selftest as check_all
    from bcelldepl.qualification.page import as_html, as_text

    def show(part: str) -> None:
        typer.echo(f"checking: {part}", err=True)

    found = check_all(show if sys.stderr.isatty() else None)
    page = as_text(found)
    if as_json:
        import json

        typer.echo(json.dumps(found.as_dict(), indent=1))
    else:
        typer.echo(page, nl=False)
    if out is not None:
        try:
            out.write_text(as_html(found) if out.suffix.lower() == ".html" else page, encoding="utf-8")
        except OSError as error:
            typer.echo(f"selftest: {out} cannot be written: {error.strerror or error}", err=True)
            raise typer.Exit(2) from None
    raise typer.Exit(0 if found.passed else 1)
