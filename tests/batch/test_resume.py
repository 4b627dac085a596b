"""A run that was broken off goes on where it was, and only what changed is done again."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from bcelldepl.batch import Results, passes, run
from bcelldepl.fcs import read_fcs
from bcelldepl.fcs.write import write_fcs
from bcelldepl.study import load_study

TUBES = 5

Digests = Callable[[Path], dict[str, str]]


class BrokenOffError(BaseException):
    """Stands for a kill: nothing of the program catches it."""


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """Files that each pass is done for; after `limit` tubes, the run breaks off."""
    seen: dict[str, list[str]] = {"fit": [], "count": []}
    honest = {"fit": passes.fit, "count": passes._count_and_draw}

    def counted(stage: str) -> Any:
        def work(tube: Any, *rest: Any) -> Any:
            seen[stage].append(tube.file)
            return honest[stage](tube, *rest)

        return work

    monkeypatch.setattr(passes, "fit", counted("fit"))
    monkeypatch.setattr(passes, "_count_and_draw", counted("count"))
    return seen


def start_from(results: Results, folder: Path) -> Path:
    """A copy of finished results, as a run with `--out` there would have left them."""
    shutil.copytree(results.folder, folder)
    return folder


@pytest.mark.parametrize(("stage", "after"), [("fit", 3), ("count", 2), ("report", 0)])
def test_a_run_that_broke_off_ends_with_the_same_bytes(
    stage: str,
    after: int,
    results_of_one: Results,
    one_subject: Path,
    tmp_path: Path,
    calls: dict[str, list[str]],
    digests: Digests,
) -> None:
    study, out = load_study(one_subject / "study.toml"), tmp_path / "out"

    def break_off(words: str, done: int, _: int) -> None:
        if (
            words.startswith({"fit": "gates", "count": "counts", "report": "writing"}[stage])
            and done >= after
        ):
            raise BrokenOffError

    with pytest.raises(BrokenOffError):
        run(study, out, workers=1, progress=break_off)
    (out / ".counts.csv.part").write_text("half")
    (out / "gates").mkdir(exist_ok=True)
    (out / "gates" / ".a.json.part").write_text("half")
    for files in calls.values():
        files.clear()
    assert not run(study, out, workers=1).was_current
    assert digests(out) == digests(results_of_one.folder)
    assert len(calls["fit"]) == (TUBES - after if stage == "fit" else 0)
    assert len(calls["count"]) == {"fit": TUBES, "count": TUBES - after, "report": 0}[stage]
    actions = [json.loads(line)["action"] for line in (out / "audit.jsonl").read_text().splitlines()]
    assert actions == ["run started", "run started", "run finished"]


def test_one_changed_file_is_gated_again_by_what_was_learned_and_no_other_tube_moves(
    results: Results, copy: Path, tmp_path: Path, calls: dict[str, list[str]], digests: Digests
) -> None:
    out = start_from(results, tmp_path / "out")
    path = copy / "fcs" / "S01_D28.fcs"
    old = read_fcs(path)
    columns = old.columns()
    kept = {key: value for key, value in old.keywords.items() if key in ("$VOL", "$DATE", "$BTIM", "$ETIM", "$CYT",
                                                                         "$TIMESTEP", "$SPILLOVER")}  # fmt: skip
    write_fcs(path, columns[:, :-200].copy(), [c.name for c in old.channels], [c.label for c in old.channels],
              keywords=kept, ranges=[c.range for c in old.channels])  # fmt: skip
    study = load_study(copy / "study.toml")
    again = run(study, out, workers=1)
    assert calls == {"fit": ["fcs/S01_D28.fcs"], "count": ["fcs/S01_D28.fcs"]}
    assert digests(out)["gates/model.json"] == digests(results.folder)["gates/model.json"]
    others = results.counts["file"] != "fcs/S01_D28.fcs"
    pd.testing.assert_frame_equal(again.counts[others], results.counts[others])


def test_settings_of_the_endpoints_change_no_tube(
    results_of_one: Results, copy_of_one: Path, tmp_path: Path, calls: dict[str, list[str]], digests: Digests
) -> None:
    out = start_from(results_of_one, tmp_path / "out")
    toml = copy_of_one / "study.toml"
    assert "[endpoints]" not in toml.read_text()
    toml.write_text(toml.read_text() + "\n[endpoints]\ndepletion_threshold_per_ul = 5.0\n")
    changed = run(load_study(toml), out, workers=1)
    assert calls == {"fit": [], "count": []}
    assert digests(out)["counts.csv"] == digests(results_of_one.folder)["counts.csv"]
    assert changed.record["settings"]["endpoints"]["depletion_threshold_per_ul"] == 5.0


def test_a_row_of_the_sheet_changes_its_own_tube(
    results_of_one: Results, copy_of_one: Path, tmp_path: Path, calls: dict[str, list[str]]
) -> None:
    out = start_from(results_of_one, tmp_path / "out")
    sheet = copy_of_one / "samples.csv"
    lines = sheet.read_text().splitlines()
    place = lines[0].split(",").index("blood_volume_ul")
    row = next(i for i, line in enumerate(lines) if line.startswith("fcs/S01_D10.fcs"))
    cells = lines[row].split(",")
    cells[place] = "100"
    lines[row] = ",".join(cells)
    sheet.write_text("\n".join(lines) + "\n")
    run(load_study(copy_of_one / "study.toml"), out, workers=1)
    assert calls == {"fit": ["fcs/S01_D10.fcs"], "count": ["fcs/S01_D10.fcs"]}


def test_fresh_does_every_tube_again_to_the_same_bytes(
    results_of_one: Results, one_subject: Path, tmp_path: Path, calls: dict[str, list[str]], digests: Digests
) -> None:
    out = start_from(results_of_one, tmp_path / "out")
    run(load_study(one_subject / "study.toml"), out, workers=1, fresh=True, why="the analyser was repaired")
    assert {stage: len(files) for stage, files in calls.items()} == {"fit": TUBES, "count": TUBES}
    assert digests(out) == digests(results_of_one.folder)
    last = json.loads((out / "audit.jsonl").read_text().splitlines()[-1])
    assert last["why"] == "the analyser was repaired"
    assert last["what"]["computed"] == {"fit": TUBES, "place": TUBES, "count": TUBES}
    outputs = json.loads((out / "run.json").read_text())["outputs"]
    assert last["outputs"] == outputs
    assert last["settings"]["limits"]["lloq_events"] == 50


def test_a_file_that_changes_while_it_is_read_fails_its_tube(
    copy_of_one: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = passes.fit

    def replaced(tube: Any, *rest: Any) -> Any:
        if tube.file == "fcs/S01_D10.fcs":
            tube.path.write_bytes((copy_of_one / "fcs" / "S01_D28.fcs").read_bytes())
        return honest(tube, *rest)

    monkeypatch.setattr(passes, "fit", replaced)
    results = run(load_study(copy_of_one / "study.toml"), tmp_path / "out", workers=1)
    attention = {file: (status, reason) for file, status, reason in results.attention}
    assert attention["fcs/S01_D10.fcs"] == ("failed", "the file changed while the study was run")


def test_a_gate_set_by_hand_counts_its_own_tube_again(
    results_of_one: Results, copy_of_one: Path, tmp_path: Path, calls: dict[str, list[str]]
) -> None:
    out = start_from(results_of_one, tmp_path / "out")
    (copy_of_one / "overrides.toml").write_text(
        '[[override]]\nfile = "fcs/S01_D10.fcs"\npopulation = "CAR_T"\ncut = 0.4\n'
        'who = "core lab"\nwhen = 2026-11-02\nwhy = "dim cells"\n'
    )
    run(load_study(copy_of_one / "study.toml"), out, workers=1)
    assert calls == {"fit": [], "count": ["fcs/S01_D10.fcs"]}
    last = json.loads((out / "audit.jsonl").read_text().splitlines()[-1])
    assert [one["why"] for one in last["what"]["overrides"]] == ["dim cells"]
