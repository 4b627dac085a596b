"""The methods that ours is compared with: each calls B, T and CAR+ T cells among the same lymphocytes.

Every peer is given events that our own gates have cleaned (lymphocytes: no beads, debris, doublets, dead cells,
monocytes or granulocytes, as far as our gates keep those out), and, where it needs to name what it found, cuts
drawn with the true labels of a tube in which the population is present. Both are better than any of them has in
practice.
"""

from __future__ import annotations

import importlib.util
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

__all__ = [
    "PEERS",
    "SIGNATURES",
    "Cuts",
    "available",
    "call_peer",
    "draw_cuts",
    "gate_by",
    "halfway_car",
    "name_car",
    "oracle_calls",
]

Columns = Mapping[str, NDArray[np.float32]]
Mask = NDArray[np.bool_]
Positions = dict[str, float]

SIGNATURES: Final = {
    "B": {"CD3": "-", "CD19": "+"},
    "T": {"CD3": "+", "CD19": "-"},
    "CAR_T": {"CD3": "+", "CAR": "+"},
}
CAR_FALSE_POSITIVES: Final = (
    1e-4  # of T cells before the infusion, for the fixed cut; as our own strategy asks
)
COMPONENTS: Final = 8  # of the mixture; at least 5, and one for each kind of lymphocyte in a full panel
METACLUSTERS: Final = 12
FEW_EVENTS: Final = 50  # fewer are not clustered
_GRID: Final = 512


@dataclass(frozen=True)
class Cuts:
    """What a person who knows the truth takes from a tube in which the populations are present.

    Attributes
    ----------
    gate : dict of str to float
        The fixed gate: one cut per marker.
    naming : dict of str to float
        Where a marker turns from - to + when clusters are named: halfway between the medians of the true
        positives and negatives, which forgives more drift than a gate can.
    """

    gate: Positions
    naming: Positions


@dataclass(frozen=True)
class Peer:
    """A method to compare with.

    Attributes
    ----------
    title : str
        How tables name it.
    call : callable
        From the lymphocytes' columns and the drawn cuts to a mask per population.
    needs : str
        Module without which it cannot be run; empty for none.
    """

    title: str
    call: Callable[[Columns, Cuts], dict[str, Mask]]
    needs: str = ""


def available() -> tuple[list[str], list[str]]:
    """Peers that can be run here, and those whose package is not installed."""
    there = [n for n, p in PEERS.items() if not p.needs or importlib.util.find_spec(p.needs)]
    return there, [name for name in PEERS if name not in there]


def call_peer(name: str, columns: Columns, cuts: Cuts) -> dict[str, Mask]:
    """Let one peer call the populations among lymphocytes.

    Parameters
    ----------
    name : str
        A key of `PEERS`.
    columns : mapping of str to ndarray, shape (n_events,)
        Transformed signals of the lymphocytes.
    cuts : dict of str to float
        From `draw_cuts`.
    """
    size = len(next(iter(columns.values())))
    if size < FEW_EVENTS:
        return {population: np.zeros(size, dtype=bool) for population in wanted(columns)}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return PEERS[name].call(columns, cuts)


def wanted(columns: Columns) -> dict[str, dict[str, str]]:
    """Signatures reduced to the markers of a panel; those that lose their positive marker are left out."""
    reduced = {
        population: {marker: sign for marker, sign in signature.items() if marker in columns}
        for population, signature in SIGNATURES.items()
    }
    positive = {p: next(m for m, sign in s.items() if sign == "+") for p, s in SIGNATURES.items()}
    positive["CAR_T"] = "CAR"
    return {p: s for p, s in reduced.items() if positive[p] in s}


def _fixed(columns: Columns, cuts: Cuts) -> dict[str, Mask]:
    return gate_by(columns, cuts.gate)


def gate_by(columns: Columns, cuts: Positions) -> dict[str, Mask]:
    """Gate every population by one cut per marker."""
    return {
        population: np.logical_and.reduce(
            [_on_side(columns[m], cuts[m], sign) for m, sign in signature.items()]
        )
        for population, signature in wanted(columns).items()
    }


def _on_side(values: NDArray[np.float32], cut: float, sign: str) -> Mask:
    return values > cut if sign == "+" else values <= cut


def _valley(columns: Columns, cuts: Cuts) -> dict[str, Mask]:  # noqa: ARG001
    """Cut CD3 among lymphocytes, CD19 among the CD3-, CAR among the CD3+, each at its deepest valley."""
    own: Positions = {}
    everything = np.ones(len(columns["CD19"]), dtype=bool)
    negative = positive = everything
    if "CD3" in columns:
        own["CD3"] = mindensity(columns["CD3"])
        negative, positive = columns["CD3"] <= own["CD3"], columns["CD3"] > own["CD3"]
    own["CD19"] = mindensity(columns["CD19"][negative])
    if "CAR" in columns:
        own["CAR"] = mindensity(columns["CAR"][positive])
    return gate_by(columns, own)


def mindensity(values: NDArray[np.float32]) -> float:
    """openCyto's rule: of the two largest peaks of a kernel density (twice nrd0), the deepest valley between.

    One peak gives the minimum of the range, which makes every event positive.
    """
    values = values[np.isfinite(values)].astype(np.float64)
    if len(values) < 2 or values.min() == values.max():
        return float(values.min()) if len(values) else 0.0
    spread = min(float(values.std(ddof=1)), float(np.subtract(*np.percentile(values, [75, 25]))) / 1.34)
    bandwidth = 2.0 * 0.9 * (spread or float(values.std(ddof=1))) * len(values) ** -0.2
    low, high = values.min() - 3 * bandwidth, values.max() + 3 * bandwidth
    counts, edges = np.histogram(values, bins=_GRID, range=(low, high))
    density = gaussian_filter1d(counts.astype(float), bandwidth / (edges[1] - edges[0]), mode="constant")
    inner = density[1:-1]
    peaks = np.flatnonzero((inner > density[:-2]) & (inner >= density[2:])) + 1
    if len(peaks) < 2:
        return float(values.min())
    left, right = sorted(peaks[np.argsort(density[peaks])[-2:]])
    bottom = left + int(np.argmin(density[left : right + 1]))
    return float(0.5 * (edges[bottom] + edges[bottom + 1]))


def _stains(columns: Columns) -> list[str]:
    """Markers to cluster in: what tells lymphocytes apart, and CD45 only where there is little else."""
    markers = [m for m in ("CD3", "CD19", "CD20", "CD56", "CAR") if m in columns]
    return markers if len(markers) > 1 else [*markers, *(m for m in ("CD45", "SSC-A") if m in columns)]


def _flowsom(columns: Columns, cuts: Cuts) -> dict[str, Mask]:
    from flowsom.models import FlowSOMEstimator

    points = _points(columns)
    np.random.seed(0)  # noqa: NPY002  the package's consensus step draws from numpy's global state
    count = min(METACLUSTERS, len(points) // 10)
    labels = FlowSOMEstimator(n_clusters=count, xdim=10, ydim=10, rlen=10, seed=0).fit_predict(points)
    return _named(columns, np.asarray(labels, dtype=int), cuts)


def _mixture(columns: Columns, cuts: Cuts) -> dict[str, Mask]:
    from sklearn.mixture import GaussianMixture

    points = _points(columns)
    labels = GaussianMixture(COMPONENTS, random_state=0, reg_covar=1e-5).fit_predict(points)
    return _named(columns, labels, cuts)


def _points(columns: Columns) -> NDArray[np.float64]:
    points = np.stack([columns[m] for m in _stains(columns)], axis=1).astype(np.float64)
    return np.clip(np.nan_to_num(points), -0.25, 1.25)


def _named(columns: Columns, labels: NDArray[np.int64], cuts: Cuts) -> dict[str, Mask]:
    """Call a cluster a population if its medians lie on the signature's side of the naming cuts."""
    clusters = np.unique(labels)
    medians = {m: {c: float(np.median(columns[m][labels == c])) for c in clusters} for m in cuts.naming}
    calls = {}
    for population, signature in wanted(columns).items():
        fitting = [
            c
            for c in clusters
            if all((medians[m][c] > cuts.naming[m]) == (sign == "+") for m, sign in signature.items())
        ]
        calls[population] = np.isin(labels, fitting)
    return calls


def draw_cuts(columns: Columns, truth: Mapping[str, Mask]) -> Cuts:
    """Cuts as the best of all hands would draw them: each has the highest F1 for the true labels of this tube.

    Parameters
    ----------
    columns : mapping of str to ndarray, shape (n_events,)
        Lymphocytes of a tube in which B (and T) cells are present.
    truth : mapping of str to mask
        True B, and T where the panel has CD3. CAR is cut by the upper quantile of the T cells, so the tube must
        hold no CAR+ cell.
    """
    gate: Positions = {}
    naming: Positions = {}
    negative = np.ones(len(columns["CD19"]), dtype=bool)
    if "CD3" in columns:
        gate["CD3"] = _best_cut(columns["CD3"], truth["T"])
        naming["CD3"] = _halfway(columns["CD3"], truth["T"])
        negative = columns["CD3"] <= gate["CD3"]
    gate["CD19"] = _best_cut(columns["CD19"][negative], truth["B"][negative])
    naming["CD19"] = _halfway(columns["CD19"], truth["B"])
    if "CAR" in columns:
        gate["CAR"] = naming["CAR"] = float(
            np.quantile(columns["CAR"][truth["T"]], 1.0 - CAR_FALSE_POSITIVES)
        )
    return Cuts(gate, naming)


def halfway_car(values: NDArray[np.float32], positive: Mask) -> float | None:
    """Where CAR turns from - to +, halfway between true positives and negatives; None where there are too few.

    Parameters
    ----------
    values : ndarray, shape (n_events,)
        CAR of the T cells of the subject's tube with most CAR+ cells.
    positive : mask
        Which are.
    """
    return None if positive.sum() < FEW_EVENTS or positive.all() else _halfway(values, positive)


def name_car(cuts: Cuts, position: float | None) -> Cuts:
    """Cuts that name CAR+ clusters too; by the fixed gate where nothing better is known."""
    return replace(cuts, naming={**cuts.naming, "CAR": cuts.gate["CAR"] if position is None else position})


def _best_cut(values: NDArray[np.float32], positive: Mask) -> float:
    """Middle of the stretch in which F1 is within 0.002 of its best."""
    order = np.argsort(values)[::-1]
    found = np.cumsum(positive[order])
    score = 2.0 * found / (np.arange(1, len(values) + 1) + positive.sum())
    good = values[order[score >= score.max() - 0.002]]
    return float(0.5 * (good.min() + good.max()))


def _halfway(values: NDArray[np.float32], positive: Mask) -> float:
    return float(0.5 * (np.median(values[positive]) + np.median(values[~positive])))


def oracle_calls(columns: Columns, truth: Mask, folds: int = 3) -> Mask:
    """Gradient boosting, cross-validated on the true labels of this very tube: the limit of the signals.

    Parameters
    ----------
    columns : mapping of str to ndarray, shape (n_events,)
        Signals of every kept event of the tube.
    truth : mask
        True events of the population.
    folds : int

    Notes
    -----
    Events far outside the box that the true events span (a quarter of its width on either side) are negative for
    certain; leaving them out saves time and changes no call.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.model_selection import StratifiedKFold, cross_val_predict

    points = np.nan_to_num(np.stack(list(columns.values()), axis=1))
    low, high = points[truth].min(axis=0), points[truth].max(axis=0)
    margin = 0.25 * (high - low)
    inside = np.all((points >= low - margin) & (points <= high + margin), axis=1)
    calls = np.zeros(len(truth), dtype=bool)
    if truth[inside].all():
        calls[inside] = True
        return calls
    model = HistGradientBoostingClassifier(
        max_iter=60, learning_rate=0.15, early_stopping=False, random_state=0
    )
    parts = StratifiedKFold(folds, shuffle=True, random_state=0)
    with warnings.catch_warnings():  # hardly an event that is not true is near: its class is small
        warnings.simplefilter("ignore")
        calls[inside] = cross_val_predict(model, points[inside], truth[inside], cv=parts)
    return calls


PEERS: Final = {
    "fixed": Peer("fixed gate from baseline", _fixed),
    "valley": Peer("valley per tube", _valley),
    "flowsom": Peer("FlowSOM", _flowsom, needs="flowsom"),
    "mixture": Peer("GaussianMixture", _mixture, needs="sklearn"),
}
