"""Fifteen mistakes that a first study is likely to hold: each is said once, with its place and its cure."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest

from bcelldepl.batch.run import run
from bcelldepl.batch.strategies import load_strategies
from bcelldepl.batch.tube import fit
from bcelldepl.errors import StudyError
from bcelldepl.setup.check import check_study
from bcelldepl.setup.findings import Severity, StudyCheck
from bcelldepl.study import load_study

from .conftest import HEAD, PANEL, ROWS, TOML

Study = Callable[..., Path]


def once(path: Path, *words: str, code: int = 2, severity: Severity = Severity.PROBLEM) -> StudyCheck:
    """The check says one thing alone, in which all these words stand."""
    found = check_study(path)
    told = [one for one in found.findings if one.severity is not Severity.NOTE]
    assert len(told) == 1, [one.sentence(found.tubes) for one in told]
    sentence = told[0].sentence(found.tubes) + told[0].paste
    assert all(word in sentence for word in words), sentence
    assert told[0].severity is severity
    assert found.exit_code == code
    return found


def run_refuses(path: Path, *words: str) -> None:
    """`run` says it in as many words, and once."""
    with pytest.raises(StudyError) as caught:
        load_strategies(load_study(path))
    assert len(caught.value.problems) == 1
    assert all(word in str(caught.value) for word in words), caught.value


def run_fails_tubes(path: Path, *words: str) -> None:
    """`run` says the same of every tube, so that they are named together."""
    study = load_study(path)
    strategies = load_strategies(study)
    failures = {fit(tube, study, strategies.of(tube)).failure for tube in study.tubes}
    assert len(failures) == 1
    assert all(word in next(iter(failures)) for word in words), failures


def without(column: str) -> tuple[list[str], str]:
    place = HEAD.split(",").index(column)
    rows = [",".join(cell for n, cell in enumerate(row.split(",")) if n != place) for row in ROWS]
    return rows, ",".join(name for name in HEAD.split(",") if name != column)


def test_a_sound_study_is_told_so(study: Study) -> None:
    found = check_study(study())
    assert (found.findings, found.exit_code, found.can_run) == ((), 0, True)


def test_1_wrong_path(study: Study) -> None:
    path = study([row.replace("fcs/", "FCS/") for row in ROWS])
    once(path, "all 6 tubes", "No such file", "did you mean 'fcs/S01_BL.fcs'?")
    load = load_study(path)
    failure = fit(load.tubes[0], load, load_strategies(load).common).failure
    assert "did you mean 'fcs/S01_BL.fcs'?" in failure


def test_2_missing_column(study: Study) -> None:
    path = study(*without("day"))
    words = ("samples.csv", "the required column `day` is missing", "found: file, subject, visit")
    once(path, *words)
    run_refuses(path, *words)


def test_3_typo_in_a_marker(study: Study) -> None:
    path = study(toml=TOML + '[panel]\nCD91 = "APC-A"\n')
    words = ("study.toml [panel] CD91", "uses no marker of this name", "did you mean `CD19`?")
    once(path, *words)
    run_refuses(path, *words)


def test_3_typo_in_a_detector(study: Study) -> None:
    path = study(toml=TOML + '[panel]\nCD19 = "AP-A"\n')
    words = ("[panel] names 'AP-A', which this file does not have", "did you mean `APC-A`?")
    once(path, "all 6 tubes", *words, "correct it under [panel] in study.toml")
    run_fails_tubes(path, *words)


def test_3_typo_in_the_marker_of_a_control(study: Study) -> None:
    path = study([row.replace("fmo:CAR", "fmo:CRA") for row in ROWS])
    once(
        path,
        "fcs/S01_BL_FMO-CAR.fcs",
        "no channel found for CRA (did you mean `CAR`?)",
        code=1,
        severity=Severity.DOUBT,
    )


@pytest.mark.parametrize(
    ("toml", "words"),
    [
        (TOML, "no bead count, acquired volume or haematology count is known"),
        (TOML + '[counting]\nmethod = "beads"\n', "the sample sheet gives no bead_count for this tube"),
    ],
)
def test_4_missing_bead_count(study: Study, toml: str, words: str) -> None:
    rows = [row.replace("50000", "") if "S01_D10" in row else row for row in ROWS]
    once(
        study(rows, toml=toml),
        "fcs/S01_D10.fcs",
        words,
        "fill in bead_count and blood_volume_ul",
        code=1,
        severity=Severity.DOUBT,
    )


def test_4_nothing_to_count_any_sample_by(study: Study, tmp_path: Path) -> None:
    rows, head = [row.rsplit(",", 2)[0] for row in ROWS], HEAD.rsplit(",", 2)[0]
    path = study(rows, head)
    words = ("study.toml, [counting] method", '"auto" can count no sample', 'set method = "percent"')
    assert not once(path, *words).can_run
    with pytest.raises(StudyError, match='"auto" can count no sample'):
        run(path, tmp_path / "results")
    found = check_study(study(rows, head, TOML + '[counting]\nmethod = "percent"\n'))
    assert (found.exit_code, found.can_run) == (0, True)
    assert "counted by: percent 5" in found.facts
    with_volume = check_study(study(rows, head, VOL="1000", CYT="Attune NxT"))  # 1 uL in a second
    assert "counted by: volumetric 5" in with_volume.facts
    assert with_volume.can_run


def test_5_semicolons_throughout_are_read(study: Study) -> None:
    found = check_study(study([row.replace(",", ";") for row in ROWS], HEAD.replace(",", ";")))
    assert found.exit_code == 0


def test_5_semicolons_in_some_rows(study: Study) -> None:
    path = study([ROWS[0], ROWS[1].replace(",", ";"), *ROWS[2:]])
    words = (
        "samples.csv, row 3",
        "separated by ';', those of the heading by ','",
        "save the sheet again with one separator",
    )
    run_refuses(path, *words)
    once(path, *words)


def test_6_dates_that_can_be_read_in_two_ways(study: Study) -> None:
    path = study([f"{row},12/03/2026" for row in ROWS], f"{HEAD},collected")
    words = (
        "samples.csv, rows 2 to 7, column collected",
        "'12/03/2026' can be read in two ways",
        "write 2026-01-31",
    )
    once(path, *words)
    run_refuses(path, *words)


def workbook(path: Path, *sheets: tuple[str, list[list[str]]]) -> Path:
    """Put the sample sheet into a workbook, with the sheets in this order."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, rows in sheets:
        page = book.create_sheet(title)
        for row in rows:
            page.append(row)
    book.save(path.with_name("samples.xlsx"))
    path.write_text(TOML.replace(".csv", ".xlsx"), encoding="utf-8")
    return path


TUBES = [HEAD.split(","), *(row.split(",") for row in ROWS)]


def test_7_a_title_row_is_passed_over(study: Study) -> None:
    found = check_study(workbook(study(), ("Sheet1", [["Tubes of the trial"], [], *TUBES])))
    assert (found.findings, found.exit_code) == ((), 0)


def test_8_duplicate_visit(study: Study) -> None:
    path = study([row.replace("D28,28", "D10,28") for row in ROWS])
    once(
        path,
        "fcs/S01_D10.fcs, fcs/S01_D28.fcs",
        "visit D10 of S01 is day 10 here and day 28 in fcs/S01_D28.fcs",
        code=1,
        severity=Severity.DOUBT,
    )


def test_8_one_file_in_two_rows(study: Study) -> None:
    path = study([*ROWS, ROWS[0]])
    words = ("samples.csv, row 8, column file", "is in row 2 already", "one row per FCS file")
    once(path, *words)
    run_refuses(path, *words)


@pytest.mark.parametrize("spelling", ["S 01", "S  01", "S\u00a001", "s01"])
def test_9_blanks_in_a_subject(study: Study, spelling: str) -> None:
    rows = [row.replace(",S01,", f",{spelling},") if "D10" in row else row for row in ROWS]
    words = ("samples.csv, row 4, column subject", "is 'S01' of row 2 in another spelling", "in one way")
    path = study(rows)
    once(path, *words)
    run_refuses(path, *words)


def test_10_a_strategy_that_does_not_fit(study: Study) -> None:
    path = study(panel={name: label for name, label in PANEL.items() if "CAR" not in label})
    once(
        path,
        "all 6 tubes: CAR: no channel found",
        "strategy that fits this panel: cd19_volumetric or tbnk",
        '[panel]\nCAR = "DETECTOR"  # one of FITC-A (CD3 FITC), APC-A (CD19 APC), V500-A (CD45 V500)',
    )
    run_fails_tubes(path, "CAR: no channel found", '[panel] CAR = "DETECTOR"')


def test_10_a_strategy_that_is_not_there(study: Study) -> None:
    path = study(toml=TOML.replace("cart_pd", "cart-pd"))
    once(path, "study.toml, [study] strategy", "'cart-pd'", "did you mean `cart_pd`?", "tbnk")


def test_11_an_fmo_without_its_marker(study: Study) -> None:
    path = study([row.replace("fmo:CAR", "fmo") for row in ROWS])
    words = ("samples.csv, row 3, column role", "'fmo' names no marker", "write fmo:MARKER")
    once(path, *words)
    run_refuses(path, *words)


def test_11_an_fmo_without_its_sample(study: Study, tube: Callable[..., None]) -> None:
    path = study([*ROWS, "fcs/lone.fcs,S09,BL,-5,fmo:CAR,50000,50"])
    tube(path.parent / "fcs" / "lone.fcs", date="09-APR-2026", seed=9)
    once(
        path,
        "fcs/lone.fcs",
        "a control without a sample: subject S09",
        code=1,
        severity=Severity.DOUBT,
    )


def test_12_no_compensation(study: Study) -> None:
    path = study(matrix=False)
    words = ("the file has no spillover matrix", "give one in [compensation]", 'source = "none"')
    once(path, "all 6 tubes", *words)
    run_fails_tubes(path, *words)


def test_13_two_channels_with_cd19(study: Study) -> None:
    path = study(panel={**PANEL, "BV421-A": "CD19 BV421"})
    words = "CD19: 2 channels match (APC-A (CD19 APC), BV421-A (CD19 BV421))"
    once(
        path,
        "all 6 tubes",
        words,
        '[panel]\nCD19 = "DETECTOR"  # one of APC-A (CD19 APC), BV421-A (CD19 BV421)',
    )
    run_fails_tubes(path, words, '[panel] CD19 = "DETECTOR"')


def test_13_lines_are_pasted_below_a_panel_that_is_there(study: Study) -> None:
    path = study(panel={**PANEL, "BV421-A": "CD19 BV421"}, toml=TOML + '[panel]\nCD3 = "FITC-A"\n')
    found = once(path, "CD19: 2 channels match")
    assert found.findings[0].paste.startswith('CD19 = "DETECTOR"')
    path.write_text(path.read_text() + 'CD19 = "BV421-A"\n')
    assert check_study(path).exit_code == 0


def test_14_wrong_sheet(study: Study) -> None:
    path = workbook(study(), ("Info", [["Trial", "NCT06892145"]]), ("Tubes", TUBES))
    words = ("samples.xlsx", "the sheet 'Info' is read, and not 'Tubes'", "call that `samples`")
    once(path, *words)
    run_refuses(path, *words)
    assert check_study(workbook(path, ("Info", [["a"]]), ("samples", TUBES))).exit_code == 0


def matrix(diagonal: float, beside: float) -> str:
    names = list(PANEL)
    rows = [[str(diagonal if one == other else beside) for other in names] for one in names]
    return "\n".join(",".join(cells) for cells in (names, *rows)) + "\n"


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        (matrix(100, 5), 0, ()),
        (matrix(1, 25), 2, ("1 on its diagonal and 25 beside it", "fractions of 1 or percent throughout")),
        (matrix(1, 5), 1, ("gives 5 times as much", "if the numbers are percent, write 100 on the diagonal")),
    ],
    ids=["percent", "percent beside 1", "small percent beside 1"],
)
def test_15_percent_matrix(study: Study, text: str, code: int, words: tuple[str, ...]) -> None:
    path = study(toml=TOML + '[compensation]\nmatrix = "m.csv"\n')
    path.with_name("m.csv").write_text(text, encoding="utf-8")
    if code:
        severity = Severity.PROBLEM if code == 2 else Severity.DOUBT
        once(path, "study.toml, [compensation]", "m.csv", *words, code=code, severity=severity)
    else:
        assert check_study(path).exit_code == 0
