"""Operators and faults: the comparison agrees where they do, and names the gate and the cause where not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bcelldepl.comparison.causes import explain
from bcelldepl.comparison.compare import compare
from bcelldepl.comparison.divergence import first_divergence
from bcelldepl.comparison.outcome import Comparison
from bcelldepl.comparison.read_manual import read_manual
from bcelldepl.comparison.stages import auto_stages, manual_stages
from bcelldepl.gate_exchange.evaluate import Channels, evaluate
from bcelldepl.gate_exchange.gate import Axis, Gate, GateTree
from bcelldepl.gate_exchange.gates_from_fits import portable_gates
from bcelldepl.gate_exchange.write_flowjo import WorkspaceSample, for_flowjo, workspace
from bcelldepl.gate_exchange.write_gatingml import gating_ml
from bcelldepl.results import Results
from bcelldepl.tubes.regate import GatedResults, GatedTube


def by_hand(tree: GateTree, rng: np.random.Generator, unrest: float = 0.004) -> GateTree:
    """Draw every gate again, a little beside where it was."""
    gates = {}
    for path, gate in tree.gates.items():
        if gate.corners is not None:
            gates[path] = replace(gate, corners=gate.corners + rng.normal(0, unrest, (1, 2)))
        elif gate.kind == "rectangle" and path != ("kept",) and gate.axes[0].scale:
            axes = tuple(replace(a, **{e: v + rng.normal(0, unrest) for e in ("low", "high")
                                       if (v := getattr(a, e)) is not None}) for a in gate.axes)  # fmt: skip
            gates[path] = replace(gate, axes=axes)
        else:
            gates[path] = gate
    return replace(tree, gates=gates)


def change(tree: GateTree, population: str, edit: Callable[[Gate], Gate]) -> GateTree:
    return replace(tree, gates={p: edit(g) if p[-1] == population else g for p, g in tree.gates.items()})


def shifted_cd19(tree: GateTree, tube: GatedTube) -> GateTree:
    def shift(gate: Gate) -> Gate:
        assert gate.corners is not None
        step = np.array([0.2 if axis.channel == tube.panel["CD19"] else 0.0 for axis in gate.axes])
        return replace(gate, corners=gate.corners + step)

    return change(tree, "B", shift)


def wrong_matrix(tree: GateTree, tube: GatedTube) -> GateTree:  # noqa: ARG001
    matrices = {
        name: replace(m, spectra=np.where(np.eye(len(m.outputs)) > 0, 1.0, 6.0 * m.spectra))
        for name, m in tree.matrices.items()
    }
    return replace(tree, matrices=matrices)


def time_gate(tree: GateTree, tube: GatedTube) -> GateTree:
    channels = Channels(tube.acquisition)
    end = float(np.quantile(channels.column(tube.panel["Time"]), 0.7))
    gates = {("steady",): Gate(("steady",), "rectangle", (Axis(tube.panel["Time"], high=end),))}
    for path, gate in tree.gates.items():
        operands = tuple((("steady", *one), turned) for one, turned in gate.operands)
        gates[("steady", *path)] = replace(gate, path=("steady", *path), operands=operands)
    return replace(tree, gates=gates)


def compare_with(
    exchange_results: Path,
    out: Path,
    fault: Callable[[GateTree, GatedTube], GateTree] | None,
    seed: int,
    population: str,
    *,
    page: bool = False,
) -> Comparison:
    """Let an operator gate every tube anew in FlowJo, with a fault or none, and compare."""
    rng = np.random.default_rng(seed)
    gated = GatedResults(exchange_results)
    samples = []
    for file in gated.files:
        if not file.endswith(("BL.fcs", "D90.fcs")):
            continue
        tube = gated.tube(file)
        tree = by_hand(portable_gates(tube).tree, rng)
        if fault is not None:
            tree = fault(tree, tube)
        samples.append(WorkspaceSample(Path(file).name, tube.acquisition, for_flowjo(tree), {}))
    out.mkdir(parents=True, exist_ok=True)
    path = out / "manual.wsp"
    path.write_bytes(workspace(samples, "by hand"))
    mapping = out / "names.toml"
    mapping.write_text(f'[populations]\n{population} = "{population}"\n')
    return compare(exchange_results, path, out if page else None, mapping=mapping)


@pytest.mark.parametrize("seed", [1, 2])
def test_two_operators_without_a_fault_agree(exchange_results: Path, tmp_path: Path, seed: int) -> None:
    comparison = compare_with(exchange_results, tmp_path, None, seed, "T")
    rows = comparison.rows
    tcells = rows[rows["population"] == "T"]
    assert (tcells["verdict"] == "agree").all()
    assert (tcells["f1"] > 0.97).all()


@pytest.mark.parametrize(
    ("fault", "gate", "cause"),
    [
        (shifted_cd19, "B", "in CD19 lies 0."),
        (wrong_matrix, "CD19_positive", "compensated as the automated gating does"),
        (time_gate, "steady (manual)", "cuts acquisition time"),
    ],
    ids=["shifted CD19 cut", "wrong compensation", "time gate"],
)
def test_the_fault_is_named(exchange_results: Path, tmp_path: Path, fault, gate: str, cause: str) -> None:
    comparison = compare_with(exchange_results, tmp_path, fault, 3, "B", page=fault is not wrong_matrix)
    rows = comparison.rows
    baseline = rows[(rows["file"] == "fcs/S01_BL.fcs") & (rows["population"] == "B")].iloc[0]
    assert baseline["verdict"] == "disagree"
    assert baseline["first_divergent_gate"] == gate
    assert cause in baseline["reason"]
    if fault is wrong_matrix:
        return
    page = (tmp_path / "comparison.html").read_text()
    assert "data:image/png" in page
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert cause.replace("'", "&#39;") in page


def operator(tube: GatedTube, seed: int) -> tuple[GateTree, float]:
    """Gates drawn by hand so that the B cells differ by about 5 % from the automated ones; and by how much they do."""
    tree, auto = portable_gates(tube).tree, int(tube.membership["B"].sum())
    path = next(path for path in tree.gates if path[-1] == "B")
    drawn = []
    for unrest in np.geomspace(0.002, 0.3, 40):
        again = by_hand(tree, np.random.default_rng(seed), float(unrest))
        members, _ = evaluate(again, Channels(tube.acquisition, again.matrices))
        drawn.append((again, abs(int(members[path].sum()) / auto - 1)))
    return min(drawn, key=lambda one: abs(one[1] - 0.05))


@pytest.mark.parametrize("seed", [11, 12])
def test_operators_who_differ_by_five_percent_and_one_fault(exchange_results: Path, seed: int) -> None:
    tube = GatedResults(exchange_results).tube("fcs/S01_BL.fcs")
    tree, difference = operator(tube, seed)
    assert 0.03 < difference < 0.08
    for fault, gate, kind in (
        (shifted_cd19, "B", "cut"),
        (wrong_matrix, "CD19_positive", "compensation"),
        (time_gate, "steady (manual)", "time"),
    ):
        theirs = fault(tree, tube)
        path = next(path for path in theirs.gates if path[-1] == "B")
        channels = Channels(tube.acquisition, theirs.matrices)
        members, _ = evaluate(theirs, channels)
        divergence = first_divergence(auto_stages(tube, "B"), manual_stages(theirs, path, members, channels))
        assert divergence is not None
        assert divergence.gate.name == gate
        cause = explain(tube, "B", theirs, path, divergence)
        assert cause.kind == kind, cause
        if kind == "cut":
            assert "in CD19 lies 0." in cause.sentence


def test_quadrant_against_rectangle(exchange_results: Path, tmp_path: Path) -> None:
    """A manual rectangle with outer edges cuts off what a quadrant would take."""
    gated = GatedResults(exchange_results)
    tube = gated.tube("fcs/S01_BL.fcs")
    tree = portable_gates(tube).tree

    def box(gate: Gate) -> Gate:
        assert gate.corners is not None
        low, high = gate.corners.min(axis=0), np.median(gate.corners, axis=0)
        axes = tuple(
            replace(a, low=float(lo), high=float(hi)) for a, lo, hi in zip(gate.axes, low, high, strict=True)
        )
        return replace(gate, kind="rectangle", corners=None, axes=axes)

    path = tmp_path / "box.xml"
    path.write_bytes(gating_ml(change(tree, "B", box)))
    comparison = compare(exchange_results, path, tmp_path / "out")
    (reason,) = [
        one.reason for t in comparison.tubes if t.file == "fcs/S01_BL.fcs" for one in t.populations
        if one.pair.population == "B"
    ]  # fmt: skip
    assert "quadrant" in reason


def test_count_table_without_events_and_stated_counts(exchange_results: Path, tmp_path: Path) -> None:
    counts = Results(exchange_results).counts
    rows = counts[counts["population"].isin(["B", "T"])]
    table = pd.DataFrame({"file": rows["file"], "population": rows["population"].map({"B": "CD19+", "T": "CD3+"}),
                          "events": rows["events"], "per_ul": rows["cells_per_ul"]})  # fmt: skip
    table.loc[table.index[0], "per_ul"] *= 2
    path = tmp_path / "manual.csv"
    table.to_csv(path, index=False)
    comparison = compare(exchange_results, path, tmp_path / "out")
    found = comparison.rows
    assert found["precision"].isna().all()
    assert (found["verdict"] == "disagree").sum() == 1
    assert set(comparison.named) >= {"B", "T"}
    assert "B = " in (tmp_path / "out" / "mapping.toml").read_text()


def test_renamed_and_missing_files_are_named(exchange_results: Path, tmp_path: Path) -> None:
    gated = GatedResults(exchange_results)
    samples = []
    for i, file in enumerate(name for name in gated.files if "FMO" not in name):
        tube = gated.tube(file)
        name = "renamed by hand.fcs" if i == 0 else Path(file).name
        samples.append(WorkspaceSample(name, tube.acquisition, for_flowjo(portable_gates(tube).tree), {}))
    samples.append(replace(samples[0], name="of another study.fcs"))
    path = tmp_path / "manual.wsp"
    path.write_bytes(workspace(samples, "by hand"))
    comparison = compare(exchange_results, path)
    words = " ".join(map(str, comparison.problems))
    # Both repeat the keywords of one tube.
    both = "2 results are for this file, and none is used: renamed by hand.fcs, of another study.fcs"
    assert f"{gated.files[0]}: {both}" in words
    mapping = tmp_path / "names.toml"
    mapping.write_text(f'[files]\n"{gated.files[0]}" = "renamed by hand.fcs"\n')
    again = compare(exchange_results, path, mapping=mapping)
    assert len(again.tubes) == len(comparison.tubes) + 1
    assert read_manual(path)[""].tubes[0].name == "renamed by hand.fcs"
