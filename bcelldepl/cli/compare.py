"""``bcelldepl compare``: agreement with manual gating."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from bcelldepl.comparison.compare_readers import ReadersComparison
    from bcelldepl.comparison.outcome import Comparison

__all__ = ["compare"]


def compare(
    results: Annotated[Path, typer.Argument(help="Folder that `bcelldepl run` wrote.")],
    manual: Annotated[
        list[Path],
        typer.Argument(
            help="Manual gating: FlowJo .wsp, Gating-ML .xml, or counts as .csv or .xlsx; one per reader."
        ),
    ],
    out: Annotated[
        Path | None, typer.Option(help="Folder to write to; default `comparison` in the results.")
    ] = None,
    mapping: Annotated[
        Path | None,
        typer.Option(help="Names of populations and files: the study's, and those in MANUAL (.toml)."),
    ] = None,
    why: Annotated[str, typer.Option(help="The reason for this comparison, for the audit record.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print verdicts and statistics as JSON.")] = False,
) -> None:
    """Compare automated with manual gating: statistics, verdicts, and the first gate at which the two differ."""
    from bcelldepl.cli.progress_line import progress_line
    from bcelldepl.comparison.compare import compare as compare_results
    from bcelldepl.errors import BcelldeplError

    folder = out or results / "comparison"
    try:
        compared = compare_results(
            results, manual, folder, mapping=mapping, why=why, progress=progress_line()
        )
    except BcelldeplError as error:
        typer.echo(f"compare: {error}", err=True)
        raise typer.Exit(2) from error
    except OSError as error:
        typer.echo(f"compare: it cannot be written: {error}; name another folder with --out", err=True)
        raise typer.Exit(2) from None
    told = _told(compared)
    for line in told.remarks:
        typer.echo(line, err=True)
    if compared.unrecorded:
        typer.echo(
            f"note: this was not added to the audit record of the results: {compared.unrecorded}", err=True
        )
    if as_json:
        import json

        content = {
            "verdict": str(compared.verdict),
            "agreement": [statistic.cells() for statistic in compared.statistics],
            "files": [str(path) for path in compared.files],
        }
        typer.echo(json.dumps(content, indent=1))
    else:
        for line in told.summary:
            typer.echo(line)
        typer.echo(f"The page: {next(path for path in compared.files if path.suffix == '.html')}")
    if told.disagreeing or compared.verdict != "agree":
        raise typer.Exit(1)


@dataclass
class _Told:
    """What is told of a comparison, with one reader or several."""

    summary: list[str]
    remarks: list[str]
    disagreeing: int = 0


def _told(compared: Comparison | ReadersComparison) -> _Told:
    from bcelldepl.comparison.outcome import Comparison

    if isinstance(compared, Comparison):
        return _of_one(compared)
    told = _Told([f"{compared.verdict}: {len(compared.comparisons)} readers"], [])
    for name, one in compared.comparisons.items():
        own, bad = _remarks(one)
        told.remarks += [f"{name}: {line}" for line in own]
        told.summary.append(
            f"  {name}: {one.verdict}, {_tubes(one.n_compared)} compared, {bad} of them disagree"
        )
        told.disagreeing += bad
    return told


def _of_one(one: Comparison) -> _Told:
    remarks, bad = _remarks(one)
    summary = [
        f"{one.verdict}: {_tubes(one.n_compared)} compared, {bad} of them disagree; "
        f"{len(one.tubes)} of {one.samples} samples have a manual result"
    ]
    summary += [f"  {ours} = {theirs}" for ours, theirs in one.named.items()]
    return _Told(summary, remarks, bad)


def _tubes(number: int) -> str:
    return "1 tube" if number == 1 else f"{number} tubes"


def _remarks(comparison: Comparison) -> tuple[list[str], int]:
    """What is told on stderr, and how many tubes disagree.

    What was left out, what could not be compared, which statistic lies beyond its limit, and each tube that disagrees.
    """
    lines = [str(problem) for problem in (*comparison.problems, *comparison.not_compared)]
    lines += [
        f"{statistic.population}: beyond its limit: {statistic.sentence}"
        for statistic in comparison.statistics
        if statistic.verdict == "disagree"
    ]
    disagreeing = [tube for tube in comparison.tubes if tube.verdict == "disagree"]
    lines += [
        f"{tube.file}: {one.pair.population}: {one.reason}"
        for tube in disagreeing
        for one in tube.populations
        if one.verdict == "disagree"
    ]
    return lines, len(disagreeing)
