"""Gating paths and thumbnails: what is drawn, also where no event is."""

from __future__ import annotations

import io
import math
from itertools import pairwise

import matplotlib as mpl
import numpy as np
import pytest
from PIL import Image

from bcelldepl.gating.evidence import Evidence
from bcelldepl.gating.populations import GateView
from bcelldepl.report import draw_gating_path, draw_thumbnail, picture_tube
from bcelldepl.report.canvas import _dashed
from bcelldepl.report.density import density_image, shrink
from bcelldepl.report.gate_position import gate_position
from bcelldepl.report.gating_path import _BELOW as BELOW
from bcelldepl.report.gating_path import _CELL as CELL
from bcelldepl.report.gating_path import _HEAD as HEAD
from bcelldepl.report.gating_path import _LEFT as LEFT
from bcelldepl.report.gating_path import _PANEL as PANEL
from bcelldepl.report.gating_path import tree_order
from bcelldepl.report.image_palette import gate_colours, gate_png
from bcelldepl.report.palette import ACCENT, EVIDENCE_COLOURS, FRAME, INK, MARKED, REVIEW
from bcelldepl.report.thumbnail import overview_gates
from bcelldepl.signal.marker_axis import MarkerAxis
from bcelldepl.signal.transform import Transform


def empty_view(**changes):
    nothing = np.zeros((16, 16), dtype=np.uint32)
    values = {
        "population": "B", "parent": "lymphocytes", "x_label": "CD3", "y_label": "CD19",
        "x_limits": (0.0, 1.0), "y_limits": (0.0, 2.0), "histogram": nothing, "inside": nothing,
        "outlines": (np.array([[0.1, 0.2], [0.4, 0.2], [0.3, 1.5]]),), "cuts": (), "cut_interval": None,
        "events": 0, "parent_events": 0, "evidence": Evidence.FIXED,
    }  # fmt: skip
    return GateView(**(values | changes))


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


def colour_at(image, x, y):
    return np.array(image.getpixel((round(x), round(y))), dtype=int)


def rgb(colour):
    return np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)])


def test_path_has_a_panel_per_gate_with_its_evidence(views):
    path = draw_gating_path(views(), "101, D7")
    assert path.size == (3 * CELL[0], 3 * CELL[1] + HEAD)
    for index, view in enumerate(tree_order(views())):
        row, column = divmod(index, 3)
        right = column * CELL[0] + LEFT + PANEL[0]
        top = HEAD + (row + 1) * CELL[1] - BELOW - PANEL[1]
        assert (
            np.abs(colour_at(path, right - 2.5, top - 44) - rgb(EVIDENCE_COLOURS[view.evidence])).max() < 12
        )
        assert colour_at(path, right - 20, top - 3).min() > 200  # nothing hides the numbers


def test_the_gate_of_a_panel_is_drawn_where_it_lies_even_without_events():
    view = empty_view(y_limits=(0.0, 1.0), outlines=(np.array([[0.2, 0.3], [0.8, 0.3], [0.8, 0.9], [0.2, 0.9]]),),
                      evidence=Evidence.DATA)  # fmt: skip
    path = draw_gating_path([view], "x")
    left, bottom = LEFT, HEAD + CELL[1] - BELOW

    def at(x, y):
        return colour_at(path, left + x * PANEL[0], bottom - y * PANEL[1]).max()

    for x, y in ((0.2, 0.6), (0.8, 0.6), (0.5, 0.3), (0.5, 0.9)):
        assert at(x, y) < 170
    for x, y in ((0.5, 0.6), (0.1, 0.6), (0.9, 0.6), (0.5, 0.2)):
        assert at(x, y) == 255


@pytest.mark.parametrize("evidence", [Evidence.SUBJECT, Evidence.FIXED])
def test_a_borrowed_gate_is_broken(evidence):
    def dark(view):
        path = draw_gating_path([view], "x")
        x, top = LEFT + round(0.5 * PANEL[0]), HEAD + CELL[1] - BELOW - PANEL[1]
        return sum(colour_at(path, x, y).max() < 140 for y in range(top + 2, top + PANEL[1] - 2))

    full, broken = (
        dark(empty_view(outlines=(), cuts=(0.5,), evidence=one)) for one in (Evidence.DATA, evidence)
    )
    assert full > 150
    assert 0.2 * full < broken < 0.85 * full


def test_an_arrow_leads_to_a_neighbour_only(views):
    path = draw_gating_path(views(), "101, D7")
    heads = [HEAD + (row + 1) * CELL[1] - BELOW - PANEL[1] - 45 for row in range(3)]
    arrows = [
        (row, column)
        for row in range(3)
        for column in range(1, 3)
        if np.abs(colour_at(path, column * CELL[0] + 8, heads[row]) - rgb(ACCENT)).max() < 40
    ]
    ordered = tree_order(views())
    assert arrows == [
        divmod(index, 3)
        for index, view in enumerate(ordered)
        if index % 3 and view.parent == ordered[index - 1].population
    ]
    assert len(arrows) == 3


ASINH = MarkerAxis(Transform(kind="asinh", top=100_000.0, cofactor=0.001), 262_144.0)  # linear below 100
LINEAR = MarkerAxis(Transform(kind="linear", top=50_000.0), 262_144.0)


def asinh_place(value):
    return math.asinh(value / 100) / math.asinh(1000)


def test_ticks_stand_at_the_decades_of_the_instrument():
    limits = (-0.25, 1.05)
    view = empty_view(x_limits=limits, outlines=(), x_axis=ASINH)
    path = draw_gating_path([view], "x")
    below = HEAD + CELL[1] - BELOW

    def is_tick(value, depth):
        x = LEFT + round((asinh_place(value) - limits[0]) / (limits[1] - limits[0]) * PANEL[0])
        return np.abs(colour_at(path, x, below + depth) - rgb(FRAME)).max() == 0

    assert all(is_tick(value, 5) for value in (-100, 0, 1000, 10_000, 100_000))
    assert all(is_tick(value, 3) and not is_tick(value, 5) for value in (2000, 30_000))
    assert not is_tick(1500, 2)


def test_where_a_gate_lies_is_said_in_the_units_of_the_instrument():
    cut = empty_view(outlines=(), cuts=(asinh_place(1234.0),), x_axis=ASINH,
                     cut_interval=(asinh_place(-50.0), asinh_place(4567.0)))  # fmt: skip
    assert gate_position(cut) == "CD3 1,230 [-50, 4,570]"
    outline = np.array([[0.2, -9.0], [0.5, 0.7], [0.9, 0.1]])
    closed = empty_view(outlines=(outline,), x_axis=LINEAR, y_axis=LINEAR)
    assert gate_position(closed) == "CD3 10,000 \N{EN DASH} 45,000; CD19 up to 35,000"
    assert gate_position(empty_view(outlines=(outline + 0.2,), x_axis=LINEAR)) == "CD3 from 20,000"
    assert gate_position(empty_view()) == ""
    assert gate_position(empty_view(outlines=(), x_axis=LINEAR)) == ""


def test_the_value_of_a_cut_is_written_beside_it():
    def ink(axis):
        path = draw_gating_path([empty_view(outlines=(), cuts=(0.5,), x_axis=axis)], "x")
        top = HEAD + CELL[1] - BELOW - PANEL[1]
        beside = np.asarray(path)[top + 3 : top + 15, LEFT + PANEL[0] // 2 + 3 : LEFT + PANEL[0] - 3]
        return (beside.max(axis=2) < 140).sum()

    assert ink(None) == 0
    assert ink(LINEAR) > 20


def test_events_that_a_check_speaks_of_stand_out_and_a_gate_in_doubt_is_framed():
    marked = np.zeros((16, 16), dtype=np.uint32)
    marked[3, 12] = 1
    plain = empty_view(outlines=(), y_limits=(0.0, 1.0))
    shown = empty_view(outlines=(), y_limits=(0.0, 1.0), marked=marked, marked_as="1 looks like other cells",
                       in_doubt=True)  # fmt: skip
    (x, y), bottom = ((3.5 / 16, 12.5 / 16), HEAD + CELL[1] - BELOW)

    def at(view, right, up):
        return colour_at(draw_gating_path([view], "x"), LEFT + right, bottom - up)

    assert at(shown, x * PANEL[0], y * PANEL[1]).tolist() == rgb(MARKED).tolist()
    assert at(plain, x * PANEL[0], y * PANEL[1]).min() == 255
    assert at(shown, -1, PANEL[1] / 2).tolist() == rgb(REVIEW).tolist()
    assert at(plain, -1, PANEL[1] / 2).min() == 255
    strips = [
        np.asarray(Image.open(io.BytesIO(draw_thumbnail([one]))).convert("RGB")) for one in (shown, plain)
    ]
    assert [(strip == rgb(MARKED)).all(axis=2).any() for strip in strips] == [True, False]


def test_path_without_gates_says_so():
    path = draw_gating_path([], "x")
    assert path.size == (CELL[0], CELL[1] + HEAD)
    assert np.asarray(path)[HEAD:].min() < 150


def test_dashes_keep_their_lengths_around_corners():
    pieces = _dashed([(0, 0), (10, 0), (10, 10)], (6.0, 3.0))
    lengths = [sum(math.dist(a, b) for a, b in pairwise(piece)) for piece in pieces]
    assert lengths == pytest.approx([6, 6, 2])
    assert pieces[1] == [(9.0, 0.0), (10, 0), (10.0, 5.0)]


def test_thumbnail_shows_the_gates_that_matter_and_their_evidence(views):
    assert [view.population for view in overview_gates(views())] == ["B", "CAR_T", "T"]
    others = [view for view in views() if view.population not in ("B", "CAR_T", "T")]
    assert [view.population for view in overview_gates(others)] == ["leukocytes", "lymphocytes", "NK"]
    strip = Image.open(io.BytesIO(draw_thumbnail(views(b_cells=0)))).convert("RGB")
    assert strip.size == (96, 3 * 103 - 3)
    colours = {colour for _, colour in strip.getcolors(maxcolors=1 << 16)}

    def present(evidence):
        wanted = np.array([int(EVIDENCE_COLOURS[evidence][i : i + 2], 16) for i in (1, 3, 5)])
        return min(np.abs(np.array(list(colours)) - wanted).max(axis=1)) <= 6

    assert present(Evidence.DATA)
    assert present(Evidence.CONTROL)
    assert present(Evidence.SUBJECT)
    assert not present(Evidence.FAILED)


def test_strip_of_gates_far_outside_the_axes():
    assert draw_thumbnail([empty_view(outlines=(np.array([[-1e9, 0], [1e9, 0], [0, 1e9]]),), cuts=(-50.0,))])


def test_the_few_colours_of_a_picture_are_near_those_that_were_drawn(views):
    drawn = draw_gating_path(views(), "101, D7")
    encoded = Image.open(io.BytesIO(gate_png(drawn)))
    assert encoded.mode == "P"
    assert len(gate_colours()) <= 256
    before, after = np.asarray(drawn).astype(int), np.asarray(encoded.convert("RGB")).astype(int)
    np.testing.assert_array_equal(after[(before == 255).all(axis=2)], 255)
    away = np.abs(after - before).max(axis=2)
    assert away.max() < 40
    assert (away > 12).mean() < 0.01


@pytest.mark.parametrize("colour", [INK, ACCENT, *EVIDENCE_COLOURS.values()])
def test_what_has_a_meaning_keeps_its_very_colour(colour):
    encoded = Image.open(io.BytesIO(gate_png(Image.new("RGB", (4, 4), colour)))).convert("RGB")
    assert encoded.getpixel((0, 0)) == tuple(rgb(colour))


def test_words_that_were_set_before_come_out_the_same(views):
    first = np.asarray(draw_gating_path(views(), "101, D7"))
    draw_gating_path(views(b_cells=0), "102, D7")
    np.testing.assert_array_equal(np.asarray(draw_gating_path(views(), "101, D7")), first)


def test_pictures_are_the_same_bytes_again(views):
    names = {"file": "a.fcs", "sha256": "0" * 64, "subject": "1", "visit": "D0", "day": 0.0}
    first, second = (picture_tube(views(), **names) for _ in range(2))
    assert first == second
    assert len(first.path_png) < 80_000
    assert len(first.thumbnail_png) < 12_000
    assert [note.population for note in first.gates][-1] == "NK"
    assert first.panels == ("B", "CAR_T", "T")


def test_settings_of_the_user_do_not_change_a_picture(views):
    names = {"file": "a.fcs", "sha256": "0" * 64, "subject": "1", "visit": "D0", "day": 0.0}
    plain = picture_tube(views(), **names)
    with mpl.rc_context({"axes.grid": True, "font.size": 20, "axes.facecolor": "red"}):
        assert picture_tube(views(), **names) == plain
        assert mpl.rcParams["font.size"] == 20


def test_a_tube_without_gates_has_no_picture():
    names = {"file": "a.fcs", "sha256": "0" * 64, "subject": "1", "visit": "D0", "day": 0.0}
    picture = picture_tube([], **names, status="failed", reason="cut short")
    assert (picture.path_png, picture.thumbnail_png, picture.gates) == (b"", b"", ())


@pytest.mark.parametrize(("is_absent", "colour"), [(True, FRAME), (False, EVIDENCE_COLOURS[Evidence.FAILED])])
def test_a_gate_for_cells_that_the_study_need_not_have_is_no_failure(is_absent, colour):
    view = empty_view(evidence=Evidence.FAILED, outlines=(), is_absent=is_absent)
    picture = np.asarray(draw_gating_path([view], "a tube").convert("RGB")).astype(int)
    top = HEAD + CELL[1] - BELOW - PANEL[1]
    badge = picture[top - 37 - 14 : top - 36, LEFT : LEFT + PANEL[0]]
    wanted = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)])
    assert (np.abs(badge - wanted).max(axis=2) == 0).sum() > 100
    assert (
        picture_tube([view], file="a.fcs", sha256="", subject="S1", visit="V", day=0.0).gates[0].is_absent
        == is_absent
    )
