"""Transforms: which settings there are, and where they put a signal."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from bcelldepl.signal import Transform

VALUES = np.array([-500.0, 0.0, 10.0, 1e3, 1e5, 262_144.0], dtype=np.float32)


def test_linear_divides_by_the_top():
    np.testing.assert_allclose(
        Transform(kind="linear").apply(VALUES, 262_144.0), VALUES / 262_144.0, rtol=1e-6
    )
    np.testing.assert_allclose(
        Transform(kind="linear", top=1000).apply(VALUES, 5.0), VALUES / 1000, rtol=1e-6
    )


def test_the_cofactor_of_asinh_is_a_part_of_the_top():
    found = Transform(kind="asinh", cofactor=0.01).apply(VALUES, 1000.0)
    np.testing.assert_allclose(found, np.arcsinh(VALUES / 10.0) / np.arcsinh(100.0), rtol=1e-6)


@pytest.mark.parametrize("width", [0.0, 0.5, 1.2])
@pytest.mark.parametrize("negative", [0.0, 0.7])
def test_logicle_agrees_with_flowkit(width, negative):
    import flowkit

    theirs = flowkit.transforms.LogicleTransform(
        param_t=262_144, param_w=width, param_m=4.5, param_a=negative
    )
    ours = Transform(kind="logicle", width=width, decades=4.5, negative=negative)
    np.testing.assert_allclose(
        ours.apply(VALUES, 262_144.0), theirs.apply(VALUES.astype(np.float64)), rtol=0, atol=1e-6
    )


@pytest.mark.parametrize("kind", ["linear", "asinh", "logicle"])
@pytest.mark.parametrize("channel_range", [1024.0, 262_144.0, 4_194_304.0])
def test_the_range_of_the_channel_is_the_top_unless_the_strategy_names_one(kind, channel_range):
    top = np.array([channel_range], dtype=np.float32)
    assert Transform(kind=kind).apply(top, channel_range)[0] == pytest.approx(1.0, abs=1e-6)
    fixed = Transform(kind=kind, top=channel_range)
    assert fixed.apply(top, 77.0)[0] == pytest.approx(1.0, abs=1e-6)
    assert (Transform(kind=kind).top_signal(9.0), fixed.top_signal(9.0)) == (9.0, channel_range)


@pytest.mark.parametrize("kind", ["linear", "asinh", "logicle"])
def test_the_column_is_left_alone_and_nan_stays(kind):
    column = np.array([np.nan, 5.0], dtype=np.float32)
    found = Transform(kind=kind).apply(column, 1000.0)
    assert np.isnan(found[0])
    assert found[1] > 0
    assert found.dtype == np.float32
    assert column[1] == 5.0


@pytest.mark.parametrize(
    ("settings", "word"),
    [
        ({"kind": "log"}, "kind"),
        ({"kind": "logicle", "width": 3.0}, "half of decades"),
        ({"kind": "logicle", "width": -0.1}, "width"),
        ({"kind": "logicle", "decades": 0}, "decades"),
        ({"kind": "logicle", "negative": -1}, "negative"),
        ({"kind": "asinh", "cofactor": 0}, "cofactor"),
        ({"kind": "asinh", "cofacter": 1}, "cofacter"),
        ({"kind": "linear", "top": "highest"}, "top"),
        ({"kind": "linear", "top": 0}, "top"),
        ({"kind": "logicle", "top": -5}, "top"),
        ({"kind": "logicle", "top": float("nan")}, "top"),
        ({"kind": "logicle", "top": float("inf")}, "top"),
        ({"kind": "logicle", "negative": 4.5}, "twice width"),
    ],
)
def test_settings_that_make_no_scale_are_refused(settings, word):
    with pytest.raises(ValidationError, match=word):
        Transform(**settings)
