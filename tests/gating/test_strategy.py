"""Strategies: those that are shipped load, and what is wrong with another is said in words."""

from __future__ import annotations

from importlib import import_module

import pytest
from clouds import rule, strategy

from bcelldepl.errors import StrategyError
from bcelldepl.gating.strategy import load_strategy, shipped_strategies

GOOD = """
description = "CD19 in singlets"

[transforms.fluorescence]
kind = "logicle"
width = 0.6

[[population]]
name = "cells"
parent = "all"
rule = "cut"
marker = "FSC-A"

[[population]]
name = "B"
parent = "cells"
report = true
rule = "cut"
marker = "CD19"
reference = "cells"
"""


def load(folder, text):
    (folder / "mine.toml").write_text(text, encoding="utf-8")
    return load_strategy("mine.toml", folder)


@pytest.mark.parametrize("name", sorted(shipped_strategies()))
def test_shipped_strategies_load_and_report_what_they_promise(name):
    found = load_strategy(name)
    assert found.name == name
    assert found.description
    reported = {one.name for one in found.populations if one.report}
    promised = {
        "cart_pd": {"beads", "leukocytes", "lymphocytes", "T", "B", "NK", "CAR_T"},
        "cd19_volumetric": {"leukocytes", "B"},
        "tbnk": {"lymphocytes", "T", "B", "NK"},
    }
    assert promised.get(name, set()) <= reported


def test_the_promised_strategies_are_shipped():
    assert {"cart_pd", "cd19_volumetric", "tbnk"} <= set(shipped_strategies())


def test_a_file_is_loaded_beside_the_study(tmp_path):
    found = load(tmp_path, GOOD)
    assert found.name == "mine"
    assert [one.name for one in found.populations] == ["cells", "B"]
    assert found.all_transforms["fluorescence"].width == 0.6
    assert found.all_transforms["scatter"].kind == "linear"
    assert {"FSC-A", "CD19"} <= set(found.required_markers)
    assert "Time" in found.optional_markers
    assert set(found.markers) == set(found.required_markers) | set(found.optional_markers)


def test_an_unknown_strategy_lists_the_shipped_ones():
    with pytest.raises(StrategyError) as caught:
        load_strategy("card_pd")
    assert "'card_pd'" in caught.value.what
    assert all(name in caught.value.remedy for name in shipped_strategies())


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('marker = "CD19"', 'marker = "CD19"\nmarkr = "CD19"', ["population 'B'", "markr"]),
        ('marker = "CD19"', "", ["population 'B'", "marker"]),
        ('parent = "cells"', 'parent = "cell"', ["population 'B' needs 'cell'", "not defined before"]),
        ('reference = "cells"', 'reference = "T"', ["population 'B' needs 'T'"]),
        ('name = "B"', 'name = "cells"', ["'cells' is defined twice"]),
        ('name = "B"', 'name = "all"', ["'all' is defined twice"]),
        ('rule = "cut"\nmarker = "CD19"', 'rule = "cutt"\nmarker = "CD19"', ["population 'B'", "cutt", "kinds"]),
        ('rule = "cut"\nmarker = "CD19"', 'marker = "CD19"', ["population 'B'", "rule"]),
        ("report = true", 'report = "perhaps"', ["population 'B'", "report"]),
        ("report = true", 'window = ["low", 1]', ["population 'B'", "window"]),
        ("report = true", 'method = "valey"', ["population 'B'", "method", "quantile"]),
        ("width = 0.6", "wide = 0.6", ["transforms", "wide"]),
        ("width = 0.6", "width = 3", ["transforms", "half of decades"]),
        ('description = "CD19 in singlets"', 'describtion = "x"', ["describtion"]),
        ("width = 0.6", "width = ", ["not valid TOML"]),
        ('name = "B"\n', "", ["population 'number 2'", "name"]),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_its_population(tmp_path, old, new, words):
    assert old in GOOD
    with pytest.raises(StrategyError) as caught:
        load(tmp_path, GOOD.replace(old, new))
    assert caught.value.where == "mine.toml"
    assert [word for word in words if word not in str(caught.value)] == []


@pytest.mark.parametrize("used_before", [None, "ellipse", "kinds"])
def test_an_unknown_rule_lists_the_known_ones_whichever_were_used_before(tmp_path, used_before):
    if used_before:
        import_module(f"bcelldepl.gating.rules.{used_before}")
    with pytest.raises(StrategyError) as caught:
        load(tmp_path, GOOD.replace('rule = "cut"', 'rule = "cutt"'))
    words = ["singlets", "cut", "positives", "polygon", "ellipse", "kinds", "boolean"]
    assert [word for word in words if f"'{word}'" not in str(caught.value)] == []


def test_every_problem_of_a_file_is_told_at_once(tmp_path):
    text = GOOD.replace('marker = "FSC-A"', 'markr = "FSC-A"').replace("report = true", "report = 7")
    with pytest.raises(StrategyError) as caught:
        load(tmp_path, text)
    assert "population 'cells'" in str(caught.value)
    assert "population 'B'" in str(caught.value)


@pytest.mark.parametrize("text", ["", "population = []", 'description = "nothing"'])
def test_a_strategy_without_populations_is_refused(tmp_path, text):
    with pytest.raises(StrategyError, match="populations"):
        load(tmp_path, text)


@pytest.mark.parametrize("text", ['population = "B"', "population = [1]", "population = [[]]"])
def test_populations_that_are_no_tables_are_refused_in_words(tmp_path, text):
    with pytest.raises(StrategyError, match="population"):
        load(tmp_path, text)


def test_a_file_that_is_no_text_is_refused(tmp_path):
    (tmp_path / "mine.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(StrategyError):
        load_strategy("mine.toml", tmp_path)


def test_a_parent_must_come_first(tmp_path):
    head, cells, b = GOOD.split("[[population]]")
    with pytest.raises(StrategyError, match="not defined before"):
        load(tmp_path, "[[population]]".join([head, b, cells]))


def test_optional_populations_pass_their_parent_through():
    tree = strategy(
        rule("singlets", "singlets", "all", optional=True),
        rule("cut", "live", "singlets", marker="Viability", side="below", optional=True),
        rule("cut", "B", "live", marker="CD19"),
    )
    panel = {"CD19", "FSC-A", "FSC-H", "Viability"}
    assert [(one.name, parent) for one, parent in tree.rules_for(panel)] == [
        ("singlets", "all"), ("live", "singlets"), ("B", "live"),
    ]  # fmt: skip
    assert [(one.name, parent) for one, parent in tree.rules_for(panel - {"FSC-H"})] == [
        ("live", "all"), ("B", "live"),
    ]  # fmt: skip
    assert [(one.name, parent) for one, parent in tree.rules_for({"CD19"})] == [("B", "all")]
    assert tree.required_markers == ("CD19",)


def test_an_optional_combination_of_a_skipped_population_is_skipped_too():
    tree = strategy(
        rule("cut", "NK", "all", marker="CD56", optional=True),
        rule("cut", "B", "all", marker="CD19"),
        rule("boolean", "B_or_NK", "all", any_of=("B", "NK"), optional=True),
    )
    assert [one.name for one, _ in tree.rules_for({"CD19"})] == ["B"]
    assert [one.name for one, _ in tree.rules_for({"CD19", "CD56"})] == ["NK", "B", "B_or_NK"]


def test_the_digest_is_that_of_the_content(tmp_path):
    first = load(tmp_path, GOOD).sha256
    assert load(tmp_path, "# a comment\n" + GOOD).sha256 == first
    assert load(tmp_path, GOOD.replace("0.6", "0.61")).sha256 != first


@pytest.mark.parametrize("name", ["../../x", "=cmd", "", "a.b", "x" * 65, "<b>", "B\\u0000"])
def test_a_population_has_a_name_that_a_file_can_have(tmp_path, name):
    with pytest.raises(StrategyError):
        load(tmp_path, GOOD.replace('name = "B"', f'name = "{name}"'))


@pytest.mark.parametrize(
    ("text", "words"), [("x = " + "[" * 100_000, "nested too deeply"), ("#" * 1_000_001, "1 MB")]
)
def test_a_strategy_that_would_fill_the_memory(tmp_path, text, words):
    with pytest.raises(StrategyError, match=words):
        load(tmp_path, text)


@pytest.mark.parametrize(
    ("population", "panel", "title"),
    [
        ("T", {"CD3", "CD5", "CD19"}, "CD3+ T cells"),
        ("T", {"CD5", "CD19"}, "CD5+ T cells"),
        ("B", {"CD3", "CD19"}, "CD19+ CD3- B cells"),
        ("B", {"CD20"}, "CD20+ B cells"),
        ("CD19_positive", {"CD19"}, "CD19+"),
        ("leukocytes", set(), "Live leukocytes"),
        ("CAR_T", {"CAR", "CD3"}, "CAR+ CD3+ T cells"),
    ],
)
def test_a_population_is_called_by_the_markers_that_the_panel_has(population, panel, title):
    rules = {one.name: one for one in load_strategy("cart_pd").populations}
    assert rules[population].title(panel) == title


def test_without_a_label_a_population_goes_by_its_name_in_words():
    rules = {one.name: one for one in load_strategy("cart_pd").populations}
    for name, title in (("B", "B cells"), ("CD45_positive", "CD45 positive")):
        assert rules[name].model_copy(update={"label": ""}).title({"CD19"}) == title
    assert rules["CD19_positive"].model_copy(update={"label": "{CD38}+"}).title({"CD19"}) == "CD19 positive"
