"""Populations combined from others."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Literal

import numpy as np
from pydantic import Field, model_validator

from bcelldepl.gating.evidence import Evidence
from bcelldepl.gating.rules.base import Applied, Columns, Fit, Outline, Rule

__all__ = ["BooleanRule"]


class BooleanRule(Rule):
    """Events of the parent that are in all, any, or none of other populations.

    Attributes
    ----------
    all_of, any_of, none_of : tuple of str
        Populations gated before.
    tolerate_absent : bool
        Whether a population of `any_of` or `none_of` that was not found, or that the panel does not allow, adds or
        excludes nothing (beads in a tube without), instead of leaving it open what is meant.
    """

    rule: Literal["boolean"]
    all_of: tuple[str, ...] = Field(default=())
    any_of: tuple[str, ...] = Field(default=())
    none_of: tuple[str, ...] = Field(default=())
    tolerate_absent: bool = False

    @model_validator(mode="after")
    def _combines(self) -> BooleanRule:
        if not self.uses:
            msg = "combines nothing: name populations in all_of, any_of or none_of"
            raise ValueError(msg)
        return self

    @property
    def markers(self) -> tuple[str, ...]:
        """None of its own."""
        return ()

    @property
    def uses(self) -> tuple[str, ...]:
        """Every population that is combined."""
        return (*self.all_of, *self.any_of, *self.none_of)

    def without(self, names: Collection[str]) -> BooleanRule:
        """Return the rule without populations that a panel does not allow, where it tolerates that."""
        if not self.tolerate_absent or not set(names).intersection(self.uses):
            return self
        left = {
            key: tuple(name for name in getattr(self, key) if name not in names)
            for key in ("any_of", "none_of")
        }
        return self.model_copy(update=left)

    @property
    def drawn(self) -> tuple[()]:
        """Nothing to draw."""
        return ()

    def fit(self, columns: Columns, references: Mapping[str, Columns]) -> Fit:  # noqa: ARG002
        """Nothing to fit."""
        return Fit(self.drawn, Evidence.DATA, "", 0)

    def carry(self, own: Fit, donors: Sequence[Fit], peers: Sequence[Fit] = ()) -> Fit | None:  # noqa: ARG002
        """Nothing to carry."""
        return own

    def apply(self, shape: Any, columns: Columns) -> Applied:  # noqa: ARG002
        """Combine the memberships, which come as columns of 0 and 1 under the populations' names."""
        n = len(next(iter(columns.values()), ()))
        inside = np.ones(n, dtype=np.bool_)
        for name in self.all_of:
            inside &= columns[name] > 0
        if self.any_of:
            inside &= np.any([columns[name] > 0 for name in self.any_of], axis=0)
        for name in self.none_of:
            inside &= ~(columns[name] > 0)
        events = int(inside.sum())
        return Applied(inside, (events, events))

    def outline(self, shape: Any | None, columns: Columns) -> Outline:  # noqa: ARG002
        """Forward against side scatter, the first two columns otherwise."""
        names = [name for name in columns if name not in self.uses]
        x = "FSC-A" if "FSC-A" in names else names[0]
        y = "SSC-A" if "SSC-A" in names and x != "SSC-A" else ""
        return Outline(x, y)
