"""A second infusion: each course has its own days, baseline and endpoints, and nothing of the other."""

from __future__ import annotations

import pandas as pd
import pytest

from bcelldepl.errors import StudyError
from bcelldepl.kinetics import analyse_study, event_summary, kinetics_tables, rates_table
from bcelldepl.study import load_study

FIRST = [(-5, 200), (7, 4), (28, 0), (60, 50), (90, 80)]
SECOND = [(-2, 80), (7, 3), (28, 0)]


def two_courses(made):
    first, study = made({"P": FIRST, "Q": FIRST}, population="B")
    second, later = made({"P": SECOND}, population="B")
    second["file"] = "second_" + second["file"]
    tubes = [one.model_copy(update={"file": f"second_{one.file}", "course": 2}) for one in later.tubes]
    first["course"], second["course"] = 1, 2
    return pd.concat([first, second], ignore_index=True), study.model_copy(
        update={"tubes": (*study.tubes, *tubes)}
    )


def test_each_course_has_its_own_baseline_and_endpoints(made) -> None:
    counts, study = two_courses(made)
    table = analyse_study(counts, study).endpoints
    found = table.set_index(["subject", "course", "parameter"])
    assert found.loc[("P", 1, "BASELINE"), "value"] == 200
    assert found.loc[("P", 2, "BASELINE"), "value"] == 80
    assert found.loc[("P", 1, "RECONSTITUTION_DAY"), ["value", "qualifier"]].tolist() == [60, "="]
    assert found.loc[("P", 2, "RECONSTITUTION_DAY"), ["value", "qualifier"]].tolist() == [28, ">"]
    assert ("Q", 2, "BASELINE") not in found.index
    alone = analyse_study(
        counts[counts["course"] == 1], study.model_copy(update={"tubes": study.tubes[:10]})
    ).endpoints
    pd.testing.assert_frame_equal(
        table[table["course"] == 1].reset_index(drop=True), alone.reset_index(drop=True), check_dtype=False
    )


def test_the_course_of_a_tube_counts_where_the_counts_do_not_say_it(made) -> None:
    counts, study = two_courses(made)
    said = analyse_study(counts, study).endpoints
    pd.testing.assert_frame_equal(analyse_study(counts.drop(columns="course"), study).endpoints, said)


def test_groups_are_counted_course_by_course(made) -> None:
    kinetics = analyse_study(*two_courses(made))
    rates = rates_table(kinetics).set_index(["course", "visit"])["n_subjects"]
    assert (rates.loc[(1, "D28")], rates.loc[(2, "D28")]) == (2, 1)
    times = event_summary(kinetics.endpoints).set_index(["event", "course"])["n"]
    assert (times["DEPLETION_DAY", 1], times["DEPLETION_DAY", 2]) == (2, 1)
    assert all("course" in table for name, table in kinetics_tables(kinetics).items()
               if name not in ("dose_proportionality", "exposure_response"))  # fmt: skip


def test_the_sheet_says_the_course(tmp_path) -> None:
    (tmp_path / "study.toml").write_text('[study]\nid = "S"\nsamples = "s.csv"\nstrategy = "cart_pd"\n')
    sheet = "file,subject,visit,day,course,infused,collected,dose_group\n"
    rows = [
        "a.fcs,P,BL,-5,1,2025-01-15,2025-01-10,low",
        "b.fcs,P,D7,7,1,2025-01-15,2025-01-22,low",
        "c.fcs,P,BL,-2,2,2025-09-01,2025-08-30,high",
        "d.fcs,P,D7,7,2,2025-09-01,2025-09-08,high",
    ]
    (tmp_path / "s.csv").write_text(sheet + "\n".join(rows) + "\n")
    tubes = load_study(tmp_path / "study.toml").tubes
    assert [(one.file, one.course, one.actual_day, one.dose_group) for one in tubes] == [
        ("a.fcs", 1, -5, "low"),
        ("b.fcs", 1, 7, "low"),
        ("c.fcs", 2, -2, "high"),
        ("d.fcs", 2, 7, "high"),
    ]
    (tmp_path / "s.csv").write_text(sheet + rows[0].replace(",1,", ",second,") + "\n")
    with pytest.raises(StudyError, match="'second' is not a number of a course"):
        load_study(tmp_path / "study.toml")
