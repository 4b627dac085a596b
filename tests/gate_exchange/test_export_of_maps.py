"""A population found by a map is exported as any other cluster is: as the nearest polygon, the difference stated."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

import bcelldepl as bd
from bcelldepl.gate_exchange.export import export_gates
from bcelldepl.simulate import simulate
from bcelldepl.tubes.regate import GatedResults


def by_map(block: str) -> str:
    """A population of a strategy file, found by a map instead of as an island."""
    lines = block.replace('rule = "cluster"', 'rule = "map"').splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith(("blind", "larger", "probability")))


def test_a_map_is_kept_read_again_and_exported(tmp_path: Path) -> None:
    study = simulate(tmp_path / "study", scenario="small", subjects=1, seed=0)
    shipped = Path(__file__).parents[2] / "gates" / "cart_pd.toml"
    blocks = shipped.read_text(encoding="utf-8").split("[[population]]")
    own = "[[population]]".join(by_map(block) if 'rule = "cluster"' in block else block for block in blocks)
    (study.parent / "mine.toml").write_text(own, encoding="utf-8")
    study.write_text(study.read_text(encoding="utf-8").replace('"cart_pd"', '"mine.toml"'), encoding="utf-8")
    results = bd.run(bd.load_study(study), out=tmp_path / "results", workers=1)
    counts = results.counts
    gated = GatedResults(tmp_path / "results")
    for file in gated.files[:3]:
        member = gated.tube(file).membership
        rows = counts[counts["file"] == file].set_index("population")["events"]
        assert {name: int(member[name].sum()) for name in rows.index} == rows.astype(int).to_dict()
    table = pd.read_csv(
        export_gates(tmp_path / "results", "gatingml", tmp_path / "out")[-1], keep_default_na=False
    )
    drawn = table[table["population"].isin(["T", "B", "NK"])]
    assert len(drawn)
    assert drawn["note"].str.contains("nearest polygon|nothing").all()
    assert (drawn["only_automated"] + drawn["only_exported"] <= 0.03 * drawn["events"] + 5).all()
