"""A sheet as a whole: spellings, and what a tube can hold."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bcelldepl.errors import StudyError
from bcelldepl.study import Study, load_study
from bcelldepl.study.sheet import MOST_ALIKE
from bcelldepl.study.sheet_checks import TINY_COUNT_PER_UL
from bcelldepl.study.spelling import folded
from bcelldepl.study.tube_limits import LIMITS

TOML = '[study]\nid = "S1"\nsamples = "samples.csv"\nstrategy = "cart_pd"\n'
HEAD = "file,subject,visit,day"


def load(folder: Path, sheet: str) -> Study:
    (folder / "samples.csv").write_text(sheet, encoding="utf-8")
    (folder / "study.toml").write_text(TOML, encoding="utf-8")
    return load_study(folder / "study.toml")


def refusals(folder: Path, sheet: str) -> list[str]:
    with pytest.raises(StudyError) as caught:
        load(folder, sheet)
    return [str(problem) for problem in caught.value.problems]


SPELLINGS = [
    ("P-01", "Ｐ-01"),  # noqa: RUF001 full-width
    ("P-01", "P\u201101"),
    ("P-01", "P\u221201"),
    ("P-01", "P_01"),
    ("P 01", "P\u00a001"),
    ("P 01", "P\u300001"),
    ("P 01", "P  01"),
    ("P 01", "P-01"),
    ("P 01", "P01"),
    ("P01", "P\u00a001"),
    ("受试者 01", "受试者01"),
    ("P01", "p01"),
    ("患者①", "患者1"),
    ("Ω1", "\u21261"),
]


@pytest.mark.parametrize(("one", "other"), SPELLINGS)
@pytest.mark.parametrize("column", ["subject", "visit", "dose_group", "batch"])
def test_one_name_in_two_spellings_is_refused(tmp_path: Path, column: str, one: str, other: str) -> None:
    def row(number: int, name: str) -> str:
        cells = {"subject": f"S{number}", "visit": f"V{number}", "dose_group": "", "batch": "", column: name}
        return f"{number}.fcs,{cells['subject']},{cells['visit']},{number},{cells['dose_group']},{cells['batch']}"

    rows = [row(1, one), row(2, other), row(3, other), row(4, one)]
    (problem,) = refusals(tmp_path, f"{HEAD},dose_group,batch\n" + "\n".join(rows) + "\n")
    assert problem.startswith(f"samples.csv, row 3, column {column}: {other!r} is {one!r} of row 2")
    assert "write it in one way" in problem
    unusual = [character for character in other if not character.isascii() and character not in one]
    assert all(f"U+{ord(character):04X}" in problem for character in unusual)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("P-01", "P01"),
        ("1-1", "11"),
        ("1 1", "11"),
        ("P1 11", "P11 1"),
        ("P1", "P2"),
        ("CD3ε", "CD3ζ"),
        ("甲", "乙"),
    ],
)
def test_names_that_differ_stay_apart(tmp_path: Path, one: str, other: str) -> None:
    study = load(tmp_path, f"{HEAD}\na.fcs,{one},V1,0\nb.fcs,{other},V1,0\n")
    assert study.subjects == (one, other)


@given(st.text(max_size=20))
def test_folding_once_is_enough(text: str) -> None:
    assert folded(folded(text)) == folded(text)
    assert folded(f" {text}\u00a0") == folded(text)


@pytest.mark.parametrize(("column", "limit"), LIMITS.items())
@pytest.mark.parametrize("side", ["low", "high"])
def test_either_side_of_what_a_tube_can_hold(tmp_path: Path, column: str, limit: object, side: str) -> None:
    edge = getattr(limit, side)
    beyond = edge + (1 if side == "high" else -1) * (0.5 if column == "blood_volume_ul" else 1)
    columns = HEAD if column == "day" else f"{HEAD},{column}"

    def sheet(value: float) -> str:
        return (
            f"{columns}\na.fcs,P1,V1,{value:g}\n"
            if column == "day"
            else f"{columns}\na.fcs,P1,V1,0,{value:.10g}\n"
        )

    tube = load(tmp_path, sheet(edge)).tubes[0]
    assert getattr(tube, column) == edge
    (problem,) = refusals(tmp_path, sheet(beyond))
    assert f"column {column}: is " in problem


@pytest.mark.parametrize(
    ("column", "value", "hint"),
    [
        ("blood_volume_ul", "0.05", "is it in mL?"),
        ("blood_volume_ul", "50000", "is it in nL?"),
        ("bead_count", "199", "is it beads per uL?"),
        ("bead_count", "5007000", "is it beads per mL?"),
        ("acquired_volume_ul", "0.03", "is it in mL?"),
        ("acquired_volume_ul", "30000", "is it in nL?"),
        ("wbc_per_ul", "5.2e9", "is it per mL or L?"),
        ("day", "45000", "is it a date?"),
    ],
)
def test_another_unit_is_named(tmp_path: Path, column: str, value: str, hint: str) -> None:
    cells = f"a.fcs,P1,V1,{value}" if column == "day" else f"a.fcs,P1,V1,0,{value}"
    head = HEAD if column == "day" else f"{HEAD},{column}"
    (problem,) = refusals(tmp_path, f"{head}\n{cells}\n")
    assert hint in problem


@pytest.mark.parametrize(("highest", "asked"), [(TINY_COUNT_PER_UL - 0.1, True), (TINY_COUNT_PER_UL, False)])
def test_haematology_counts_in_another_unit(tmp_path: Path, highest: float, asked: bool) -> None:
    study = load(tmp_path, f"{HEAD},wbc_per_ul\na.fcs,P1,V1,0,5.2\nb.fcs,P1,V2,1,{highest}\n")
    assert any("10^9/L" in warning for warning in study.warnings) is asked


@pytest.mark.parametrize("role", ["ＦＭＯ：ＣＡＲ", "fmo：CAR"])  # noqa: RUF001
def test_roles_in_full_width(tmp_path: Path, role: str) -> None:
    study = load(tmp_path, f"{HEAD},role\na.fcs,P1,V1,0,\nb.fcs,P1,V1,0,{role}\n")
    assert study.tubes[1].role_marker == "CAR"


@pytest.mark.parametrize(
    ("written", "there"),
    [("A.fcs", "a.FCS"), ("ｔube.fcs", "tube.fcs"), ("fcs/Jü.fcs", "FCS/Ju\u0308.fcs")],  # noqa: RUF001
)
def test_a_file_of_another_spelling_is_named(tmp_path: Path, written: str, there: str) -> None:
    from bcelldepl.fcs import read_fcs
    from bcelldepl.fcs.errors import UnreadableFileError

    (tmp_path / there).parent.mkdir(exist_ok=True)
    (tmp_path / there).touch()
    with pytest.raises(UnreadableFileError) as caught:
        read_fcs(tmp_path / written)
    assert there in caught.value.remedy
    with pytest.raises(UnreadableFileError) as caught:
        read_fcs(tmp_path / "other.fcs")
    assert "did you mean" not in caught.value.remedy


@pytest.mark.parametrize(("rows", "problems"), [(MOST_ALIKE, MOST_ALIKE), (MOST_ALIKE + 1, 1)])
def test_one_mistake_in_many_rows_is_one_problem(tmp_path: Path, rows: int, problems: int) -> None:
    sheet = "".join(f"{n}.fcs,P1,V{n},D{n}\n" for n in range(rows))
    found = refusals(tmp_path, f"{HEAD}\n{sheet}")
    assert len(found) == problems
    if problems == 1:
        place = f"samples.csv, rows 2 to {rows + 1}, column day"
        assert found[0].startswith(f"{place}: 'D0' is not a number, and so it is in {rows - 1} more rows (")


def test_rows_that_are_not_next_to_each_other_are_listed(tmp_path: Path) -> None:
    sheet = "".join(f"{n}.fcs,P1,V{n},{'' if n % 2 else n}\n" for n in range(20))
    (problem,) = refusals(tmp_path, f"{HEAD}\n{sheet}")
    assert problem == "samples.csv, rows 3, 5, 7, 9, 11, 13 and 4 more, column day: is empty in 10 rows"


@pytest.mark.parametrize("other", [";", "\t"])
def test_a_row_with_another_separator_is_one_problem(tmp_path: Path, other: str) -> None:
    row = "b.fcs,P1,V2,1".replace(",", other)
    (problem,) = refusals(tmp_path, f"{HEAD}\na.fcs,P1,V1,0\n{row}\n")
    assert problem.startswith(f"samples.csv, row 3, column file: its cells are separated by {other!r}")


def test_guesses_that_nobody_confirmed_are_noted(tmp_path: Path) -> None:
    study = load(tmp_path, f"{HEAD},guessed\na.fcs,P1,V1,0,day (file name)\nb.fcs,P1,V2,1,\n")
    assert study.guesses == {"a.fcs": "day (file name)"}
    assert study.warnings[0].startswith("samples.csv: 1 row holds guesses of `bcelldepl init`")
    assert load(tmp_path, f"{HEAD},guessed\na.fcs,P1,V1,0,\n").warnings == ()
