"""``bcelldepl compare``: agreement with manual gating."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from bcelldepl.comparison.outcome import Comparison
    from bcelldepl.gate_exchange.manual import Manual
    from bcelldepl.tubes.regate import GatedResults

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
    from bcelldepl.comparison.compare_readers import read_readers
    from bcelldepl.errors import BcelldeplError
    from bcelldepl.store.access_log import recorded_access
    from bcelldepl.tubes.regate import GatedResults

    folder = out or results / "comparison"
    try:
        with recorded_access(results, "comparison") as access:
            gated = GatedResults(results)
            readers = read_readers(manual)
            compared = _several if len(readers) > 1 else _one
            outcome = compared(gated, readers, folder, mapping)
            access.record(
                outcome.files,
                why=why,
                what={"verdict": str(outcome.verdict), "tubes": outcome.tubes},
                inputs=[*_files(manual), *([mapping] if mapping else [])],
            )
    except BcelldeplError as error:
        typer.echo(f"compare: {error}", err=True)
        raise typer.Exit(2) from error
    except OSError as error:
        typer.echo(f"compare: it cannot be written: {error}; name another folder with --out", err=True)
        raise typer.Exit(2) from None
    for line in outcome.remarks:
        typer.echo(line, err=True)
    if access.unrecorded:
        typer.echo(
            f"note: this was not added to the audit record of the results: {access.unrecorded}", err=True
        )
    if as_json:
        import json

        files = [str(path) for path in outcome.files]
        content = {"verdict": str(outcome.verdict), "agreement": outcome.agreement, "files": files}
        typer.echo(json.dumps(content, indent=1))
    else:
        for line in outcome.summary:
            typer.echo(line)
        typer.echo(f"The page: {next(path for path in outcome.files if path.suffix == '.html')}")
    if outcome.disagreeing or outcome.verdict != "agree":
        raise typer.Exit(1)


def _files(paths: Sequence[Path]) -> list[Path]:
    """Files that were read: a folder holds a document per tube."""
    return [file for path in paths for file in (sorted(path.glob("*.xml")) if path.is_dir() else [path])]


@dataclass(frozen=True)
class _Outcome:
    """What is told of a comparison, with one reader or several."""

    verdict: str
    tubes: int
    disagreeing: int
    files: Sequence[Path]
    agreement: list[dict[str, object]]
    remarks: list[str]
    summary: list[str]


def _one(gated: GatedResults, readers: dict[str, Manual], out: Path, mapping: Path | None) -> _Outcome:
    from bcelldepl.cli.progress_line import progress_line
    from bcelldepl.comparison.compare import compare_source

    (source,) = readers.values()
    one = compare_source(gated, source, out, mapping=mapping, progress=progress_line())
    remarks, bad = _remarks(one)
    summary = [
        f"{one.verdict}: {len(one.tubes)} tubes compared, {bad} of them disagree; "
        f"{len(one.tubes)} of {one.samples} samples have a manual result"
    ]
    summary += [f"  {ours} = {theirs}" for ours, theirs in one.named.items()]
    agreement = [statistic.cells() for statistic in one.statistics]
    return _Outcome(str(one.verdict), len(one.tubes), bad, one.files, agreement, remarks, summary)


def _several(gated: GatedResults, readers: dict[str, Manual], out: Path, mapping: Path | None) -> _Outcome:
    from bcelldepl.cli.progress_line import progress_line
    from bcelldepl.comparison.compare_readers import compare_readers

    compared = compare_readers(gated, readers, out, mapping=mapping, progress=progress_line())
    remarks, summary, disagreeing, tubes = [], [f"{compared.verdict}: {len(readers)} readers"], 0, 0
    for name, one in compared.comparisons.items():
        own, bad = _remarks(one)
        remarks += [f"{name}: {line}" for line in own]
        summary.append(f"  {name}: {one.verdict}, {len(one.tubes)} tubes compared, {bad} of them disagree")
        disagreeing, tubes = disagreeing + bad, max(tubes, len(one.tubes))
    agreement = [statistic.cells() for statistic in compared.statistics]
    return _Outcome(str(compared.verdict), tubes, disagreeing, compared.files, agreement, remarks, summary)


def _remarks(comparison: Comparison) -> tuple[list[str], int]:
    """What is told on stderr: what was left out, and each tube that disagrees; and how many of these there are."""
    lines = [str(problem) for problem in comparison.problems]
    disagreeing = [tube for tube in comparison.tubes if tube.verdict == "disagree"]
    lines += [
        f"{tube.file}: {one.pair.population}: {one.reason}"
        for tube in disagreeing
        for one in tube.populations
        if one.verdict == "disagree"
    ]
    return lines, len(disagreeing)
