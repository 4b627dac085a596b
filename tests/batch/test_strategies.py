"""A study whose cytometer changed: names of detectors, and strategies, by batch."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from rewriting import rewrite

from bcelldepl.batch import run
from bcelldepl.batch.strategies import load_strategies
from bcelldepl.errors import StrategyError, StudyError
from bcelldepl.fcs import read_fcs
from bcelldepl.gating.shipped import strategy_file
from bcelldepl.study import load_study
from bcelldepl.tubes.read import open_tube
from bcelldepl.verification import verify

LATE = ("2025-W07", "2025-W16")


@pytest.fixture
def two_strategies(copy_of_one: Path) -> Path:
    """Two batches of the study have a strategy of their own: the same gates under another name."""
    text = strategy_file("cart_pd").read_text(encoding="utf-8")
    assert text.count('name = "cart_pd"') <= 1
    own = (
        text.replace('name = "cart_pd"', 'name = "new"')
        if 'name = "cart_pd"' in text
        else f'name = "new"\n{text}'
    )
    (copy_of_one / "new.toml").write_text(own, encoding="utf-8")
    toml = copy_of_one / "study.toml"
    toml.write_text(
        toml.read_text() + "".join(f'\n[batch."{name}"]\nstrategy = "new.toml"\n' for name in LATE)
    )
    return copy_of_one


def test_each_batch_is_gated_by_its_own(two_strategies: Path) -> None:
    study = load_study(two_strategies / "study.toml")
    results = run(study, two_strategies / "results", workers=1)
    assert "failed" not in set(results.tubes["status"])
    for tube in study.tubes:
        stem = tube.file.removeprefix("fcs/").removesuffix(".fcs")
        gates = json.loads((results.folder / "gates" / f"fcs__{stem}.json").read_text(encoding="utf-8"))
        assert gates["strategy"] == ("new" if tube.batch in LATE else "cart_pd")
    assert set(results.record["strategies_by_batch"]) == set(LATE)
    assert run(study, two_strategies / "results", workers=1).was_current
    assert verify(two_strategies / "results").findings == []
    page = (results.folder / "report.html").read_text(encoding="utf-8")
    assert "cart_pd, new" in page


def test_a_changed_strategy_of_a_batch_is_no_current_result(two_strategies: Path) -> None:
    study = load_study(two_strategies / "study.toml")
    run(study, two_strategies / "results", workers=1)
    own = two_strategies / "new.toml"
    own.write_text(own.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    assert not run(study, two_strategies / "results", workers=1).was_current


def test_a_tube_is_not_read_by_the_strategy_of_another_batch(two_strategies: Path) -> None:
    study = load_study(two_strategies / "study.toml")
    strategies = load_strategies(study)
    late = next(tube for tube in study.tubes if tube.batch in LATE)
    assert open_tube(late, study, strategies.of(late)).panel
    with pytest.raises(StrategyError, match=r"is gated by the strategy new\.toml, not by cart_pd"):
        open_tube(late, study, strategies.common)


def test_two_strategies_of_one_name_are_refused(two_strategies: Path) -> None:
    own = two_strategies / "new.toml"
    text = own.read_text(encoding="utf-8").replace('name = "new"', 'name = "cart_pd"')
    own.write_text(text.replace("width = 0.7", "width = 0.8"), encoding="utf-8")
    study = load_study(two_strategies / "study.toml")
    with pytest.raises(StudyError, match="the strategy is called 'cart_pd', as another of the study is"):
        load_strategies(study)


def test_detectors_by_batch(copy_of_one: Path) -> None:
    """After the change of the cytometer the files carry no label of CD19."""
    study = load_study(copy_of_one / "study.toml")
    late = next(tube for tube in study.tubes if tube.batch == LATE[0])
    (detector,) = [c for c in read_fcs(late.path).channels if "CD19" in c.label]
    rewrite(late.path, rename={detector.label: "BV421"})
    toml = copy_of_one / "study.toml"
    strategies = load_strategies(study)
    plain = toml.read_text()
    toml.write_text(f'{plain}\n[batch."{LATE[0]}".panel]\nCD19 = "{detector.name}"\n')
    named = load_study(toml)
    assert open_tube(late, named, strategies.common).panel["CD19"] == detector.name
    first = named.tubes[0]
    assert first.batch != LATE[0]
    assert open_tube(first, named, strategies.common).panel["CD19"] == detector.name  # by its label
    toml.write_text(f'{plain}\n[batch."{LATE[0]}".panel]\nCD99 = "{detector.name}"\n')
    with pytest.raises(StudyError, match="uses no marker of this name"):
        load_strategies(load_study(toml))
