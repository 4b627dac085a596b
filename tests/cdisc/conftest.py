"""A finished results folder, written by hand: counts from a simulated course, settings and gates as a run writes."""

from __future__ import annotations

import json
import math
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bcelldepl.definitions.tables import COUNTS
from bcelldepl.gating.strategy import load_strategy
from bcelldepl.kinetics import endpoints_table
from bcelldepl.study import Study, Tube

LONG_REASON = "the tube holds 12 bead events, fewer than the 400 that a count by beads needs; " * 4


def a_run(folder: Path, subject_names: tuple[str, ...] = ("P-01", "P-02"), dates: bool = True) -> Path:
    """Write a results folder of a small study: 5 visits, one tube not evaluable, one subject per dose."""
    rng = np.random.default_rng(3)
    rows, tubes = [], []
    for number, subject in enumerate(subject_names):
        infused = datetime(2025, 1, 15, 10, 0) + timedelta(days=7 * number)
        for visit, day in (("BL", -5.0), ("D7", 7.0), ("D14", 14.0), ("D28", 28.0), ("D90", 90.0)):
            file = f"fcs/{subject}_{visit}.fcs"
            collected = infused + timedelta(days=day + (day > 20), hours=-1)
            known = {"subject": subject, "visit": visit, "day": day, "dose_group": f"{3**number}e5/kg"}
            times = {
                "collected": collected,
                "infused": infused,
                "collected_has_time": True,
                "infused_has_time": True,
            }
            tubes.append(Tube(file=file, path=folder / file, **known, **(times if dates else {})))
            level = {
                "leukocytes": 5000.0, "lymphocytes": 900.0, "T": 600.0,
                "B": 180.0 if day < 0 else (60.0 if day == 90 else 0.05), "NK": 80.0,
                "CAR_T": 0.0 if day < 0 else 150 * (1 + number) * math.exp(-0.1 * (day - 7)),
            }  # fmt: skip
            volume = 8.0 + number
            for population, per_ul in {"beads": 3000.0 / volume, **level}.items():
                events = int(rng.poisson(per_ul * volume))
                code = (
                    "QUANTIFIED"
                    if events >= 50
                    else "DETECTED_BELOW_LLOQ"
                    if events >= 20
                    else "NOT_DETECTED"
                )
                beads, failed = population == "beads", (subject, visit) == (subject_names[0], "D14")
                rows.append(
                    {
                        "file": file,
                        "sha256": f"{len(tubes):064x}",
                        **known,
                        "population": population,
                        "events": events,
                        "parent": "",
                        "parent_events": events * 2,
                        "percent_of_parent": 50.0,
                        "method": "none" if beads else "beads",
                        "cells_per_ul": None if beads or failed else float(f"{events / volume:.6g}"),
                        "ci_low_per_ul": None if beads or failed else float(f"{0.8 * events / volume:.6g}"),
                        "ci_high_per_ul": None
                        if beads or failed
                        else float(f"{1.2 * events / volume + 0.3:.6g}"),
                        "analysed_volume_ul": volume,
                        "lod_per_ul": None if beads else 20 / volume,
                        "lloq_per_ul": None if beads else float(f"{50 / volume:.6g}"),
                        "result": "NOT_EVALUABLE" if failed and not beads else code,
                        "evidence": "data",
                        "reason": LONG_REASON.strip() if failed and not beads else "",
                        "course": 1,
                        "actual_day": tubes[-1].actual_day,
                    }
                )  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    counts = pd.DataFrame(rows, columns=COUNTS.names)
    paths = {"path": folder / "study.toml", "folder": folder, "samples_path": folder / "samples.csv"}
    study = Study(**paths, samples="samples.csv", id="STUDY-1", strategy="cart_pd", tubes=tuple(tubes))
    counts.to_csv(folder / "counts.csv", index=False)
    endpoints_table(counts, study).to_csv(folder / "endpoints.csv", index=False)
    sheet = [
        {
            "file": t.file,
            "subject": t.subject,
            "visit": t.visit,
            "day": t.day,
            "role": "sample",
            "dose_group": t.dose_group,
        }
        | ({"collected": t.collected.isoformat(), "infused": t.infused.isoformat()} if dates else {})
        for t in tubes
    ]
    pd.DataFrame(sheet).to_csv(folder / "tubes.csv", index=False)
    strategy = load_strategy("cart_pd")
    rows_of_sheet = [tube.model_dump(mode="json", exclude={"path"}) for tube in tubes]
    run = {
        "study": study.id, "study_file": str(folder / "study.toml"), "finished": "2025-06-01T12:00:00+00:00",
        "digest": "d" * 64, "versions": {"bcelldepl": "0.1.0"}, "settings": study.settings(),
        "tubes": rows_of_sheet,
        "strategy": {"name": "cart_pd", "content": strategy.model_dump(mode="json")},
    }  # fmt: skip
    (folder / "run.json").write_text(json.dumps(run))
    (folder / "gates").mkdir(exist_ok=True)
    names = [rule.name for rule in strategy.populations if rule.name != "singlets"]
    for tube in tubes:
        stem = Path(tube.file).stem
        panel = dict.fromkeys(("CD45", "Viability", "CD3", "CD19", "CAR"), "")
        gates = {"file": tube.file, "panel": panel, "gates": {name: {} for name in names}}
        (folder / "gates" / f"{stem}.json").write_text(json.dumps(gates))
    return folder


@pytest.fixture(scope="session")
def finished(tmp_path_factory) -> Path:
    """A results folder of two subjects."""
    return a_run(tmp_path_factory.mktemp("results"))


@pytest.fixture
def run_of():
    """The function that writes results folders."""
    return a_run
