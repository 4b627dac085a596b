"""The cells of a study as they were found: where components and clusters are drawn."""

import numpy as np
import pytest
from matplotlib.collections import EllipseCollection

from bcelldepl.gating.model.components import Component
from bcelldepl.gating.model.study_model import Cluster, StudyModel
from bcelldepl.report.clusters import draw_clusters
from bcelldepl.report.images import figure_bytes
from bcelldepl.report.numbered_dots import NumberedDots
from bcelldepl.signal.transform import Transform

MARKERS = ("CD3", "CD19", "CD20")
UNITS = (4.0, 5.0, 8.0)
COVARIANCE = np.array([[0.09, 0.05, 0.0], [0.05, 0.06, -0.02], [0.0, -0.02, 0.2]])


def component(kind, share, mean):
    return Component(kind, 1, share, mean, tuple(map(tuple, COVARIANCE)))


@pytest.fixture
def model():
    scale = Transform(kind="asinh", top=1e5, cofactor=0.001)
    linear = Transform(kind="linear", top=2e5)
    return StudyModel(
        markers=MARKERS,
        units=UNITS,
        scales={"CD3": scale, "CD19": scale, "CD20": linear},
        clusters=(
            Cluster(1, "T", 900, 90.0, {"CD3": 9000.0, "CD19": 10.0, "CD20": 2e4}),
            Cluster(2, "B", 100, 10.0, {"CD3": 30.0, "CD19": 8000.0, "CD20": 1e5}),
        ),
        components=(
            component("B", 0.1, (0.8, 3.5, 4.0)),
            component("T", 0.9, (3.0, 0.6, 1.0)),
            component("NK", 1e-5, (0.4, 0.5, 1.0)),  # too few to be drawn
        ),
    )


def test_an_ellipse_lies_one_and_a_half_standard_deviations_around_each_component(model):
    figure = draw_clusters(model)
    figure_bytes(figure, "png", 40)  # the ellipses take their shape from axes that are drawn
    axes = figure.axes[0]
    (ellipses,) = (one for one in axes.collections if isinstance(one, EllipseCollection))
    centres = ellipses.get_offsets()
    assert np.allclose(centres, [[3.0 / 4, 0.6 / 5], [0.8 / 4, 3.5 / 5]])  # the largest is below
    inverse = np.linalg.inv(COVARIANCE[:2, :2])
    for shape in ellipses.get_transforms():
        (corners,) = ellipses.get_paths()[0].to_polygons(closed_only=False)
        around = (np.column_stack([corners, np.ones(len(corners))]) @ shape.T)[:, :2] * UNITS[:2]
        distance = np.sqrt(np.einsum("ni,ij,nj->n", around, inverse, around))
        assert distance[::2] == pytest.approx(1.5)  # between these are the control points of the curve


def test_a_number_stands_at_the_medians_of_its_cluster(model):
    figure = draw_clusters(model)
    assert [axes.get_xlabel() for axes in figure.axes if axes.axison] == ["CD3", "CD20"]
    (dots,) = (one for one in figure.axes[0].get_children() if isinstance(one, NumberedDots))
    by_number = dict(zip(map(str, dots.numbers), dots.places.tolist(), strict=True))
    expected = {
        str(one.number): [
            float(model.scales[marker].apply(np.array([one.medians[marker]], np.float32), 1.0)[0])
            for marker in ("CD3", "CD19")
        ]
        for one in model.clusters
    }
    assert by_number.keys() == expected.keys()
    for number, place in by_number.items():
        assert place == pytest.approx(expected[number], abs=1e-6)
    ticks = {tick.get_text(): float(place) for tick, place in zip(*_ticks(figure.axes[0].xaxis), strict=True)}
    assert list(ticks) == ["0", "10²", "10³", "10⁴", "10⁵"]
    assert ticks["10⁵"] == pytest.approx(1.0, abs=1e-5)  # the top of the scale
    words = [tick.get_text() for tick in figure.axes[1].get_xticklabels()]
    assert words == ["0", "5e+04", "1e+05", "1.5e+05", "2e+05"]


def _ticks(axis):
    return axis.get_ticklabels(), axis.get_ticklocs()
