"""A made-up study for the report: Gaussian clouds for tubes, smooth curves for counts."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from bcelldepl.gating.evidence import Evidence
from bcelldepl.gating.populations import GateView
from bcelldepl.report import picture_tube
from bcelldepl.report.curves import draw_study_curves, followed_populations
from bcelldepl.report.images import figure_bytes
from bcelldepl.report.labelled_curves import curve_labels

HOSTILE = "<script>alert(1)</script>"
BINS = 128
DOSES = ("0.5e6 cells/kg", "1e6 cells/kg", "2e6 cells/kg")
PICTURED = ("file", "sha256", "subject", "visit", "day", "role", "status", "reason")
VISITS = {"Screening": -5.0, "D0": 0.0, "D3": 3.0, "D7": 7.0, "D10": 10.0, "D14": 14.0, "D21": 21.0,
          "D28": 28.0, "M2": 60.0, "M3": 90.0, "M6": 180.0}  # fmt: skip


def ellipse(x: float, y: float, rx: float, ry: float, tilt: float = 0.0) -> np.ndarray:
    t = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    px, py = rx * np.cos(t), ry * np.sin(t)
    return np.column_stack(
        [x + px * np.cos(tilt) - py * np.sin(tilt), y + px * np.sin(tilt) + py * np.cos(tilt)]
    )


def plane(rng, population, parent, labels, clouds, outline, evidence=Evidence.DATA, reason="", along=None):
    """A two-marker view: the population is the first cloud, or lies along the diagonal."""
    edges = np.linspace(0, 1, BINS + 1)

    def grid(points):
        return np.histogram2d(points[:, 0], points[:, 1], bins=(edges, edges))[0].astype(np.uint32)

    grids = [grid(rng.normal((x, y), (sx, sy), (n, 2))) for n, x, y, sx, sy in clouds]
    if along is not None:
        grids.insert(0, grid(np.column_stack([along, along + rng.normal(0, 0.015, len(along))])))
    total = np.sum(grids, axis=0, dtype=np.uint32)
    return GateView(
        population, parent, *labels, (0.0, 1.0), (0.0, 1.0), total, grids[0], (outline,), (), None,
        int(grids[0].sum()), int(total.sum()), evidence, reason,
    )  # fmt: skip


def line(rng, population, parent, label, clouds, cut, interval, evidence=Evidence.DATA, reason=""):
    """A one-marker view: the population lies above the cut."""
    values = np.concatenate([rng.normal(x, s, n) for n, x, s in clouds])
    edges = np.linspace(0, 1, BINS + 1)
    histogram = np.histogram(values, edges)[0].astype(np.uint32)
    inside = np.where(edges[:-1] >= cut, histogram, 0).astype(np.uint32)
    return GateView(
        population, parent, label, "", (0.0, 1.0), (0.0, 1.0), histogram, inside, (), (cut,), interval,
        int(inside.sum()), int(histogram.sum()), evidence, reason,
    )  # fmt: skip


def make_views(seed: int = 1, b_cells: int = 900, car_t: int = 300, scale: int = 1) -> list[GateView]:
    rng = np.random.default_rng(seed)
    n = 6000 * scale
    borrowed = Evidence.DATA if b_cells > 50 else Evidence.SUBJECT
    why = "" if b_cells > 50 else "too few B cells here; the gate of the subject's baseline is used"
    b = (b_cells, 0.2, 0.78, 0.05, 0.04)
    t = (n // 2, 0.75, 0.2, 0.03, 0.05)
    neither = (n // 5, 0.2, 0.2, 0.05, 0.05)
    lymphocytes = (n, 0.82, 0.2, 0.03, 0.04)
    granulocytes = (3 * n, 0.66, 0.6, 0.05, 0.08)
    monocytes = (n // 2, 0.75, 0.38, 0.03, 0.04)
    diagonal = np.array([[0.05, 0.0], [0.95, 0.85], [0.95, 1.0], [0.0, 0.12]])
    box = np.array([[0.5, 0.02], [0.95, 0.02], [0.95, 0.98], [0.5, 0.98]])
    scatter, cd45 = ("FSC-A [linear]", "FSC-H [linear]"), ("CD45 [logicle]", "SSC-A [asinh]")
    cd3_cd19, bead = ("CD3 [logicle]", "CD19 [logicle]"), ("SSC-A [asinh]", "APC-A7 [logicle]")
    beads = [(n // 4, 0.85, 0.9, 0.02, 0.02), (4 * n, 0.35, 0.3, 0.12, 0.12)]
    single = rng.uniform(0.2, 0.8, 6 * n)
    doublets = [(n // 3, 0.7, 0.5, 0.06, 0.05)]
    cells = [(5 * n, 0.7, 0.45, 0.06, 0.16), (n, 0.2, 0.2, 0.08, 0.1)]
    nk = [(n // 8, 0.7, 0.2, 0.07, 0.05), (n // 2, 0.25, 0.75, 0.05, 0.03)]
    viability = [(5 * n, 0.7, 0.05), (n // 2, 0.3, 0.08)]
    car = [(n // 2, 0.25, 0.06), (car_t, 0.62, 0.1)]
    return [
        plane(rng, "beads", "all", bead, beads, ellipse(0.85, 0.9, 0.07, 0.07)),
        plane(rng, "singlets", "all", scatter, doublets, diagonal, along=single),
        line(rng, "live", "singlets", "viability dye [logicle]", viability, 0.5, (0.48, 0.52)),
        plane(rng, "leukocytes", "live", cd45, cells, box),
        plane(rng, "lymphocytes", "leukocytes", cd45, [lymphocytes, granulocytes, monocytes],
              ellipse(0.82, 0.2, 0.1, 0.12, 0.2)),
        plane(rng, "T", "lymphocytes", cd3_cd19, [t, b, neither], ellipse(0.75, 0.2, 0.12, 0.17)),
        line(rng, "CAR_T", "T", "FMC63 CAR [logicle]", car, 0.44, (0.41, 0.49), Evidence.CONTROL),
        plane(rng, "B", "lymphocytes", cd3_cd19, [b, t, neither], ellipse(0.2, 0.78, 0.17, 0.14),
              borrowed, why),
        plane(rng, "NK", "lymphocytes", ("CD56 [logicle]", "CD3 [logicle]"), nk,
              ellipse(0.7, 0.2, 0.2, 0.15)),
    ]  # fmt: skip


def _count(rng, tube, population, per_ul, volume, evidence, reason=""):
    events = int(rng.poisson(max(per_ul, 0) * volume)) if volume > 0 else 0
    lloq, lod = (50 / volume, 20 / volume) if volume > 0 else (np.nan, np.nan)
    value, low, high = events / volume if volume > 0 else np.nan, np.nan, np.nan
    if volume > 0:
        low = max(0.0, events - 1.96 * np.sqrt(events)) / volume
        high = (events + 1.96 * np.sqrt(events) + 3.0) / volume
    result = ("NOT_EVALUABLE" if volume <= 0 else "NOT_DETECTED" if events == 0
              else "DETECTED_BELOW_LLOQ" if events < 50 else "QUANTIFIED")  # fmt: skip
    parent_events = int(2000 + rng.integers(1000))
    return {
        **{key: tube[key] for key in ("file", "sha256", "subject", "visit", "day", "dose_group")},
        "population": population, "events": events, "parent": "lymphocytes", "parent_events": parent_events,
        "percent_of_parent": 100 * events / parent_events, "method": "beads", "cells_per_ul": value,
        "ci_low_per_ul": low, "ci_high_per_ul": high, "analysed_volume_ul": volume, "lod_per_ul": lod,
        "lloq_per_ul": lloq, "result": result, "evidence": evidence, "reason": reason,
    }  # fmt: skip


def _tube(rng, index, subject, s, visit, day, role):
    """The record of one tube; every 31st fails, every 23rd clogs."""
    suffix = "" if role == "sample" else "_FMO"
    tube = {
        "file": f"fcs/{101 + s}_{visit}{suffix}.fcs", "sha256": f"{index:064x}", "subject": subject,
        "visit": visit, "day": day, "role": role, "dose_group": DOSES[s % 3], "batch": f"2026-0{1 + s % 9}",
        "status": "ok", "reason": "", "events": int(rng.integers(60_000, 400_000)),
        "kept_fraction": rng.uniform(0.8, 1), "kept_time_fraction": rng.uniform(0.9, 1), "quality_flags": "",
        "acquired_volume_ul": 50.0, "cytometer": "LSRFortessa", "warnings": "",
    }  # fmt: skip
    if index % 31 == 12:
        why = "the DATA segment ends 14,336 bytes early (copy the file again from the cytometer)"
        tube |= {"status": "failed", "reason": why, "events": np.nan, "kept_fraction": np.nan}
    elif index % 23 == 9:
        why = "38 % of the acquisition time was set aside after a clog at 41 s"
        tube |= {"status": "review", "quality_flags": "clog", "reason": why}
    elif index % 17 == 3:
        tube |= {"status": "review", "reason": "the B gate rests on the batch only"}
    return tube


def make_study(subjects: int = 12, visits: dict[str, float] = VISITS, fmo: bool = True) -> SimpleNamespace:
    """A study whose last subject has a hostile name; every fifth subject has FMO tubes too."""
    rng = np.random.default_rng(7)
    counts: list[dict[str, Any]] = []
    tubes: list[dict[str, Any]] = []
    pictures = []
    for s in range(subjects):
        subject = HOSTILE if s == subjects - 1 else f"{101 + s}"
        baseline, peak, back = rng.uniform(40, 220), rng.uniform(30, 900), rng.uniform(50, 220)
        for v, (visit, day) in enumerate(visits.items()):
            b = baseline if day <= 0 else baseline / 100 if day <= 3 else 0.0 if day < back else 25.0
            car = 0.0 if day <= 0 else peak * np.exp(-((np.log(day / 12)) ** 2) / 0.8) + 0.3
            for role in ("sample", "fmo:CAR") if fmo and s % 5 == 0 and v % 4 == 0 else ("sample",):
                index = len(tubes)
                tube = _tube(rng, index, subject, s, visit, day, role)
                tubes.append(tube)
                failed = tube["status"] == "failed"
                views = [] if failed else make_views(index, b_cells=int(b * 8), car_t=int(car * 3))
                pictures.append(picture_tube(views, **{name: tube[name] for name in PICTURED}))
                if role != "sample" or failed:
                    continue
                volume = 0.0 if index % 29 == 5 else rng.uniform(6, 14)
                reason = "no bead was found" if volume == 0 else ""
                rung = "subject" if b < 2 else "data"
                counts += [
                    _count(rng, tube, "B", b, volume, rung, reason),
                    _count(rng, tube, "T", 600 + car, volume, "data", reason),
                    _count(rng, tube, "CAR_T", car, volume, "control", reason),
                    _count(rng, tube, "NK", 90, volume, "data", reason),
                    _count(rng, tube, "lymphocytes", 1400, volume, "data", reason),
                ]
    table = pd.DataFrame(counts)
    endpoints = pd.DataFrame([
        {"subject": subject, "dose_group": "1e6", "analyte": analyte, "parameter": parameter, "value": value,
         "unit": unit, "qualifier": qualifier, "window_start_day": 0.0, "window_end_day": 28.0, "n_points": 7,
         "reason": ""}
        for subject in dict.fromkeys(table["subject"])
        for analyte, parameter, value, unit, qualifier in (
            ("CAR_T", "CMAX", 412.5, "cells/uL", "="), ("CAR_T", "TMAX", 14.0, "day", "="),
            ("CAR_T", "AUC_0_28", 5321.0, "day*cells/uL", "="), ("B", "BASELINE", 121.0, "cells/uL", "="),
            ("B", "NADIR", 0.31, "cells/uL", "<"), ("B", "DEPLETION_DURATION", 90.0, "day", ">"),
            ("B", "RECONSTITUTION_DAY", np.nan, "day", "NE"))
    ])  # fmt: skip
    run = {
        "started": "2026-11-20T09:12:44+00:00", "finished": "2026-11-20T09:14:02+00:00",
        "versions": {"bcelldepl": "0.1.0", "python": "3.11.7", "numpy": "2.4.6", "numba": "0.61"},
        "settings": {"counting": {"method": "auto", "volume_unit": "auto"},
                     "limits": {"lod_events": 20, "lloq_events": 50},
                     "endpoints": {"auc_days": [28, 90], "depletion_threshold_per_ul": 10.0}},
        "strategy": {"name": "cart_pd", "sha256": "ab" * 32},
    }  # fmt: skip
    return SimpleNamespace(
        study_id="NCT06892145", strategy="cart_pd", counts=table, tubes=pd.DataFrame(tubes),
        endpoints=endpoints, pictures=pictures, run=run,
        curves=figure_bytes(draw_study_curves(table, followed_populations(table))),
        labels=curve_labels(table, followed_populations(table)),
    )  # fmt: skip


@pytest.fixture(scope="session")
def views() -> Callable[..., list[GateView]]:
    return make_views


@pytest.fixture(scope="session")
def study() -> SimpleNamespace:
    """Three subjects, four visits: every kind of tube and result occurs."""
    return make_study(4, {"Screening": -5.0, "D7": 7.0, "D28": 28.0, "M3": 90.0})
