"""A gate set by hand moves its own tube's number, is marked wherever that number appears, and moves nothing else."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bcelldepl.batch import Results, run
from bcelldepl.batch.figures import shown_by
from bcelldepl.errors import StudyError
from bcelldepl.gating.strategy import load_strategy
from bcelldepl.kinetics.analysis import analyse_study
from bcelldepl.kinetics.tables import kinetics_tables
from bcelldepl.report.kinetics import kinetics_figures
from bcelldepl.results import tube_stem
from bcelldepl.signal import make_signal
from bcelldepl.study import Study, load_study
from bcelldepl.tubes.overrides import strategy_with_overrides
from bcelldepl.tubes.regate import GatedResults

WHO = 'who = "core lab"\nwhen = 2026-11-02\nwhy = "dim cells"\n'
SENTENCE = "set by hand by core lab on 2026-11-02: dim cells"


def override(folder: Path, population: str, gate: str, visit: str = "D10") -> str:
    """Set one more gate by hand, of the first tube of a visit."""
    sheet = pd.read_csv(folder / "samples.csv")
    rows = sheet[sheet["visit"] == visit]
    file = str(rows["file"].iloc[0])
    with (folder / "overrides.toml").open("a", encoding="utf-8") as text:
        text.write(f'[[override]]\nfile = "{file}"\npopulation = "{population}"\n{gate}\n{WHO}')
    return file


def position(results: Results, file: str) -> float:
    """Where the CAR+ cells of a tube are cut."""
    gates = json.loads((results.folder / "gates" / f"{tube_stem(file)}.json").read_text(encoding="utf-8"))
    return float(gates["gates"]["CAR_T"]["shape"]["position"])


@pytest.fixture(scope="module")
def by_hand(
    simulated: Path, results: Results, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Results, str]:
    """The study with one gate set by hand, a little above where it was found."""
    folder = Path(shutil.copytree(simulated, tmp_path_factory.mktemp("one gate") / "study"))
    sheet = pd.read_csv(folder / "samples.csv")
    file = str(sheet[sheet["visit"] == "D10"]["file"].iloc[0])
    override(folder, "CAR_T", f"cut = {position(results, file) + 0.02:.4f}")
    return run(load_study(folder / "study.toml"), workers=1), file


@pytest.fixture(scope="module")
def three_by_hand(
    simulated: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Results, dict[str, str]]:
    """The study with gates of three populations set by hand, each in a tube of its own; and those tubes."""
    folder = Path(shutil.copytree(simulated, tmp_path_factory.mktemp("three gates") / "study"))
    files = {
        "B": override(
            folder,
            "B",
            'holds = "everything"\npolygon = [[-1, -1], [2, -1], [2, 2], [-1, 2]]\nx = "CD19"\ny = "CD3"',
        ),
        "low_side_scatter": override(
            folder, "low_side_scatter", "polygon = [[0.1, -0.2], [1.2, -0.2], [1.2, 0.5], [0.1, 0.5]]", "D28"
        ),
        "beads": override(
            folder,
            "beads",
            'polygon = [[-0.2, 0.5], [1.2, 0.5], [1.2, 1.2], [-0.2, 1.2]]\nx = "FSC-A"\ny = "SSC-A"',
            "D90",
        ),
    }
    return run(load_study(folder / "study.toml"), workers=1), files


def test_only_that_number_moves(by_hand: tuple[Results, str], results: Results) -> None:
    changed, file = by_hand
    before, after = results.counts, changed.counts
    moved = (before["file"] == file) & (before["population"] == "CAR_T")
    assert moved.sum() == 1
    pd.testing.assert_frame_equal(before[~moved], after[~moved])
    assert after[moved]["override"].item() == f"gate of CAR_T {SENTENCE}"
    assert after[moved]["evidence"].item() == "fixed"
    assert SENTENCE in after[moved]["reason"].item()


def test_the_pages_of_other_subjects_show_the_same(
    by_hand: tuple[Results, str], results: Results, simulated: Path
) -> None:
    """So they are not drawn again: a save on the review page would take as long as a run."""
    changed, file = by_hand
    study = load_study(simulated / "study.toml")
    where = json.loads((changed.folder / "run.json").read_text(encoding="utf-8"))["study_file"]
    by_this = study.model_copy(update={"overrides": load_study(where).overrides})
    assert by_this.overrides

    def shown(counts: pd.DataFrame, study: Study) -> dict[str, object]:
        kinetics = analyse_study(counts, study)
        drawn = kinetics_figures(counts, kinetics, kinetics_tables(kinetics))
        return {name: shown_by(draw) for name, draw in drawn if name.startswith("subjects/")}

    before, after = shown(results.counts, study), shown(changed.counts, by_this)
    subject = results.counts.set_index("file").loc[[file], "subject"].iloc[0]
    assert [name for name in before if before[name] != after[name]] == [f"subjects/{subject}"]
    assert len(before) == len(after) == 2


def test_the_cut_counts_what_lies_above_it(by_hand: tuple[Results, str]) -> None:
    changed, file = by_hand
    tube = GatedResults(changed.folder).tube(file)
    signal = make_signal(tube.acquisition, tube.panel, tube.strategy.all_transforms, tube.spillover)
    above = int(np.sum(signal.columns["CAR"][tube.membership["T"]] > position(changed, file)))
    row = changed.counts[(changed.counts["file"] == file) & (changed.counts["population"] == "CAR_T")]
    assert row["events"].item() == above == int(tube.membership["CAR_T"].sum())
    assert above > 0


def test_the_strategy_of_such_a_tube_is_another_one(copy: Path) -> None:
    override(copy, "CAR_T", 'polygon = [[0.5, 0.0], [1.0, 0.0], [1.0, 1.0]]\nx = "CAR"\ny = "CD14"')
    study = load_study(copy / "study.toml")
    strategy = load_strategy(study.strategy)
    assert strategy.sha256 and "CD14" not in strategy.required_markers  # noqa: PT018 - known before it is copied
    other = strategy_with_overrides(strategy, study.overrides)
    assert other.sha256 != strategy.sha256
    assert set(other.required_markers) - set(strategy.required_markers) == {"CD14"}


def test_it_is_marked_wherever_the_number_appears(by_hand: tuple[Results, str]) -> None:
    changed, file = by_hand
    tubes = changed.tubes.set_index("file")
    assert SENTENCE in tubes.loc[file, "quality_flags"]
    assert not tubes.drop(file)["quality_flags"].str.contains("by hand").any()
    ends = changed.endpoints
    subject = tubes.loc[file, "subject"]
    marked = ends["reason"].str.contains("gates set by hand at D10")
    assert set(ends[marked]["subject"]) == {subject}
    assert {"CMAX", "AUC_0_28"} <= set(ends[marked]["parameter"])
    page = (changed.folder / "report.html").read_text(encoding="utf-8")
    assert SENTENCE in page
    assert 'class="hand"' in page
    assert changed.record["overrides"][0]["who"] == "core lab"
    gates = json.loads((changed.folder / "gates" / f"{tube_stem(file)}.json").read_text(encoding="utf-8"))
    assert gates["overrides"][0]["cut"] == gates["gates"]["CAR_T"]["shape"]["position"]


def test_a_polygon_takes_the_place_of_a_learned_gate(
    three_by_hand: tuple[Results, dict[str, str]], results: Results
) -> None:
    changed, file = three_by_hand[0].counts, three_by_hand[1]["B"]
    rows = changed[changed["file"] == file].set_index("population")
    gates = json.loads(
        (three_by_hand[0].folder / "gates" / f"{tube_stem(file)}.json").read_text(encoding="utf-8")
    )
    assert gates["gates"]["B"]["rule"] == "polygon"
    before = results.counts[results.counts["file"] == file].set_index("population")
    assert rows.loc["T", "events"] == before.loc["T", "events"]


def test_a_gate_above_marks_all_that_stand_on_it(three_by_hand: tuple[Results, dict[str, str]]) -> None:
    changed, file = three_by_hand[0].counts, three_by_hand[1]["low_side_scatter"]
    rows = changed[changed["file"] == file].set_index("population")["override"]
    above = {"beads", "leukocytes", "CD4_T", "CD8_T"}  # and what the panel does not tell
    assert set(rows[rows != ""].index) == set(rows.index) - above


def test_the_beads_gate_marks_every_concentration(three_by_hand: tuple[Results, dict[str, str]]) -> None:
    changed, files = three_by_hand[0].counts, three_by_hand[1]
    own = changed[(changed["file"] == files["beads"]) & changed["events"].notna()]
    assert (own["override"] != "").all()
    assert (changed[~changed["file"].isin(files.values())]["override"] == "").all()
    own = changed[changed["file"] == files["B"]]
    assert set(own[own["override"] != ""]["population"]) == {"B"}


def test_a_tube_gated_by_hand_is_listed_for_a_second_look(
    by_hand: tuple[Results, str], results: Results
) -> None:
    changed, file = by_hand
    reason = changed.tubes.set_index("file").loc[file, "reason"]
    counts = [
        one.counts.set_index(["file", "population"])["events"][file, "CAR_T"] for one in (results, changed)
    ]
    places = [position(one, file) for one in (results, changed)]
    assert (
        f"from CAR {places[0]:.3f} with {counts[0]:,} events to CAR {places[1]:.3f} with {counts[1]:,} events"
        in reason
    )
    assert "by a second person" in reason
    assert changed.exit_code == 1


@pytest.mark.parametrize(
    ("population", "gate", "words"),
    [
        ("Bs", "cut = 0.4", "has no population 'Bs'"),
        ("lymphocytes", "cut = 0.4", "combined from other populations"),
        ("B", "polygon = [[0, 0], [1, 0], [1, 1]]", "give the axes `x` and `y`"),
        ("B", "cut = 0.4", "is not a cut"),
        ("B", "polygon = [[0, 0], [1, 0], [1, 1]]", "axes of 'B' are learned"),
        ("B", 'cut = 0.4\nmarker = "CD99"\nside = "above"', "no marker 'CD99'"),
    ],
)
def test_what_the_strategy_has_no_place_for_is_refused(
    copy: Path, tmp_path: Path, population: str, gate: str, words: str
) -> None:
    override(copy, population, gate)
    with pytest.raises(StudyError, match=words):
        run(load_study(copy / "study.toml"), tmp_path / "out", workers=1)
    assert not (tmp_path / "out").exists()
