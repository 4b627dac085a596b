"""``bcelldepl export``: results for analysts, and gates for other programs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bcelldepl.definitions.export_formats import EXPORT_FORMATS, ExportKind, formats_of

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
    """Hand results over: SDTM and ADaM style tables for analysts, or the gates for FlowJo and Gating-ML.

    Exit codes: 0 done; 2 the request was wrong, or a value does not fit into the format; nothing was written.
    """
    from bcelldepl.errors import BcelldeplError
    from bcelldepl.store.access_log import recorded_access

    try:
        with recorded_access(results, "export") as access:
            written = _export(results, to, out, population or [])
            access.record(
                written, why=why, what={"to": to, "out": str(out.absolute()), "populations": population or []}
            )
    except BcelldeplError as error:
        typer.echo(f"export: {error}", err=True)
        raise typer.Exit(2) from None
    except OSError as error:
        typer.echo(f"export: {out} cannot be written: {error}", err=True)
        raise typer.Exit(2) from None
    for path in written:
        typer.echo(str(path))
    if access.unrecorded:
        typer.echo(
            f"note: this was not added to the audit record of the results: {access.unrecorded}", err=True
        )


def _export(results: Path, to: str, out: Path, populations: list[str]) -> list[Path]:
    from bcelldepl.errors import ExchangeError

    if populations and to != EVENTS:
        raise ExchangeError(
            f"--population is for --to {EVENTS} only", "--population", "remove one of the two"
        )
    if to == EVENTS:
        if not populations:
            raise ExchangeError(
                "no population is given", "--population", "such as --population B --population CAR_T"
            )
        from bcelldepl.gate_exchange.subsets import export_subsets

        written, problems = export_subsets(results, populations, out)
        for problem in problems:
            typer.echo(f"left out: {problem}", err=True)
        return written
    if to in formats_of(ExportKind.GATES):
        from bcelldepl.cli.progress_line import progress_line
        from bcelldepl.gate_exchange.export import export_gates

        return export_gates(results, to, out, progress=progress_line())
    if to in formats_of(ExportKind.TABLES):
        from bcelldepl.cdisc.export import export as export_tables

        return export_tables(results, to, out)
    if to in formats_of(ExportKind.LISTINGS):
        from bcelldepl.listings import export_listings

        return export_listings(results, out)
    raise ExchangeError(f"{to!r} is not a format", "--to", f"known: {', '.join(EXPORT_FORMATS)}")
