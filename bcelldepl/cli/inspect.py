"""``bcelldepl inspect``: what is in these FCS files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console, RenderableType
    from rich.table import Table

    from bcelldepl.fcs import Acquisition, Channel, Spillover
    from bcelldepl.fcs.cross_check import CrossCheck

__all__ = ["inspect"]

_WIDEST_HEAT_TABLE = 12  # channels; a wider matrix is told by its largest entries
_LARGEST_TOLD = 8
_TALLEST_TABLE = 20  # rows


def inspect(
    files: Annotated[list[Path], typer.Argument(help="FCS files.", show_default=False)],
    json: Annotated[bool, typer.Option("--json", help="One JSON array on stdout, for programs.")] = False,
    cross_check: Annotated[
        bool,
        typer.Option("--cross-check", help="Read with fcsparser and FlowIO too and report any difference."),
    ] = False,
    dataset: Annotated[
        int | None, typer.Option(min=0, help="Data set of the file, from 0. Default: the largest.")
    ] = None,
) -> None:
    """Show what is in FCS files: header, channels, markers, strategies that fit, spillover, volume, warnings."""
    from bcelldepl.near_names import near_file

    missing = [path for path in files if not path.is_file()]
    for path in missing:
        near = near_file(path)
        what = "is a folder; name the files in it" if path.is_dir() else "no such file"
        typer.echo(f"{path}: {what}" + (f" ({near})" if near else ""), err=True)
    if missing:
        raise typer.Exit(2)

    from bcelldepl.cli.panel import describe_panel
    from bcelldepl.errors import FcsError
    from bcelldepl.fcs import read_fcs
    from bcelldepl.fcs.cross_check import cross_check as compare
    from bcelldepl.fcs.describe import describe

    described: list[dict[str, Any]] = []
    refused = False
    for path in files:
        try:
            acquisition = read_fcs(path, dataset=dataset)
            comparisons = compare(acquisition) if cross_check else None
        except FcsError as error:
            refused = True
            typer.echo(str(error), err=True)
            described.append(_refusal(path, error))
            continue
        if json:
            facts = describe(acquisition) | describe_panel(acquisition.channels)
            if comparisons is not None:
                facts["cross_check"] = [vars(comparison) for comparison in comparisons]
            described.append(facts)
        else:
            _show(acquisition, comparisons)
    if json:
        from json import dumps

        typer.echo(dumps(described, indent=2, ensure_ascii=False))
    if refused:
        raise typer.Exit(1)


def _refusal(path: Path, error: Any) -> dict[str, Any]:
    kind = type(error).__name__
    return {
        "file": str(path),
        "error": {"kind": kind, "what": error.what, "where": error.where, "remedy": error.remedy},
    }


def _show(acquisition: Acquisition, comparisons: tuple[CrossCheck, ...] | None) -> None:
    """One screen for a person."""
    from rich.console import Console
    from rich.text import Text

    from bcelldepl.cli.panel import describe_panel, marker_words, show_strategies

    console = Console(highlight=False)
    console.rule(Text(acquisition.path.name, style="bold"), align="left")
    console.print(_facts(acquisition))
    panel = describe_panel(acquisition.channels)
    _show_channels(console, acquisition.channels, marker_words(acquisition.channels, panel))
    show_strategies(console, panel)
    _show_spillover(console, acquisition.spillover)
    for warning in acquisition.warnings:
        console.print(Text.assemble(("! ", "bold yellow"), warning))
    for fact in acquisition.facts:
        console.print(Text(f"- {fact}", style="dim"))
    for comparison in comparisons or ():
        style = {"agrees": "green", "differs": "bold red", "refuses": "yellow"}[comparison.verdict]
        detail = f": {comparison.detail}" if comparison.detail else ""
        console.print(Text.assemble(f"{comparison.reader} ", (comparison.verdict, style), detail))
    console.print()


def _facts(acquisition: Acquisition) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column()
    seconds = acquisition.acquisition_seconds
    events = f"{acquisition.n_events:,} x {len(acquisition.channels)} channels"
    if seconds:
        events += f" in {seconds:,.1f} s, {acquisition.n_events / seconds:,.0f} a second"
    volume = acquisition.volume
    amount = "none" if volume.microlitres is None else f"{volume.microlitres:.4g} uL"
    instrument = [acquisition.cytometer or "unknown instrument", acquisition.date or "no date"]
    version = acquisition.version
    if acquisition.n_datasets > 1:
        version += f", data set {acquisition.dataset} of 0 to {acquisition.n_datasets - 1}"
    rows: list[tuple[str, RenderableType]] = [
        ("format", version),
        ("instrument", Text(", ".join(instrument))),
        ("events", events),
        ("volume", Text.assemble((amount, "bold" if volume.microlitres else "yellow"), f"; {volume.reason}")),
        ("sha256", acquisition.sha256),
    ]
    for row in rows:
        table.add_row(*row)
    return table


def _show_channels(console: Console, channels: Sequence[Channel], markers: list[str]) -> None:
    """A table of the channels; many of them stand side by side, and what is the same in all is said once."""
    from rich.columns import Columns

    from bcelldepl.fcs.describe import scale_of

    columns = {
        "#": [str(number) for number in range(1, len(channels) + 1)],
        "detector": [channel.name for channel in channels],
        "label": [channel.label for channel in channels],
        "marker": markers,
        "range": [f"{channel.range:,.10g}" for channel in channels],
        "scale": [scale_of(channel) for channel in channels],
        "gain": ["" if channel.gain == 1.0 else f"{channel.gain:g}" for channel in channels],
    }
    said = []
    kinds = (("label", "no labels"), ("marker", "no known marker"), ("scale", ""), ("gain", "no gain"))
    for name, none in kinds:
        values = set(columns[name])
        if len(values) == 1:
            (value,) = values
            said.append(f"{name} {value}" if value else none)
            del columns[name]
    width = sum(max(map(len, (name, *cells))) + 2 for name, cells in columns.items())
    side_by_side = max(1, min(-(-len(channels) // _TALLEST_TABLE), console.width // (width + 1)))
    per_table = -(-len(channels) // side_by_side)
    parts = [
        _channel_table({name: cells[start : start + per_table] for name, cells in columns.items()})
        for start in range(0, len(channels), per_table)
    ]
    console.print(Columns(parts, padding=(0, 1)) if len(parts) > 1 else parts[0])
    if said:
        console.print(f"all: {', '.join(said)}", style="dim", markup=False)
    console.print()


def _channel_table(columns: dict[str, list[str]]) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in columns:
        table.add_column(name, justify="right" if name in ("#", "range", "gain") else "left")
    for cells in zip(*columns.values(), strict=True):
        table.add_row(
            *(
                Text(cell, style="cyan" if name == "label" else "")
                for name, cell in zip(columns, cells, strict=True)
            )
        )
    return table


def _show_spillover(console: Console, spillover: Spillover | None) -> None:
    if spillover is None:
        console.print("no spillover matrix\n")
        return
    n = len(spillover.channels)
    title = f"spillover by {spillover.keyword}, {n} channels, percent"
    if n <= _WIDEST_HEAT_TABLE:
        console.print(f"{title}: from the row's channel into the column's")
        console.print(_heat_table(spillover))
        return
    pairs = sorted(
        ((float(spillover.matrix[i, j]), i, j) for i in range(n) for j in range(n) if i != j),
        key=lambda entry: -abs(entry[0]),
    )
    largest = [
        f"{spillover.channels[i]} > {spillover.channels[j]} {100 * value:.1f}"
        for value, i, j in pairs[:_LARGEST_TOLD]
        if value
    ]
    console.print(f"{title}; the largest: {', '.join(largest) or 'none, it is the identity'}\n", markup=False)


def _heat_table(spillover: Spillover) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("")
    for number in range(1, len(spillover.channels) + 1):
        table.add_column(str(number), justify="right")
    for i, name in enumerate(spillover.channels):
        cells = [
            Text("-", style="dim")
            if i == j
            else Text(f"{100 * value:.1f}" if value else "", style=_heat(float(value)))
            for j, value in enumerate(spillover.matrix[i])
        ]
        table.add_row(Text(f"{i + 1} {name}"), *cells)
    return table


def _heat(value: float) -> str:
    """A louder colour for a larger spillover."""
    for limit, style in ((0.5, "bold white on red"), (0.2, "red"), (0.05, "yellow"), (0.01, "default")):
        if abs(value) >= limit:
            return style
    return "dim"
