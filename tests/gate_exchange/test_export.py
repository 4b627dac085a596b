"""Automated gates go out to other programs and come back as they were."""

from __future__ import annotations

import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import bcelldepl as bd
from bcelldepl.errors import ExchangeError
from bcelldepl.gate_exchange.evaluate import Channels, evaluate
from bcelldepl.gate_exchange.export import export_gates
from bcelldepl.gate_exchange.gate import GateTree, path_text
from bcelldepl.gate_exchange.gates_from_fits import portable_gates
from bcelldepl.gate_exchange.quality_gates import quality_gates
from bcelldepl.gate_exchange.subsets import export_subsets
from bcelldepl.gate_exchange.write_flowjo import for_flowjo
from bcelldepl.gating.strategy import ALL
from bcelldepl.tubes.regate import GatedResults


@pytest.fixture(scope="module")
def flowjo(exchange_results: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Its gates as a FlowJo workspace: what was written."""
    return list(export_gates(exchange_results, "flowjo", tmp_path_factory.mktemp("flowjo")))


@pytest.fixture(scope="module")
def real_results(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Results of the real tubes, by strategy."""
    folder = tmp_path_factory.mktemp("real")
    found = {}
    for strategy, name in (("cd19_volumetric", "volumetric_cd19"), ("tbnk", "tbnk")):
        bd.run(bd.load_study(real_data / name / "study.toml"), out=folder / strategy, workers=1)
        found[strategy] = folder / strategy
    return found


def test_two_processes_export_the_same_files(
    exchange_results: Path, flowjo: list[Path], tmp_path: Path
) -> None:
    told: list[tuple[str, int]] = []
    again = export_gates(
        exchange_results,
        "flowjo",
        tmp_path,
        workers=2,
        progress=lambda file, done, _: told.append((file, done)),
    )
    assert [path.name for path in again] == [path.name for path in flowjo]
    assert [path.read_bytes() for path in again] == [path.read_bytes() for path in flowjo]
    assert told == list(zip(GatedResults(exchange_results).files, range(1, len(told) + 1), strict=True))


def check_export(exchange_results: Path, exported: list[Path], out: Path) -> None:
    """Rectangles, polygons and combinations must come back event by event; clusters with their difference stated."""
    import flowkit as fk

    gated = GatedResults(exchange_results)
    written = export_gates(exchange_results, "gatingml", out)
    table = pd.read_csv(written[-1], keep_default_na=False)
    flowjo = pd.read_csv(exported[-1], keep_default_na=False)
    clusters = {rule.name for rule in gated.strategy_of(gated.files[0]).populations if rule.rule == "cluster"}
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
    packed = portable_gates(tube)
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


def test_simulated_gates_come_back(exchange_results: Path, flowjo: list[Path], tmp_path: Path) -> None:
    check_export(exchange_results, flowjo, tmp_path)


@pytest.mark.parametrize("strategy", ["cd19_volumetric", "tbnk"])
def test_real_gates_come_back(real_results: dict[str, Path], strategy: str, tmp_path: Path) -> None:
    exported = list(export_gates(real_results[strategy], "flowjo", tmp_path / "flowjo"))
    check_export(real_results[strategy], exported, tmp_path / "gatingml")


def test_workspace_read_back_by_flowkit_alone(exchange_results: Path, flowjo: list[Path]) -> None:
    import flowkit as fk

    *_, wsp, _ = flowjo
    gated = GatedResults(exchange_results)
    file = gated.files[0]
    tube = gated.tube(file)
    name = Path(file).name
    sample = fk.Sample(str(tube.acquisition.path), sample_id=name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the samples that are not loaded
        other = fk.Workspace(str(wsp), fcs_samples=[sample])
    other.analyze_samples(sample_id=name, use_mp=False)
    packed = portable_gates(tube)
    tree = for_flowjo(packed.tree)
    members, _ = evaluate(tree, Channels(tube.acquisition, tree.matrices))
    assert members
    for path, member in members.items():
        assert np.array_equal(other.get_gate_membership(name, path[-1], ("root", *path[:-1])), member), path


def test_export_is_the_same_bytes_again(exchange_results: Path, flowjo: list[Path], tmp_path: Path) -> None:
    again = export_gates(exchange_results, "flowjo", tmp_path)
    assert [path.name for path in again] == [path.name for path in flowjo]
    assert [path.read_bytes() for path in again] == [path.read_bytes() for path in flowjo]


def test_subsets_hold_the_population_and_true_keywords(exchange_results: Path, tmp_path: Path) -> None:
    gated = GatedResults(exchange_results)
    with pytest.raises(ExchangeError, match="no population 'martians'"):
        export_subsets(exchange_results, ["T", "martians"], tmp_path / "none")
    assert not (tmp_path / "none").exists()
    written, problems = export_subsets(exchange_results, ["T"], tmp_path)
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


def test_quality_mask_travels(exchange_results: Path) -> None:
    tube = GatedResults(exchange_results).tube(GatedResults(exchange_results).files[0])
    quality = tube.signal.quality
    rng = np.random.default_rng(1)
    time = tube.acquisition.columns(["Time"])[0] * np.float32(tube.acquisition.time_step_s or 1)
    from bcelldepl.signal.quality_mask import TimeBlock

    first, last = np.quantile(time, [0.3, 0.5])
    block = TimeBlock(float(first), float(last), "rate", 0)
    off_scale = rng.random(len(time)) < 0
    keep = quality.keep & ~((time >= first) & (time < last)) & ~off_scale
    cut = replace(tube, signal=replace(tube.signal, quality=replace(quality, keep=keep, blocks=(block,))))
    gates = {gate.path: gate for gate in quality_gates(cut, Channels(tube.acquisition))}
    members, lost = evaluate(GateTree(gates), Channels(tube.acquisition))
    assert not lost
    assert np.array_equal(members[("kept",)], keep)
