"""Real tubes with gates drawn by people (or by openCyto), by shipped strategies; read from where they lie.

`volumetric_cd19`: manual gates of eight tubes, event by event. `lyoplate_bcell`: the count of the central manual
gating, and openCyto's labels event by event. `flowjo_mouse`: the gates of its FlowJo workspace. `hd`, `flowdensity` and
`flowkit` (of `real_b`): gates drawn on plots. `tbnk`: no gates; it serves for thinning alone, with our own call of the
full tube as the label.
"""

from __future__ import annotations

import os
import tempfile
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from accuracy_gating import Gated, count_events, fit_study
from accuracy_peers import Cuts, call_peer, draw_cuts, oracle_calls
from numpy.typing import NDArray

from bcelldepl.counting import count_tube, tube_facts
from bcelldepl.signal import Signal
from bcelldepl.study import Study, Tube, load_study
from bcelldepl.tubes.read import open_tube

__all__ = ["FOLDER", "RealTube", "baseline_of", "full_calls", "load_real", "root_of", "score_real"]

Record = dict[str, Any]
Mask = NDArray[np.bool_]
FOLDER: Final = Path(os.environ.get("BCELLDEPL_REAL_DATA", "../shared/data"))
FEW: Final = 100  # B cells of a tube; fewer are the negative's tail
BY_HAND: Final = ("volumetric_cd19", "flowjo_mouse")  # whose events people labelled


@dataclass(frozen=True)
class RealTube:
    """A real tube with labels.

    Attributes
    ----------
    name, dataset : str
    tube : Tube
    signal : Signal
    gated : Gated
        Of its whole study.
    labels : dict of str to mask
        Expert's populations, by event of the file.
    """

    name: str
    dataset: str
    tube: Tube
    signal: Signal
    gated: Gated
    labels: Mapping[str, Mask]

    @property
    def root(self) -> str:
        """The population in which B cells are looked for."""
        return root_of(self.gated)

    def ours(self) -> dict[str, Mask]:
        """Membership by our reconciled gates."""
        return count_events(self.gated, self.tube, self.signal).membership

    @property
    def tells_peers(self) -> bool:
        """Whether the expert labelled what the peers' cuts are drawn by."""
        columns = self.signal.columns
        return "CD19" in columns and ("T" in self.labels or "CD3" not in columns)

    def draw(self) -> Cuts:
        """Cuts drawn in this tube by the expert's labels, for the peers."""
        if not self.tells_peers:
            return Cuts({}, {})
        index = np.flatnonzero(self.ours()[self.root])
        columns = {marker: values[index] for marker, values in self.signal.columns.items()}
        return draw_cuts(columns, {name: mask[index] for name, mask in self.labels.items()})


def baseline_of(one: RealTube, tubes: Sequence[RealTube]) -> RealTube:
    """Another visit of the same subject in which a gate can be drawn; the tube itself where there is none."""
    others = [t for t in tubes if t.dataset == one.dataset and t.tube.subject == one.tube.subject]
    return next((t for t in others if t.tube.visit != one.tube.visit), one)


def root_of(gated: Gated) -> str:
    """Name of the cleaned events that the peers are given."""
    names = {rule.name for rule in gated.strategy.populations}
    return "lymphocytes" if "lymphocytes" in names else "leukocytes"


def load_real(folder: Path, workers: int) -> list[RealTube]:
    """Read every labelled real tube; none where the folder is absent."""
    if not folder.is_dir():
        return []
    tubes = _volumetric(folder / "volumetric_cd19", workers)
    with tempfile.TemporaryDirectory() as place:
        tubes += _tbnk(folder / "tbnk", workers)
        tubes += _lyoplate(folder / "lyoplate_bcell", Path(place), workers)
        tubes += _mouse(folder / "flowjo_mouse", Path(place), workers)
        tubes += _donors(folder / "real_b" / "hd", Path(place), workers)
        for name, fcs, labels, source in _PBMC:
            tubes += _pbmc(folder / "real_b" / name, fcs, labels, source, Path(place), workers)
    return tubes


def _signal(tube: Tube, study: Study, gated: Gated) -> Signal:
    return open_tube(tube, study, gated.strategy).signal(gated.strategy)


def _volumetric(folder: Path, workers: int) -> list[RealTube]:
    study = load_study(folder / "study.toml")
    gated = fit_study(study, workers)
    labels = np.load(folder / "manual_event_labels.npz")
    names = {"B": "CD19+", "leukocytes": "CD45+"}
    return [
        RealTube(
            tube.file.removeprefix("CellCounts5L_AB_01-").removesuffix(".fcs"),
            "volumetric_cd19",
            tube,
            _signal(tube, study, gated),
            gated,
            {ours: labels[f"{tube.file}|{theirs}"] for ours, theirs in names.items()},
        )
        for tube in study.tubes
        if f"{tube.file}|CD19+" in labels.files
    ]


def _tbnk(folder: Path, workers: int) -> list[RealTube]:
    study = load_study(folder / "study.toml")
    gated = fit_study(study, workers)
    (tube,) = study.tubes
    signal = _signal(tube, study, gated)
    own = count_events(gated, tube, signal).membership
    return [RealTube("tbnk", "tbnk", tube, signal, gated, {name: own[name] for name in ("B", "T")})]


def _study(
    name: str, rows: Sequence[str], place: Path, panel: Mapping[str, str], source: str, workers: int
) -> Gated:
    """A study by the shipped strategy `tbnk`, written to a folder that does not last."""
    (place / f"{name}.csv").write_text("\n".join(["file,subject,visit,day", *rows]) + "\n")
    lines = [
        "[study]", f'id = "{name}"', f'samples = "{name}.csv"', 'strategy = "tbnk"', "allow_outside = true",
        "[compensation]", f'source = "{source}"', "[panel]", *(f'"{m}" = "{c}"' for m, c in panel.items()),
    ]  # fmt: skip
    path = place / f"{name}.toml"
    path.write_text("\n".join(lines) + "\n")
    return fit_study(load_study(path), workers)


def _single(
    fcs: Path, place: Path, workers: int, panel: Mapping[str, str], source: str
) -> tuple[Tube, Study, Gated]:
    """A study of one file."""
    name = fcs.parent.name
    gated = _study(name, [f"{fcs.resolve()},{name},full,0"], place, panel, source, workers)
    return gated.study.tubes[0], gated.study, gated


def _lyoplate(folder: Path, place: Path, workers: int) -> list[RealTube]:
    (fcs,) = folder.glob("*.fcs")
    tube, study, gated = _single(fcs, place, workers, {"Viability": "Live"}, "none")
    table = pd.read_csv(folder / "opencyto_labels.csv.gz")
    labels = {"B": table["CD19"].to_numpy(bool), "T": table["CD3"].to_numpy(bool)}
    return [RealTube("lyoplate", "lyoplate_bcell", tube, _signal(tube, study, gated), gated, labels)]


def _mouse(folder: Path, place: Path, workers: int) -> list[RealTube]:
    fcs = folder / "68983.fcs"
    tube, study, gated = _single(fcs, place, workers, {"Viability": "l/d"}, "auto")
    b_cells = pd.read_csv(folder / "gatingResult.csv", header=None)[0].to_numpy() == "B cells"
    labels = {"B": b_cells, "T": _flowjo_gate(folder / "gating.wsp", fcs, "T cells")}
    return [RealTube("mouse", "flowjo_mouse", tube, _signal(tube, study, gated), gated, labels)]


def _donors(folder: Path, place: Path, workers: int) -> list[RealTube]:
    """Lymphocytes of three donors, gated together; only tubes that were stained for CD19 have B cells to compare."""
    files = sorted(folder.glob("*.fcs"))
    rows = [f"{fcs.resolve()},{fcs.stem[0]},{fcs.stem[2:]},{number}" for number, fcs in enumerate(files)]
    gated = _study("hd", rows, place, {}, "none", workers)
    found = []
    for fcs, tube in zip(files, gated.study.tubes, strict=True):
        b_cells = np.load(folder / f"B_{fcs.stem}.npy")
        if b_cells.sum() > FEW:
            found.append(
                RealTube(
                    f"hd {fcs.stem}", "hd", tube, _signal(tube, gated.study, gated), gated, {"B": b_cells}
                )
            )
    return found


_PBMC: Final = (
    ("flowdensity", "fd1.fcs", {"B": "B1.npy"}, "none"),
    ("flowkit", "test_comp_example.fcs", {"B": "B.npy", "T": "T.npy"}, "auto"),
)


def _pbmc(
    folder: Path, name: str, labels: Mapping[str, str], source: str, place: Path, workers: int
) -> list[RealTube]:
    gated = _study(folder.name, [f"{(folder / name).resolve()},A,full,0"], place, {}, source, workers)
    (tube,) = gated.study.tubes
    known = {population: np.load(folder / file) for population, file in labels.items()}
    return [RealTube(folder.name, folder.name, tube, _signal(tube, gated.study, gated), gated, known)]


def _flowjo_gate(workspace: Path, fcs: Path, gate: str) -> Mask:
    """Membership of a gate of a FlowJo workspace (the label file splits T cells and leaves some unlabelled)."""
    import flowkit

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        session = flowkit.Workspace(workspace, fcs_samples=str(fcs))
        (sample,) = session.get_sample_ids()
        session.analyze_samples(sample_id=sample)
        return np.asarray(session.get_gate_membership(sample, gate), dtype=bool)


def score_real(tubes: list[RealTube], peers: list[str], *, oracle: bool = False) -> list[Record]:
    """Counts and F1 of every method on every full tube against the expert's labels."""
    records = []
    for one in tubes:
        baseline = baseline_of(one, tubes)
        # A gate drawn by the labels of the very tube is no gate from a baseline.
        asked = [peer for peer in peers if peer != "fixed" or baseline is not one] if one.tells_peers else []
        calls = full_calls(one, baseline.draw(), asked)
        if oracle and one.dataset in BY_HAND:
            calls["oracle"] = {"B": _oracle(one.signal, one.labels["B"])}
        records.append({
            "tube": one.name,
            "dataset": one.dataset,
            "expert": {name: int(mask.sum()) for name, mask in one.labels.items()},
            "calls": {
                method: {
                    name: {"events": int(mask.sum()), "right": int((mask & one.labels[name]).sum())}
                    for name, mask in by.items()
                }
                for method, by in calls.items()
            },
            "per_ul": _per_ul(one) if one.dataset == "volumetric_cd19" else None,
            "evidence": str(one.gated.fits[one.tube.file]["B"].evidence),
        })  # fmt: skip
    return records


def _oracle(signal: Signal, truth: Mask) -> Mask:
    """What the expert's own labels teach about the same tube: the limit of how well the expert can be followed."""
    kept = signal.quality.keep
    seen = {marker: values[kept] for marker, values in signal.columns.items() if marker != "Time"}
    calls = np.zeros(signal.n_events, dtype=bool)
    calls[kept] = oracle_calls(seen, truth[kept])
    return calls


def full_calls(one: RealTube, cuts: Cuts, peers: Sequence[str]) -> dict[str, dict[str, Mask]]:
    """What every method calls in the full tube, of the populations that the expert labelled."""
    own = one.ours()
    index = np.flatnonzero(own[one.root])
    columns = {marker: values[index] for marker, values in one.signal.columns.items()}
    calls = {"ours": {name: own[name] for name in one.labels if name in own}}
    for peer in peers:
        calls[peer] = {}
        for name, mask in call_peer(peer, columns, cuts).items():
            if name in one.labels:
                calls[peer][name] = np.zeros(one.signal.n_events, dtype=bool)
                calls[peer][name][index[mask]] = True
    return calls


def _per_ul(one: RealTube) -> dict[str, float]:
    """Our cells/uL and the manual gate's, over the whole acquired volume."""
    study = one.gated.study
    opened = open_tube(one.tube, study, one.gated.strategy)
    acquisition, signal = opened.acquisition, opened.signal(one.gated.strategy)
    volume = acquisition.volume.microlitres
    quality = signal.quality
    facts = tube_facts(
        one.tube,
        volume,
        acquisition.volume.reason,
        quality.kept_time_fraction,
        acquisition.acquisition_seconds,
    )
    populations = count_events(one.gated, one.tube, signal)
    counted = {c.population: c for c in count_tube(populations, facts, study.counting, study.limits)}
    return {"ours": float(counted["B"].cells_per_ul or 0.0), "manual": float(one.labels["B"].sum() / volume)}
