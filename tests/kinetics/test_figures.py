"""Figures of the kinetics: what they draw is in the data, they take an Axes and return it, and bytes repeat."""

from __future__ import annotations

import math
import pickle
from itertools import pairwise

import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from bcelldepl.kinetics import (
    analyse_study,
    endpoints_table,
    event_curves,
    kinetics_tables,
    summarise,
    visits_table,
)
from bcelldepl.kinetics.summary import CONCENTRATION
from bcelldepl.report.day_axis import set_day_axis
from bcelldepl.report.depletion_plots import draw_swimmer, draw_waterfall
from bcelldepl.report.group_curves import draw_group_curves
from bcelldepl.report.group_plots import draw_exposure_response, draw_proportionality
from bcelldepl.report.images import render_drawing
from bcelldepl.report.kinetics import kinetics_figures
from bcelldepl.report.subject_page import draw_depletion, draw_kinetics, draw_subject_page
from bcelldepl.report.survival_plots import draw_event
from bcelldepl.study.companions import CompanionResult


@pytest.fixture
def trial(made):
    """Four subjects; the last one is not evaluable after infusion."""
    groups = {"A": "1e5/kg", "B": "1e5/kg", "C": "3e5/kg", "D": "3e5/kg"}
    cart = {
        name: [(0, 0), *((day, peak * math.exp(-0.15 * (day - 7))) for day in (7, 10, 14, 18)), (28, 1)]
        for name, peak in (("A", 100), ("B", 150), ("C", 400))
    } | {"D": [(0, 0), (7, None)]}
    b = {name: [(-5, 200), (7, 1), (28, 8), (60, 20), (90, 60)] for name in "AB"}
    b |= {"C": [(-5, 100), (7, 1), (28, 0), (60, 0), (90, 30)], "D": [(-5, 100), (7, None)]}
    counts, study = made(cart, groups=groups)
    counts = pd.concat([counts, made(b, population="B", groups=groups)[0]], ignore_index=True)
    counts["ci_high_per_ul"] = counts["cells_per_ul"] * 1.3 + 0.4
    companions = [
        CompanionResult(subject="A", visit="D7", test="IgG", unit="g/L", day=7, value=9.0, qualifier="<")
    ]
    study = study.model_copy(update={"companion_results": tuple(companions)})
    return counts, endpoints_table(counts, study), study


def figures_of(counts, study):
    kinetics = analyse_study(counts, study)
    return kinetics_figures(counts, kinetics, kinetics_tables(kinetics))


def axes():
    return Figure().subplots()


def test_functions_take_an_axes_and_return_it(trial) -> None:
    counts, endpoints, study = trial
    own, ends = counts[counts["subject"] == "A"], endpoints[endpoints["subject"] == "A"]
    drawn = [
        lambda to: draw_group_curves(summarise(analyse_study(counts, study)), "CAR_T", to, 5.0),
        lambda to: draw_waterfall(endpoints, to),
        lambda to: draw_swimmer(endpoints, visits_table(analyse_study(counts, study)), to),
        lambda to: draw_event(event_curves(endpoints), "RECONSTITUTION_DAY", to),
        lambda to: draw_proportionality(endpoints, "CMAX", to, study),
        lambda to: draw_exposure_response(endpoints, "AUC_0_28", "LOG10_REDUCTION", to),
        lambda to: draw_kinetics(own, ends, to),
        lambda to: draw_depletion(own, ends, to, study),
    ]
    for draw in drawn:
        to = axes()
        assert draw(to) is to


def test_waterfall_has_one_bar_per_subject_and_names_the_rest(trial) -> None:
    _, endpoints, _ = trial
    to = draw_waterfall(endpoints, axes())
    heights = {bar.get_gid(): bar.get_height() for bar in to.patches if bar.get_gid()}
    # Nadirs that were not detected: 1 and 0 cells/uL, below 1.7 and 0.4, the upper ends of their intervals.
    expected = {"A": math.log10(1.7 / 200), "B": math.log10(1.7 / 200), "C": math.log10(0.4 / 100)}
    assert heights == pytest.approx(expected, rel=1e-5)
    assert "Not evaluable: D." in " ".join(text.get_text() for text in to.texts)


@pytest.mark.parametrize(
    ("unnamed", "expected"), [("AB", {"no group", "3e5/kg"}), ("ABCD", {"all subjects"})]
)
def test_subjects_of_no_dose_group_have_a_name_in_every_legend(
    trial, unnamed: str, expected: set[str]
) -> None:
    counts, endpoints, study = trial
    for table in (counts, endpoints):
        table.loc[table["subject"].isin(list(unnamed)), "dose_group"] = ""
    tubes = (
        one.model_copy(update={"dose_group": ""}) if one.subject in unnamed else one for one in study.tubes
    )
    study = study.model_copy(update={"tubes": tuple(tubes)})
    drawn = [
        draw_group_curves(summarise(analyse_study(counts, study)), "CAR_T", axes()),
        draw_waterfall(endpoints, axes()),
        draw_swimmer(endpoints, visits_table(analyse_study(counts, study)), axes()),
        draw_event(event_curves(endpoints), "RECONSTITUTION_DAY", axes()),
        draw_exposure_response(endpoints, "AUC_0_28", "LOG10_REDUCTION", axes()),
    ]
    for one in drawn:
        words = [text.get_text().split(" (n =")[0] for text in one.get_legend().get_texts()]
        assert all(words)
        assert expected <= set(words), words


def test_swimmer_bars_are_the_durations(trial) -> None:
    counts, endpoints, study = trial
    to = draw_swimmer(endpoints, visits_table(analyse_study(counts, study)), axes())
    bars = {bar.get_gid(): (bar.get_x(), bar.get_width()) for bar in to.patches if bar.get_gid()}
    assert bars == {"A": (7, 53), "B": (7, 53), "C": (7, 83)}


def test_subject_page_shows_cmax_slope_and_depletion(trial) -> None:
    counts, endpoints, study = trial
    kinetics = {one.course.subject: one for one in analyse_study(counts, study).cellular}
    page = draw_subject_page("A", counts, endpoints, study, kinetics["A"])
    marked = {
        artist.get_gid(): artist for panel in page.axes for artist in panel.get_children() if artist.get_gid()
    }
    assert marked["CMAX"].get_xydata().tolist() == [[7, pytest.approx(100)]]
    assert "depletion" in marked
    assert [panel.get_title(loc="left") for panel in page.axes][-1] == "IgG [g/L]"
    limits = {panel.get_xlim() for panel in page.axes}
    assert len(limits) == 1  # one day axis


def test_no_word_of_a_subject_page_runs_off_it(trial) -> None:
    counts, endpoints, study = trial
    page = draw_subject_page("A", counts, endpoints, study)
    page.set_dpi(150)  # as it is saved: hinted letters are wider than at other sizes
    canvas = FigureCanvasAgg(page)
    canvas.draw()
    for words in page.findobj(Text):
        if words.get_text() and words.get_visible():
            box = words.get_window_extent(canvas.get_renderer())
            assert 0 <= box.x0 <= box.x1 <= page.bbox.x1, words.get_text()
            assert 0 <= box.y0 <= box.y1 <= page.bbox.y1, words.get_text()


def test_a_subject_without_results_still_has_a_page(trial) -> None:
    counts, endpoints, study = trial
    assert len(draw_subject_page("D", counts, endpoints, study).axes) == 2
    none = counts[counts["subject"] != "D"]
    assert len(draw_subject_page("D", none, endpoints, study).axes) == 1


def test_bytes_repeat_and_drawings_can_be_sent_to_another_process(trial) -> None:
    counts, _, study = trial
    few = counts[counts["subject"] == "A"]
    drawings = dict(figures_of(few, study.model_copy(update={"tubes": ()})))
    assert {"waterfall", "swimmer", "dose_cmax", "subjects/A"} <= set(drawings)
    for draw in drawings.values():
        one, two = render_drawing(draw, 150), render_drawing(pickle.loads(pickle.dumps(draw)), 150)
        assert one == two
        assert [content[:5] for content in one] == [b"\x89PNG\r", b"<?xml", b"%PDF-"]
        assert render_drawing(draw, 150, ("svg",)) == [one[1]]


def test_names_under_the_waterfall_do_not_meet(made) -> None:
    """Also those of later courses, which are longer."""
    course = [(-5, 200), (7, 1), (28, 8), (60, 20), (90, 60)]
    endpoints = endpoints_table(*made({f"S{n:02}": course for n in range(12)}, population="B"))
    for later in (0, 1, 3):
        rows = endpoints.assign(course=[2 if int(name[1:]) < later else 1 for name in endpoints["subject"]])
        figures = dict(figures_of(*made({"A": course}, population="B")))
        page = figures["waterfall"]()
        (to,) = page.axes
        to.clear()
        draw_waterfall(rows, to)
        canvas = FigureCanvasAgg(page)
        canvas.draw()
        names = [label.get_window_extent(canvas.get_renderer()) for label in to.get_xticklabels()]
        assert len(names) == 12
        assert not any(one.overlaps(other) for one, other in pairwise(names))


def test_figures_of_first_courses_say_so_where_there_are_others(made) -> None:
    counts, study = made({"A": [(0, 0), (7, 100), (14, 50), (28, 6)]}, groups={"A": "1e5/kg"})
    b, of_b = made({"A": [(-5, 200), (7, 1), (60, 20), (90, 60)]}, population="B", groups={"A": "1e5/kg"})
    first, tubes = pd.concat([counts, b], ignore_index=True).assign(course=1), (*study.tubes, *of_b.tubes)
    second = first.assign(course=2, file="2" + first["file"])
    later = tuple(one.model_copy(update={"file": f"2{one.file}", "course": 2}) for one in tubes)
    one = figures_of(first, study.model_copy(update={"tubes": tubes}))
    both = figures_of(
        pd.concat([first, second], ignore_index=True), study.model_copy(update={"tubes": (*tubes, *later)})
    )
    every = {"waterfall", "swimmer"}  # have bars for later courses
    for figures, said in ((one, False), (both, True)):
        labels = {name: draw().axes[0].get_xlabel() for name, draw in figures if "/" not in name}
        assert len(labels) > 10
        assert {name for name, label in labels.items() if ", first courses" in label} == (
            set(labels) - every if said else set()
        )


def test_without_doses_no_figure_by_dose(made) -> None:
    course = {"A": [(0, 0), (7, 100), (14, 50), (28, 6)]}
    for group, drawn in (("1e5/kg", True), ("cohort 1", False)):
        figures = dict(figures_of(*made(course, groups={"A": group})))
        assert ({"dose_cmax", "dose_auc"} <= set(figures)) is drawn
        assert bool({"dose_cmax", "dose_auc"} & set(figures)) is drawn


@pytest.mark.parametrize(("day", "tick"), [(-0.06, "0"), (0.4, "0"), (-0.6, "-1")])
def test_no_day_is_minus_zero(day: float, tick: str) -> None:
    to = axes()
    set_day_axis(to, [-5, day, 7])
    to.figure.canvas.draw()
    assert [label.get_text() for label in to.get_xticklabels()] == ["-5", tick, "7"]


def test_nothing_evaluable_is_still_drawn(made) -> None:
    counts, study = made({"A": [(0, None), (7, None)]})
    counts = pd.concat([counts, made({"A": [(0, None), (7, None)]}, population="B")[0]])
    counts["ci_high_per_ul"] = counts["ci_high_per_ul"].astype(float)
    names = [name for name, draw in figures_of(counts, study) if draw()]
    assert "subjects/A" in names


def test_tables_beside_the_endpoints(trial) -> None:
    counts, _, study = trial
    tables = kinetics_tables(analyse_study(counts, study))
    assert tables["companions"].iloc[0].tolist() == [
        "A",
        "1e5/kg",
        "D7",
        7.0,
        "IgG",
        9.0,
        "g/L",
        "<",
        "",
        "",
        1,
    ]
    assert all(len(table) for table in tables.values())
    plain = kinetics_tables(analyse_study(counts, study.model_copy(update={"companion_results": ()})))
    assert "companions" not in plain


@pytest.mark.parametrize(
    "level", [606.7223245201731, 1719.9625316489942, 0.0005024861236817067, 1e-300, 20.0]
)
@pytest.mark.parametrize("times", [1.0, 1.0 + 1e-15])
def test_concentrations_that_are_all_one_number_have_an_axis(level: float, times: float) -> None:
    """Nothing can be drawn between limits that are one number, or its neighbours; a warning is an error here."""
    row = {
        "dose_group": "g",
        "analyte": "B",
        "parameter": CONCENTRATION,
        "unit": "cells/uL",
        "n": 1,
        "course": 1,
    }
    summary = pd.DataFrame(
        [{**row, "visit": "D7", "day": 7.0, "min": level, "median": level, "max": times * level}]
    )
    for lloq_per_ul in (None, level):
        drawn = draw_group_curves(summary, "B", axes(), lloq_per_ul)
        FigureCanvasAgg(drawn.figure).draw()
        low, high = drawn.get_ylim()
        assert low < level < high


def test_groups_without_a_dose_have_no_figures_by_dose(trial) -> None:
    counts, _, study = trial
    by_dose = {"dose_cmax", "dose_auc"}
    assert by_dose <= set(dict(figures_of(counts, study)))
    named = counts.assign(dose_group=counts["dose_group"].map({"1e5/kg": "低剂量", "3e5/kg": "高剂量"}))
    tubes = tuple(
        one.model_copy(update={"dose_group": "低剂量", "dose_cells_per_kg": None}) for one in study.tubes
    )
    drawn = set(dict(figures_of(named, study.model_copy(update={"tubes": tubes}))))
    assert not by_dose & drawn
    assert "exposure_depth" in drawn


def test_exposures_within_a_decade_have_numbers_on_their_axis() -> None:
    rows = [
        (subject, "low", "CAR_T", "AUC_0_28", value, "=", 1)
        for subject, value in (("A", 130.0), ("B", 610.0))
    ]
    rows += [(subject, "low", "B", "LOG10_REDUCTION", 2.0, "=", 1) for subject in "AB"]
    columns = ["subject", "dose_group", "analyte", "parameter", "value", "qualifier", "course"]
    to = draw_exposure_response(pd.DataFrame(rows, columns=columns), "AUC_0_28", "LOG10_REDUCTION", axes())
    FigureCanvasAgg(to.figure).draw()
    low, high = to.get_xlim()
    shown = [
        one.get_text()
        for one in to.get_xticklabels()
        if low <= one.get_position()[0] <= high and one.get_text()
    ]
    assert shown == ["200", "500"]
