"""One bad tube never stops a batch: it is named with its reason, and the rest is counted."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rewriting import rewrite

from bcelldepl.batch import Results, run
from bcelldepl.batch import tube as tube_module
from bcelldepl.study import load_study


@pytest.fixture(scope="module")
def spoiled(
    simulated: Path,
    results: Results,  # noqa: ARG001 - made in one process: it compiles once what two would compile twice
    tmp_path_factory: pytest.TempPathFactory,
) -> Results:
    """A study with a truncated file, one without a matrix, one without beads, one without CD19, and one missing."""
    folder = tmp_path_factory.mktemp("spoiled") / "study"
    shutil.copytree(simulated, folder)
    fcs = folder / "fcs"
    whole = (fcs / "S01_D10.fcs").read_bytes()
    (fcs / "S01_D10.fcs").write_bytes(whole[: len(whole) // 2])
    rewrite(fcs / "S01_D28.fcs", drop=("$SPILLOVER",))
    labels = np.load(folder / "labels" / "S02_D10.npy")
    rewrite(fcs / "S02_D10.fcs", only=~np.isin(labels, (20, 21, 22)))
    rewrite(fcs / "S02_D28.fcs", rename={"CD19 PE-Cy7": "CD99 PE-Cy7"})
    (fcs / "S02_D90.fcs").unlink()
    return run(load_study(folder / "study.toml"), folder / "results", workers=2)


EXPECTED = {
    "fcs/S01_D10.fcs": ("failed", "bytes"),
    "fcs/S01_D28.fcs": ("failed", "no spillover matrix"),
    "fcs/S02_D10.fcs": ("review", "bead"),
    "fcs/S02_D28.fcs": ("failed", "CD19"),
    "fcs/S02_D90.fcs": ("failed", "No such file"),
}


@pytest.mark.parametrize("file", sorted(EXPECTED))
def test_each_is_named_with_its_reason(spoiled: Results, file: str) -> None:
    attention = {name: (status, reason) for name, status, reason in spoiled.attention}
    status, words = EXPECTED[file]
    assert attention[file][0] == status
    assert words.casefold() in attention[file][1].casefold()


def test_the_rest_is_counted_as_if_nothing_had_happened(spoiled: Results) -> None:
    good = spoiled.counts[~spoiled.counts["file"].isin(EXPECTED)]
    assert set(good["file"]) == {"fcs/S01_BL.fcs", "fcs/S01_D90.fcs", "fcs/S02_BL.fcs"}
    baseline = good[(good["population"] == "B") & (good["day"] < 0)]
    assert set(baseline["result"]) == {"QUANTIFIED"}
    assert spoiled.exit_code == 1


def test_a_failed_tube_has_its_rows_and_no_number(spoiled: Results) -> None:
    rows = spoiled.counts[spoiled.counts["file"] == "fcs/S01_D10.fcs"]
    assert set(rows["result"]) == {"NOT_DONE"}
    assert rows["cells_per_ul"].isna().all()
    assert rows["reason"].str.len().min() > 0


def test_a_tube_without_beads_is_gated_but_not_evaluable(spoiled: Results) -> None:
    rows = spoiled.counts[spoiled.counts["file"] == "fcs/S02_D10.fcs"].set_index("population")
    assert rows.loc["T", "events"] > 200
    assert rows.loc["T", "result"] == "NOT_EVALUABLE"
    assert "bead" in rows.loc["T", "reason"]


def test_a_file_copied_under_another_name_is_pointed_out(copy_of_one: Path, tmp_path: Path) -> None:
    shutil.copy(copy_of_one / "fcs" / "S01_D28.fcs", copy_of_one / "fcs" / "S01_D90.fcs")
    results = run(load_study(copy_of_one / "study.toml"), tmp_path / "out", workers=1)
    attention = {name: reason for name, _, reason in results.attention}
    assert "the same bytes as fcs/S01_D28.fcs" in attention["fcs/S01_D90.fcs"]
    assert "the same bytes as fcs/S01_D90.fcs" in attention["fcs/S01_D28.fcs"]


def test_an_error_nobody_foresaw_fails_its_tube_alone(
    one_subject: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = tube_module.automated_gates
    seen = iter(range(100))

    def stumbles_once(*arguments: Any, **settings: Any) -> Any:
        if next(seen) == 2:
            raise np.linalg.LinAlgError("Singular matrix")
        return honest(*arguments, **settings)

    monkeypatch.setattr(tube_module, "automated_gates", stumbles_once)
    results = run(load_study(one_subject / "study.toml"), tmp_path / "out", workers=1)
    failed = [(file, reason) for file, status, reason in results.attention if status == "failed"]
    assert len(failed) == 1
    assert "an error in the program" in failed[0][1]
    assert "LinAlgError: Singular matrix" in failed[0][1]
    assert (results.tubes["status"] != "failed").sum() == 4
