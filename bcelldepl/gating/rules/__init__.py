"""The rules by which populations are found; one module each."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from bcelldepl.gating.rules.base import Applied, Fit, Outline, Rule
from bcelldepl.gating.rules.boolean import BooleanRule
from bcelldepl.gating.rules.cluster import ClusterRule
from bcelldepl.gating.rules.cut import CutRule
from bcelldepl.gating.rules.ellipse import EllipseRule
from bcelldepl.gating.rules.map import MapRule
from bcelldepl.gating.rules.polygon import PolygonRule
from bcelldepl.gating.rules.positives import PositivesRule
from bcelldepl.gating.rules.singlets import SingletRule

__all__ = ["AnyRule", "Applied", "Fit", "Outline", "Rule"]

AnyRule = Annotated[
    SingletRule | CutRule | PositivesRule | PolygonRule | EllipseRule | ClusterRule | MapRule | BooleanRule,
    Field(discriminator="rule"),
]
