"""``bcelldepl review``: the review page, served by this machine to this machine alone."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["review"]


def review(
    results: Annotated[Path, typer.Argument(help="Results folder that `bcelldepl run` wrote.")],
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 for any free port.")] = 0,
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Print the address without opening a browser.")
    ] = False,
) -> None:
    """Open the review page: view tubes, move gates, accept or reject, sign. Ctrl-C ends it.

    The page is served to this machine alone, at an address with a random token; that is no access control: whoever
    works under this account can read the results and sign with any name.

    Exit codes: 0 ended; 2 the request was wrong, nothing was served.
    """
    from bcelldepl.errors import BcelldeplError
    from bcelldepl.review.server import ReviewServer

    try:
        server = ReviewServer(results, port)
    except (BcelldeplError, OSError) as error:
        typer.echo(f"review: {error}", err=True)
        raise typer.Exit(2) from None
    typer.echo(f"review page: {server.address}")
    typer.echo("it can be reached from this machine only; Ctrl-C ends it, and everything saved is kept")
    if not no_browser:
        import webbrowser

        webbrowser.open(server.address)
    server.serve()
