"""A whole study: the same bytes for a seed, truth that agrees with labels, files that others read."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from pathlib import Path

import fcsparser
import flowio
import numpy as np
import pytest

from bcelldepl.errors import StudyError
from bcelldepl.simulation import is_simulation, simulate
from bcelldepl.simulation.cells import LABELS
from bcelldepl.simulation.detectors import FLUORESCENCE_CHANNELS, SPILLOVER
from bcelldepl.simulation.scenarios import SCENARIOS, tube_orders
from bcelldepl.simulation.tube import CHANNELS

ROOT = Path(__file__).resolve().parents[2]
Read = Callable[[Path], list[dict[str, str]]]


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_same_seed_same_bytes_whatever_the_number_of_subjects(small: Path, tmp_path: Path) -> None:
    whole = contents(small)
    simulate(tmp_path, scenario="small", subjects=1)
    first = {name: data for name, data in contents(tmp_path).items() if name.endswith((".fcs", ".npy"))}
    assert first == {name: data for name, data in whole.items() if "S01_" in name}
    assert len(first) == 10
    truth = (tmp_path / "truth.csv").read_text()
    assert (small / "truth.csv").read_text().startswith(truth)


def test_another_seed_other_bytes(small: Path, tmp_path: Path) -> None:
    simulate(tmp_path, scenario="small", subjects=1, seed=1)
    assert (tmp_path / "fcs/S01_BL.fcs").read_bytes() != (small / "fcs/S01_BL.fcs").read_bytes()


def test_the_shipped_study_is_what_the_generator_writes(small: Path) -> None:
    shipped = contents(ROOT / "sample_fcs")
    # Whoever ran the study in place has results beside it.
    shipped = {name: data for name, data in shipped.items() if not name.startswith("results")}
    expected = contents(small)
    assert shipped.keys() == expected.keys()
    assert [name for name in expected if shipped[name] != expected[name]] == []


def test_the_shipped_study_is_small(small: Path) -> None:
    assert sum(map(len, contents(small).values())) < 15_000_000


def test_truth_is_what_the_labels_say(small: Path, read_table: Read) -> None:
    meaning = json.loads((small / "labels/populations.json").read_text())
    assert meaning["labels"] == {label: code for code, label in enumerate(LABELS)}
    truth = read_table(small / "truth.csv")
    assert list(truth[0]) == ["file", "population", "true_per_ul", "true_events"]
    for row in truth:
        labels = np.load(small / "labels" / (Path(row["file"]).stem + ".npy"))
        codes = [meaning["labels"][name] for name in meaning["populations"][row["population"]]]
        assert int(row["true_events"]) == np.isin(labels, codes).sum()


def test_every_tube_has_truth_and_one_label_per_event(small: Path, read_table: Read) -> None:
    samples = read_table(small / "samples.csv")
    truth = read_table(small / "truth.csv")
    assert {row["file"] for row in samples} == {row["file"] for row in truth}
    assert {row["file"] for row in samples} == {f"fcs/{path.name}" for path in (small / "fcs").iterdir()}
    for row in samples:
        labels = np.load(small / "labels" / (Path(row["file"]).stem + ".npy"))
        assert labels.dtype == np.uint8
        assert flowio.FlowData(str(small / row["file"]), only_text=True).event_count == labels.size


def test_events_over_beads_estimate_the_true_concentration(small: Path, read_table: Read) -> None:
    rows = {(row["file"], row["population"]): row for row in read_table(small / "truth.csv")}
    deviations = []
    for sample in read_table(small / "samples.csv"):
        beads_per_ul = int(sample["bead_count"]) / float(sample["blood_volume_ul"])
        beads = rows[sample["file"], "beads"]
        assert float(beads["true_per_ul"]) == pytest.approx(beads_per_ul, rel=1e-5)
        for population in ("B", "T", "NK", "leukocytes"):
            row = rows[sample["file"], population]
            cells, true = int(row["true_events"]), float(row["true_per_ul"])
            if cells < 50:
                continue
            estimate = cells / int(beads["true_events"]) * beads_per_ul
            deviations.append(np.log(estimate / true) / np.sqrt(1 / cells + 1 / int(beads["true_events"])))
    # Beads are shared by the populations of a tube, hence the generous bounds.
    assert abs(np.mean(deviations)) < 0.6
    assert 0.6 < np.std(deviations) < 1.4


def test_a_depleted_subject_has_no_b_cell(small: Path, read_table: Read) -> None:
    b = {row["file"]: row for row in read_table(small / "truth.csv") if row["population"] == "B"}
    assert int(b["fcs/S03_BL.fcs"]["true_events"]) > 200
    assert [
        (b[f"fcs/S03_{v}.fcs"]["true_per_ul"], b[f"fcs/S03_{v}.fcs"]["true_events"]) for v in ("D10", "D28")
    ] == [
        ("0", "0"),
        ("0", "0"),
    ]
    assert int(b["fcs/S01_D28.fcs"]["true_events"]) < 20 < int(b["fcs/S01_D90.fcs"]["true_events"])


@pytest.mark.parametrize("stem", ["S01_BL", "S03_D10", "S02_BL_FMO-CAR"])
def test_two_readers_agree_on_a_file(small: Path, stem: str) -> None:
    path = small / "fcs" / f"{stem}.fcs"
    data = flowio.FlowData(str(path))
    meta, table = fcsparser.parse(str(path))
    np.testing.assert_array_equal(data.as_array(preprocess=False), table.to_numpy())
    assert tuple(data.pnn_labels) == tuple(table.columns) == CHANNELS
    assert data.pns_labels[CHANNELS.index("PE-A")] == "anti-FMC63 PE"
    assert meta["$SPILLOVER"].split(",")[: 1 + len(FLUORESCENCE_CHANNELS)] == ["8", *FLUORESCENCE_CHANNELS]


def test_the_matrix_in_the_file_compensates_the_file(small: Path) -> None:
    data = flowio.FlowData(str(small / "fcs/S01_BL.fcs"))
    fields = data.text["spillover"].split(",")
    matrix = np.array(fields[9:], dtype=float).reshape(8, 8)
    np.testing.assert_array_equal(matrix, SPILLOVER)
    events = data.as_array(preprocess=False)[:, [CHANNELS.index(name) for name in fields[1:9]]]
    labels = np.load(small / "labels/S01_BL.npy")
    t_cells = labels == LABELS.index("T")
    cd3, car = FLUORESCENCE_CHANNELS.index("FITC-A"), FLUORESCENCE_CHANNELS.index("PE-A")

    def slope(values: np.ndarray) -> float:
        covariance = np.cov(values[t_cells][:, [cd3, car]], rowvar=False)
        return float(covariance[0, 1] / covariance[0, 0])

    assert slope(events) > 0.08
    assert abs(slope(events @ np.linalg.inv(matrix))) < 0.02


def test_the_study_file_names_only_known_things(small: Path, read_table: Read) -> None:
    study = tomllib.loads((small / "study.toml").read_text())
    assert study == {
        "study": {"id": "SIM-SMALL", "samples": "samples.csv", "strategy": "cart_pd"},
        "counting": {"method": "beads"},
    }
    samples = read_table(small / "samples.csv")
    assert {row["role"] for row in samples} == {"sample", "fmo:CAR"}
    assert {row["dose_group"] for row in samples} == {"0.3e5/kg", "1e5/kg", "3e5/kg"}
    assert all(row["collected"] < row["infused"] for row in samples if float(row["day"]) <= 0)


def test_a_former_simulation_is_replaced_and_other_files_stay(tmp_path: Path) -> None:
    simulate(tmp_path, scenario="small", subjects=2)
    (tmp_path / "fcs/mine.fcs").write_bytes(b"mine")
    simulate(tmp_path, scenario="small", subjects=1)
    assert is_simulation(tmp_path)
    assert not list(tmp_path.rglob("S02*"))
    assert (tmp_path / "fcs/mine.fcs").read_bytes() == b"mine"
    assert not list(tmp_path.rglob("*.part"))


def test_an_interrupted_simulation_is_no_study_and_can_be_repeated(tmp_path: Path) -> None:
    def interrupt(message: str) -> None:
        if message.startswith("S01_D10"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        simulate(tmp_path, scenario="small", subjects=1, progress=interrupt)
    assert is_simulation(tmp_path)
    assert not (tmp_path / "study.toml").exists()
    simulate(tmp_path, scenario="small", subjects=1)
    assert (tmp_path / "study.toml").is_file()


def test_every_problem_of_a_request_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(StudyError) as caught:
        simulate(tmp_path, scenario="large", subjects=0, drift=-1.0)
    assert [problem.where for problem in caught.value.problems] == ["scenario", "subjects", "drift"]
    assert not list(tmp_path.iterdir())


def test_more_drift_moves_the_stain_further(tmp_path: Path) -> None:
    def spread(drift: float) -> float:
        folder = tmp_path / f"{drift}"
        simulate(folder, scenario="small", subjects=2, drift=drift)
        medians = []
        for path in sorted((folder / "fcs").glob("*.fcs")):
            labels = np.load(folder / "labels" / f"{path.stem}.npy")
            cd45 = flowio.FlowData(str(path)).as_array(preprocess=False)[:, CHANNELS.index("V500-A")]
            medians.append(np.log10(np.median(cd45[labels == LABELS.index("T")])))
        return float(np.std(medians))

    assert spread(0.0) < 0.02 < 0.08 < spread(0.3)


def test_trial_and_hard_hold_what_they_promise() -> None:
    trial, hard = SCENARIOS["trial"], SCENARIOS["hard"]
    assert trial.subjects == 12
    assert max(visit.day for visit in trial.visits) >= 90
    orders = [o for i in range(hard.subjects) for o in tube_orders(hard, i, f"S{i + 1:02d}")]
    assert len({o.stem for o in orders}) == len(orders)
    assert {kind for o in orders for kind in o.mishaps} == {
        "short", "few_beads", "debris", "labels", "clog", "no_fmo"
    }  # fmt: skip
    assert not [o for o in orders if o.subject_index == 4 and not o.car]
    assert any(o.stem == "S01_D28_2" for o in orders)
