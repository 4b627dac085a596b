"""Which of their names is which of ours."""

from __future__ import annotations

from pathlib import Path

import pytest

from bcelldepl.comparison.mapping_file import NameMap, mapping_text, read_mapping
from bcelldepl.comparison.match_files import SheetFile, match_files
from bcelldepl.comparison.match_populations import guess_population, name_populations, same_name
from bcelldepl.errors import ExchangeError
from bcelldepl.gate_exchange.manual import EVERY_FILE, Manual, ManualCount, ManualTube


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
    assert "2 manual populations match" in reason
    assert guess_population("B", ["a/B cells", "b/B cells"], NameMap({"B": "b/B cells"})) == ("b/B cells", "")


def test_mapping_that_names_nothing_or_two() -> None:
    assert "which is not a manual population" in guess_population("B", ["a/x"], NameMap({"B": "y"}))[1]
    assert (
        "which is more than one manual population"
        in guess_population("B", ["a/x", "b/x"], NameMap({"B": "x"}))[1]
    )


def manual(*tubes: ManualTube) -> Manual:
    return Manual(Path("m.wsp"), "FlowJo workspace", tubes)


def match(
    files: list[SheetFile],
    *tubes: ManualTube,
    names: NameMap | None = None,
    keywords: dict[str, dict[str, str]] | None = None,
) -> tuple[dict[str, str], str]:
    """The first name of what was matched with each file, and the problems in one line."""
    found, problems = match_files(
        files, manual(*tubes), names or NameMap(), lambda file: (keywords or {}).get(file, {})
    )
    return {ours: tube.names[0] for ours, tube in found.items()}, " | ".join(map(str, problems))


def test_files_by_name_hash_and_mapping() -> None:
    files = [SheetFile("fcs/a.fcs", "aa"), SheetFile("fcs/b.fcs", "bb"), SheetFile("fcs/c.fcs", "cc")]
    tubes = [
        ManualTube(("A.FCS",)),
        ManualTube(("renamed.fcs",), "BB"),
        ManualTube(("gone.fcs", "third.fcs")),
    ]
    matched, problems = match(files, *tubes, names=NameMap(files={"fcs/c.fcs": "third.fcs"}))
    assert matched == {"fcs/a.fcs": "A.FCS", "fcs/b.fcs": "renamed.fcs", "fcs/c.fcs": "gone.fcs"}
    assert problems == ""


def test_a_mapping_goes_before_what_else_could_have_its_file() -> None:
    names = NameMap(files={"fcs/a.fcs": "rerun.fcs"})
    matched, problems = match(
        [SheetFile("fcs/a.fcs")], ManualTube(("a.fcs",)), ManualTube(("rerun.fcs",)), names=names
    )
    assert matched == {"fcs/a.fcs": "rerun.fcs"}
    assert "a.fcs: no such tube" in problems


def test_the_longer_line_of_a_mapping_goes_before_the_shorter() -> None:
    names = NameMap(files={"fcs/a.fcs": "x.fcs", "fcs/b.fcs": "1/x.fcs"})
    files = [SheetFile("fcs/a.fcs"), SheetFile("fcs/b.fcs")]
    matched, problems = match(files, ManualTube(("1/x.fcs",)), ManualTube(("2/x.fcs",)), names=names)
    assert matched == {"fcs/a.fcs": "2/x.fcs", "fcs/b.fcs": "1/x.fcs"}
    assert problems == ""


def test_a_file_of_the_same_name_and_another_hash_is_another_file() -> None:
    matched, problems = match([SheetFile("a.fcs", "aa")], ManualTube(("a.fcs",), "cc"))
    assert matched == {}
    assert "a.fcs has this name, but another SHA-256" in problems
    assert match([SheetFile("a.fcs")], ManualTube(("a.fcs",), "cc"))[0] == {"a.fcs": "a.fcs"}


def test_one_name_in_every_folder_is_matched_by_the_folders_before_it() -> None:
    files = [SheetFile(f"S0{i}/D{day}/Tube 1.fcs") for i in (1, 2) for day in (7, 28)]
    tubes = [
        ManualTube((f"/D:/trial/raw/S0{i}/D{day}/Tube 1.fcs", "Tube 1.fcs"))
        for i in (1, 2)
        for day in (7, 28)
    ]
    matched, problems = match(files, *reversed(tubes))
    assert matched == {one.file: f"/D:/trial/raw/{one.file}" for one in files}
    assert problems == ""


def test_a_hash_goes_before_folders_that_were_moved() -> None:
    files = [SheetFile("S01/a.fcs", "aa"), SheetFile("S02/a.fcs", "bb")]
    matched, _ = match(files, ManualTube(("S01/a.fcs",), "bb"), ManualTube(("S02/a.fcs",), "aa"))
    assert matched == {"S01/a.fcs": "S02/a.fcs", "S02/a.fcs": "S01/a.fcs"}


def test_keywords_tell_files_of_one_name_apart_where_folders_do_not() -> None:
    files = [
        SheetFile("x/a.fcs", events=100),
        SheetFile("y/a.fcs", events=200),
        SheetFile("z/a.fcs", events=200),
    ]
    keywords = {"y/a.fcs": {"$DATE": "01-JAN-2026"}, "z/a.fcs": {"$DATE": "02-JAN-2026"}}
    tubes = [
        ManualTube(("one/a.fcs",), keywords={"$TOT": "100"}),
        ManualTube(("two/a.fcs",), keywords={"$TOT": "200", "$DATE": "02-jan-2026"}),
    ]
    matched, problems = match(files, *tubes, keywords=keywords)
    assert matched == {"x/a.fcs": "one/a.fcs", "z/a.fcs": "two/a.fcs"}
    assert "y/a.fcs: no manual result" in problems


def test_a_renamed_file_is_found_by_its_tube() -> None:
    files = [SheetFile("a.fcs", events=100), SheetFile("b.fcs", events=100)]
    keywords = {"a.fcs": {"TUBE NAME": "T1"}, "b.fcs": {"TUBE NAME": "T2"}}
    matched, _ = match(files, ManualTube(("export_T2.fcs",), keywords={"TUBE NAME": "T2"}), keywords=keywords)
    assert matched == {"b.fcs": "export_T2.fcs"}


def test_a_file_of_the_same_name_and_other_events_is_another_file() -> None:
    matched, problems = match(
        [SheetFile("a.fcs", events=100)], ManualTube(("a.fcs",), keywords={"$TOT": "90"})
    )
    assert matched == {}
    assert "a.fcs has this name, but 100 events, not 90" in problems


def test_controls_of_the_study_are_known() -> None:
    files = [SheetFile("S01/a.fcs"), SheetFile("S01/a_FMO.fcs", control="fmo:CAR")]
    matched, problems = match(files, ManualTube(("a.fcs",)), ManualTube(("a_FMO.fcs",)))
    assert matched == {"S01/a.fcs": "a.fcs"}
    assert "controls of the study are not compared: S01/a_FMO.fcs (fmo:CAR)" in problems
    assert "no such tube" not in problems


def test_unmatched_ambiguous_and_double_files_are_named() -> None:
    files = [SheetFile("x/a.fcs"), SheetFile("y/a.fcs"), SheetFile("b.fcs")]
    matched, problems = match(
        files, ManualTube(("a.fcs",)), ManualTube(("b.fcs",)), ManualTube(("B.fcs",)), ManualTube(("c.fcs",))
    )
    assert matched == {}
    assert "2 tubes of the study have this name" in problems
    assert "b.fcs: 2 results are for this file, and none is used: b.fcs, B.fcs" in problems
    assert "c.fcs: no such tube in the study" in problems
    assert "x/a.fcs: no manual result" in problems


def test_gates_for_any_file() -> None:
    files = [SheetFile("a.fcs"), SheetFile("b.fcs"), SheetFile("c.fcs", control="blank")]
    assert match(files, ManualTube((EVERY_FILE,))) == ({"a.fcs": EVERY_FILE, "b.fcs": EVERY_FILE}, "")


def test_trees_that_differ_from_tube_to_tube() -> None:
    tubes = [
        ManualTube(("a",), stated={"Live/B cells": ManualCount(1)}),
        ManualTube(("b",), stated={"Live/B cells": ManualCount(1)}),
        ManualTube(("c",), stated={"Singlets/Live/CD19+": ManualCount(1)}),
    ]
    naming, problems = name_populations(["B", "T"], tubes, NameMap())
    assert naming.common == {"B": "Live/B cells"}
    assert [naming.of(tube) for tube in tubes] == [{"B": "Live/B cells"}] * 2 + [{"B": "Singlets/Live/CD19+"}]
    assert "population T: not compared: no manual population has this name" in str(problems[0])


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Live/Lymphs", "lymphocytes", True),
        ("CD3+", "T", True),
        ("CD45+", "lymphocytes", False),
        ("Single Cells", "lymphocytes", False),
        ("gate 9", "lymphocytes", None),
        ("gate 7", "Gate_7", True),
    ],
)
def test_names_that_mean_the_same(one: str, other: str, same: bool | None) -> None:
    assert same_name(one, other) is same


def test_written_mapping_can_be_read(tmp_path: Path) -> None:
    path = tmp_path / "mapping.toml"
    path.write_text(mapping_text({"B": 'a/"odd" \\ name', "odd name": "x"}, ["NK"], ["a", "b"]))
    assert read_mapping(path).populations == {"B": 'a/"odd" \\ name', "odd name": "x"}


def test_a_mapping_with_a_mark_of_its_encoding(tmp_path: Path) -> None:
    path = tmp_path / "mapping.toml"
    path.write_bytes("[populations]\r\nB = 'CD19+'\r\n".encode("utf-8-sig"))
    assert read_mapping(path).populations == {"B": "CD19+"}


@pytest.mark.parametrize(
    "text",
    [
        "[files]\n'a.fcs' = 'x.fcs'\n'b.fcs' = 'x.fcs'\n",
        "[populations]\nB = 'root/Live/CD19+'\nT = 'Live/CD19+'\n",
    ],
)
def test_a_mapping_whose_right_sides_repeat_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "mapping.toml"
    path.write_text(text)
    with pytest.raises(ExchangeError, match="the same name"):
        read_mapping(path)


@pytest.mark.parametrize("text", ["[population]\nB = 'x'\n", "[populations]\nB = 3\n", "B = \n"])
def test_wrong_mapping(tmp_path: Path, text: str) -> None:
    path = tmp_path / "mapping.toml"
    path.write_text(text)
    with pytest.raises(ExchangeError):
        read_mapping(path)
