"""Automated gates go out and come back; operators and faults come in; the comparison names the gate."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import bcelldepl as bd
from bcelldepl.agreement import first_divergence
from bcelldepl.errors import StrategyError
from bcelldepl.gating.strategy import ALL
from bcelldepl.interop.errors import ExchangeError
from bcelldepl.interop.evaluate import Channels, evaluate
from bcelldepl.interop.explain import explain
from bcelldepl.interop.export import export_gates
from bcelldepl.interop.gate import Axis, Gate, GateTree, path_text
from bcelldepl.interop.gated import GatedResults, GatedTube
from bcelldepl.interop.kept import kept_gates
from bcelldepl.interop.manual import read_manual
from bcelldepl.interop.nearest import nearest_polygon
from bcelldepl.interop.stages import auto_stages, manual_stages
from bcelldepl.interop.subsets import export_subsets
from bcelldepl.interop.travel import pack
from bcelldepl.interop.write_flowjo import WorkspaceSample, for_flowjo, workspace
from bcelldepl.interop.write_gatingml import gating_ml
from bcelldepl.report.comparison import Comparison, compare
from bcelldepl.simulate import simulate


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Results of a simulated study of one subject."""
    folder = tmp_path_factory.mktemp("simulated")
    study = simulate(folder / "study", scenario="small", subjects=1, seed=0)
    bd.run(bd.load_study(study), out=folder / "results", workers=1)
    return folder / "results"


@pytest.fixture(scope="module")
def flowjo(results: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Its gates as a FlowJo workspace: what was written."""
    return list(export_gates(results, "flowjo", tmp_path_factory.mktemp("flowjo")))


@pytest.fixture(scope="module")
def real_results(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Results of the real tubes, by strategy."""
    folder = tmp_path_factory.mktemp("real")
    found = {}
    for strategy, name in (("cd19_volumetric", "volumetric_cd19"), ("tbnk", "tbnk")):
        bd.run(bd.load_study(real_data / name / "study.toml"), out=folder / strategy, workers=1)
        found[strategy] = folder / strategy
    return found


def check_export(results: Path, exported: list[Path], out: Path) -> None:
    """Rectangles, polygons and combinations must come back event by event; clusters with their difference stated."""
    import flowkit as fk

    gated = GatedResults(results)
    written = export_gates(results, "gatingml", out)
    table = pd.read_csv(written[-1], keep_default_na=False)
    flowjo = pd.read_csv(exported[-1], keep_default_na=False)
    clusters = {rule.name for rule in gated.strategy.populations if rule.rule == "cluster"}
    assert set(table["file"]) == set(flowjo["file"]) == set(gated.files)
    for rows in (table, flowjo):
        own = rows[~rows["population"].isin(clusters)]
        exact = own[~own["path"].str.contains("|".join(f"/{name}/" for name in clusters) or "/no/")]
        assert (exact["only_automated"] + exact["only_exported"] == 0).all()
        drawn = rows[rows["population"].isin(clusters)]
        assert drawn["note"].str.contains("nearest polygon|nothing").all()
        assert (drawn["only_automated"] + drawn["only_exported"] <= 0.02 * drawn["events"] + 3).all()
    # Read back by flowkit alone, from the FCS file as flowkit reads it.
    file = gated.files[-1]
    tube = gated.tube(file)
    packed = pack(tube)
    document = next(
        path for path in written if path.stem.startswith(Path(file).stem) or Path(file).stem in path.stem
    )
    strategy = fk.parse_gating_xml(str(document))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the FCS reader, about keywords
        sample = fk.Sample(str(tube.acquisition.path), sample_id="tube")
    gated_by_other = strategy.gate_sample(sample)
    for population, member in tube.membership.items():
        below = any(f"/{cluster}/" in path_text(packed.paths[population]) for cluster in clusters)
        if population in clusters or population == ALL or below:
            continue
        path = packed.paths[population]
        other = gated_by_other.get_gate_membership(path[-1], ("root", *path[:-1]))
        assert np.array_equal(other, member), population


def test_simulated_gates_come_back(results: Path, flowjo: list[Path], tmp_path: Path) -> None:
    check_export(results, flowjo, tmp_path)


@pytest.mark.parametrize("strategy", ["cd19_volumetric", "tbnk"])
def test_real_gates_come_back(real_results: dict[str, Path], strategy: str, tmp_path: Path) -> None:
    exported = list(export_gates(real_results[strategy], "flowjo", tmp_path / "flowjo"))
    check_export(real_results[strategy], exported, tmp_path / "gatingml")


def test_workspace_read_back_by_flowkit_alone(results: Path, flowjo: list[Path]) -> None:
    import flowkit as fk

    *_, wsp, _ = flowjo
    gated = GatedResults(results)
    file = gated.files[0]
    tube = gated.tube(file)
    name = Path(file).name
    sample = fk.Sample(str(tube.acquisition.path), sample_id=name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the samples that are not loaded
        other = fk.Workspace(str(wsp), fcs_samples=[sample])
    other.analyze_samples(sample_id=name, use_mp=False)
    packed = pack(tube)
    tree = for_flowjo(packed.tree)
    members, _ = evaluate(tree, Channels(tube.acquisition, tree.matrices))
    assert members
    for path, member in members.items():
        assert np.array_equal(other.get_gate_membership(name, path[-1], ("root", *path[:-1])), member), path


def test_export_is_the_same_bytes_again(results: Path, flowjo: list[Path], tmp_path: Path) -> None:
    again = export_gates(results, "flowjo", tmp_path)
    assert [path.name for path in again] == [path.name for path in flowjo]
    assert [path.read_bytes() for path in again] == [path.read_bytes() for path in flowjo]


def test_subsets_hold_the_population_and_true_keywords(results: Path, tmp_path: Path) -> None:
    gated = GatedResults(results)
    with pytest.raises(ExchangeError, match="no population 'martians'"):
        export_subsets(results, ["T", "martians"], tmp_path / "none")
    assert not (tmp_path / "none").exists()
    written, problems = export_subsets(results, ["T"], tmp_path)
    assert len(written) == len(gated.files)
    assert problems == []
    tube = gated.tube(gated.files[0])
    part = bd.read_fcs(written[0])
    assert part.n_events == int(tube.membership["T"].sum())
    assert np.array_equal(part.columns(), tube.acquisition.columns()[:, tube.membership["T"]])
    assert part.keywords["BCELLDEPL SOURCE SHA256"] == tube.acquisition.sha256
    assert part.volume.microlitres is None
    assert part.spillover is not None
    assert np.allclose(part.spillover.matrix, tube.acquisition.spillover.matrix, atol=1e-6)


def test_quality_mask_travels(results: Path) -> None:
    tube = GatedResults(results).tube(GatedResults(results).files[0])
    quality = tube.signal.quality
    rng = np.random.default_rng(1)
    time = tube.acquisition.columns(["Time"])[0] * np.float32(tube.acquisition.time_step_s or 1)
    from bcelldepl.signal.quality import TimeBlock

    first, last = np.quantile(time, [0.3, 0.5])
    block = TimeBlock(float(first), float(last), "rate", 0)
    off_scale = rng.random(len(time)) < 0
    keep = quality.keep & ~((time >= first) & (time < last)) & ~off_scale
    cut = replace(tube, signal=replace(tube.signal, quality=replace(quality, keep=keep, blocks=(block,))))
    gates = {gate.path: gate for gate in kept_gates(cut, Channels(tube.acquisition))}
    members, lost = evaluate(GateTree(gates), Channels(tube.acquisition))
    assert not lost
    assert np.array_equal(members[("kept",)], keep)


def test_a_cut_that_rises_with_another_marker_travels_as_a_polygon(results: Path) -> None:
    gated = GatedResults(results)
    rising = 0
    for file in gated.files:
        tube = gated.tube(file)
        shape = tube.fits["CAR_T"].shape
        packed = pack(tube)
        gate = packed.tree.gates[packed.paths["CAR_T"]]
        if not shape.slope:
            assert gate.kind == "rectangle"
            continue
        rising += 1
        assert gate.kind == "polygon"
        channels = Channels(tube.acquisition, packed.tree.matrices)
        inside_shape = evaluate(replace(packed.tree, gates={("C",): replace(gate, path=("C",))}), channels)[0]
        parent = tube.membership["T"]
        assert np.array_equal(inside_shape[("C",)][parent], tube.membership["CAR_T"][parent])
    assert rising


def test_nearest_polygon_of_two_islands() -> None:
    rng = np.random.default_rng(2)
    x, y = rng.normal(0.3, 0.05, 4000).astype(np.float32), rng.normal(0.3, 0.05, 4000).astype(np.float32)
    x[2000:] += np.float32(0.4)
    members = np.arange(4000) < 2000
    corners, disputed = nearest_polygon(x, y, members)
    assert len(corners) > 3
    assert disputed <= 2
    assert nearest_polygon(x, y, np.zeros(4000, dtype=bool))[1] == 0


# Operators and faults


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
        step = np.array([0.07 if axis.channel == tube.panel["CD19"] else 0.0 for axis in gate.axes])
        return replace(gate, corners=gate.corners + step)

    return change(tree, "B", shift)


def wrong_matrix(tree: GateTree, tube: GatedTube) -> GateTree:  # noqa: ARG001
    matrices = {
        name: replace(m, spectra=np.where(np.eye(len(m.outputs)) > 0, 1.0, 1.8 * m.spectra))
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
    results: Path,
    out: Path,
    fault: Callable[[GateTree, GatedTube], GateTree] | None,
    seed: int,
    population: str,
    *,
    page: bool = False,
) -> Comparison:
    """Let an operator gate every tube anew in FlowJo, with a fault or none, and compare."""
    rng = np.random.default_rng(seed)
    gated = GatedResults(results)
    samples = []
    for file in gated.files:
        if not file.endswith(("BL.fcs", "D90.fcs")):
            continue
        tube = gated.tube(file)
        tree = by_hand(pack(tube).tree, rng)
        if fault is not None:
            tree = fault(tree, tube)
        samples.append(WorkspaceSample(Path(file).name, tube.acquisition, for_flowjo(tree), {}))
    out.mkdir(parents=True, exist_ok=True)
    path = out / "manual.wsp"
    path.write_bytes(workspace(samples, "by hand"))
    mapping = out / "names.toml"
    mapping.write_text(f'[populations]\n{population} = "{population}"\n')
    return compare(results, path, out if page else None, mapping=mapping)


@pytest.mark.parametrize("seed", [1, 2])
def test_two_operators_without_a_fault_agree(results: Path, tmp_path: Path, seed: int) -> None:
    comparison = compare_with(results, tmp_path, None, seed, "T")
    rows = comparison.rows
    tcells = rows[rows["population"] == "T"]
    assert (tcells["verdict"] == "agree").all()
    assert (tcells["f1"] > 0.97).all()


@pytest.mark.parametrize(
    ("fault", "gate", "cause"),
    [
        (shifted_cd19, "B", "in CD19 lies 0.0"),
        (wrong_matrix, "B", "compensated as the automated gating does"),
        (time_gate, "steady (manual)", "cuts acquisition time"),
    ],
    ids=["shifted CD19 cut", "wrong compensation", "time gate"],
)
def test_the_fault_is_named(results: Path, tmp_path: Path, fault, gate: str, cause: str) -> None:
    comparison = compare_with(results, tmp_path, fault, 3, "B", page=fault is not wrong_matrix)
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
    tree, auto = pack(tube).tree, int(tube.membership["B"].sum())
    path = next(path for path in tree.gates if path[-1] == "B")
    drawn = []
    for unrest in np.geomspace(0.002, 0.03, 16):
        again = by_hand(tree, np.random.default_rng(seed), float(unrest))
        members, _ = evaluate(again, Channels(tube.acquisition, again.matrices))
        drawn.append((again, abs(int(members[path].sum()) / auto - 1)))
    return min(drawn, key=lambda one: abs(one[1] - 0.05))


@pytest.mark.parametrize("seed", [11, 12])
def test_operators_who_differ_by_five_percent_and_one_fault(results: Path, seed: int) -> None:
    tube = GatedResults(results).tube("fcs/S01_BL.fcs")
    tree, difference = operator(tube, seed)
    assert 0.035 < difference < 0.065
    for fault, gate, kind in (
        (shifted_cd19, "B", "cut"),
        (wrong_matrix, "B", "compensation"),
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
            assert "in CD19 lies 0.0" in cause.sentence


def test_quadrant_against_rectangle(results: Path, tmp_path: Path) -> None:
    """A manual rectangle with outer edges cuts off what a quadrant would take."""
    gated = GatedResults(results)
    tube = gated.tube("fcs/S01_BL.fcs")
    tree = pack(tube).tree

    def box(gate: Gate) -> Gate:
        assert gate.corners is not None
        low, high = gate.corners.min(axis=0), np.median(gate.corners, axis=0)
        axes = tuple(
            replace(a, low=float(lo), high=float(hi)) for a, lo, hi in zip(gate.axes, low, high, strict=True)
        )
        return replace(gate, kind="rectangle", corners=None, axes=axes)

    path = tmp_path / "box.xml"
    path.write_bytes(gating_ml(change(tree, "B", box)))
    comparison = compare(results, path, tmp_path / "out")
    (reason,) = [
        one.reason for t in comparison.tubes if t.file == "fcs/S01_BL.fcs" for one in t.populations
        if one.pair.population == "B"
    ]  # fmt: skip
    assert "quadrant" in reason


def test_count_table_without_events_and_stated_counts(results: Path, tmp_path: Path) -> None:
    counts = (
        bd.batch.Results(results).counts if hasattr(bd, "batch") else GatedResults(results).results.counts
    )
    rows = counts[counts["population"].isin(["B", "T"])]
    table = pd.DataFrame({"file": rows["file"], "population": rows["population"].map({"B": "CD19+", "T": "CD3+"}),
                          "events": rows["events"], "per_ul": rows["cells_per_ul"]})  # fmt: skip
    table.loc[table.index[0], "per_ul"] *= 2
    path = tmp_path / "manual.csv"
    table.to_csv(path, index=False)
    comparison = compare(results, path, tmp_path / "out")
    found = comparison.rows
    assert found["precision"].isna().all()
    assert (found["verdict"] == "disagree").sum() == 1
    assert set(comparison.named) >= {"B", "T"}
    assert "B = " in (tmp_path / "out" / "mapping.toml").read_text()


def test_renamed_and_missing_files_are_named(results: Path, tmp_path: Path) -> None:
    gated = GatedResults(results)
    samples = []
    for i, file in enumerate(name for name in gated.files if "FMO" not in name):
        tube = gated.tube(file)
        name = "renamed by hand.fcs" if i == 0 else Path(file).name
        samples.append(WorkspaceSample(name, tube.acquisition, for_flowjo(pack(tube).tree), {}))
    samples.append(replace(samples[0], name="of another study.fcs"))
    path = tmp_path / "manual.wsp"
    path.write_bytes(workspace(samples, "by hand"))
    comparison = compare(results, path)
    words = " ".join(map(str, comparison.problems))
    assert "renamed by hand.fcs: no such tube" in words
    assert "of another study.fcs: no such tube" in words
    assert f"{gated.files[0]}: no manual result" in words
    mapping = tmp_path / "names.toml"
    mapping.write_text(f'[files]\n"{gated.files[0]}" = "renamed by hand.fcs"\n')
    again = compare(results, path, mapping=mapping)
    assert len(again.tubes) == len(comparison.tubes) + 1
    assert read_manual(path).tubes[0].name == "renamed by hand.fcs"


def test_recorded_gates_count_a_file_in_a_stream(results: Path) -> None:
    gated = GatedResults(results)
    file = gated.files[0]
    strategy, fits = gated.gates(file)
    tube = gated.tube(file)
    assert fits == tube.fits
    with pytest.raises(StrategyError, match="T, B"):
        bd.count_file(tube.acquisition, strategy, fits)
    regions = tuple(rule for rule in strategy.populations if rule.rule not in ("cluster", "positives"))
    without = strategy.model_copy(update={"populations": regions})
    counted = bd.count_file(tube.acquisition, without, fits, keep_membership=True)
    assert counted.membership.keys() >= {"beads", "singlets", "lymphocytes"}
    kept = tube.signal.quality.keep
    for name, inside in counted.membership.items():
        np.testing.assert_array_equal(inside & kept, tube.membership[name], err_msg=name)
