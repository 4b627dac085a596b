"""Numbered dots: where they and their numbers lie, and what covers what; in pixels and as SVG."""

import io

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from bcelldepl.report.images import figure_bytes
from bcelldepl.report.numbered_dots import NumberedDots

DPI = 200
BLUE, ORANGE = "#0000ff", "#ffa500"


def figure_of(places, numbers, colours):
    figure = Figure(figsize=(2, 1))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.set_xlim(0, 2)
    axes.set_ylim(0, 1)
    axes.add_artist(NumberedDots(places, numbers, colours))
    return figure


def pixels_of(*dots):
    content = figure_bytes(figure_of(*zip(*dots, strict=True)), "png", DPI)
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGB")).astype(int)


def centre_of(mask):
    rows, columns = np.nonzero(mask)
    return columns.mean() / DPI, 1 - rows.mean() / DPI


@pytest.mark.parametrize("place", [(0.5, 0.5), (1.6, 0.25)])
def test_a_dot_lies_at_its_place_with_its_number_in_its_middle(place):
    pixels = pixels_of((place, 8, BLUE))
    of_dot = (pixels[..., 2] > 200) & (pixels[..., 0] < 60)
    rows, columns = np.nonzero(of_dot)
    middle = (columns.min() + columns.max()) / 2 / DPI, 1 - (rows.min() + rows.max()) / 2 / DPI
    assert middle == pytest.approx(place, abs=1.5 / DPI)
    inside = np.zeros(of_dot.shape, dtype=bool)
    inside[rows.min() + 6 : rows.max() - 5, columns.min() + 6 : columns.max() - 5] = True
    ink = inside & (pixels.min(axis=2) > 200)  # white on blue
    assert ink.any()
    assert centre_of(ink) == pytest.approx(place, abs=2.5 / DPI)


def test_the_last_dot_covers_the_numbers_below_it():
    alone = pixels_of(((1.0, 0.5), 2, ORANGE))
    both = pixels_of(((1.0, 0.5), 88, BLUE), ((1.0, 0.5), 2, ORANGE))
    assert np.mean(np.abs(alone - both).max(axis=2) > 30) < 2e-3  # but for smooth edges
    assert not ((both[..., 2] > 200) & (both[..., 0] < 60)).any()


def test_a_dot_beyond_the_axes_is_not_drawn():
    assert (pixels_of(((3.0, 0.5), 1, BLUE)) == 255).all()


def test_as_svg_there_is_a_circle_for_each_and_the_same_bytes_each_time():
    dots = [((0.5, 0.5), 1, BLUE), ((1.5, 0.5), 2, ORANGE)]
    first, again = (figure_bytes(figure_of(*zip(*dots, strict=True)), "svg") for _ in range(2))
    assert first == again
    assert first.count(b"fill: #0000ff") == 1
    assert first.count(b"fill: #ffa500") == 1
