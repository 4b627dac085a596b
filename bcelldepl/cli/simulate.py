"""``bcelldepl simulate``: write a study with known truth."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer

__all__ = ["simulate"]


def simulate(
    out: Annotated[Path, typer.Argument(help="Folder to write the study to.")],
    subjects: Annotated[
        int | None, typer.Option(help="Number of subjects; by default the scenario's own.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same bytes.")] = 0,
    scenario: Annotated[str, typer.Option(help="trial, small or hard.")] = "trial",
    drift: Annotated[
        float | None,
        typer.Option(
            help="SD of gain and staining between batches, in log10; by default the scenario's own."
        ),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Write into a folder that contains other files.")
    ] = False,
) -> None:
    """Write a study with known truth: FCS files, study.toml, samples.csv, truth.csv and a label per event."""
    from bcelldepl.errors import StudyError
    from bcelldepl.simulation import is_simulation
    from bcelldepl.simulation import simulate as write_study

    if out.exists() and not out.is_dir():
        _refuse(f"{out} is a file, not a folder", "name a folder")
    if out.is_dir() and any(out.iterdir()) and not (force or is_simulation(out)):
        _refuse(f"{out} is not empty and contains no simulated study", "name another folder, or add --force")
    try:
        study_file = write_study(
            out,
            scenario=scenario,
            subjects=subjects,
            seed=seed,
            drift=drift,
            progress=_show_progress if sys.stderr.isatty() else None,
        )
    except StudyError as error:
        _refuse(str(error))
    except OSError as error:
        _refuse(f"it cannot be written: {error}", "name another folder")
    if sys.stderr.isatty():
        typer.echo("\r\x1b[K", nl=False, err=True)
    tubes = sorted((out / "fcs").glob("*.fcs"))
    megabytes = sum(tube.stat().st_size for tube in tubes) / 1e6
    typer.echo(f"{len(tubes)} simulated tubes, {megabytes:,.0f} MB, in {out / 'fcs'}")
    typer.echo(f"What is in them: {out / 'truth.csv'}")
    typer.echo(f"Next: bcelldepl run {study_file}")


def _show_progress(message: str) -> None:
    typer.echo(f"\r\x1b[K{message}", nl=False, err=True)


def _refuse(what: str, remedy: str = "") -> NoReturn:
    typer.echo(f"simulate: {what}" + (f" ({remedy})" if remedy else ""), err=True)
    raise typer.Exit(2)
