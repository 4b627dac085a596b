"""Accuracy of gating: simulated studies, real tubes, real tubes with B cells removed, laboratories at random.

    python benchmarks/accuracy.py                     all of it; writes no file
    python benchmarks/accuracy.py --quick             few subjects and draws
    python benchmarks/accuracy.py --check             fails where ours is worse than the committed baseline
    python benchmarks/accuracy.py --write             writes the baseline, the table and the figures of the docs

Real tubes are looked for in `BCELLDEPL_REAL_DATA` (default ../shared/data); FlowSOM needs the `flowsom` package. What
is not there is skipped, and said to be. docs/accuracy.md explains what is measured and how.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import tempfile
import time
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

from accuracy_peers import PEERS, available
from accuracy_real import FOLDER, load_real, score_real
from accuracy_score import Row, anatomy, by_study, rows_of, worst_tubes
from accuracy_simulated import plans, run_plan
from accuracy_table import markdown, put_between, worst_markdown
from accuracy_thinned import run_thinned
from accuracy_worlds import FOLDER as WORLDS
from accuracy_worlds import SEEN, UNSEEN, run_worlds

ROOT: Final = Path(__file__).resolve().parent.parent
BASELINE: Final = ROOT / "benchmarks" / "baselines" / "accuracy.json"
DOCUMENT: Final = ROOT / "docs" / "accuracy.md"
FIGURES: Final = ROOT / "docs" / "figures"
PARTS: Final = ("simulated", "real", "thinned", "worlds")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what is asked for; 1 where ours is worse than the baseline."""
    asked = _parser().parse_args(arguments)
    if asked.records and asked.again:
        records = json.loads(asked.records.read_text())
    else:
        records = measure(asked)
        if asked.records:
            asked.records.write_text(json.dumps(records))
    content = summary(records)
    worst = f"\n\n{worst_markdown(worst_tubes(records['simulated']))}" if records["simulated"] else ""
    text = f"{markdown(content)}{worst}\n"
    print(text)
    if asked.table:
        asked.table.write_text(text, encoding="utf-8")
    if asked.write:
        write(content, records)
    return check(content) if asked.check else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Accuracy of gating beside other methods")
    parser.add_argument("--quick", action="store_true", help="few subjects and draws")
    parser.add_argument("--only", choices=PARTS, action="append", help="these parts alone")
    parser.add_argument("--ours", action="store_true", help="no peers and no oracle: fast, to steer by")
    parser.add_argument("--world", type=int, action="append", help="these random laboratories alone")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--folder", type=Path, help="keep simulated studies here between runs")
    parser.add_argument("--records", type=Path, help="write the record of every tube to this JSON file")
    parser.add_argument("--again", action="store_true", help="take the records from that file; run nothing")
    parser.add_argument("--table", type=Path, help="write the table to this file too")
    parser.add_argument("--check", action="store_true", help="compare with the committed baseline")
    parser.add_argument("--write", action="store_true", help="write baseline, table and figures")
    return parser


def measure(asked: argparse.Namespace) -> dict[str, Any]:
    """Run the parts that are asked for."""
    parts = asked.only or PARTS
    peers, missing = ([], []) if asked.ours else available()
    for name in missing:
        print(
            f"{PEERS[name].title}: the package {PEERS[name].needs} is not installed, skipped", file=sys.stderr
        )
    records: dict[str, Any] = {part: [] for part in PARTS}
    records |= {"peers": peers, "skipped": missing, "mode": "quick" if asked.quick else "full"}
    if "simulated" in parts:
        with tempfile.TemporaryDirectory() as passing:
            for plan in plans(quick=asked.quick):
                folder = asked.folder or Path(passing)
                with _Told(f"{plan.scenario}, drift {plan.drift}, {plan.subjects} subjects"):
                    records["simulated"] += run_plan(
                        plan, folder, peers, asked.workers, oracle=not asked.ours
                    )
    if "worlds" in parts:
        records["worlds"] = _worlds(asked)
    if "real" in parts or "thinned" in parts:
        tubes = load_real(FOLDER if FOLDER.is_absolute() else ROOT / FOLDER, asked.workers)
        if not tubes:
            print(
                f"no real data in {FOLDER}, skipped (BCELLDEPL_REAL_DATA names the folder)", file=sys.stderr
            )
        if "real" in parts:
            with _Told("real tubes"):
                records["real"] = score_real(tubes, peers, oracle=not asked.ours)
        if "thinned" in parts:
            with _Told("thinned real tubes"):
                records["thinned"] = run_thinned(tubes, peers, asked.workers, quick=asked.quick)
    return records


def _worlds(asked: argparse.Namespace) -> list[dict[str, Any]]:
    """Count random laboratories; none where their programs are absent."""
    if not (WORLDS / "worlds.py").is_file():
        print(
            f"no random laboratories in {WORLDS}, skipped (BCELLDEPL_WORLDS names the folder)",
            file=sys.stderr,
        )
        return []
    numbers = asked.world or ((SEEN[:2] + UNSEEN[:2]) if asked.quick else (SEEN + UNSEEN))
    with tempfile.TemporaryDirectory() as passing, _Told(f"{len(numbers)} random laboratories"):
        return run_worlds(WORLDS, asked.folder or Path(passing), numbers, asked.workers)


class _Told:
    """Says on stderr what is being done and how long it took."""

    def __init__(self, what: str) -> None:
        self.what = what

    def __enter__(self) -> None:
        self.start = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        print(f"{self.what}: {time.perf_counter() - self.start:.0f} s", file=sys.stderr)


def summary(records: dict[str, Any]) -> dict[str, Any]:
    """Rows, tables and versions: what the baseline holds."""
    rows = rows_of(
        records["simulated"], records["real"], records["thinned"], records["peers"], records.get("worlds", [])
    )
    return {
        "mode": records["mode"],
        "versions": _versions(),
        "skipped": records["skipped"],
        "rows": [row.plain() for row in rows],
        "by_study": by_study(records["simulated"]),
        "anatomy": anatomy(records["simulated"]) if records["simulated"] else [],
    }


def _versions() -> dict[str, str]:
    found = {"Python": platform.python_version()}
    for package in ("bcelldepl", "numpy", "scipy", "numba", "scikit-learn", "flowsom"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def write(content: dict[str, Any], records: dict[str, Any]) -> None:
    """Write the baseline of this mode, and for the full mode the table and figures of the docs."""
    baselines = json.loads(BASELINE.read_text()) if BASELINE.is_file() else {}
    baselines[content["mode"]] = content
    BASELINE.parent.mkdir(exist_ok=True)
    BASELINE.write_text(json.dumps(baselines, indent=1, sort_keys=True, ensure_ascii=False) + "\n")
    if content["mode"] == "full":
        from accuracy_figures import draw_all

        put_between(DOCUMENT, "table", markdown(content))
        draw_all(records, FIGURES)


def check(content: dict[str, Any]) -> int:
    """Compare our values with the baseline; each row has its tolerance."""
    baselines = json.loads(BASELINE.read_text()) if BASELINE.is_file() else {}
    if content["mode"] not in baselines:
        print(f"no baseline of the {content['mode']} mode", file=sys.stderr)
        return 1
    former = {row["key"]: Row(**row) for row in baselines[content["mode"]]["rows"]}
    worse = [line for row in content["rows"] if (line := _worse(Row(**row), former.get(row["key"])))]
    print("\n".join(worse) or "no row is worse than its baseline")
    return 1 if worse else 0


def _worse(row: Row, former: Row | None) -> str:
    now, then = row.values["ours"], former.values["ours"] if former else None
    if now is None or then is None:
        return ""
    drop = {
        "high": then - now,
        "low": now - then,
        "one": abs(now - 1.0) - abs(then - 1.0),
        "none": abs(now - then),
    }[row.better]
    return f"worse: {row.section}, {row.measure}: {now:g}, was {then:g}" if drop > row.tolerance else ""


if __name__ == "__main__":
    sys.exit(main())
