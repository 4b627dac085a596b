"""``bcelldepl compare``: agreement with manual gating."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["compare"]


def compare(
    results: Annotated[Path, typer.Argument(help="Folder that `bcelldepl run` wrote.")],
    manual: Annotated[
        Path, typer.Argument(help="Manual gating: FlowJo .wsp, Gating-ML .xml, or counts as .csv or .xlsx.")
    ],
    out: Annotated[
        Path | None, typer.Option(help="Folder to write to; default `comparison` in the results.")
    ] = None,
    mapping: Annotated[
        Path | None, typer.Option(help="Which of their populations and files is which of ours (.toml).")
    ] = None,
    why: Annotated[str, typer.Option(help="The reason for this comparison, for the audit record.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print verdicts and statistics as JSON.")] = False,
) -> None:
    """Compare automated with manual gating: statistics, verdicts, and the first gate at which the two part ways."""
    from bcelldepl.cli.progress_line import progress_line
    from bcelldepl.comparison.compare import compare as compare_study
    from bcelldepl.errors import BcelldeplError
    from bcelldepl.store.access_log import recorded_access

    try:
        with recorded_access(results, "comparison") as access:
            comparison = compare_study(
                results,
                manual,
                out or results / "comparison",
                mapping=mapping,
                progress=progress_line(),
            )
            access.record(
                comparison.files,
                why=why,
                what={"verdict": str(comparison.verdict), "tubes": len(comparison.tubes)},
                inputs=[manual, *([mapping] if mapping else [])],
            )
    except BcelldeplError as error:
        typer.echo(f"compare: {error}", err=True)
        raise typer.Exit(2) from error
    except OSError as error:
        typer.echo(f"compare: it cannot be written: {error}; name another folder with --out", err=True)
        raise typer.Exit(2) from None
    for problem in comparison.problems:
        typer.echo(str(problem), err=True)
    if access.unrecorded:
        typer.echo(f"note: this is not in the audit record of the results: {access.unrecorded}", err=True)
    disagreeing = [tube for tube in comparison.tubes if tube.verdict == "disagree"]
    for tube in disagreeing:
        for one in tube.populations:
            if one.verdict == "disagree":
                typer.echo(f"{tube.file}: {one.pair.population}: {one.reason}", err=True)
    if as_json:
        import json

        agreement = [statistic.cells() for statistic in comparison.statistics]
        files = [str(path) for path in comparison.files]
        content = {"verdict": str(comparison.verdict), "agreement": agreement, "files": files}
        typer.echo(json.dumps(content, indent=1))
    else:
        n, bad = len(comparison.tubes), len(disagreeing)
        typer.echo(
            f"{comparison.verdict}: {n} tubes compared, {bad} of them disagree; "
            f"{n} of {comparison.samples} samples have a manual result"
        )
        for ours, theirs in comparison.named.items():
            typer.echo(f"  {ours} = {theirs}")
        typer.echo(f"The page: {next(path for path in comparison.files if path.suffix == '.html')}")
    if disagreeing or comparison.verdict != "agree":
        raise typer.Exit(1)
