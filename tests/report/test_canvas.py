"""Pictures drawn pixel by pixel: numbers set figure by figure, and smooth edges."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw

from bcelldepl.report.canvas import Canvas, _font, _letters, _set, _set_number
from bcelldepl.report.fonts import font_pieces

NUMBERS = ["8,457 / 61,093 (13.8 %)", "0 / 0 (0.0 %)", "1,111,117 / 7,777,711 (0.0042 %)", "1", "(%),./4"]


@pytest.mark.parametrize("words", NUMBERS)
@pytest.mark.parametrize("size", [9.0, 10.0, 11.0, 14.0])
@pytest.mark.parametrize("bold", [False, True])
def test_figures_set_one_by_one_are_those_that_the_font_sets_at_once(words, size, bold):
    ((_, file),) = font_pieces(words, bold=bold)
    at_once, corner = _set(words, _font(file, size), "ls")
    one_by_one, own_corner = _set_number(words, size, bold)
    assert own_corner == corner
    np.testing.assert_array_equal(np.asarray(one_by_one), np.asarray(at_once))


@pytest.mark.parametrize("words", [" 1", "1 ", "", "1 of 2"])
def test_words_that_are_no_number_are_set_by_the_font(words):
    letters, corner = _letters(words, 11.0, False, "ls")
    ((_, file),) = font_pieces(words, bold=False) or ((words, font_pieces("1", bold=False)[0][1]),)
    expected, own_corner = _set(words, _font(file, 11.0), "ls") if words else (letters, corner)
    assert corner == own_corner
    np.testing.assert_array_equal(np.asarray(letters), np.asarray(expected))


def twice_as_large(draw):
    """What is drawn black on white, four pixels for each, as how much ink each of them has."""
    image = Image.new("L", (80, 60))
    draw(ImageDraw.Draw(image))
    return np.asarray(image.reduce(2), dtype=int)


def ink_of(canvas):
    return 255 - np.asarray(canvas.finished().convert("L"), dtype=int)


@pytest.mark.parametrize("away", [0, -15, 25, 100])
def test_an_edge_covers_a_part_of_its_pixels_also_where_it_leaves_the_field(away):
    corners = [(5.0 + away, 3.0), (30.5 + away, 8.0), (12.0 + away, 26.5)]
    doubled = [(2 * x, 2 * y) for x, y in corners]
    filled, outlined = Canvas(40, 30), Canvas(40, 30)
    filled.fill(corners, "#000000")
    outlined.line([*corners, corners[0]], "#000000", 2.0)
    expected = twice_as_large(lambda draw: draw.polygon(doubled, fill=255))
    assert np.abs(ink_of(filled) - expected).max() <= 1
    expected = twice_as_large(
        lambda draw: draw.line([*doubled, doubled[0]], fill=255, width=4, joint="curve")
    )
    assert np.abs(ink_of(outlined) - expected).max() <= 1
    assert away == 100 or ink_of(outlined).any()


def test_a_tint_lies_over_its_box_alone():
    canvas = Canvas(40, 30)
    canvas.shade((10.0, 0.0, 20.5, 30.0), "#000000", 0.5)
    row = ink_of(canvas)[7]
    assert np.abs(row[10:20] - 127).max() <= 1
    assert abs(row[20] - 64) <= 1
    assert not row[:10].any()
    assert not row[21:].any()


def test_nothing_is_drawn_of_no_points():
    canvas = Canvas(40, 30)
    canvas.line([], "#000000", 2.0, (7.0, 3.0))
    assert not ink_of(canvas).any()
