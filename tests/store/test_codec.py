"""What is stored comes back as it was, to the bit; and nothing else can be made from a store."""

from __future__ import annotations

import dataclasses
import inspect
import math
import pkgutil
import struct
from dataclasses import dataclass
from enum import StrEnum
from importlib import import_module
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bcelldepl.gating import rules
from bcelldepl.gating.rules.shapes import SHAPES
from bcelldepl.store import StoreError
from bcelldepl.store.codec import Codec


class Colour(StrEnum):
    RED = "red"


@dataclass(frozen=True)
class Thing:
    value: Any
    colour: Colour = Colour.RED


CODEC = Codec(Thing, Colour)

plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(st.text(max_size=5), inner, max_size=3)
        | st.builds(Thing, inner)
    ),
    max_leaves=12,
)


def alike(left: Any, right: Any) -> bool:
    """Equal in type and in every bit; NaN is itself here."""
    if type(left) is not type(right):
        return False
    if isinstance(left, float):
        same_nan = math.isnan(left) and math.isnan(right)
        return same_nan or struct.pack("d", left) == struct.pack("d", right)
    if isinstance(left, tuple):
        return len(left) == len(right) and all(map(alike, left, right))
    if isinstance(left, dict):
        return list(left) == list(right) and all(alike(left[key], right[key]) for key in left)
    if isinstance(left, Thing):
        return alike(left.value, right.value) and left.colour is right.colour
    return bool(left == right)


@given(plain)
def test_everything_comes_back_as_it_was(value: Any) -> None:
    assert alike(CODEC.decode(*CODEC.encode(value)), value)


def test_arrays_come_back_with_type_and_shape() -> None:
    array = np.arange(6, dtype=np.uint32).reshape(2, 3)
    back = CODEC.decode(*CODEC.encode({"a": array, "b": np.float64(0.1)}))
    np.testing.assert_array_equal(back["a"], array)
    assert back["a"].dtype == array.dtype
    assert back["b"] == 0.1


def test_a_class_that_was_not_registered_is_neither_stored_nor_made() -> None:
    with pytest.raises(TypeError, match="not registered"):
        Codec().encode(Thing(1))
    text, attachment = CODEC.encode(Thing(1))
    for forged in (
        text.replace("Thing", "Popen"),
        text.replace("value", "values"),
        "[",
        '{"is": "Thing"}',
        "{}",
    ):
        with pytest.raises(StoreError):
            CODEC.decode(forged, attachment)


@pytest.mark.parametrize("depth", [100_000])
def test_what_is_nested_beyond_all_measure_is_refused(depth: int) -> None:
    with pytest.raises(StoreError):
        CODEC.decode("[" * depth + "]" * depth, b"")


def test_every_shape_that_a_rule_gives_can_be_read_back() -> None:
    modules = [import_module(f"{rules.__name__}.{one.name}") for one in pkgutil.iter_modules(rules.__path__)]
    found = {
        kind
        for module in modules
        for name, kind in inspect.getmembers(module, inspect.isclass)
        if name.endswith("Shape") and dataclasses.is_dataclass(kind)
    }
    assert found == set(SHAPES), "a new shape must be named in gating/rules/shapes.py"
