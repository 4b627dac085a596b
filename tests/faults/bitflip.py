"""Flip one bit in each kind of file of a finished study, and ask `verify` what is no longer so.

    python tests/faults/bitflip.py [--flips 10] [--seed 1]

Each flip is at a random bit of the file (of the audit record: of a random entry), and is undone before the next one.
Prints what was named; ends with 1 where a flip was not named.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from bcelldepl.batch import run
from bcelldepl.simulation import simulate
from bcelldepl.study import load_study
from bcelldepl.verification import verify

# What is flipped, and what must be named: a part of the verification and a word of the place.
TARGETS: dict[str, tuple[str, str, str]] = {
    "an FCS file": ("fcs/S01_D10.fcs", "inputs", "fcs/S01_D10.fcs"),
    "counts.csv": ("results/counts.csv", "outputs", "counts.csv"),
    "counts.parquet": ("results/counts.parquet", "outputs", "counts.parquet"),
    "the report": ("results/report.html", "outputs", "report.html"),
    "a fitted gate": ("results/gates/fcs__S01_D10.json", "outputs", "gates/fcs__S01_D10.json"),
    "study.db": ("results/study.db", "store", "study.db"),
    "an audit entry": ("results/audit.jsonl", "audit record", "audit.jsonl"),
    "run.json": ("results/run.json", "audit record", "run.json"),
    "the seal": ("results/seal.json", "", ""),  # what names the flip depends on which hash it hit
}


def flipped(path: Path, chance: random.Random, check: Callable[[], object]) -> None:
    """Flip one bit of a file, check, and put the file back."""
    original = path.read_bytes()
    data = bytearray(original)
    data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    path.write_bytes(data)
    try:
        check()
    finally:
        path.write_bytes(original)


def finished_study(folder: Path) -> Path:
    """A small study with its results."""
    simulate(folder, scenario="small", subjects=1, seed=1)
    run(load_study(folder / "study.toml"), workers=1)
    return folder


def flip_and_verify(folder: Path, target: str, chance: random.Random) -> tuple[bool, list[str]]:
    """Flip a bit of one target; tell whether it was named, and all that was said."""
    name, part, place = TARGETS[target]
    said: list[str] = []
    named: list[bool] = []

    def check() -> None:
        for finding in verify(folder / "results").findings:
            said.append(str(finding))
            named.append((not part or finding.part == part) and place in finding.where)

    flipped(folder / name, chance, check)
    return any(named), said


def main() -> int:
    """Run the script."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, default in (("flips", 10), ("seed", 1)):
        parser.add_argument(f"--{name}", type=int, default=default)
    asked = parser.parse_args()
    chance = random.Random(asked.seed)
    missed = 0
    with tempfile.TemporaryDirectory() as place:
        folder = finished_study(Path(place))
        print(f"untouched: {len(verify(folder / 'results').findings)} findings")
        for target in TARGETS:
            found = [flip_and_verify(folder, target, chance) for _ in range(asked.flips)]
            named = sum(one for one, _ in found)
            missed += asked.flips - named
            print(f"{target}: {named} of {asked.flips} flips named, such as")
            print(f"    {(found[0][1] or ['nothing'])[0]}")
        print(f"untouched again: {len(verify(folder / 'results').findings)} findings")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
