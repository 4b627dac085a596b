"""A study whose cytometer changed: names of detectors, and strategies, by batch."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from rewriting import rewrite

from bcelldepl.batch import run
from bcelldepl.batch.strategies import load_strategies
from bcelldepl.cdisc.cp import cp_tables
from bcelldepl.comparison.compare import compare
from bcelldepl.definitions.tables import EXPORTED_GATES
from bcelldepl.errors import ExchangeError, StrategyError, StudyError
from bcelldepl.fcs import read_fcs
from bcelldepl.gate_exchange.export import export_gates
from bcelldepl.gate_exchange.subsets import export_subsets
from bcelldepl.gating.shipped import strategy_file
from bcelldepl.results.finished import read_finished_run
from bcelldepl.study import load_study
from bcelldepl.tubes.read import open_tube
from bcelldepl.tubes.regate import GatedResults
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
    assert "favour = 20" in text
    own.write_text(text.replace("favour = 20", "favour = 10"), encoding="utf-8")
    study = load_study(two_strategies / "study.toml")
    with pytest.raises(StudyError, match="another strategy of the study is also called 'cart_pd'"):
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


BRIGHT = """
[[population]]
name = "bright"
parent = "CAR_T"
report = true
rule = "cut"
marker = "CAR"
side = "above"
method = "fixed"
fixed = 0.7
"""


def test_each_tube_is_read_again_by_its_own(two_strategies: Path, tmp_path: Path) -> None:
    """Results of two strategies are compared and exported tube by tube, and CDISC says which strategy it was."""
    own = two_strategies / "new.toml"
    own.write_text(own.read_text(encoding="utf-8") + BRIGHT, encoding="utf-8")
    study = load_study(two_strategies / "study.toml")
    results = run(study, two_strategies / "results", workers=1)
    gated = GatedResults(results.folder)
    assert [one.name for one in gated.strategies] == ["cart_pd", "new"]
    for tube in study.tubes:
        assert gated.strategy_of(tube.file).name == ("new" if tube.batch in LATE else "cart_pd")
        members = gated.tube(tube.file).membership
        rows = results.counts[
            (results.counts["file"] == tube.file) & (results.counts["result"] != "NOT_DONE")
        ]
        assert {name: int(members[name].sum()) for name in rows["population"]} == dict(
            zip(rows["population"], rows["events"], strict=True)
        )
    *written, table = export_gates(results.folder, "flowjo", tmp_path / "flowjo")
    exported = EXPORTED_GATES.read(table)
    assert not exported["note"].str.contains("skipped").any()
    late = {tube.file for tube in study.tubes if tube.batch in LATE}
    assert set(exported["file"][exported["population"] == "bright"]) == late
    comparison = compare(results.folder, written[0], tmp_path / "compared")
    assert not any("compared by counts alone" in problem.what for problem in comparison.problems)
    assert (comparison.rows["verdict"][comparison.rows["population"] == "B"] != "disagree").all()
    page = (tmp_path / "compared" / "comparison.html").read_text(encoding="utf-8")
    assert "strategy <b>cart_pd, new</b>" in page
    files, problems = export_subsets(results.folder, ["bright"], tmp_path / "events")
    assert len(files) == len(late)
    assert {problem.where for problem in problems} == set(gated.files) - late
    with pytest.raises(ExchangeError, match="has no population 'dim'"):
        export_subsets(results.folder, ["dim"], tmp_path / "events")
    cp = cp_tables(read_finished_run(results.folder))[0]
    panels = dict(zip(cp.column("CPREFID"), cp.column("CPTSTPNL"), strict=True))
    assert {file for file, name in panels.items() if name == "new"} == late & set(panels)
    assert set(panels.values()) == {"new", "cart_pd"}
