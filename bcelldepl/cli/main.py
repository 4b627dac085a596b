"""The ``bcelldepl`` program and its commands."""

from __future__ import annotations

import typer

from bcelldepl.cli.check import check
from bcelldepl.cli.compare import compare
from bcelldepl.cli.endpoints import endpoints
from bcelldepl.cli.export import export
from bcelldepl.cli.init import init
from bcelldepl.cli.inspect import inspect
from bcelldepl.cli.review import review
from bcelldepl.cli.run import run
from bcelldepl.cli.selftest import selftest
from bcelldepl.cli.simulate import simulate
from bcelldepl.cli.verify import verify

__all__ = ["app"]

app = typer.Typer(
    help="From the FCS files of a CD19 CAR-T trial to B cells and CAR+ T cells per microlitre.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(init)
app.command()(check)
app.command()(run)
app.command()(inspect)
app.command()(compare)
app.command()(export)
app.command()(endpoints)
app.command()(simulate)
app.command()(selftest)
app.command()(verify)
app.command()(review)


@app.callback(invoke_without_command=True)
def _options(
    version: bool = typer.Option(False, "--version", help="Print the version and stop."),
) -> None:
    if version:
        from bcelldepl import __version__

        typer.echo(f"bcelldepl {__version__}")
        raise typer.Exit
