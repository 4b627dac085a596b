"""A simulated trial as a laboratory has it: run, one gate moved by hand, exported; and a report of 1,000 tubes."""

from __future__ import annotations

import math
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final
from unittest import mock

import pandas as pd
from accuracy_worlds import FOLDER as WORLDS

from bcelldepl.batch import run
from bcelldepl.batch.memory import RunMemory
from bcelldepl.gate_exchange.export import export_gates
from bcelldepl.report import write_report
from bcelldepl.simulation import simulate
from bcelldepl.study import load_study
from speed_rows.base import Bench, Goal, Measured, Row

__all__ = ["ROWS"]

SAMPLE: Final = Path(__file__).resolve().parents[2] / "sample_fcs" / "study.toml"
RUN: Final = "import sys; from bcelldepl.cli.program import main; sys.argv[0] = 'bcelldepl'; main()"
OVERRIDE: Final = """
[[override]]
file = "{file}"
population = "CAR_T"
cut = {cut}
marker = "CAR"
side = "above"
who = "benchmark"
when = 2026-01-01
why = "speed"
"""
TUBES: Final = 1_000


def _study(bench: Bench) -> Path:
    folder = bench.folder / ("small" if bench.quick else "trial")
    if not (folder / "study.toml").exists():
        simulate(folder, scenario="small" if bench.quick else "trial")
    (folder / "overrides.toml").unlink(missing_ok=True)
    return folder / "study.toml"


def _timed(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds on the clock, and of all cores together, those of processes that ended among them."""

    def cpu() -> float:
        own, ended = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
        return own.ru_utime + own.ru_stime + ended.ru_utime + ended.ru_stime

    clock, cores = time.perf_counter(), cpu()
    work()
    return time.perf_counter() - clock, cpu() - cores


def _whole_run(study: Path, goal_s: float, rounds: int) -> Measured:
    """`bcelldepl run` from nothing, as processes of their own; the first compiles and is not counted."""
    spent = []
    # An installed program has the bytecode of its modules.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    for _ in range(rounds + 1):
        with tempfile.TemporaryDirectory() as out:
            words = [sys.executable, "-c", RUN, "run", str(study), "--out", f"{out}/results"]
            spent.append(
                _timed(
                    lambda words=words: subprocess.run(
                        words, capture_output=True, check=False, env=environment
                    )
                )
            )  # type: ignore[misc]
    clock, cores = (statistics.median(column) for column in zip(*spent[1:], strict=True))
    return Measured(
        values={"seconds": clock, "of all cores [s]": cores}, goals=[Goal("seconds", at_most=goal_s)]
    )


def _trial(bench: Bench) -> Measured:
    return _whole_run(_study(bench), 8.0, 1 if bench.quick else 3)


def _sample(bench: Bench) -> Measured:
    return _whole_run(SAMPLE, 3.0, 1 if bench.quick else 3)


def _laboratory(bench: Bench) -> Measured:
    """A laboratory at random beside as many tubes of the simulated trial."""
    if not (WORLDS / "worlds.py").is_file():
        return Measured(note=f"no random laboratories in {WORLDS} (BCELLDEPL_WORLDS names the folder)")
    world = bench.folder / "laboratory"
    if not (world / "study.toml").is_file():
        words = [sys.executable, str(WORLDS / "worlds.py"), str(world), "--world", "1"]
        subprocess.run(
            [*words, *(("--subjects", "2") if bench.quick else ())], check=True, capture_output=True
        )
    tubes = len(pd.read_csv(world / "samples.csv"))
    trial = _some_of_the_trial(bench, tubes)
    spent = {
        name: _whole_run(study, math.inf, 1 if bench.quick else 3).values["seconds"]
        for name, study in (("laboratory", world / "study.toml"), ("trial", trial))
    }
    bytes_of = {
        "laboratory": sum(path.stat().st_size for path in (world / "fcs").iterdir()),
        "trial": sum(
            (trial.parent / file).stat().st_size for file in pd.read_csv(trial.parent / "part.csv")["file"]
        ),
    }
    return Measured(
        values={
            "laboratory [s]": spent["laboratory"],
            "its MB": bytes_of["laboratory"] / 1e6,
            "as many tubes of the trial [s]": spent["trial"],
            "their MB": bytes_of["trial"] / 1e6,
            "of the trial's time": spent["laboratory"] / spent["trial"],
        },
        goals=[Goal("of the trial's time", at_most=1.2)],
        note=f"{tubes} tubes each, whole runs with report",
    )


def _some_of_the_trial(bench: Bench, tubes: int) -> Path:
    """The first tubes of the simulated trial as a study: whole subjects, one after the other."""
    whole = _study(bench)
    pd.read_csv(whole.parent / "samples.csv", dtype=str).head(tubes).to_csv(
        whole.parent / "part.csv", index=False
    )
    part = whole.parent / "part.toml"
    part.write_text(
        whole.read_text(encoding="utf-8").replace('"samples.csv"', '"part.csv"'), encoding="utf-8"
    )
    return part


def _by_hand(bench: Bench) -> Measured:
    """A gate of one tube, again and again, by a process that has run the study before, as the review page does."""
    path = _study(bench)
    out = bench.folder / f"{path.parent.name}_by_hand"
    run(load_study(path), out)
    file = next(tube.file for tube in load_study(path).tubes if tube.before_infusion is False)
    memory, spent = RunMemory(), []
    for number in range(3 if bench.quick else 6):
        (path.parent / "overrides.toml").write_text(OVERRIDE.format(file=file, cut=0.45 + 0.003 * number))
        spent.append(_timed(lambda: run(load_study(path), out, workers=1, memory=memory, figures=None)))
    first = spent.pop(0)
    clock, cores = (statistics.median(column) for column in zip(*spent, strict=True))
    return Measured(
        values={
            "seconds": clock,
            "of all cores [s]": cores,
            "the first, which reads the store [s]": first[0],
        },
        goals=[Goal("seconds", at_most=2.5)],
        note="to finished tables and report, as the review page saves it",
    )


def _exports(bench: Bench) -> Measured:
    path = _study(bench)
    out = bench.folder / f"{path.parent.name}_by_hand"
    run(load_study(path), out)
    found = Measured()
    for kind in ("gatingml", "flowjo"):
        folder = bench.folder / kind
        shutil.rmtree(folder, ignore_errors=True)
        found.values[f"{kind} [s]"] = _timed(
            lambda kind=kind, folder=folder: export_gates(out, kind, folder)
        )[0]  # type: ignore[misc]
        found.goals.append(Goal(f"{kind} [s]", at_most=15.0))
    return found


def _large_report(bench: Bench) -> Measured:
    """The report of so many tubes: those of the trial, several times under other names."""
    path = _study(bench)
    out = bench.folder / f"{path.parent.name}_by_hand"
    with mock.patch("bcelldepl.batch.outputs.write_report", wraps=write_report) as written:
        run(load_study(path), out, fresh=True, figures=None)
    return _repeated(written.call_args.kwargs, bench.folder / "large")


def _repeated(given: dict[str, Any], folder: Path) -> Measured:
    pictures = given["pictures"]
    times = -(-TUBES // len(pictures))

    def again(table: pd.DataFrame) -> pd.DataFrame:
        copies = []
        for number in range(times):
            copy = table.assign(subject=[f"{number}-{subject}" for subject in table["subject"]])
            copies.append(
                copy.assign(file=[f"{number}/{file}" for file in copy["file"]]) if "file" in copy else copy
            )
        return pd.concat(copies, ignore_index=True)

    more = {name: again(given[name]) for name in ("counts", "tubes", "endpoints")}
    more["pictures"] = [
        replace(one, file=f"{number}/{one.file}", subject=f"{number}-{one.subject}")
        for number in range(times)
        for one in pictures
    ]
    folder.mkdir(exist_ok=True)
    files = {one.file: f"figures/tubes/{place}.png" for place, one in enumerate(more["pictures"])}
    spent = _timed(
        lambda: write_report(folder / "report.html", **{**given, **more, "files": files, "pieces": None})
    )
    megabytes = (folder / "report.html").stat().st_size / 1e6
    return Measured(
        values={"tubes": len(files), "MB": megabytes, "written in [s]": spent[0]},
        goals=[Goal("MB", at_most=25.0)],
        note="gating paths lie beside the page and are loaded when a tube is opened",
    )


ROWS = (
    Row("trial_run", "whole `bcelldepl run` with report, simulated trial of 168 tubes", _trial),
    Row("sample_run", "whole `bcelldepl run` with report, `sample_fcs`, kernels compiled", _sample),
    Row(
        "random_laboratory", "whole run of a random laboratory, beside a trial of as many tubes", _laboratory
    ),
    Row(
        "trial_by_hand", "one gate of one tube of that trial changed by hand, to tables and report", _by_hand
    ),
    Row("trial_exports", "gates of that trial to Gating-ML and to FlowJo", _exports),
    Row("large_report", "report of 1,000 tubes", _large_report),
)
