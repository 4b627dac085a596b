"""A thousand small tubes, one in twenty broken in one of ten ways: who is counted, who is named, how much memory.

    python tests/faults/thousand_tubes.py [--tubes 1000] [--folder FOLDER]

prints the figures; ends with 1 where a sound tube is not counted, a broken one not named with its reason, or memory
grows by more than 0.25 MB a tube.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from breakage import WAYS

from bcelldepl.batch import Results, run
from bcelldepl.simulation import scenarios, simulate
from bcelldepl.study import Study, load_study

VISITS_PER_SUBJECT = 19  # beside the tube without anti-CAR
EVENTS = 5_000  # some 500 to 1,000 of them beads, of which a count needs 400
MOST_GROWTH_MB = 0.25  # a tube; what is kept of one, its picture above all, is a tenth of its events
SETTLED = 0.2  # part of a pass after which the first tubes' libraries and kernels are loaded


def make_study(folder: Path, tubes: int) -> tuple[Study, dict[str, str]]:
    """Write the study, and break one tube of each subject; return it, and the way of each broken file."""
    visits = [scenarios.Visit("BL", -5, EVENTS, fmo_events=EVENTS)]
    visits += [
        scenarios.Visit(f"D{day}", day, EVENTS) for day in range(3, 3 + 10 * (VISITS_PER_SUBJECT - 1), 10)
    ]
    tiny = replace(scenarios.SCENARIOS["small"], name="tiny", stream=99, visits=tuple(visits), mishaps=())
    scenarios.SCENARIOS["tiny"] = tiny
    study = load_study(simulate(folder, scenario="tiny", subjects=tubes // (VISITS_PER_SUBJECT + 1), seed=1))
    spoilt: dict[str, str] = {}
    for number, subject in enumerate(study.subjects):
        later = [tube.file for tube in study.tubes if tube.subject == subject and tube.visit != "BL"]
        way = list(WAYS)[number % len(WAYS)]
        spoilt[later[number % (len(later) - 1)]] = way
        WAYS[way].spoil(folder / later[number % (len(later) - 1)], folder / later[-1])
    return study, spoilt


class Memory:
    """Resident memory of this process after each tube of each pass."""

    def __init__(self) -> None:
        self.megabytes: dict[str, list[float]] = {}

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Take down the memory of now; the signature is that of a run's progress."""
        if done and total > 1:
            pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
            self.megabytes.setdefault(stage.partition(":")[0], []).append(
                pages * os.sysconf("SC_PAGE_SIZE") / 1e6
            )

    def growth_mb_per_tube(self, stage: str) -> float:
        """Slope of memory over the tubes of a pass, once it has settled."""
        later = np.array(self.megabytes[stage][int(SETTLED * len(self.megabytes[stage])) :])
        return float(np.polyfit(np.arange(len(later)), later, 1)[0]) if len(later) > 1 else 0.0


def wrong(results: Results, spoilt: dict[str, str]) -> list[str]:
    """Say of which tubes the outcome is not what it should be."""
    said = {file: (status, reason) for file, status, reason in results.attention}
    problems = []
    for file, way in spoilt.items():
        status, reason = said.get(file, ("ok", ""))
        if status != WAYS[way].status or WAYS[way].words not in reason:
            problems.append(f"{file}, {way}: {status}: {reason}")
    counts = results.counts[results.counts["population"] == "leukocytes"].set_index("file")["cells_per_ul"]
    for row in results.tubes.itertuples():
        counted = row.status != "failed" and (row.role != "sample" or counts[row.file] > 0)
        if row.file not in spoilt and not counted:
            problems.append(f"{row.file}, sound: {row.status}: {row.reason}")
    return problems


def main() -> int:
    """Make the study, run it in one process, print what came of it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tubes", type=int, default=1000)
    parser.add_argument("--folder", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.folder or Path(temporary)
        study, spoilt = make_study(folder / "study", arguments.tubes)
        memory, started = Memory(), time.monotonic()
        results = run(study, folder / "results", workers=1, progress=memory)
        seconds = time.monotonic() - started
        problems = wrong(results, spoilt)
    sound = len(study.tubes) - len(spoilt)
    not_counted = sum(", sound: " in problem for problem in problems)
    print(f"tubes            {len(study.tubes)}, {seconds:.0f} s in one process")
    print(f"counted          {sound - not_counted} of {sound} sound ones")
    named = len(spoilt) - (len(problems) - not_counted)
    print(f"named            {named} of {len(spoilt)} broken ones, with their reason")
    print("ways             " + ", ".join(f"{way} {n}" for way, n in Counter(spoilt.values()).items()))
    grown = []
    for stage, megabytes in memory.megabytes.items():
        tenths = [megabytes[min(len(megabytes) - 1, len(megabytes) * part // 10)] for part in range(0, 11, 2)]
        grown.append(memory.growth_mb_per_tube(stage))
        told = " ".join(f"{one:.0f}" for one in tenths)
        print(f"memory, {stage:8} {told} MB at 0, 20, ... 100 % of the tubes; "
              f"{grown[-1] * 1000:.0f} kB a tube")  # fmt: skip
    print("\n".join(problems))
    return 1 if problems or max(grown) > MOST_GROWTH_MB else 0


if __name__ == "__main__":
    sys.exit(main())
