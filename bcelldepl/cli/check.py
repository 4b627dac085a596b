"""``bcelldepl check``: can this study be run, and what should be looked at first?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bcelldepl.cli.progress_line import progress_line

if TYPE_CHECKING:
    from bcelldepl.setup.findings import StudyCheck

__all__ = ["check"]


def check(
    study: Annotated[Path, typer.Argument(help="The study file, usually study.toml.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
) -> None:
    """List everything that is wrong or in doubt with a study before it is run; nothing is counted.

    Exit codes: 0 nothing is in doubt; 1 something is, or some tubes cannot be counted; 2 the study cannot be run.
    """
    from bcelldepl.setup.check import check_study

    found = check_study(study, progress_line())
    if as_json:
        from json import dumps

        typer.echo(dumps(found.content(), indent=1, ensure_ascii=False))
    else:
        _show(found)
    raise typer.Exit(found.exit_code)


def _show(found: StudyCheck) -> None:
    from bcelldepl.setup.findings import Severity

    for fact in found.facts:
        typer.echo(fact)
    for severity in Severity:
        told = found.of(severity)
        if told:
            typer.echo(f"\n{severity}s:")
        for one in told:
            typer.echo(f"- {one.sentence(found.tubes)}")
            for line in one.paste.splitlines():
                typer.echo(f"      {line}")
    verdict = "can be run" if found.can_run else "cannot be run"
    counts = ", ".join(_count(len(found.of(one)), one) for one in (Severity.PROBLEM, Severity.DOUBT))
    typer.echo(f"\n{found.study} {verdict}: {counts}; nothing was counted")


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
