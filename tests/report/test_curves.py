"""Study curves and figure files."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from bcelldepl.errors import ArgumentError
from bcelldepl.report import draw_curves
from bcelldepl.report.curves import draw_study_curves
from bcelldepl.report.group_curves import Average, draw_group_curves
from bcelldepl.report.images import figure_bytes
from bcelldepl.report.palette import dose_styles, natural_key

ROWS = [
    # subject, day, cells_per_ul, ci_high, lloq, result; a limit of detection that is not known
    ("1", -5.0, 120.0, 140.0, 5.0, "QUANTIFIED"),
    ("1", 7.0, 2.0, 4.0, 6.0, "DETECTED_BELOW_LLOQ"),
    ("1", 14.0, np.nan, np.nan, np.nan, "NOT_EVALUABLE"),
    ("1", 28.0, 0.0, 0.37, 5.0, "NOT_DETECTED"),
    ("2", 28.0, 10.0, 12.0, 4.0, "QUANTIFIED"),
    ("2", -5.0, 80.0, 90.0, 4.5, "QUANTIFIED"),
]


@pytest.fixture
def counts():
    columns = ["subject", "day", "cells_per_ul", "ci_high_per_ul", "lloq_per_ul", "result"]
    table = pd.DataFrame(ROWS, columns=columns)
    table["population"] = "B"
    table["lod_per_ul"] = np.nan
    table["dose_group"] = table["subject"].map({"1": "low", "2": "high"})
    table["file"] = [f"{i}.fcs" for i in range(len(table))]
    return table


def lines(axes, gid):
    return [line for line in axes.lines if (line.get_gid() or "").startswith(gid)]


def points(axes, gid):
    return [(x, y) for line in lines(axes, gid) for x, y in zip(*line.get_data(), strict=True)]


@pytest.fixture
def axes(counts):
    return draw_curves(counts, "B", Figure().add_subplot())


def test_each_subject_is_one_line_by_day(axes):
    one, two = lines(axes, "subject:")
    np.testing.assert_array_equal(one.get_xdata(), [-5, 7, 14, 28])
    np.testing.assert_array_equal(one.get_ydata(), [120, np.nan, np.nan, np.nan])
    np.testing.assert_array_equal(two.get_xdata(), [-5, 28])
    assert one.get_color() != two.get_color()


def test_results_below_the_limits_look_different(axes):
    assert points(axes, "DETECTED_BELOW_LLOQ") == [(7.0, 6.0)]
    assert all(line.get_markerfacecolor() == "white" for line in lines(axes, "DETECTED_BELOW_LLOQ"))
    assert points(axes, "NOT_DETECTED") == [(28.0, 0.37)]
    assert [x for x, _ in points(axes, "NOT_EVALUABLE")] == [14.0]
    assert sorted(points(axes, "QUANTIFIED")) == [(-5.0, 80.0), (-5.0, 120.0), (28.0, 10.0)]


def test_line_runs_through_the_mean_of_replicates(counts):
    twin = counts.iloc[[5]].assign(cells_per_ul=100.0, file="twin.fcs")
    axes = draw_curves(pd.concat([counts, twin]), "B", Figure().add_subplot())
    _, two = lines(axes, "subject:")
    np.testing.assert_array_equal(two.get_data(), [[-5, 28], [90, 10]])
    assert len(points(axes, "QUANTIFIED")) == 4


def test_lloq_is_drawn_for_every_tube(axes):
    known = [(day, lloq) for day, lloq in points(axes, "lloq") if not np.isnan(lloq)]
    assert sorted(known) == [(-5.0, 4.5), (-5.0, 5.0), (7.0, 6.0), (28.0, 4.0), (28.0, 5.0)]


def test_axes_carry_units_and_hold_every_point(axes):
    assert axes.get_title(loc="left") == "B cells [cells/µL, log scale]"
    assert axes.get_yscale() == "log"
    low, high = axes.get_ylim()
    assert low < 0.37
    assert high > 120
    assert axes.get_xlim()[0] < -5
    assert 0.0 not in axes.get_xticks()
    assert list(axes.get_xticks()) == [-5, 7, 14, 28]


def test_nothing_to_draw_is_said(counts):
    axes = draw_curves(counts, "NK", Figure().add_subplot())
    assert "no result" in {text.get_text() for text in axes.texts}


def test_a_study_without_any_result_is_drawn(counts):
    """As where no tube could be gated: a log axis without heights has no limits of its own."""
    counts[["cells_per_ul", "ci_high_per_ul", "lloq_per_ul"]] = np.nan
    counts["result"] = "NOT_DONE"
    figure = draw_study_curves(counts, ["B"])
    assert "no result" in {text.get_text() for text in figure.axes[0].texts}
    figure_bytes(figure, "png", 40)
    summary = pd.DataFrame(
        {
            "parameter": "CONCENTRATION",
            "unit": "cells/uL",
            "analyte": "B",
            "course": 1,
            "dose_group": "low",
            "n": 0,
            "min": np.nan,
        }
        | {"median": np.nan, "max": np.nan, "day": counts["day"], "baseline": ""}
    )
    for average in Average:
        page = Figure()
        draw_group_curves(summary, "B", page.add_subplot(), lloq=None, average=average)
        figure_bytes(page, "png", 40)


def test_missing_dose_groups_are_one_group(counts):
    counts["dose_group"] = np.nan
    figure = draw_study_curves(counts, ["B"])
    assert "all subjects" in {text.get_text() for text in figure.legends[0].get_texts()}
    draw_curves(counts.drop(columns="dose_group"), "B", Figure().add_subplot())


def test_dose_groups_are_ordered_as_people_count():
    assert list(dose_styles(["2e6", "1e7", "5e5", "1e6", "1e6"])) == ["5e5", "1e6", "2e6", "1e7"]
    assert sorted(["DL10", "DL2", "10", "a", "9"], key=natural_key) == ["9", "10", "DL2", "DL10", "a"]
    colours = [colour for colour, _ in dose_styles("abcdefg").values()]
    assert len(set(colours)) == 7


@pytest.mark.parametrize("kind", ["png", "svg", "pdf"])
def test_figures_are_the_same_bytes_again(counts, kind):
    first, second = (figure_bytes(draw_study_curves(counts, ["B"]), kind, dpi=60) for _ in range(2))
    assert first == second
    assert len(first) > 2000
    assert b"atplotlib v" not in first


def test_a_population_that_is_none_is_refused_with_the_nearest(counts, axes):
    with pytest.raises(ArgumentError, match=r"population: 'Bcells': is no population \(did you mean `B`\?\)"):
        draw_curves(counts, "Bcells", axes)
    draw_curves(counts, "CAR_T", axes)  # a population without results in these counts
