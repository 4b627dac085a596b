"""Start two runs on one results folder at the same time, again and again: one works, the other is told, none is torn.

    python tests/faults/concurrency.py [--tries 20] [--subjects 1] [--seed 1]

Meanwhile a reader opens every table and record over and over: each must be whole whenever it is there.
"""

from __future__ import annotations

import argparse
import io
import json
import shutil
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from bcelldepl.simulation import simulate

PROGRAM = (sys.executable, "-c", "from bcelldepl.cli.program import main; main()")


@dataclass(frozen=True)
class Try:
    """Two runs at once and what became of them."""

    worked: int
    told: int
    was_current: int
    words: str
    torn: tuple[str, ...]
    reads: int
    sound: bool

    @property
    def passed(self) -> bool:
        return (
            not self.torn
            and self.sound
            and self.worked >= 1
            and self.worked + self.told + self.was_current == 2
        )


def whole(path: Path) -> bool:
    """Whether a file can be read to its end; one that is not there (yet) is not torn."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return True
    try:
        if path.suffix == ".json":
            json.loads(data)
        elif path.suffix == ".jsonl":
            [json.loads(line) for line in data.splitlines()]
            return data.endswith(b"\n")
        elif path.suffix == ".csv":
            pd.read_csv(io.BytesIO(data), dtype=str)
            return data.endswith(b"\n")
        elif path.suffix == ".parquet":
            pd.read_parquet(io.BytesIO(data))
        elif path.suffix == ".html":
            return data.rstrip().endswith(b"</html>")
        elif path.suffix == ".png":
            return data.endswith(b"IEND\xaeB`\x82")
    except Exception:
        return False
    return True


def watch(out: Path, stop: threading.Event, torn: set[str], reads: list[int]) -> None:
    """Read everything there is until told to stop."""
    while not stop.is_set():
        for path in sorted(out.rglob("*")) if out.is_dir() else []:
            if path.is_file() and not path.name.startswith("."):
                reads[0] += 1
                if not whole(path):
                    torn.add(path.name)
        stop.wait(0.02)


def try_once(study: Path, out: Path) -> Try:
    """Start two runs at once on an empty folder."""
    shutil.rmtree(out, ignore_errors=True)
    torn: set[str] = set()
    reads, stop = [0], threading.Event()
    reader = threading.Thread(target=watch, args=(out, stop, torn, reads))
    reader.start()
    words = [*PROGRAM, "run", str(study), "--out", str(out), "--workers", "1"]
    both = [
        subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)
    ]
    said = [process.communicate() for process in both]
    stop.set()
    reader.join()
    codes = [process.returncode for process in both]
    refused = [
        errors for code, (_, errors) in zip(codes, said, strict=True) if code == 2 and "in use" in errors
    ]
    current = sum("nothing was run" in text for text, _ in said)
    check = subprocess.run([*PROGRAM, "verify", str(out)], capture_output=True, text=True, check=False)
    if check.returncode:
        print(check.stderr)
    return Try(
        worked=sum(code in (0, 1) for code in codes) - current,
        told=len(refused),
        was_current=current,
        words=next((line for errors in refused for line in errors.splitlines() if "in use" in line), ""),
        torn=tuple(sorted(torn)),
        reads=reads[0],
        sound=check.returncode == 0,
    )


def tries(place: Path, number: int, subjects: int, seed: int) -> list[Try]:
    """Simulate a study and start two runs on it as often as asked."""
    simulate(place / "study", scenario="small", subjects=subjects, seed=seed)
    done = []
    for i in range(1, number + 1):
        one = try_once(place / "study" / "study.toml", place / "out")
        print(f"{i:3d}: {one.worked} worked, {one.told} told, {one.was_current} found it done, {one.reads} reads, "
              f"{len(one.torn)} torn, {'sound' if one.sound else 'NOT SOUND'}", flush=True)  # fmt: skip
        done.append(one)
    return done


def main() -> int:
    """Run the script."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, default in (("tries", 20), ("subjects", 1), ("seed", 1)):
        parser.add_argument(f"--{name}", type=int, default=default)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        done = tries(Path(folder), asked.tries, asked.subjects, asked.seed)
    print(next((one.words for one in done if one.words), "nobody was told"))
    print(f"{len(done)} tries: {sum(one.passed for one in done)} passed, {sum(one.told for one in done)} told, "
          f"{sum(len(one.torn) for one in done)} torn files in {sum(one.reads for one in done)} reads")  # fmt: skip
    return 0 if all(one.passed for one in done) else 1


if __name__ == "__main__":
    sys.exit(main())
