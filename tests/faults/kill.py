"""Kill a batch at random moments, run it again, and hold what comes out against an undisturbed run.

    python tests/faults/kill.py [--kills 50] [--in-a-row 1] [--subjects 6] [--seed 1] [--workers 2]

Every trial starts in an empty folder. The kill is SIGKILL to the whole process group: the program, its workers, all. A
moment at which the batch was done already is drawn again. Prints a line per trial and the figures at the end, and ends
with 1 where any trial fails. With `--in-a-row`, a run that goes on after a kill is killed in its turn, so many
times, before one is let end.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bcelldepl.simulation import simulate

PROGRAM = (sys.executable, "-c", "from bcelldepl.cli.program import main; main()")
# They tell when and by whom; report.html and run.json are compared without their times.
OWN = {"study.db", "audit.jsonl", "seal.json"}


@dataclass(frozen=True)
class Trial:
    """One kill, or some in a row, and what became of it."""

    moments_s: tuple[float, ...]  # of the kills that hit a running batch
    reached: str
    same_bytes: bool
    left_over: tuple[str, ...]
    abandoned: int  # entries of the system's temporary folder that the killed processes could not remove
    sound: bool

    @property
    def passed(self) -> bool:
        return self.same_bytes and not self.left_over and self.sound


def start(study: Path, out: Path, workers: int, scratch: Path) -> subprocess.Popen[bytes]:
    """Start a run in a process group of its own, with its temporary files in a place that can be looked at."""
    words = [*PROGRAM, "run", str(study), "--out", str(out), "--workers", str(workers)]
    places = {"TMPDIR": str(scratch), "JOBLIB_TEMP_FOLDER": str(scratch)}
    return subprocess.Popen(
        words,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=os.environ | places,
        start_new_session=True,
    )


def content(folder: Path) -> dict[str, bytes]:
    """Every file of a results folder, without what tells when it was written."""
    files = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_dir() or name in OWN:
            continue
        data = path.read_bytes()
        if name == "report.html":
            data = re.sub(rb"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?(\+00:00)?", b"", data)
        if name == "run.json":
            record = json.loads(data)
            for key in ("started", "finished", "audit"):
                del record[key]
            del record["outputs"]["report.html"]
            data = json.dumps(record).encode()
        files[name] = data
    return files


def try_once(
    study: Path, place: Path, moments_s: Sequence[float], workers: int, wanted: dict[str, bytes]
) -> Trial:
    """Kill one run after another, each at its moment, then let one end, and compare."""
    out, scratch = place / "out", place / "scratch"
    for folder in (out, scratch):
        shutil.rmtree(folder, ignore_errors=True)
    scratch.mkdir()
    hit = []
    for moment_s in moments_s:
        process = start(study, out, workers, scratch)
        time.sleep(moment_s)
        if process.poll() is not None:
            break
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        hit.append(moment_s)
    reached, abandoned = how_far(out), {path.name for path in scratch.iterdir()}
    code = start(study, out, workers, scratch).wait()
    found = content(out)
    odd = [*(set(found) - set(wanted)), *({path.name for path in scratch.iterdir()} - abandoned)]
    check = subprocess.run(
        [*PROGRAM, "verify", str(out), "--out", str(place / "page.html")], capture_output=True
    )
    return Trial(
        tuple(hit),
        reached,
        code in (0, 1) and found == wanted,
        tuple(odd),
        len(abandoned),
        check.returncode == 0,
    )


def how_far(out: Path) -> str:
    """What the killed run had written."""
    if not out.is_dir():
        return "nothing"
    names = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
    half = [name for name in names if name.endswith(".part")]
    words = f"{len(names)} files"
    return f"{words}, {len(half)} half written" if half else words


def trials(place: Path, kills: int, subjects: int, seed: int, workers: int, in_a_row: int = 1) -> list[Trial]:
    """Simulate a study, run it once undisturbed, then kill and resume as often as asked."""
    simulate(place / "study", scenario="small", subjects=subjects, seed=seed)
    study = place / "study" / "study.toml"
    scratch = place / "warm"
    scratch.mkdir()
    start(study, place / "first", workers, scratch).wait()  # compiles the kernels
    begun = time.monotonic()
    start(study, place / "undisturbed", workers, scratch).wait()
    lasted = time.monotonic() - begun
    wanted = content(place / "undisturbed")
    print(f"{5 * subjects} tubes, {len(wanted)} files, undisturbed in {lasted:.1f} s", flush=True)
    chance = random.Random(seed)
    done: list[Trial] = []
    while (hit := sum(len(trial.moments_s) for trial in done)) < kills:
        # One that goes on has less to do: later kills come sooner.
        moments = [
            chance.uniform(0.0, lasted if in_a_row == 1 else 1.5 * lasted / in_a_row) for _ in range(in_a_row)
        ]
        trial = try_once(study, place, moments[: kills - hit], workers, wanted)
        if not trial.moments_s:
            continue
        done.append(trial)
        at = ", ".join(f"{moment:.1f}" for moment in trial.moments_s)
        print(f"{hit + len(trial.moments_s):3d}: killed at {at} s with {trial.reached}: "
              f"{'the same bytes' if trial.same_bytes else 'OTHER BYTES'}, {len(trial.left_over)} left over, "
              f"verify {'sound' if trial.sound else 'NOT SOUND'}", flush=True)  # fmt: skip
    return done


def main() -> int:
    """Run the script."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, default in (("kills", 50), ("in-a-row", 1), ("subjects", 6), ("seed", 1), ("workers", 2)):
        parser.add_argument(f"--{name}", type=int, default=default)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        done = trials(Path(folder), asked.kills, asked.subjects, asked.seed, asked.workers, asked.in_a_row)
    same = sum(trial.same_bytes for trial in done)
    clean = sum(not trial.left_over for trial in done)
    sound = sum(trial.sound for trial in done)
    abandoned = sum(trial.abandoned for trial in done)
    hit = sum(len(trial.moments_s) for trial in done)
    print(f"{hit} kills of a running batch in {len(done)} trials: {same} resumed to the same bytes")
    print(
        f"{clean} left no file behind, {sound} verified as sound; {abandoned} entries in the temporary folder"
    )
    return 0 if all(trial.passed for trial in done) else 1


if __name__ == "__main__":
    sys.exit(main())
