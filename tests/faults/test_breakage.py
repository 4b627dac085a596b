"""Ten broken tubes of a small study, each named with its reason; the others are counted."""

from __future__ import annotations

import pytest
from breakage import WAYS

from bcelldepl.batch import Results, run
from bcelldepl.simulation import simulate
from bcelldepl.study import load_study


@pytest.fixture(scope="module")
def spoiled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Results, dict[str, str]]:
    folder = tmp_path_factory.mktemp("spoiled")
    study = load_study(simulate(folder, scenario="small", subjects=4, seed=4))
    files = [tube.file for tube in study.tubes if tube.visit != "BL"]
    spoilt = dict(zip(WAYS, files, strict=False))
    for way, file in spoilt.items():
        WAYS[way].spoil(folder / file, folder / files[-1])
    return run(study, folder / "results", workers=2), spoilt


@pytest.mark.parametrize("way", WAYS)
def test_each_is_named_with_its_reason(spoiled: tuple[Results, dict[str, str]], way: str) -> None:
    results, spoilt = spoiled
    status, reason = {file: (status, reason) for file, status, reason in results.attention}[spoilt[way]]
    assert status == WAYS[way].status
    assert WAYS[way].words in reason
    rows = results.counts[results.counts["file"] == spoilt[way]]
    if status == "failed":
        assert set(rows["result"]) == {"NOT_DONE"}
        assert rows["cells_per_ul"].isna().all()


def test_the_others_are_counted(spoiled: tuple[Results, dict[str, str]]) -> None:
    results, spoilt = spoiled
    sound = results.counts[
        ~results.counts["file"].isin(spoilt.values()) & results.counts["population"].eq("T")
    ]
    assert len(sound) == 6
    assert set(sound["result"]) == {"QUANTIFIED"}
