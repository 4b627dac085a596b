"""``bcelldepl verify``: are the results of a study still what their record says?"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["verify"]

PAGE = "verification.html"


def verify(
    results: Annotated[Path, typer.Argument(help="Results folder that `bcelldepl run` wrote.")],
    rerun: Annotated[
        bool, typer.Option("--rerun", help="Compute everything again, and compare tables and gates.")
    ] = False,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes of the rerun.")] = None,
    out: Annotated[Path | None, typer.Option(help=f"The page; by default `{PAGE}` in the results.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
) -> None:
    """Check inputs, outputs, store and audit record, and name everything that is no longer as recorded.

    Exit codes: 0 everything is as recorded; 1 something is not, each named; 2 the request was wrong,
    nothing was checked.
    """
    from bcelldepl.errors import BcelldeplError
    from bcelldepl.verification import verify as verify_results
    from bcelldepl.verification.page import write_page

    try:
        found = verify_results(results, rerun=rerun, workers=workers)
    except BcelldeplError as error:
        typer.echo(f"verify: {error}", err=True)
        raise typer.Exit(2) from None
    page = out or results / PAGE
    try:
        write_page(page, found)
        place = f"see {page}"
    except OSError as error:
        place = f"the page cannot be written: {error}"
    if as_json:
        typer.echo(json.dumps(found.content(), indent=1, ensure_ascii=False))
    else:
        for check in found.checks:
            typer.echo(f"{check.part}: {check.checked} checked, {len(check.findings)} not as recorded")
        for finding in found.findings:
            typer.echo(str(finding), err=True)
        for note in found.notes:
            typer.echo(f"note: {note}")
        words = "not everything is as recorded" if found.findings else "everything is as recorded"
        typer.echo(f"{found.study or results}: {words}")
        typer.echo(place)
    raise typer.Exit(found.exit_code)
