"""Companions of a study: other results on the same days, checked against the sample sheet."""

from __future__ import annotations

import pytest

from bcelldepl.errors import StudyError
from bcelldepl.study import load_study

SAMPLES = """file,subject,visit,day,collected,infused
a.fcs,P1,BL,-5,2025-01-10,2025-01-15
b.fcs,P1,D7,7,2025-01-23,
c.fcs,P2,D7,7,,
"""
TOML = '[study]\nid = "S"\nsamples = "samples.csv"\nstrategy = "cart_pd"\ncompanions = "other.csv"\n'


def load(folder, companions, toml=TOML):
    (folder / "samples.csv").write_text(SAMPLES)
    (folder / "study.toml").write_text(toml)
    if companions is not None:
        (folder / "other.csv").write_text(companions)
    return load_study(folder / "study.toml")


def test_days_come_from_the_samples_of_the_visit(tmp_path) -> None:
    rows = ("P2,D7,IgG,9.5,g/L", "P1,D7,IgG,<0.5,g/L", "P1,BL,ADA,>128,titre", "P1,BL,IgG,,g/L")
    text = "\n".join(("subject,visit,test,value,unit", *rows, ""))
    study = load(tmp_path, text)
    found = [(one.subject, one.test, one.day, one.qualifier, one.value) for one in study.companion_results]
    assert found == [("P1", "ADA", -5, ">", 128), ("P1", "IgG", 8, "<", 0.5), ("P2", "IgG", 7, "=", 9.5)]
    assert study.settings()["study"]["companions"] == "other.csv"


def test_a_row_may_say_its_own_day(tmp_path) -> None:
    text = "subject,visit,test,value,day,collected\nP1,W2,SLEDAI-2K,4,14,\nP1,W3,SLEDAI-2K,2,,2025-02-05\n"
    assert [one.day for one in load(tmp_path, text).companion_results] == [14, 21]


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ("P9,D7,IgG,9,g/L", "row 2, column subject: the sample sheet has no subject 'P9'"),
        ("P1,D9,IgG,9,g/L", "row 2, column visit: no sample of this subject has the visit 'D9'"),
        ("P1,D7,IgG,high,g/L", "row 2, column value: 'high' is not a number"),
        ("P1,D7,,9,g/L", "row 2, column test: is empty"),
        ("P1,D7,IgG,9,g/L\nP1,D7,IgG,8,g/L", "row 3: IgG of P1 on day 8 is in row 2 already"),
        ("P1,D7,IgG,9,g/L\nP2,D7,IgG,8,mg/dL", "IgG has the units 'g/L' and 'mg/dL'"),
    ],
)
def test_problems_have_their_place(tmp_path, rows, words) -> None:
    with pytest.raises(StudyError) as caught:
        load(tmp_path, f"subject,visit,test,value,unit\n{rows}\n")
    assert words in str(caught.value)


def test_all_problems_come_at_once(tmp_path) -> None:
    with pytest.raises(StudyError) as caught:
        load(tmp_path, "subject,visit,test,value\nP9,D7,IgG,9\nP1,D7,IgG,high\n", TOML + "oops = 1\n")
    assert "oops" in str(caught.value)
    with pytest.raises(StudyError) as caught:
        load(tmp_path, "subject,visit,test,value\nP9,D7,IgG,9\nP1,D9,IgG,8\n")
    assert len(caught.value.problems) == 2


def test_missing_file_or_column(tmp_path) -> None:
    with pytest.raises(StudyError, match=r"there is no file 'other.csv'"):
        load(tmp_path, None)
    with pytest.raises(StudyError, match="the required column `test` is missing"):
        load(tmp_path, "subject,visit,value\nP1,D7,9\n")


def test_none_is_the_default(tmp_path) -> None:
    study = load(tmp_path, None, TOML.replace('companions = "other.csv"\n', ""))
    assert study.companion_results == ()
    assert "companions" not in study.settings()["study"]
