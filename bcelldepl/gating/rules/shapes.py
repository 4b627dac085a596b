"""The shapes that rules give, all of them: what a fitted gate can be read back as."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Any

from pydantic import TypeAdapter

from bcelldepl.gating.landmarks import Landmark
from bcelldepl.gating.model.study_model import Binding, PositiveModel
from bcelldepl.gating.rules.ellipse import EllipseShape
from bcelldepl.gating.rules.kinds import KindsShape
from bcelldepl.gating.rules.marker_cut import CutShape
from bcelldepl.gating.rules.polygon import PolygonShape
from bcelldepl.gating.rules.singlets import SingletShape

__all__ = ["PARTS", "SHAPES", "read_shape"]

SHAPES: tuple[type, ...] = (CutShape, SingletShape, PolygonShape, EllipseShape, KindsShape)
PARTS: tuple[type, ...] = (Landmark, PositiveModel, Binding)  # what shapes hold, and what a cut is placed by


def read_shape(recorded: Mapping[str, Any]) -> Any:
    """Read a shape as ``gates/*.json`` holds it.

    Rules share shapes, and the names of their numbers tell them apart.

    Raises
    ------
    ValueError
        Where it is none that we know, or its numbers are not numbers.
    """
    for kind in SHAPES:
        names = {field.name for field in fields(kind)}
        needed = {field.name for field in fields(kind) if field.default is MISSING}
        if needed <= set(recorded) <= names:
            return TypeAdapter(kind).validate_python(dict(recorded))
    raise ValueError(f"no rule gives a shape of {', '.join(sorted(recorded)) or 'nothing'}")
