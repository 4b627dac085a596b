"""``bcelldepl export``: results for analysts, gates for other programs, a workbook for a laboratory."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bcelldepl.definitions.export_formats import ExportKind, formats_of

__all__ = ["export"]

HELP = "; ".join(f"{', '.join(formats_of(kind))}: {kind}" for kind in ExportKind) + "."
(EVENTS,) = formats_of(ExportKind.EVENTS)


def export(
    results: Annotated[Path, typer.Argument(help="Results folder that `bcelldepl run` wrote.")],
    to: Annotated[
        str,
        typer.Option(
            "--to",
            help=HELP,
        ),
    ],
    out: Annotated[Path, typer.Option("--out", help="Folder to write to.")],
    population: Annotated[
        list[str] | None, typer.Option(help=f"With {EVENTS}: a population to write; can be repeated.")
    ] = None,
    why: Annotated[str, typer.Option(help="The reason for this export, for the audit record.")] = "",
) -> None:
    """Hand results over: SDTM and ADaM style tables, the gates for FlowJo and Gating-ML, one workbook.

    Exit codes: 0 done; 2 the request was wrong, or a value does not fit into the format; nothing was written.
    """
    from bcelldepl.cli.progress_line import progress_line
    from bcelldepl.errors import BcelldeplError
    from bcelldepl.exports import export as write

    try:
        done = write(results, to, out, populations=population or (), why=why, progress=progress_line())
    except BcelldeplError as error:
        typer.echo(f"export: {error}", err=True)
        raise typer.Exit(2) from None
    except OSError as error:
        typer.echo(f"export: {out} cannot be written: {error}", err=True)
        raise typer.Exit(2) from None
    for problem in done.left_out:
        typer.echo(f"left out: {problem}", err=True)
    for path in done.files:
        typer.echo(str(path))
    if done.unrecorded:
        typer.echo(
            f"note: this was not added to the audit record of the results: {done.unrecorded}", err=True
        )
