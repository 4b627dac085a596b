"""``bcelldepl endpoints``: kinetics and depletion from a table of concentrations."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["endpoints"]


def endpoints(
    table: Annotated[
        Path,
        typer.Argument(help="counts.csv, or a CSV of subject, day, analyte, value and lloq (cells/uL)."),
    ],
    out: Annotated[Path, typer.Option("--out", help="Folder to write to.")],
    settings: Annotated[
        Path | None,
        typer.Option("--settings", help="Study file whose endpoint settings are used; else defaults."),
    ] = None,
) -> None:
    """Compute kinetics and depletion from a table of concentrations, without FCS files.

    Exit codes: 0 done; 2 the table or the settings were not understood; nothing was written.
    """
    from bcelldepl.batch.endpoints import endpoints as compute
    from bcelldepl.errors import BcelldeplError

    try:
        kinetics = compute(table, settings, out)
    except BcelldeplError as error:
        typer.echo(f"endpoints: {error}", err=True)
        raise typer.Exit(2) from None
    except OSError as error:
        typer.echo(f"endpoints: {out} cannot be written: {error}", err=True)
        raise typer.Exit(2) from None
    found = kinetics.endpoints["qualifier"].value_counts()
    told = ", ".join(f"{sign} {n}" for sign, n in sorted(found.items()))
    typer.echo(f"{len(kinetics.groups)} courses; endpoints by qualifier: {told or 'none'}")
    typer.echo(f"see {out / 'endpoints.csv'}")
