"""Words that are set once stand where matplotlib sets them anew, and look the same."""

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from bcelldepl.report.images import fixed_style
from bcelldepl.report.text_renderer import TextCanvas

WORDS = ("B cells [cells/µL, log scale]", "0.3", "10⁻²", "jumpy (n = 12)")


def drawn(canvas_class, draw, dpi=150):
    """Draw on a white figure, and give how dark each pixel is by colour, top row first."""
    with fixed_style():
        figure = Figure(figsize=(3, 2.013), dpi=dpi, facecolor="white")
        draw(figure)
        canvas = canvas_class(figure)
        canvas.draw()
        return 255.0 - np.asarray(canvas.buffer_rgba())[..., :3]


def middle(dark):
    """Centre of what is dark [pixels], and how much there is."""
    weight = dark.sum(axis=2)
    rows, columns = np.indices(weight.shape)
    return np.array([(rows * weight).sum(), (columns * weight).sum()]) / weight.sum(), weight.sum()


@pytest.mark.parametrize("words", WORDS)
@pytest.mark.parametrize("angle", [0, 90, 30])
@pytest.mark.parametrize(("across", "along"), [("left", "baseline"), ("center", "center"), ("right", "top")])
def test_words_stand_where_matplotlib_sets_them(words, angle, across, along):
    def draw(figure):
        figure.text(0.503, 0.507, words, rotation=angle, ha=across, va=along, fontsize=9, color="#17212b")

    mine, theirs = drawn(TextCanvas, draw), drawn(FigureCanvasAgg, draw)
    (place, ink), (expected, expected_ink) = middle(mine), middle(theirs)
    assert np.abs(place - expected).max() < 1.25
    assert ink == pytest.approx(expected_ink, rel=0.04)
    rows, columns = (np.flatnonzero(mine.any(axis=(2, axis))) for axis in (1, 0))
    own_rows, own_columns = (np.flatnonzero(theirs.any(axis=(2, axis))) for axis in (1, 0))
    ends = np.array([[rows[0], rows[-1]], [columns[0], columns[-1]]])
    assert np.abs(ends - [[own_rows[0], own_rows[-1]], [own_columns[0], own_columns[-1]]]).max() <= 2


@pytest.mark.parametrize(
    "look",
    [{"color": "#d55e00"}, {"color": "#d55e00", "alpha": 0.4}, {"color": (0.1, 0.3, 0.9, 0.35)}],
    ids=["full", "alpha", "colour with alpha"],
)
def test_words_have_their_colour_and_opacity(look):
    def draw(figure):
        figure.text(0.1, 0.4, "HHHHH", fontsize=40, weight="bold", **look)

    mine, theirs = drawn(TextCanvas, draw), drawn(FigureCanvasAgg, draw)
    assert np.abs(mine.max(axis=(0, 1)) - theirs.max(axis=(0, 1))).max() <= 2
    assert middle(mine)[1] == pytest.approx(middle(theirs)[1], rel=0.02)


def test_words_are_cut_where_they_leave_their_axes():
    def draw(figure):
        axes = figure.add_axes((0.25, 0.25, 0.5, 0.5))
        axes.set_axis_off()
        axes.text(0.5, 0.5, "cut at both ends of these axes", fontsize=14, ha="center", clip_on=True)

    mine, theirs = drawn(TextCanvas, draw), drawn(FigureCanvasAgg, draw)
    columns, own_columns = (np.flatnonzero(dark.any(axis=(0, 2))) for dark in (mine, theirs))
    assert np.abs(columns[[0, -1]] - own_columns[[0, -1]]).max() <= 1
    assert columns[-1] - columns[0] < 0.52 * mine.shape[1]


def test_what_was_drawn_before_changes_no_pixel():
    def draw(figure, size=9, weight="normal"):
        for place, words in enumerate(WORDS):
            figure.text(0.1, 0.1 + 0.2 * place, words, fontsize=size, weight=weight)

    first = drawn(TextCanvas, draw)
    others = drawn(TextCanvas, lambda figure: draw(figure, 13)), drawn(TextCanvas, draw, 220)
    bold = drawn(TextCanvas, lambda figure: draw(figure, weight="bold"))
    assert np.array_equal(drawn(TextCanvas, draw), first)
    assert (
        len({one.sum() for one in (first, bold, *others)}) == 4
    )  # each in its own size, resolution and weight


@pytest.mark.parametrize("words", [" ", "\N{NO-BREAK SPACE}\N{NO-BREAK SPACE}", "\n"])
def test_blanks_are_drawn_as_nothing(words):
    assert not drawn(TextCanvas, lambda figure: figure.text(0.5, 0.5, words)).any()


@pytest.mark.parametrize("place", [(-0.05, 0.5), (0.93, 0.5), (0.5, -0.02), (0.5, 0.97), (2.0, 2.0)])
@pytest.mark.parametrize("angle", [0, 90])
def test_words_may_leave_the_figure(place, angle):
    def draw(figure):
        figure.text(*place, "HHHHHHHHHH", rotation=angle, fontsize=12)

    mine, theirs = drawn(TextCanvas, draw), drawn(FigureCanvasAgg, draw)
    assert mine.sum() == pytest.approx(theirs.sum(), rel=0.08)
