"""Gates, strips and gating paths: what is drawn, also where no event is."""

from __future__ import annotations

import io

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from bcelldepl.gating.evidence import Evidence
from bcelldepl.gating.populations import GateView
from bcelldepl.report import draw_gate, draw_gating_path, draw_strip, picture_tube
from bcelldepl.report.density import density_image, shrink
from bcelldepl.report.palette import EVIDENCE_COLOURS
from bcelldepl.report.path import tree_order


def drawn(view, **options):
    return draw_gate(view, Figure().add_subplot(), **options)


def by_gid(axes, gid):
    return [artist for artist in axes.get_children() if artist.get_gid() == gid]


def empty_view(**changes):
    nothing = np.zeros((16, 16), dtype=np.uint32)
    values = {
        "population": "B", "parent": "lymphocytes", "x_label": "CD3", "y_label": "CD19",
        "x_limits": (0.0, 1.0), "y_limits": (0.0, 2.0), "histogram": nothing, "inside": nothing,
        "outlines": (np.array([[0.1, 0.2], [0.4, 0.2], [0.3, 1.5]]),), "cuts": (), "cut_interval": None,
        "events": 0, "parent_events": 0, "evidence": Evidence.FIXED,
    }  # fmt: skip
    return GateView(**(values | changes))


@pytest.mark.parametrize("compact", [False, True])
def test_cut_and_its_interval_stand_where_the_gate_says(views, compact):
    car = next(view for view in views() if view.population == "CAR_T")
    axes = drawn(car, compact=compact)
    (cut,) = by_gid(axes, "cut")
    assert list(cut.get_xdata()) == [0.44, 0.44]
    (interval,) = by_gid(axes, "cut-interval")
    assert (interval.get_x(), interval.get_x() + interval.get_width()) == pytest.approx((0.41, 0.49))


def test_outline_is_drawn_where_no_event_is():
    view = empty_view()
    axes = drawn(view)
    (outline,) = by_gid(axes, "outline")
    np.testing.assert_array_equal(outline.get_xy()[:-1], view.outlines[0])
    assert outline.get_fill() is False
    assert axes.get_xlim() == view.x_limits
    assert axes.get_ylim() == view.y_limits
    assert axes.get_title(loc="left") == "B\n0 / 0 lymphocytes (\N{EN DASH})"


def test_one_marker_without_events_still_has_its_cut():
    nothing = np.zeros(16, dtype=np.uint32)
    view = empty_view(y_label="", histogram=nothing, inside=nothing, outlines=(), cuts=(0.3, 0.6))
    axes = drawn(view)
    assert [line.get_xdata()[0] for line in by_gid(axes, "cut")] == [0.3, 0.6]
    assert axes.get_ylabel().startswith("events")


def test_title_and_badge_tell_numbers_and_evidence(views):
    view = next(view for view in views(b_cells=12) if view.population == "B")
    axes = drawn(view)
    assert axes.get_title(loc="left").startswith("B\n12 / 4,")
    (badge,) = by_gid(axes, "evidence")
    assert badge.get_text() == "subject"
    assert EVIDENCE_COLOURS[view.evidence] == "#56b184"


def test_dollar_signs_in_names_are_not_formulas():
    axes = drawn(empty_view(population="a$b", x_label="$P1$_{"))
    axes.figure.draw_without_rendering()
    assert axes.get_xlabel() == "$P1$_{"


def test_density_keeps_orientation_and_shows_a_single_event():
    histogram = np.zeros((4, 3), dtype=np.uint32)
    histogram[3, 0], histogram[0, 2] = 1000, 1
    inside = np.zeros_like(histogram)
    inside[0, 2] = 1
    image = density_image(histogram, inside)
    assert image.shape == (3, 4, 3)
    assert len(np.unique(image[0, 3])) > 1 or image[0, 3, 0] < 200  # grey and dark
    red, _, blue = image[2, 0].astype(int)
    assert blue - red > 60
    assert (image[1] == 255).all()


@pytest.mark.parametrize("shape", [(128, 128), (100, 37), (20, 56), (130,)])
def test_shrinking_loses_no_event(shape):
    histogram = np.random.default_rng(3).integers(0, 9, shape).astype(np.uint32)
    small = shrink(histogram, 56)
    assert max(small.shape) <= 56
    assert small.sum() == histogram.sum()


def test_tree_order_puts_children_behind_their_parent(views):
    names = [view.population for view in tree_order(views())]
    assert names == ["beads", "singlets", "live", "leukocytes", "lymphocytes", "T", "CAR_T", "B", "NK"]
    shuffled = [views()[i] for i in (5, 6, 7, 8, 0, 1, 2, 3, 4)]
    assert [view.population for view in tree_order(shuffled)] == [
        "beads", "singlets", "live", "leukocytes", "lymphocytes", "T", "CAR_T", "B", "NK"
    ]  # fmt: skip


def test_path_has_a_panel_per_gate_and_names_parents(views):
    figure = draw_gating_path(views(), "101, D7")
    titles = [axes.get_title(loc="left").split("\n")[0] for axes in figure.axes]
    assert titles == [view.population for view in views()]
    texts = {text.get_text() for text in figure.texts}
    assert "101, D7" in texts
    assert "in 5 lymphocytes" in texts  # B is no neighbour of its parent
    assert sum(artist.get_gid() == "arrow" for artist in figure.get_children()) == 4


def test_path_without_gates_says_so():
    assert "no gate was drawn" in {text.get_text() for text in draw_gating_path([], "x").texts}


def test_strip_shows_the_evidence_of_each_gate(views):
    strip = Image.open(io.BytesIO(draw_strip(views(b_cells=0)))).convert("RGB")
    assert strip.size == (5 * 59 - 3, 2 * 64 - 3)
    colours = {colour for _, colour in strip.getcolors(maxcolors=1 << 16)}

    def present(evidence):
        wanted = np.array([int(EVIDENCE_COLOURS[evidence][i : i + 2], 16) for i in (1, 3, 5)])
        return min(np.abs(np.array(list(colours)) - wanted).max(axis=1)) <= 6

    assert present(Evidence.DATA)
    assert present(Evidence.CONTROL)
    assert present(Evidence.SUBJECT)
    assert not present(Evidence.FAILED)


def test_strip_of_gates_far_outside_the_axes():
    assert draw_strip([empty_view(outlines=(np.array([[-1e9, 0], [1e9, 0], [0, 1e9]]),), cuts=(-50.0,))])


def test_pictures_are_the_same_bytes_again(views):
    names = {"file": "a.fcs", "sha256": "0" * 64, "subject": "1", "visit": "D0", "day": 0.0}
    first, second = (picture_tube(views(), **names) for _ in range(2))
    assert first == second
    assert len(first.path_png) < 80_000
    assert len(first.strip_png) < 12_000
    assert [note.population for note in first.gates][-1] == "NK"


def test_settings_of_the_user_do_not_change_a_picture(views):
    names = {"file": "a.fcs", "sha256": "0" * 64, "subject": "1", "visit": "D0", "day": 0.0}
    plain = picture_tube(views(), **names)
    with mpl.rc_context({"axes.grid": True, "font.size": 20, "axes.facecolor": "red"}):
        assert picture_tube(views(), **names) == plain
        assert mpl.rcParams["font.size"] == 20


def test_a_tube_without_gates_has_no_picture():
    names = {"file": "a.fcs", "sha256": "0" * 64, "subject": "1", "visit": "D0", "day": 0.0}
    picture = picture_tube([], **names, status="failed", reason="cut short")
    assert (picture.path_png, picture.strip_png, picture.gates) == (b"", b"", ())
