"""Which of their names is which of ours."""

from __future__ import annotations

from pathlib import Path

import pytest

from bcelldepl.comparison.matching import NameMap, guess_population, mapping_text, match_files, read_mapping
from bcelldepl.errors import ExchangeError
from bcelldepl.gate_exchange.manual import EVERY_FILE, Manual, ManualTube


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("B", "Live/Lymphocytes/CD19+"),
        ("B", "x/B cells"),
        ("B", "B-cells"),
        ("B", "CD3- CD19+"),
        ("T", "a/CD3+"),
        ("NK", "a/NK cells"),
        ("CAR_T", "T/CAR+ T cells"),
        ("leukocytes", "Cells/CD45+"),
        ("singlets", "SingletsFSC"),
        ("Plasmablasts", "B/plasma_blasts"),
    ],
)
def test_guesses(ours: str, theirs: str) -> None:
    assert guess_population(ours, ["Debris", theirs, "other"], NameMap()) == (theirs, "")


def test_two_of_a_name_are_not_guessed_between() -> None:
    found, reason = guess_population("B", ["a/B cells", "b/B cells"], NameMap())
    assert found is None
    assert "2 of theirs" in reason
    assert guess_population("B", ["a/B cells", "b/B cells"], NameMap({"B": "b/B cells"})) == ("b/B cells", "")


def test_mapping_that_names_nothing_or_two() -> None:
    assert "is none" in guess_population("B", ["a/x"], NameMap({"B": "y"}))[1]
    assert "are several" in guess_population("B", ["a/x", "b/x"], NameMap({"B": "x"}))[1]


def manual(*tubes: ManualTube) -> Manual:
    return Manual(Path("m.wsp"), "FlowJo workspace", tubes)


def test_files_by_name_hash_and_mapping() -> None:
    files = {"fcs/a.fcs": "aa", "fcs/b.fcs": "bb", "fcs/c.fcs": "cc"}
    tubes = [
        ManualTube(("A.FCS",)),
        ManualTube(("renamed.fcs",), "BB"),
        ManualTube(("gone.fcs", "third.fcs")),
    ]
    matched, problems = match_files(files, manual(*tubes), NameMap(files={"fcs/c.fcs": "third.fcs"}))
    assert {ours: tube.names[0] for ours, tube in matched.items()} == {
        "fcs/a.fcs": "A.FCS",
        "fcs/b.fcs": "renamed.fcs",
        "fcs/c.fcs": "gone.fcs",
    }
    assert problems == []


def test_unmatched_ambiguous_and_double_files_are_named() -> None:
    files = {"x/a.fcs": "", "y/a.fcs": "", "b.fcs": ""}
    matched, problems = match_files(
        files, manual(ManualTube(("a.fcs",)), ManualTube(("b.fcs",)), ManualTube(("B.fcs",))), NameMap()
    )
    assert set(matched) == {"b.fcs"}
    words = " | ".join(map(str, problems))
    assert "2 tubes of the study have this name" in words
    assert "a second result for b.fcs" in words
    assert "x/a.fcs: no manual result" in words


def test_gates_for_any_file() -> None:
    matched, problems = match_files({"a.fcs": "", "b.fcs": ""}, manual(ManualTube((EVERY_FILE,))), NameMap())
    assert set(matched) == {"a.fcs", "b.fcs"}
    assert not problems


def test_written_mapping_can_be_read(tmp_path: Path) -> None:
    path = tmp_path / "mapping.toml"
    path.write_text(mapping_text({"B": 'a/"odd" \\ name', "odd name": "x"}, ["NK"], ["a", "b"]))
    assert read_mapping(path).populations == {"B": 'a/"odd" \\ name', "odd name": "x"}


@pytest.mark.parametrize("text", ["[population]\nB = 'x'\n", "[populations]\nB = 3\n", "B = \n"])
def test_wrong_mapping(tmp_path: Path, text: str) -> None:
    path = tmp_path / "mapping.toml"
    path.write_text(text)
    with pytest.raises(ExchangeError):
        read_mapping(path)
