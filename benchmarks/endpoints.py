"""Endpoints of simulated trials, FCS files through `run`, against those computed from the true concentrations.

    python benchmarks/endpoints.py                            both scenarios, four trials each: some fifteen minutes
    python benchmarks/endpoints.py --scenario trial --seeds 1
    python benchmarks/endpoints.py --folder X                 studies and results are kept in X, and taken up again

The truth goes by the same rules as the counts: a true concentration below the LLOQ of its tube is below the LLOQ, and a
tube that could not be evaluated has none. docs/kinetics.md holds the table.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pandas as pd

from bcelldepl import load_study, run
from bcelldepl.definitions.codes import ResultCode
from bcelldepl.kinetics import endpoints_table
from bcelldepl.simulation import simulate

SCENARIOS: Final = ("trial", "hard")
KEYS: Final = ["subject", "analyte", "parameter"]
AMOUNTS: Final = ("CMAX", "AUC_0_28", "AUC_0_90", "AUC_LAST", "CLAST", "BASELINE")
DAYS: Final = ("TMAX", "TLAST", "DEPLETION_DAY", "DEPLETION_DURATION", "RECONSTITUTION_DAY")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run what is asked for and print the table."""
    parser = argparse.ArgumentParser(description="Endpoints of simulated trials against their truth")
    parser.add_argument("--scenario", choices=SCENARIOS, action="append", help="default: both")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3, 4])
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--folder", type=Path, help="where studies and results are kept")
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as passing:
        folder = asked.folder or Path(passing)
        columns = {
            scenario: pd.concat([one_trial(folder, scenario, seed, asked.workers) for seed in asked.seeds])
            for scenario in asked.scenario or SCENARIOS
        }
    print(markdown(columns))


def one_trial(folder: Path, scenario: str, seed: int, workers: int) -> pd.DataFrame:
    """Simulate, run and compare: one row per subject and endpoint, `held` where what was counted says the truth."""
    place = folder / f"{scenario}_{seed}"
    if not (place / "study.toml").exists():
        simulate(place, scenario=scenario, seed=seed)
    study = load_study(place / "study.toml")
    results = run(study, place / "results", workers=workers)
    truth = true_counts(results.counts, pd.read_csv(place / "truth.csv"))
    both = endpoints_table(truth, study).merge(results.endpoints, on=KEYS, suffixes=("_true", ""))
    both["held"] = [holds(row) for row in both.to_dict("records")]
    return both.assign(seed=seed)


def true_counts(counts: pd.DataFrame, truth: pd.DataFrame) -> pd.DataFrame:
    """Put true concentrations in the place of counted ones; the code is what they would earn in that tube."""
    rows = counts.drop(columns=["ci_low_per_ul", "ci_high_per_ul"])
    rows = rows.merge(truth[["file", "population", "true_per_ul"]], on=["file", "population"])
    rows = rows[rows["result"].isin([code for code in ResultCode if code.is_evaluable])].assign(
        cells_per_ul=rows["true_per_ul"]
    )
    rows["result"] = str(ResultCode.NOT_DETECTED)
    rows.loc[rows["cells_per_ul"] >= rows["lod_per_ul"], "result"] = str(ResultCode.DETECTED_BELOW_LLOQ)
    rows.loc[rows["cells_per_ul"] >= rows["lloq_per_ul"], "result"] = str(ResultCode.QUANTIFIED)
    return rows


def holds(row: dict[str, object]) -> bool:
    """Tell whether what was counted says the truth: by its interval, by its bound, or by the very value."""
    true, value, low, high = (
        float(row[name])
        for name in ("value_true", "value", "ci_low", "ci_high")  # type: ignore[arg-type]
    )
    said, is_so = row["qualifier"], row["qualifier_true"]
    if said == "=" and low == low and is_so != "NE":
        if is_so == "<":
            return low == 0
        return low <= true and (is_so == ">" or not true > high)  # without an upper end nothing is too high
    if said == "<":
        return is_so in ("<", "NE") or true <= value
    if said == ">":
        return is_so == ">" or true >= value
    return said == is_so and (said == "NE" or true == value)


def markdown(columns: dict[str, pd.DataFrame]) -> str:
    """Table of the docs: how many are held, and the median error."""
    lines = ["| | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|"]
    for code in (*AMOUNTS, *DAYS):
        cells = []
        for rows in columns.values():
            rows = rows[rows["parameter"] == code]
            cell = f"{rows['held'].sum()} of {len(rows)}"
            both = rows[
                (rows["qualifier"] == "=") & (rows["qualifier_true"] == "=") & (rows["value_true"] > 0)
            ]
            if code in AMOUNTS:
                error = 100 * (both["value"] / both["value_true"] - 1).abs().median()
                cell += f", median error {error:.1f} %"
            cells.append(cell)
        lines.append(f"| `{code}` | " + " | ".join(cells) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
