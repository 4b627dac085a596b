"""A small simulated study, run as a user would, against its truth; and run again with two workers."""

from __future__ import annotations

import hashlib
import math
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bcelldepl.batch import Results, run
from bcelldepl.definitions.codes import ResultCode, TubeStatus
from bcelldepl.definitions.endpoints import CMAX, DEPLETION_DAY, TMAX
from bcelldepl.definitions.files import FIGURES, GATES
from bcelldepl.definitions.populations import CAR_T, B, T
from bcelldepl.definitions.tables import TRUTH
from bcelldepl.qualification.check import SelfTestCheck
from bcelldepl.simulation import simulate
from bcelldepl.study import Study, load_study

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["check_against_truth", "check_simulated_study", "same_bytes"]

GROUP: Final = "simulated study"
SUBJECTS, SEED = 2, 3
CELLS: Final = (B, T, CAR_T)
# Counting alone strays by less than five standard deviations, in a million of counts once; gates cost some events more.
SPREADS, GATE_SHARE = 5.0, 0.05
LEAST_HELD: Final = 0.79  # of the 95 % intervals: 19 of 24 and more, but once in a thousand studies
DEPLETED_BELOW_EVENTS: Final = 10  # truly in the tube; half of the default LOD
CMAX_SHARE: Final = 0.25


def check_simulated_study() -> Iterator[SelfTestCheck]:
    """Simulate ten tubes of two subjects, run them twice, and look.

    Yields
    ------
    SelfTestCheck
    """
    with tempfile.TemporaryDirectory(prefix="bcelldepl-selftest-") as folder:
        study = load_study(simulate(Path(folder) / "study", scenario="small", subjects=SUBJECTS, seed=SEED))
        results = run(study, Path(folder) / "one", workers=1)
        yield from check_against_truth(results, study)
        again = run(study, Path(folder) / "two", workers=2)
        yield same_bytes(results.folder, again.folder)


def check_against_truth(results: Results, study: Study) -> Iterator[SelfTestCheck]:
    """Check the results of a simulated study against ``truth.csv`` beside it.

    Parameters
    ----------
    results : Results
    study : Study
        Written by `simulate`.

    Yields
    ------
    SelfTestCheck
    """
    import pandas as pd

    truth = pd.read_csv(study.folder / TRUTH.file)
    rows = results.counts.merge(truth, on=["file", "population"], validate="one_to_one")
    kept = results.tubes.set_index("file")["kept_time_fraction"]
    rows = rows[rows["population"].isin(CELLS)].assign(
        true_events=lambda t: t["true_events"] * t["file"].map(kept).astype(float)
    )
    failed = [file for file, status, _ in results.attention if status == TubeStatus.FAILED]
    yield SelfTestCheck(
        GROUP, "every tube is counted", f"0 of {len(study.tubes)} failed", f"{len(failed)} failed", not failed
    )
    yield _counts(rows)
    yield _intervals(rows)
    yield from _absence(rows)
    yield from _endpoints(results, rows, study)


def _counts(rows: pd.DataFrame) -> SelfTestCheck:
    allowed = SPREADS * rows["true_events"].clip(lower=1.0) ** 0.5 + GATE_SHARE * rows["true_events"]
    beyond = (rows["events"].astype(float) - rows["true_events"]).abs() > allowed
    name = "counted events against true ones, within 5 times the square root of the true ones and 5 %"
    named = [f"{row.population} of {row.file}: {row.events}, truly {row.true_events:.0f}"
             for row in rows[beyond | rows["events"].isna()].itertuples()]  # fmt: skip
    found = "; ".join(named) or f"{len(rows)} of {len(rows)}"
    return SelfTestCheck(GROUP, name, f"{len(rows)} of {len(rows)}", found, not named)


def _intervals(rows: pd.DataFrame) -> SelfTestCheck:
    held = int(
        (
            (rows["ci_low_per_ul"] <= rows["true_per_ul"]) & (rows["true_per_ul"] <= rows["ci_high_per_ul"])
        ).sum()
    )
    least = math.ceil(LEAST_HELD * len(rows))
    return SelfTestCheck(
        GROUP,
        "95 % intervals that contain the true concentration",
        f"at least {least} of {len(rows)}",
        f"{held} of {len(rows)}",
        held >= least,
    )


def _absence(rows: pd.DataFrame) -> Iterator[SelfTestCheck]:
    depleted = rows[(rows["population"] == B) & (rows["true_events"] < DEPLETED_BELOW_EVENTS)]
    before = rows[(rows["population"] == CAR_T) & (rows["day"] < 0)]
    for name, some in (("B cells of depleted tubes", depleted), ("CAR+ T cells before the infusion", before)):
        codes = ", ".join(f"{code} {n}" for code, n in sorted(some["result"].value_counts().items()))
        passed = len(some) > 0 and set(some["result"]) == {ResultCode.NOT_DETECTED}
        yield SelfTestCheck(GROUP, name, f"{ResultCode.NOT_DETECTED} {len(some)}", codes or "none", passed)


def _endpoints(results: Results, rows: pd.DataFrame, study: Study) -> Iterator[SelfTestCheck]:
    """Highest CAR+ T count, the day of it, and the first day of depletion, as the truth has them at the visits."""
    days = {tube.file: tube.draw_day for tube in study.tubes}
    rows = rows.assign(day=rows["file"].map(days))
    found = results.endpoints.set_index(["subject", "analyte", "parameter"])["value"]
    for subject in study.subjects:
        own = rows[rows["subject"] == subject]
        peak = own[own["population"] == CAR_T].sort_values("true_per_ul").iloc[-1]
        cmax, tmax = (float(found[subject, CAR_T, name]) for name in (CMAX, TMAX))
        true = float(peak["true_per_ul"])
        yield SelfTestCheck(
            GROUP,
            f"Cmax of CAR+ T cells of {subject} [cells/uL]",
            f"{true:.4g} +/- {CMAX_SHARE:.0%}",
            f"{cmax:.4g}",
            abs(cmax - true) <= CMAX_SHARE * true,
        )
        yield _day(f"Tmax of CAR+ T cells of {subject}", float(peak["day"]), tmax)
        low = own[(own["population"] == B) & (own["day"] > 0)
                  & (own["true_per_ul"] < study.endpoints.depletion_threshold_per_ul)]  # fmt: skip
        yield _day(
            f"depletion of B cells of {subject}",
            float(low["day"].min()),
            float(found[subject, B, DEPLETION_DAY]),
        )


def _day(name: str, expected: float, found: float) -> SelfTestCheck:
    return SelfTestCheck(
        GROUP, f"{name} [day]", f"{expected:.3f}", f"{found:.3f}", abs(found - expected) < 0.001
    )


def same_bytes(one: Path, other: Path) -> SelfTestCheck:
    """Check that two results folders hold the same tables, gates and pictures, byte by byte.

    Parameters
    ----------
    one : Path
        Results folder.
    other : Path
        Results folder.

    Returns
    -------
    SelfTestCheck
    """
    first, second = _digests(one), _digests(other)
    different = sorted(name for name in first.keys() | second.keys() if first.get(name) != second.get(name))
    found = f"{', '.join(different[:3])} differ" if different else f"{len(second)} the same"
    return SelfTestCheck(
        "same bytes",
        "tables, gates and pictures by 1 and by 2 workers",
        f"{len(first)} the same",
        found,
        bool(first) and not different,
    )


def _digests(folder: Path) -> dict[str, str]:
    """SHA-256 of what a run makes of the data; the record and the report say when it was run, too."""
    paths = [
        *folder.glob("*.csv"),
        *(p for part in (GATES, FIGURES) for p in (folder / part).rglob("*") if p.is_file()),
    ]
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths
    }
