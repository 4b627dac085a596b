"""Kernels and formulas against published numbers, closed forms and another program, which this one had no part in."""

from __future__ import annotations

import hashlib
import math
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np

from bcelldepl.counting import intervals
from bcelldepl.fcs import read_fcs
from bcelldepl.fcs.write import spillover_keyword, write_fcs
from bcelldepl.gating.model.k_means import first_means, part_among_means
from bcelldepl.kernels import regions
from bcelldepl.kinetics import area
from bcelldepl.qualification.check import SelfTestCheck, close
from bcelldepl.signal import make_signal
from bcelldepl.signal.transform import Transform

__all__ = ["check_known_answers"]

GROUP: Final = "known answers"

# Logicle, T = 1000, W = 1, M = 4, A = 0: the examples of the Gating-ML 2.0 specification, six digits.
LOGICLE: Final = {
    -10.0: 0.067574, -5.0: 0.147986, -1.0: 0.228752, 0.0: 0.25, 0.3: 0.256384, 1.0: 0.271248, 3.0: 0.312897,
    10.0: 0.432426, 100.0: 0.739548, 1000.0: 1.0,
}  # fmt: skip
# Garwood (1936), 95 %: limits of a Poisson mean, three digits.
POISSON: Final = {
    0: (0.0, 3.689),
    1: (0.025, 5.572),
    5: (1.623, 11.668),
    10: (4.795, 18.390),
    20: (12.217, 30.888),
}
# Theophylline, subject 1 (R's `datasets::Theoph`): AUC to the last sample by Phoenix WinNonlin, linear up, log down.
HOURS: Final = (0, 0.25, 0.57, 1.12, 2.02, 3.82, 5.1, 7.03, 9.05, 12.12, 24.37)
MG_PER_L: Final = (0.74, 2.84, 6.57, 10.5, 9.66, 8.58, 8.36, 7.47, 6.89, 5.94, 3.28)
AUC_MG_H_PER_L: Final = 147.2347485


def check_known_answers() -> Iterator[SelfTestCheck]:
    """Check reading, compensation, scales, polygons, intervals, areas and k-means.

    Yields
    ------
    SelfTestCheck
    """
    yield from _reading()
    yield from _scales()
    yield _polygon()
    yield from _intervals()
    yield from _areas()
    yield _clusters()


def _reading() -> Iterator[SelfTestCheck]:
    """An FCS file of known cells, each detector with some of the others' light, read back and compensated."""
    spread = np.linspace(-100.0, 20_000.0, 10_000)
    true = np.vstack([spread, 5_000.0 - 0.2 * spread, 300.0 + np.abs(spread - 9_000.0)])
    spillover = np.array([[1.0, 0.12, 0.03], [0.05, 1.0, 0.2], [0.0, 0.08, 1.0]])
    measured = np.ascontiguousarray(spillover.T @ true, dtype=np.float32)
    names = ["FL1-A", "FL2-A", "FL3-A"]
    with tempfile.TemporaryDirectory(prefix="bcelldepl-selftest-") as folder:
        path = Path(folder) / "known.fcs"
        keywords = {"$SPILLOVER": spillover_keyword(names, spillover)}
        write_fcs(path, measured, names, ["CD19", "CD3", "CD45"], keywords=keywords)
        acquisition = read_fcs(path)
        same = int(np.count_nonzero(acquisition.columns() == measured))
        yield SelfTestCheck(
            GROUP,
            "values of an FCS file as they were written",
            f"{measured.size} the same",
            f"{same} the same",
            same == measured.size,
        )
        sha256, found = hashlib.sha256(path.read_bytes()).hexdigest(), acquisition.sha256
        yield SelfTestCheck(GROUP, "sha256 of an FCS file, by hashlib", sha256, found, found == sha256)
        panel = dict(zip(("CD19", "CD3", "CD45"), names, strict=True))
        linear = Transform(kind="linear", top=1.0)
        scales = {"scatter": linear, "fluorescence": linear}
        columns = make_signal(acquisition, panel, scales, acquisition.spillover).columns
        worst = max(float(np.abs(columns[name] - row).max()) for name, row in zip(panel, true, strict=True))
    yield close(GROUP, "compensation undoes a known spillover: largest error of 20000", 0.0, worst, 0.01)


def _scales() -> Iterator[SelfTestCheck]:
    values = np.array(list(LOGICLE), dtype=np.float32)
    logicle = Transform(kind="logicle", top=1000.0, width=1.0, decades=4.0, negative=0.0)
    worst = float(np.abs(logicle.apply(values, 1.0) - np.array(list(LOGICLE.values()))).max())
    yield close(GROUP, "logicle of 10 published values (Gating-ML 2.0): largest error", 0.0, worst, 1e-6)
    asinh = Transform(kind="asinh", top=1000.0, cofactor=0.15)
    true = np.arcsinh(np.array(list(LOGICLE)) / 150.0) / math.asinh(1000.0 / 150.0)
    worst = float(np.abs(asinh.apply(values, 1.0) - true).max())
    yield close(GROUP, "asinh of 10 values, closed form: largest error", 0.0, worst, 1e-6)


def _polygon() -> SelfTestCheck:
    """A right triangle over a grid of 101 x 101 points."""
    grid = np.arange(101, dtype=np.float32) + np.float32(0.25)
    x, y = (np.ascontiguousarray(part.ravel()) for part in np.meshgrid(grid, grid))
    corners = np.array([[0.0, 0.0], [100.0, 0.0], [0.0, 100.0]])
    verdict = np.empty(x.size, dtype=np.uint8)
    regions.judge(regions.POLYGON, regions.polygon(corners), x, y, 0.0, verdict)
    inside = int(np.count_nonzero(verdict == regions.INSIDE))
    expected = 100 * 101 // 2  # pairs of whole numbers with i + j + 0.5 < 100
    return SelfTestCheck(
        GROUP, "points inside a triangle, by Gauss's sum", str(expected), str(inside), inside == expected
    )


def _intervals() -> Iterator[SelfTestCheck]:
    for count, (low, high) in POISSON.items():
        found = intervals.garwood(count)
        passed = abs(found.low - low) <= 0.0006 and abs(found.high - high) <= 0.0006
        yield SelfTestCheck(
            GROUP,
            f"95 % limits of a Poisson count of {count} (Garwood 1936)",
            f"{low:.3f} to {high:.3f}",
            f"{found.low:.3f} to {found.high:.3f}",
            passed,
        )
    expected = 1.0 - 0.025 ** (1.0 / 50.0)
    yield close(
        GROUP, "upper limit of 0 in 50, closed form", expected, intervals.clopper_pearson(0, 50).high, 1e-12
    )


def _areas() -> Iterator[SelfTestCheck]:
    found = area.total_area(area.segments_to(HOURS, MG_PER_L, HOURS[-1]))
    yield close(GROUP, "AUC of theophylline, subject 1 (WinNonlin) [mg*h/L]", AUC_MG_H_PER_L, found, 5e-7)
    days = [0.0, 1.0, 4.0, 9.0, 28.0]
    found = area.total_area(area.segments_to(days, [100.0 * math.exp(-0.3 * day) for day in days], 28.0))
    yield close(
        GROUP, "AUC of an exponential, closed form", 100.0 / 0.3 * (1.0 - math.exp(-0.3 * 28.0)), found, 1e-9
    )


def _clusters() -> SelfTestCheck:
    """Six overlapping clusters in three markers, from the same first means."""
    from sklearn.cluster import KMeans

    random, rounds = np.random.default_rng(0), 5
    centres = random.uniform(-3.0, 3.0, (6, 3))
    points = (centres[np.arange(30_000) % 6] + random.normal(0.0, 1.0, (30_000, 3))).astype(np.float32)
    means = first_means(points, 12)
    peer = KMeans(len(means), init=means, n_init=1, max_iter=rounds, tol=0.0, algorithm="lloyd")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it has not settled by then
        expected = peer.fit_predict(points)
    found = part_among_means(points, means, rounds)
    same = int(np.count_nonzero(found == expected))
    # Both add up float32 in orders of their own: an event halfway between two means may go either way.
    return SelfTestCheck(
        GROUP,
        "k-means of 30000 events, by scikit-learn",
        "at least 29970 the same",
        f"{same} the same",
        same >= 29_970,
    )
