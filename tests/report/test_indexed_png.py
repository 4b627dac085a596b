"""A figure as PNG shows what was drawn: exactly, or so nearly that no pixel looks different."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from bcelldepl.report.indexed_png import indexed_png


def as_pixels(rgb):
    """Lay colours out as pixels that nothing shows through."""
    colours = np.asarray(rgb, dtype=np.uint8).reshape(1, -1, 3)
    return np.concatenate([colours, np.full_like(colours[..., :1], 255)], axis=2)


def shown(png):
    """What another reader makes of the file."""
    with Image.open(io.BytesIO(png)) as image:
        return image.mode, np.asarray(image.convert("RGB")).astype(int)


def grey_cube(steps, apart):
    """Colours of a cube of so many steps a side, so far apart."""
    side = np.arange(steps) * apart
    return np.stack(np.meshgrid(side, side, side), axis=-1).reshape(-1, 3)


@given(arrays(np.uint8, (7, 5, 3)))
def test_a_picture_of_few_colours_comes_back_exactly(colours):
    pixels = np.concatenate([colours, np.full_like(colours[..., :1], 255)], axis=2)
    mode, back = shown(indexed_png(pixels, 100))
    assert mode == "P"
    assert np.array_equal(back, colours)


@pytest.mark.parametrize(("n", "mode"), [(256, "P"), (257, "RGB")])
def test_colours_that_lie_far_apart_stay_whatever_their_number(n, mode):
    colours = grey_cube(7, 40)[:n]
    found, back = shown(indexed_png(as_pixels(colours), 100))
    assert found == mode
    assert np.array_equal(back[0], colours)


@given(st.integers(0, 2**32 - 1))
def test_many_colours_near_each_other_are_shown_by_some_that_lie_within_eight(seed):
    rng = np.random.default_rng(seed)
    edges = np.linspace(0, 255, 500).round()[:, None] * rng.dirichlet([1, 1, 1], 3)[:, None]
    colours = np.concatenate([*edges, np.zeros((3000, 3))]).astype(np.uint8)
    rng.shuffle(colours)
    mode, back = shown(indexed_png(as_pixels(colours), 100))
    distance = np.sqrt(((back[0] - colours) ** 2).sum(axis=1))
    assert mode == "P"
    assert distance.max() <= 8
    assert np.array_equal(
        back[0][(colours == 0).all(axis=1)], np.zeros((((colours == 0).all(axis=1)).sum(), 3))
    )


def test_of_more_colours_than_are_looked_through_all_stay():
    colours = grey_cube(17, 2)  # all within 60 of each other, and 4,913 of them
    mode, back = shown(indexed_png(as_pixels(colours), 100))
    assert mode == "RGB"
    assert np.array_equal(back[0], colours)
    fewer = grey_cube(16, 2)  # 4,096
    assert shown(indexed_png(as_pixels(fewer), 100))[0] == "P"


def test_the_file_tells_its_size_and_resolution():
    pixels = np.full((30, 20, 4), 255, dtype=np.uint8)
    pixels[10:, 5:] = (0, 90, 160, 255)
    with Image.open(io.BytesIO(indexed_png(pixels, 150))) as image:
        assert image.size == (20, 30)
        assert image.info["dpi"] == pytest.approx((150, 150), abs=0.1)
        assert image.convert("RGB").getpixel((4, 10)) == (255, 255, 255)
        assert image.convert("RGB").getpixel((5, 10)) == (0, 90, 160)
