"""The check of a study as a whole: all at once, each thing once, as cheap as TEXT allows."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from bcelldepl.fcs.acquisition import Recording
from bcelldepl.setup.check import check_study
from bcelldepl.setup.findings import Severity, TubeFinding, gathered

from .conftest import HEAD, PANEL, ROWS, TOML

Study = Callable[..., Path]


def test_problems_of_sheet_settings_and_files_come_at_once(study: Study) -> None:
    """The sheet cannot be read, and still its files are looked into."""
    rows = [row.replace(",10,", ",,") for row in ROWS]
    path = study(rows, toml=TOML + '[panel]\nCD91 = "x"\n', matrix=False)
    (path.parent / "fcs" / "S01_D28.fcs").write_bytes(b"FCS")
    problems = [one.sentence(6) for one in check_study(path).of(Severity.PROBLEM)]
    assert [problem.partition(":")[0] for problem in problems[:2]] == [
        "samples.csv, row 4, column day", "samples.csv, row 7, column day",
    ]  # fmt: skip
    assert "study.toml [panel] CD91" in problems[2]
    assert problems[3].startswith("fcs/S01_D28.fcs: not an FCS file")
    assert len(problems) == 4


def test_files_are_looked_into_where_only_the_sheet_is_wrong(study: Study) -> None:
    path = study([row.replace(",10,", ",,") for row in ROWS], matrix=False)
    told = [one.what for one in check_study(path).findings]
    assert any("no spillover matrix" in what for what in told)
    assert not any("replicate" in what or "visit" in what for what in told)  # rows are not compared


def test_no_event_is_read(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("events are read")

    monkeypatch.setattr(Recording, "raw", refuse)
    monkeypatch.setattr(Recording, "columns", refuse)
    assert check_study(study()).exit_code == 0


def test_copies_are_found(study: Study) -> None:
    path = study()
    first, second = (path.parent / "fcs" / f"S01_{day}.fcs" for day in ("D10", "D28"))
    second.write_bytes(first.read_bytes())
    doubts = check_study(path).of(Severity.DOUBT)
    copies = [one for one in doubts if "the same bytes as" in one.what]
    assert [[file for file, _ in one.tubes] for one in copies] == [["fcs/S01_D10.fcs", "fcs/S01_D28.fcs"]]


def test_a_shifted_sheet_is_one_doubt(study: Study) -> None:
    files = [row.split(",", 1)[0] for row in ROWS]
    rest = [row.split(",", 1)[1] for row in ROWS]
    rows = [f"{file},{cells}" for file, cells in zip(files[1:] + files[:1], rest, strict=True)]
    doubts = check_study(study(rows)).of(Severity.DOUBT)
    named = [one for one in doubts if "is it another tube's file?" in one.what and "file is of" in one.what]
    assert len(named) == 1
    assert len(named[0].tubes) >= 4
    assert len({what for _, what in named[0].tubes}) > 1  # JSON has each


def test_the_date_of_measurement_is_held_against_the_draw(study: Study) -> None:
    rows = [f"{row},2026-03-20" for row in ROWS]  # measured on 2 March
    doubts = check_study(study(rows, f"{HEAD},collected")).of(Severity.DOUBT)
    early = [one for one in doubts if "but the blood was drawn on 2026-03-20" in one.what]
    assert [len(one.tubes) for one in early] == [6]


def test_a_study_without_a_car_negative_is_told(study: Study) -> None:
    rows = [ROWS[2], ROWS[3], ROWS[5]]
    (doubt,) = check_study(study(rows)).of(Severity.DOUBT)
    assert "no control shows the CAR negative, so CAR_T cannot be counted" in doubt.what
    assert "role fmo:CAR" in doubt.remedy
    for control in (ROWS[1], ROWS[4]):  # an FMO, and blood from before the infusion
        assert check_study(study([*rows, control])).of(Severity.DOUBT) == []


def test_blood_from_before_a_second_infusion_is_no_car_negative(study: Study) -> None:
    second = "fcs/S02_BL.fcs,S01,BL2,-5,sample,50000,50"
    rows = [f"{row},{course}" for row, course in ((ROWS[2], 1), (ROWS[3], 1), (second, 2))]
    doubts = check_study(study(rows, head=f"{HEAD},course")).of(Severity.DOUBT)
    assert any("no control shows the CAR negative" in one.what for one in doubts)


def test_a_sheet_with_problems_makes_no_batch_unused(study: Study) -> None:
    toml = TOML + '[batch."W1"]\npanel = { CD19 = "APC-A" }\n'
    wrong = [f"{row.replace(',10,', ',,')},W1" for row in ROWS]
    told = [one.what for one in check_study(study(wrong, head=f"{HEAD},batch", toml=toml)).findings]
    assert not any("no tube is of the batch" in what for what in told)
    other = [f"{row},W2" for row in ROWS]
    told = [one.what for one in check_study(study(other, head=f"{HEAD},batch", toml=toml)).findings]
    assert any("no tube is of the batch W1" in what for what in told)


def test_a_method_without_its_population_is_told(study: Study) -> None:
    path = study(toml=TOML.replace("cart_pd", "cd19_volumetric"))
    (doubt,) = check_study(path).of(Severity.DOUBT)
    assert "the strategy has no population `beads`" in doubt.what
    assert len(doubt.tubes) == 5  # controls are not counted


def test_a_haematology_count_needs_its_own_population(study: Study) -> None:
    """A count of leukocytes is of no use to a strategy that gates lymphocytes alone, and the other way round."""
    own = Path("gates/cd19_volumetric.toml").read_text(encoding="utf-8").replace("leukocytes", "blood")
    head = HEAD.replace("bead_count,blood_volume_ul", "{}_per_ul")
    rows = [row.replace("50000,50", "5000") for row in ROWS]
    for column, doubted in (("wbc", True), ("lymphocytes", False)):
        path = study(rows, head.format(column), toml=TOML.replace("cart_pd", "own.toml"))
        (path.parent / "own.toml").write_text(own, encoding="utf-8")
        told = [one.what for one in check_study(path).of(Severity.DOUBT)]
        assert any("the strategy has no population `leukocytes`" in what for what in told) is doubted


def test_gates_set_by_hand_belong_to_tubes_of_a_sheet_with_problems(study: Study) -> None:
    path = study([row.replace(",10,", ",,") for row in ROWS])
    gate = 'population = "B"\ncut = 0.5\nmarker = "CD19"\nside = "above"\n'
    signed = f'{gate}who = "lab"\nwhen = 2026-11-02\nwhy = "FMO"\n'
    for file, known in (("fcs/S01_D28.fcs", True), ("fcs/S09_D28.fcs", False)):
        (path.parent / "overrides.toml").write_text(
            f'[[override]]\nfile = "{file}"\n{signed}', encoding="utf-8"
        )
        problems = [one.sentence(6) for one in check_study(path).of(Severity.PROBLEM)]
        assert any(file in problem for problem in problems) is not known


def test_one_broken_tube_does_not_stop_the_study(study: Study) -> None:
    path = study()
    (path.parent / "fcs" / "S01_D28.fcs").unlink()
    found = check_study(path)
    assert (found.can_run, found.exit_code) == (True, 1)
    for row in ROWS:
        (path.parent / row.partition(",")[0]).unlink(missing_ok=True)
    found = check_study(path)
    assert (found.can_run, found.exit_code) == (False, 2)
    assert len(found.findings) == 1


def test_facts_say_how_the_study_is_understood(study: Study) -> None:
    facts = "\n".join(check_study(study()).facts)
    assert "tubes: 6 (sample 5, fmo 1), subjects: 2" in facts
    assert "panel of 6 tubes, FACSLyric: CAR PE-A, CD45 V500-A, CD3 FITC-A, CD19 APC-A" in facts
    assert "counted by: beads 5" in facts
    assert "compensated by: $SPILLOVER 6" in facts


def test_a_sheet_that_is_not_there_leaves_nothing_to_say_of_tubes(study: Study) -> None:
    path = study(toml=TOML.replace("samples.csv", "Samples.csv"))
    found = check_study(path)
    assert (found.facts, found.exit_code) == ((), 2)
    assert [one.what for one in found.findings] == ["the sample sheet does not exist"]
    assert found.findings[0].remedy == "did you mean 'samples.csv'? Names are case-sensitive"


def test_batches_have_their_own_panel_and_strategy(study: Study) -> None:
    rows = [f"{row},{'A' if 'S01' in row else 'B'}" for row in ROWS]
    unnamed = {**PANEL, "APC-A": "x"}
    path = study(rows, f"{HEAD},batch", TOML + '[batch.A]\npanel = { CD19 = "APC-A" }\n', unnamed)
    (problem,) = check_study(path).of(Severity.PROBLEM)
    assert [file for file, _ in problem.tubes] == ["fcs/S02_BL.fcs", "fcs/S02_D10.fcs"]


def test_matrices_of_controls_are_made_by_the_run(study: Study) -> None:
    rows = [ROWS[0], ROWS[1].replace("fmo:CAR", "single:CD19"), *ROWS[2:]]
    path = study(rows, toml=TOML + '[compensation]\nsource = "controls"\n', matrix=False)
    assert check_study(path).of(Severity.PROBLEM) == []


def test_content_is_json(study: Study) -> None:
    content = json.loads(json.dumps(check_study(study(matrix=False)).content()))
    assert content["can_run"] is False
    (problem,) = content["problems"]
    assert len(problem["tubes"]) == 6
    assert content["doubts"] == content["notes"] == []


def test_findings_of_one_kind_are_one() -> None:
    found = [
        TubeFinding("a", Severity.DOUBT, "day 1", kind="day"),
        TubeFinding("b", Severity.DOUBT, "day 2", kind="day"),
        TubeFinding("c", Severity.DOUBT, "same"),
        TubeFinding("d", Severity.DOUBT, "same"),
        TubeFinding("e", Severity.NOTE, "same"),
    ]
    sentences = [one.sentence(9) for one in gathered(found)]
    assert sentences == ["a, b: such as a: day 1", "c, d: same", "e: same"]
    many = gathered([TubeFinding(str(n), Severity.NOTE, "x") for n in range(5)])
    assert many[0].sentence(9) == "5 of 9 tubes (0, 1, 2 and 2 more): x"
    assert many[0].sentence(5) == "all 5 tubes: x"
