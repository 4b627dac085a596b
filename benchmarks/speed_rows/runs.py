"""A whole run over a batch, a run that finds its results current, and runs over ever more tubes."""

from __future__ import annotations

import csv
import math
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

from bcelldepl.batch import run
from bcelldepl.study import load_study
from speed_rows.base import OURS, Bench, Goal, Measured, Row
from speed_rows.fixed_gates import FLOOR, FLOWKIT, STRATEGY, floor, flowkit_signals
from speed_rows.tubes import large_study, tube_of

__all__ = ["ROWS"]

ALLOWED_START_S: Final = 1.0  # of the goal: ten times the floor and a second


def _study(bench: Bench, tubes: int, events: int, strategy: str = STRATEGY.name) -> tuple[Path, list[Path]]:
    """A study of tubes that differ in their bytes, counted with the fixed gates of the benchmark."""
    files = [tube_of(bench.folder, events, name=f"_{number:02d}") for number in range(tubes)]
    shutil.copy(STRATEGY, bench.folder / STRATEGY.name)
    name = f"study_{tubes}_{events}"
    with (bench.folder / f"{name}.csv").open("w", newline="", encoding="utf-8") as sheet:
        table = csv.writer(sheet)
        table.writerow(["file", "subject", "visit", "day", "acquired_volume_ul"])
        table.writerows(
            [path.name, f"S{n // 5:02d}", f"D{n % 5}", n % 5, 50.0] for n, path in enumerate(files)
        )
    toml = bench.folder / f"{name}.toml"
    toml.write_text(
        f'[study]\nid = "SPEED"\nsamples = "{name}.csv"\nstrategy = "{strategy}"\n', encoding="utf-8"
    )
    return toml, files


def _batch(bench: Bench) -> Measured:
    """The time from the first tube to the last count, and that of drawing and writing, apart."""
    toml, files = _study(bench, 20 if not bench.quick else 4, bench.size(500_000, 50_000))
    study, out = load_study(toml), bench.folder / "results"
    read = floor(files)
    spent: list[tuple[float, float, float]] = []
    for _ in range(2 if bench.quick else 4):
        started = time.perf_counter()
        read()
        at_floor = time.perf_counter() - started
        marks: dict[str, float] = {}

        def progress(words: str, *_: int, marks: dict[str, float] = marks) -> None:
            marks.setdefault(words.partition(":")[0], time.perf_counter())

        started = time.perf_counter()
        run(study, out, fresh=True, progress=progress)
        ended = time.perf_counter()
        counted = marks["writing the report"] - started
        spent.append((counted, at_floor, ended - started))
    spent = spent[1:]  # the first compiles, fills the page cache and starts the workers
    counted, at_floor, whole = (sorted(column)[len(spent) // 2] for column in zip(*spent, strict=True))
    allowed = 10.0 * at_floor + ALLOWED_START_S
    return Measured(
        {OURS: counted, FLOOR: at_floor},
        {FLOOR: counted / at_floor},
        {"with report [s]": whole, "of 10 x floor + 1 s": counted / allowed},
        [Goal("of 10 x floor + 1 s", at_most=1.0)],
        f"{len(files)} tubes hashed, masked, counted, pictured and kept in the store; "
        "the tables, figures and the page come on top",
    )


def _current(bench: Bench) -> Measured:
    toml, files = _study(bench, 20 if not bench.quick else 4, bench.size(500_000, 50_000))
    out = bench.folder / "results"
    run(load_study(toml), out)
    command = [
        sys.executable,
        "-c",
        "from bcelldepl.cli.program import main; main()",
        "run",
        str(toml),
        "--out",
        str(out),
    ]
    before = (out / "run.json").read_bytes()
    took = []
    for _ in range(3 if bench.quick else 5):
        started = time.perf_counter()
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        took.append(time.perf_counter() - started)
        assert "nothing was run" in done.stdout, done.stderr
    assert (out / "run.json").read_bytes() == before
    seconds = sorted(took)[len(took) // 2]
    return Measured(
        {OURS: seconds}, {}, {"seconds": seconds}, [Goal("seconds", at_most=2.0)],
        f"a new process: {len(files)} tubes and all results hashed, nothing recomputed",
    )  # fmt: skip


def _few_large(bench: Bench) -> Measured:
    """The whole of a small study from nothing, beside flowkit that only makes the signals of its tubes; and again."""
    toml = large_study(bench.folder, bench.size(5, 2), bench.size(300_000, 30_000))
    files = [tube.path for tube in load_study(toml).tubes]
    out = bench.folder / "few_large"
    beside = (lambda: flowkit_signals(files)) if bench.has("flowkit") else None

    def from_nothing() -> None:
        shutil.rmtree(out, ignore_errors=True)  # with what was learned, which a fresh run would keep
        run(load_study(toml), out)

    measured = bench.paired({OURS: from_nothing, FLOWKIT: beside}, 5)
    again = bench.paired({OURS: lambda: run(load_study(toml), out, fresh=True), FLOWKIT: beside}, 5)
    measured.values["with what was learned kept [s]"] = again.seconds[OURS]
    if beside is not None:
        measured.values["the same, times flowkit's speed"] = 1.0 / again.ratios[FLOWKIT]
    measured.goals = [Goal(FLOWKIT, at_least=1.5)]
    measured.note = (
        "flowkit reads, compensates and transforms the tubes; ours learns, gates, counts and reports them"
    )
    return measured


def _growth(bench: Bench) -> Measured:
    """Time of `cart_pd` less the report, and peak memory, of a process for itself, as tubes grow."""
    sizes = (2, 8) if bench.quick else (1, 10, 100, 1000)
    found = Measured(goals=[Goal("exponent over the last step", at_most=1.1)])
    times = []
    for tubes in sizes:
        toml, _ = _study(bench, tubes, 20_000, "cart_pd")
        out = bench.folder / f"growth_{tubes}"
        shutil.rmtree(out, ignore_errors=True)  # with what was learned, which a fresh run would keep
        words = [sys.executable, "-c", _COUNTS_ALONE, str(toml), str(out)]
        seconds, megabytes = map(
            float, subprocess.run(words, capture_output=True, text=True, check=True).stdout.split()
        )
        times.append(seconds)
        found.values[f"{tubes:,} tubes [s]"] = seconds
        found.values[f"{tubes:,} tubes, peak memory [MB]"] = megabytes
    found.values["exponent over the last step"] = math.log(times[-1] / times[-2]) / math.log(
        sizes[-1] / sizes[-2]
    )
    found.note = (
        "tubes of 20,000 events; memory of the process that hands out the tubes, its report not yet made"
    )
    return found


# Ends where the report would begin, and prints how long it took and how much memory.
_COUNTS_ALONE: Final = """
import sys, time
from pathlib import Path
import bcelldepl as bd
class Enough(BaseException): pass
def progress(words, *_):
    if words.startswith("writing"):
        raise Enough
started = time.perf_counter()
try:
    bd.run(bd.load_study(sys.argv[1]), sys.argv[2], fresh=True, progress=progress)
except Enough:
    pass
status = Path("/proc/self/status")
peak = status.read_text().split("VmHWM:")[1].split()[0] if status.exists() else "nan"
print(time.perf_counter() - started, float(peak) / 1024)
"""

ROWS = (
    Row("run_batch", "whole `bcelldepl run` less the report, 20 x 500k, fixed gates, warm", _batch),
    Row("run_current", "`bcelldepl run` on a study whose results are current", _current),
    Row("run_few_large", "whole `bcelldepl run` with report, 5 tubes of 300k, `cart_pd`", _few_large),
    Row("growth_tubes", "`bcelldepl run` less the report, `cart_pd`, as tubes grow", _growth),
)
