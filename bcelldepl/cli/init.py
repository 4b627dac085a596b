"""``bcelldepl init``: a study from a folder of FCS files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bcelldepl.cli.progress_line import progress_line

__all__ = ["init"]


def init(
    folder: Annotated[Path, typer.Argument(help="Folder with the FCS files, also in folders in it.")],
    out: Annotated[
        Path | None,
        typer.Option(help="Where to write study.toml and samples.csv; by default the folder itself."),
    ] = None,
) -> None:
    """Write study.toml and samples.csv for a folder of FCS files: what the files tell, what is guessed, what is asked.

    Exit codes: 0 written; 1 written, but some files cannot be read; 2 nothing was written.
    """
    from bcelldepl.errors import BcelldeplError
    from bcelldepl.setup.init import init_study

    try:
        written = init_study(folder, out, progress_line())
    except BcelldeplError as error:
        typer.echo(f"init: {error}", err=True)
        raise typer.Exit(2) from None
    except OSError as error:
        typer.echo(f"init: the study cannot be written: {error}", err=True)
        raise typer.Exit(2) from None
    draft = written.draft
    for refused in draft.unreadable:
        typer.echo(f"{refused.file}: {refused.refusal}", err=True)
    files = "1 file" if len(draft.rows) == 1 else f"{len(draft.rows)} files"
    typer.echo(f"{files}: {written.study_path}, {written.sheet_path}")
    if draft.strategy:
        typer.echo(
            f"strategy {draft.strategy.name} (guessed): it reports {', '.join(draft.strategy.reported)}"
        )
    by: dict[str, list[str]] = {}
    for one in draft.markers:
        how = f"recognised by {one.by}" if one.is_sure else "not sure"
        by.setdefault(how, []).append(f"{one.marker} {one.channels[0].name}")
    for how, found in by.items():
        typer.echo(f"{how}: {', '.join(found)}")
    typer.echo("left to you:")
    for number, question in enumerate(draft.questions, 1):
        typer.echo(f"  {number}. {question}")
    typer.echo(f"then: bcelldepl check {written.study_path}")
    raise typer.Exit(int(bool(draft.unreadable)))
