"""What a run learns of the study's cells is kept, moves no reported count, and is learned again only where asked."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bcelldepl.batch import Results, run
from bcelldepl.batch.relearn import what_would_move
from bcelldepl.errors import StudyError
from bcelldepl.store import OF_THE_STUDY, Store, StoreError
from bcelldepl.study import Study, load_study
from bcelldepl.verification import verify

LAST = "fcs/S01_D90.fcs"


def without_last(folder: Path) -> list[str]:
    """Take the last visit out of the sheet; return its lines as they were."""
    sheet = folder / "samples.csv"
    lines = sheet.read_text(encoding="utf-8").splitlines(keepends=True)
    sheet.write_text("".join(line for line in lines if not line.startswith(LAST)), encoding="utf-8")
    return lines


def events(counts: pd.DataFrame) -> pd.Series:
    return counts.set_index(["file", "population"])["events"]


def assert_hardly_moved(before: pd.Series, after: pd.Series) -> None:
    """By 1 % or a third of the standard error of the count itself, of 200 events and more."""
    large = before[before >= 200].astype(float)
    assert len(large) >= 10
    assert ((after[large.index] - large).abs() <= np.maximum(0.01 * large, np.sqrt(large) / 3)).all()


@pytest.fixture(scope="module")
def grown(one_subject: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Results, Results]:
    """A study that was run before its last visit came, and again with it."""
    folder = Path(shutil.copytree(one_subject, tmp_path_factory.mktemp("grown") / "study"))
    lines = without_last(folder)
    out = folder.parent / "results"
    run(load_study(folder / "study.toml"), out, workers=1)
    before = Results(shutil.copytree(out, folder.parent / "before"))
    (folder / "samples.csv").write_text("".join(lines), encoding="utf-8")
    return folder, before, run(load_study(folder / "study.toml"), out, workers=1)


def test_a_tube_that_is_added_moves_no_reported_count(grown: tuple[Path, Results, Results]) -> None:
    _, before, after = grown
    assert LAST not in set(before.counts["file"])
    old = after.counts[after.counts["file"] != LAST].reset_index(drop=True)
    pd.testing.assert_frame_equal(old, before.counts)
    assert (after.folder / "gates/model.json").read_bytes() == (
        before.folder / "gates/model.json"
    ).read_bytes()
    added = events(after.counts)
    assert added[LAST, "T"] > 100
    assert verify(after.folder).findings == []


def test_learning_again_on_trial_shows_what_would_move_and_changes_nothing(
    grown: tuple[Path, Results, Results],
) -> None:
    folder, _, after = grown
    content = (after.folder / "gates/model.json").read_bytes()
    moved = what_would_move(load_study(folder / "study.toml"), after.folder, workers=1)
    assert (after.folder / "gates/model.json").read_bytes() == content
    assert_hardly_moved(moved["events_before"], moved["events_after"])


@pytest.fixture
def copied(grown: tuple[Path, Results, Results], tmp_path: Path) -> tuple[Study, Path]:
    """The grown study, and a copy of its results that may be changed."""
    folder, _, after = grown
    return load_study(folder / "study.toml"), Path(shutil.copytree(after.folder, tmp_path / "results"))


def test_learning_again_for_good_stands_in_the_audit_record_with_its_reason(
    grown: tuple[Path, Results, Results], copied: tuple[Study, Path]
) -> None:
    (_, _, after), (study, out) = grown, copied
    again = run(study, out, workers=1, learn_again=True, why="five tubes instead of four")
    assert json.loads((out / "gates/model.json").read_text())["models"][0]["tubes"].keys() >= {LAST}
    last = json.loads((out / "audit.jsonl").read_text(encoding="utf-8").splitlines()[-1])
    assert last["why"] == "five tubes instead of four"
    assert "learning again was requested" in json.dumps(last)
    assert_hardly_moved(events(after.counts), events(again.counts))
    assert run(study, out, workers=1).was_current


def test_models_of_an_earlier_build_are_learned_again_where_asked(
    grown: tuple[Path, Results, Results], copied: tuple[Study, Path]
) -> None:
    (_, _, after), (study, out) = grown, copied
    with Store(out, "run") as store:
        store.keep_stage("models", OF_THE_STUDY, "kept", '{"models": [{}]}', b"")
    with pytest.raises(StoreError, match=r"an earlier build wrote them.*--learn-again"):
        run(study, out, workers=1, fresh=True)
    again = run(study, out, workers=1, learn_again=True, why="another build")
    assert set(again.tubes["status"]) == set(after.tubes["status"])
    assert run(study, out, workers=1).was_current


def test_the_study_answers_what_a_cluster_is(
    copy_of_one: Path, results_of_one: Results, tmp_path: Path
) -> None:
    model = json.loads((results_of_one.folder / "gates/model.json").read_text())["models"][0]["model"]
    number = next(one["number"] for one in model["clusters"] if one["kind"] == "NK")
    toml = copy_of_one / "study.toml"
    toml.write_text(f"{toml.read_text()}\n[gating.kinds]\nother_lymphocytes = [{number}]\n", encoding="utf-8")
    results = run(load_study(toml), tmp_path / "out", workers=1)
    assert any("could be identified as NK" in question for question in results.questions)
    assert results.exit_code == 1
    page = (results.folder / "report.html").read_text(encoding="utf-8")
    assert 'id="questions"' in page
    assert "could be identified as NK" in page
    rows = results.counts[results.counts["population"] == "NK"]
    assert set(rows["result"]) == {"NOT_EVALUABLE"}
    asked = results.tubes["reason"].str.contains("could be identified as")
    assert not asked.any()  # the study is asked once, not once per tube
    assert (results.folder / "figures/clusters.png").is_file()


def test_a_study_may_be_gated_by_what_another_has_learned(
    copy_of_one: Path, results_of_one: Results, tmp_path: Path
) -> None:
    shutil.copy(results_of_one.folder / "gates/model.json", copy_of_one / "model.json")
    without_last(copy_of_one)
    toml = copy_of_one / "study.toml"
    toml.write_text(f'{toml.read_text()}\n[gating]\nmodel = "model.json"\n', encoding="utf-8")
    results = run(load_study(toml), tmp_path / "out", workers=1)
    expected = results_of_one.counts[results_of_one.counts["file"] != LAST]
    pd.testing.assert_series_equal(events(results.counts), events(expected))


def test_nothing_can_be_learned_again_before_something_was_learned(copy_of_one: Path, tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="nothing has been learned"):
        what_would_move(load_study(copy_of_one / "study.toml"), tmp_path / "out", workers=1)


def test_plasmablasts_are_b_cells_unless_the_study_counts_them_apart(
    copy_of_one: Path, results_of_one: Results, tmp_path: Path
) -> None:
    toml = copy_of_one / "study.toml"
    toml.write_text(f'{toml.read_text()}\n[gating]\nplasmablasts = "apart"\n', encoding="utf-8")
    results = run(load_study(toml), tmp_path / "out", workers=1)
    together, apart = events(results_of_one.counts), events(results.counts)
    b_cells = [place for place in together.index if place[1] == "B"]
    assert all(apart[place] <= together[place] for place in b_cells)
    record = results.record["strategy"]["content"]["populations"]
    assert next(rule["kinds"] for rule in record if rule["name"] == "B") == ["B"]
