"""``bcelldepl run``: a study to a results folder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bcelldepl.cli.interruption import raise_if_interrupted
from bcelldepl.definitions.codes import TubeStatus
from bcelldepl.definitions.files import FIGURE_FORMATS, REPORT, USUAL_FORMATS
from bcelldepl.definitions.tables import COUNTS, TUBES

if TYPE_CHECKING:
    from bcelldepl.batch import Results
    from bcelldepl.batch.workers import Progress
    from bcelldepl.study import Study

__all__ = ["run"]


def run(
    study: Annotated[Path, typer.Argument(help="The study file, usually study.toml.")],
    out: Annotated[
        Path | None, typer.Option(help="Results folder; by default `results` beside the study file.")
    ] = None,
    workers: Annotated[
        str | None,
        typer.Option(
            help="Processes, by default one per core; or the address of a Dask scheduler (tcp://host:8786)."
        ),
    ] = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Run again even if the results are current.")
    ] = False,
    learn_again: Annotated[
        bool,
        typer.Option(
            "--learn-again",
            help="Learn the cells of the study again, from all its tubes. Without --why: list the counts that would "
            "change, and change nothing.",
        ),
    ] = False,
    why: Annotated[str, typer.Option(help="The reason for this run, for the audit record.")] = "",
    figures: Annotated[
        str, typer.Option(help="Formats of the figures, with commas: png, svg, pdf.")
    ] = ",".join(USUAL_FORMATS),
    show_config: Annotated[
        bool, typer.Option("--show-config", help="Print the study's settings with all defaults, and stop.")
    ] = False,
) -> None:
    """Count a whole study: FCS files to cells per microlitre, tables, figures and a report.

    Exit codes: 0 done; 1 done, but some tubes failed or need review; 2 the request was wrong, nothing was run;
    130 interrupted.
    """
    from bcelldepl.errors import BcelldeplError, WorkersError
    from bcelldepl.runtime.garbage_collector import without_collections

    with without_collections():
        from bcelldepl.study import load_study
        from bcelldepl.study import show_config as config_text

    try:
        processes = _processes(workers)
        loaded = load_study(study)
        if show_config:
            typer.echo(config_text(loaded))
            return
        if learn_again and not why:
            _tell_what_would_move(loaded, out, processes)
            return
        formats = _formats(figures)
        results = _with_progress(loaded, out, processes, fresh, learn_again, why, formats)
    except WorkersError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None
    except BcelldeplError as error:
        typer.echo(str(error), err=True)
        typer.echo("nothing was run", err=True)
        raise typer.Exit(2) from None
    except OSError as error:
        typer.echo(f"the results cannot be written: {error}", err=True)
        raise typer.Exit(2) from None
    _report(loaded, results)
    raise typer.Exit(results.exit_code)


def _processes(workers: str | None) -> int | str | None:
    """Tell a number of processes from the address of a scheduler."""
    from bcelldepl.errors import WorkersError

    if workers is None or "://" in workers:
        return workers
    if not workers.isdecimal() or int(workers) < 1:
        remedy = "give a number of processes, or an address such as tcp://host:8786"
        raise WorkersError(f"{workers!r} is neither of these", "--workers", remedy)
    return int(workers)


def _formats(text: str) -> tuple[str, ...]:
    """Tell the formats of figures that were asked for."""
    formats = tuple(dict.fromkeys(one.strip().lower() for one in text.split(",") if one.strip()))
    unknown = [one for one in formats if one not in FIGURE_FORMATS]
    if unknown or not formats:
        what = f"{unknown[0]!r} is not a figure format" if unknown else "no figure format is given"
        raise typer.BadParameter(f"{what}; known: {', '.join(FIGURE_FORMATS)}", param_hint="--figures")
    return formats


def _with_progress(
    study: Study,
    out: Path | None,
    workers: int | str | None,
    fresh: bool,
    learn_again: bool,
    why: str,
    figures: tuple[str, ...],
) -> Results:
    from bcelldepl.runtime.garbage_collector import without_collections

    with without_collections():
        from bcelldepl.batch import run as run_study
        from bcelldepl.batch.notes import study_notes

    for warning in study_notes(study):
        typer.echo(f"note: {warning}", err=True)
    with _progress() as show:
        return run_study(
            study,
            out,
            workers=workers,
            fresh=fresh,
            learn_again=learn_again,
            figures=figures,
            why=why,
            progress=show,
        )


def _tell_what_would_move(study: Study, out: Path | None, workers: int | str | None) -> None:
    from bcelldepl.batch.relearn import what_would_move

    with _progress() as show:
        moved = what_would_move(study, out, workers=workers, progress=show)
    if moved.empty:
        typer.echo("no result would change")
    else:
        typer.echo(f"{len(moved)} results would change:")
        typer.echo(
            moved.drop(columns=["subject", "visit"]).to_string(index=False, float_format="{:.4g}".format)
        )
    typer.echo(
        'nothing was changed; to keep what is learned again, give the reason: --learn-again --why "..."'
    )


@contextmanager
def _progress() -> Iterator[Progress]:
    """Show a bar, and give what moves it."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars

    console = Console(stderr=True)
    columns = (
        BarColumn(bar_width=28),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}"),
    )
    # Without the thread that moves it at first: only a process without others can copy itself for its workers.
    with Bars(*columns, console=console, transient=True, auto_refresh=False) as bar:
        task = bar.add_task("starting", total=None)
        bar.refresh()

        def show(words: str, done: int, total: int) -> None:
            raise_if_interrupted()
            if not bar.live.auto_refresh:
                bar.stop()
                bar.live.auto_refresh = True
                bar.start()
            bar.update(task, description=words, completed=done, total=total)

        yield show


def _by_reason(attention: list[tuple[str, str, str]]) -> list[tuple[str, str, list[str]]]:
    """Tubes with the same status and reason together, so that a mistake of the whole study is said once."""
    files: dict[tuple[str, str], list[str]] = {}
    for file, status, reason in attention:
        files.setdefault((status, reason), []).append(file)
    return [(status, reason, named) for (status, reason), named in files.items()]


def _report(study: Study, results: Results) -> None:
    if results.was_current:
        typer.echo("the results are current: nothing was run (--fresh runs again)")
    for question in results.questions:
        typer.echo(f"the study: {question}", err=True)
    for status, reason, files in _by_reason(results.attention):
        typer.echo(f"{', '.join(files)}: {status}: {reason}", err=True)
    tubes = results.tally(TUBES.file, "status")
    count = tubes.total()
    ok, review, failed = (tubes[status] for status in (TubeStatus.OK, TubeStatus.REVIEW, TubeStatus.FAILED))
    typer.echo(
        f"{study.id}: {count} tube{'s' * (count != 1)}, {ok} ok, {review} need review, {failed} failed"
    )
    codes = sorted(results.tally(COUNTS.file, "result").items())
    typer.echo("results by code: " + ", ".join(f"{code} {n}" for code, n in codes))
    if study.counting.in_percent:
        typer.echo("results are percentages, of the parent population and of the lymphocytes: no cells/uL")
    typer.echo(f"see {results.folder / REPORT}")
