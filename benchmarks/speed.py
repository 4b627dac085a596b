"""Speed, beside the cost of reading the file and beside other programs.

    python benchmarks/speed.py                       every row; prints a table, writes no file
    python benchmarks/speed.py --rows quality,runs   these rows alone
    python benchmarks/speed.py --quick               small sizes, few rounds: to see that it runs
    python benchmarks/speed.py --write               writes the baseline and the table of docs/speed.md
    python benchmarks/speed.py --json FILE           writes what was measured to this file

Rows live in `speed_rows/`, a module for each subject; a module that is put there is found. Peers that are not
installed are named as not measured. docs/speed.md explains what is measured and how.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import pkgutil
import platform
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

import speed_rows
from accuracy_table import put_between
from speed_rows.base import OURS, Bench, Goal, Measured, Row

ROOT: Final = Path(__file__).resolve().parent.parent
BASELINE: Final = ROOT / "benchmarks" / "baselines" / "speed.json"
DOCUMENT: Final = ROOT / "docs" / "speed.md"
PACKAGES: Final = (
    "bcelldepl", "numpy", "numba", "scipy", "flowkit", "flowio", "flowutils", "peacoqc-rs",
)  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure the rows that are asked for."""
    rows = find_rows()
    parser = argparse.ArgumentParser(description="Speed beside the floor and beside other programs")
    parser.add_argument("--rows", help=f"some of: {', '.join(rows)}")
    parser.add_argument("--quick", action="store_true", help="small sizes and few rounds")
    parser.add_argument("--folder", type=Path, help="keep the tubes here between runs")
    parser.add_argument("--json", type=Path, help="write what was measured to this file")
    parser.add_argument("--write", action="store_true", help="write the baseline and the table of the docs")
    asked = parser.parse_args(arguments)
    wanted = asked.rows.split(",") if asked.rows else list(rows)
    if unknown := [key for key in wanted if key not in rows]:
        parser.error(f"no row {', '.join(unknown)}; there are {', '.join(rows)}")
    with tempfile.TemporaryDirectory() as passing:
        folder = asked.folder or Path(passing)
        folder.mkdir(parents=True, exist_ok=True)
        bench, measured = Bench(folder, asked.quick), {}
        for key in wanted:
            measured[key] = measure(rows[key], bench)
            content = described(measured, bench)
            # As they come: a row that fails takes none of those before it along.
            if asked.json:
                asked.json.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
            if asked.write:
                write(content)
    print(markdown(content))
    return 0


def find_rows() -> dict[str, Row]:
    """Every row of every module of `speed_rows`, by key."""
    names = sorted(module.name for module in pkgutil.iter_modules(speed_rows.__path__))
    modules = [importlib.import_module(f"speed_rows.{name}") for name in names]
    return {row.key: row for module in modules for row in getattr(module, "ROWS", ())}


def measure(row: Row, bench: Bench) -> dict[str, Any]:
    """Measure a row."""
    started = time.perf_counter()
    measured = {"title": row.title, **row.measure(bench).plain()}
    print(f"{row.title}: {time.perf_counter() - started:.0f} s", file=sys.stderr)
    return measured


def described(measured: Mapping[str, Any], bench: Bench) -> dict[str, Any]:
    """Add to rows what they depend on."""
    return {
        "mode": "quick" if bench.quick else "full",
        "machine": machine(),
        "versions": versions(),
        "not_measured": sorted(bench.missing),
        "rows": dict(measured),
    }


def machine() -> dict[str, Any]:
    """What the figures depend on."""
    model = platform.processor()
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        model = next(
            (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), model
        )
    except OSError:
        pass  # no Linux
    return {"system": platform.system(), "architecture": platform.machine(), "processor": model,
            "cores": os.cpu_count()}  # fmt: skip


def versions() -> dict[str, str]:
    """Versions of Python and of what was measured."""
    found = {"Python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def markdown(content: Mapping[str, Any]) -> str:
    """Table of what was measured."""
    lines = ["| work | ours | beside | goal | |", "|---|---|---|---|---|"]
    for row in content["rows"].values():
        measured = _again(row)
        lines.append(
            f"| {row['title']} | {_ours(measured)} | {_beside(measured)} | {_goals(measured)} | {row['note']} |"
        )
    if content["not_measured"]:
        lines += ["", f"Not installed here, not measured: {', '.join(content['not_measured'])}."]
    known = ", ".join(f"{name} {number}" for name, number in content["versions"].items())
    on = content["machine"]
    return "\n".join(
        [*lines, "", f"{on['cores']} cores ({on['processor']}), {known}; {content['mode']} mode."]
    )


def _again(row: Mapping[str, Any]) -> Measured:
    goals = [Goal(goal["against"], goal["at_most"], goal["at_least"]) for goal in row["goals"]]
    return Measured(row["seconds"], row["ratios"], row["values"], goals, row["note"])


def _ours(measured: Measured) -> str:
    values = [f"{name} {value:.4g}" for name, value in measured.values.items()]
    return "; ".join([*([_time(measured.seconds[OURS])] if OURS in measured.seconds else []), *values])


def _beside(measured: Measured) -> str:
    return "; ".join(
        f"{name} {_time(measured.seconds[name])} ({_times(ratio)})" for name, ratio in measured.ratios.items()
    )


def _time(value: float) -> str:
    return f"{1e3 * value:.3g} ms" if value < 1.0 else f"{value:.3g} s"


def _times(ratio: float) -> str:
    return (
        f"ours takes {ratio:.2g} times as long" if ratio >= 1.0 else f"ours is {1 / ratio:.3g} times as fast"
    )


def _goals(measured: Measured) -> str:
    words = []
    for goal in measured.goals:
        unit = "" if goal.against in measured.values else " x"
        limits = [f"{sign} {limit:g}{unit}" for sign, limit in (("≤", goal.at_most), ("≥", goal.at_least))
                  if limit is not None]  # fmt: skip
        verdict = {True: "met", False: "**not met**", None: "not measured"}[measured.met(goal)]
        words.append(f"{goal.against} {' and '.join(limits)}: {verdict}")
    return "; ".join(words)


def write(content: dict[str, Any]) -> None:
    """Write the baseline of this mode; rows that were not measured keep their former figures."""
    baselines = json.loads(BASELINE.read_text(encoding="utf-8")) if BASELINE.is_file() else {}
    former = baselines.get(content["mode"], {"rows": {}})
    content = {**content, "rows": {**former["rows"], **content["rows"]}}
    baselines[content["mode"]] = content
    BASELINE.write_text(json.dumps(baselines, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    if content["mode"] == "full":
        put_between(DOCUMENT, "table", markdown(content))


if __name__ == "__main__":
    sys.exit(main())
