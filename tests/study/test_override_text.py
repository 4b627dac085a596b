"""Gates written to overrides.toml: what others typed stays as they typed it."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime

import pytest

from bcelldepl.study import Override
from bcelldepl.study.override_text import changed_overrides

TYPED = """# gates that the core lab moved

[[override]]
file = "a.fcs"   # the first
population = "B"
who = "core lab"
when = 2026-11-02
why = "dim"
cut = 0.5
# the next one is for the sponsor

[[override]]
file = 'b "x".fcs'
population = "T"
who = "core lab"
when = 2026-11-02
why = '''two
lines'''
polygon = [[0, 0], [1, 0],
  [1, 1]]
"""


def override(file: str, population: str, **gate: object) -> Override:
    moment = datetime(2026, 11, 3, 9, 30, tzinfo=UTC)
    return Override.model_validate(
        {"file": file, "population": population, "who": 'A "B" ü', "when": moment, "why": "x", **gate}
    )


def test_a_new_gate_comes_last_and_reads_back_as_it_was() -> None:
    new = override("c.fcs", "CAR_T", polygon=((0.1, 0.2), (1.0, 0.25), (0.123457, -0.5)), x="CAR", y="CD3")
    text = changed_overrides(TYPED, {("c.fcs", "CAR_T"): new})
    assert text.startswith(TYPED.rstrip("\n"))
    assert Override.model_validate(tomllib.loads(text)["override"][-1]) == new


def test_every_field_is_written() -> None:
    cut = override("c.fcs", "B", cut=0.5, marker="CD19", side="above", holds="nothing")
    polygon = override("c.fcs", "T", polygon=((0, 0), (1, 0), (1, 1)), x="CD3", y="SSC-A", holds="everything")
    for one in (cut, polygon):
        text = changed_overrides("", {(one.file, one.population): one})
        assert Override.model_validate(tomllib.loads(text)["override"][0]) == one


def test_a_changed_gate_leaves_every_other_word() -> None:
    text = changed_overrides(
        TYPED, {("a.fcs", "B"): override("a.fcs", "B", cut=0.25, marker="CD19", side="above")}
    )
    assert "# gates that the core lab moved" in text
    assert "# the next one is for the sponsor" in text
    assert "cut = 0.5" not in text
    assert TYPED[TYPED.index("[[override]]\nfile = 'b") :].rstrip("\n") in text


def test_a_gate_given_back_is_gone() -> None:
    text = changed_overrides(TYPED, {('b "x".fcs', "T"): None})
    assert [one["file"] for one in tomllib.loads(text)["override"]] == ["a.fcs"]
    assert changed_overrides(text, {("a.fcs", "B"): None}).count("[[override]]") == 0


def test_a_file_whose_entries_cannot_be_told_apart_is_refused() -> None:
    with pytest.raises(ValueError):
        changed_overrides(
            'override = [{file = "a", population = "B"}]', {("c.fcs", "B"): override("c.fcs", "B", cut=0.5)}
        )
    with pytest.raises(ValueError):
        changed_overrides("[[override]\n", {("c.fcs", "B"): None})


def test_an_empty_file_takes_one() -> None:
    text = changed_overrides("", {("c.fcs", "B"): override("c.fcs", "B", cut=0.5)})
    assert text.startswith("[[override]]\nfile = ")
    assert text.endswith("\n")
