"""Islands or a map? Our own strategy on simulated studies, as it is and with every island found by a map.

    python benchmarks/accuracy_map.py [--quick] [--folder FOLDER] [--workers N]

Both go through both passes, gates carried between tubes; all else is the same. Prints the table of docs/strategies.md.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from accuracy_score import f1, in_poisson
from accuracy_simulated import plans, quiet, tube_fits

from bcelldepl.batch.tube import fit
from bcelldepl.batch.workers import map_tubes
from bcelldepl.gating.reconcile import reconcile
from bcelldepl.gating.rules.base import Fit
from bcelldepl.gating.strategy import Strategy, load_strategy
from bcelldepl.gating.tube import apply_gates
from bcelldepl.simulate import simulate
from bcelldepl.simulate.cells import LABELS, POPULATIONS
from bcelldepl.study import Study, Tube, load_study
from bcelldepl.tubes.read import read_signal

Record = dict[str, dict[str, int]]
COUNTED: Final = ("B", "T", "NK")
MANY: Final = 200
ISLANDS_ONLY: Final = ("blind", "larger", "probability")


def by_map(strategy: Strategy) -> Strategy:
    """Return the same strategy with each island found by a map."""
    content = strategy.model_dump(mode="json")
    for rule in content["populations"]:
        if rule["rule"] == "cluster":
            rule["rule"] = "map"
            for key in ISLANDS_ONLY:
                del rule[key]
    return Strategy.model_validate(content)


def gate(study: Study, strategy: Strategy, workers: int) -> list[Record]:
    """Both passes over a study; true, called and rightly called events of each sample tube and population."""
    names = [tube.file for tube in study.tubes]
    fitted = map_tubes(fit, [(tube, study, strategy) for tube in study.tubes], names, workers, quiet)
    good = [(tube, one) for tube, one in zip(study.tubes, fitted, strict=True) if not one.failure]
    fits = reconcile([tube_fits(tube, one.batch, one.scales, one.fits) for tube, one in good], strategy)
    jobs = [(tube, study, strategy, fits[tube.file]) for tube, _ in good if tube.role == "sample"]
    return map_tubes(_score, jobs, [job[0].file for job in jobs], workers, quiet)


def _score(tube: Tube, study: Study, strategy: Strategy, fits: dict[str, Fit]) -> Record:
    _, _, signal = read_signal(tube, study, strategy)
    called = apply_gates(signal, strategy, fits, keep_membership=True).membership
    labels = np.load(tube.path.parent.parent / "labels" / f"{tube.path.stem}.npy")
    scores = {}
    for name in COUNTED:
        true = np.isin(labels, [LABELS.index(label) for label in POPULATIONS[name]]) & signal.quality.keep
        scores[name] = {"true": int(true.sum()), "called": int(called[name].sum()),
                        "right": int((called[name] & true).sum())}  # fmt: skip
    return scores


def rows(records: list[Record]) -> dict[str, str]:
    """What the table says of one way of gating."""
    found = {}
    for name in COUNTED:
        many = [r[name] for r in records if r[name]["true"] >= MANY]
        scores = [f1(r["called"], r["right"], r["true"]) for r in many]
        off = [100.0 * abs(r["called"] / r["true"] - 1.0) for r in many]
        found[f"{name}: F1, median and worst of {len(many)} tubes"] = (
            f"{np.median(scores):.4f}, {min(scores):.4f}"
        )
        found[f"{name}: count error [%], median and worst"] = f"{np.median(off):.2f}, {max(off):.1f}"
    few = [r["B"] for r in records if 1 <= r["B"]["true"] < MANY]
    none = [r["B"] for r in records if r["B"]["true"] == 0]
    within = [in_poisson(r["called"], r["true"]) for r in few]
    found[f"B: within the Poisson 99 % interval, of {len(few)} tubes with 1 to 199 [%]"] = (
        f"{100 * np.mean(within):.1f}"
    )
    found[f"B: false events in {len(none)} tubes without, mean and worst"] = _or_dash(
        none, lambda: f"{np.mean([r['called'] for r in none]):.2f}, {max(r['called'] for r in none)}"
    )
    return found


def _or_dash(tubes: Sequence[Any], words: Callable[[], str]) -> str:
    return words() if tubes else "-"


def main() -> None:
    """Gate every simulated study of the accuracy benchmark both ways."""
    parser = argparse.ArgumentParser(description="Islands beside a map")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--folder", type=Path, help="keep simulated studies here between runs")
    parser.add_argument("--workers", type=int, default=2)
    asked = parser.parse_args()
    records: dict[str, list[Record]] = {"ours, islands": [], "ours, map": []}
    with tempfile.TemporaryDirectory() as passing:
        for plan in plans(quick=asked.quick):
            where = (asked.folder or Path(passing)) / plan.name
            if not (where / "study.toml").is_file():
                simulate(
                    where, scenario=plan.scenario, subjects=plan.subjects, seed=plan.seed, drift=plan.drift
                )
            study = load_study(where / "study.toml")
            strategy = load_strategy(study.strategy, study.folder)
            records["ours, islands"] += gate(study, strategy, asked.workers)
            records["ours, map"] += gate(study, by_map(strategy), asked.workers)
    tables = {method: rows(one) for method, one in records.items()}
    print(f"| | {' | '.join(tables)} |\n|---|---|---|")
    for key in tables["ours, map"]:
        print(f"| {key} | {' | '.join(table[key] for table in tables.values())} |")


if __name__ == "__main__":
    main()
