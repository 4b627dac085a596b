"""Kinds of particles by lineage, as data: what tells them apart, in the order in which they are told."""

from __future__ import annotations

import tomllib
from functools import cache

from pydantic import BaseModel, ConfigDict, Field

from bcelldepl.gating.shipped import lineage_file

__all__ = ["Kind", "Lineages", "ScatterRange", "shipped_lineages"]

Interval = tuple[float, float]
_ANY: Interval = (0.0, float("inf"))


class ScatterRange(BaseModel):
    """Scatter of a class of cells, in multiples of that of the reference.

    Attributes
    ----------
    forward, side : tuple of float
        Smallest and largest ratio of medians.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    forward: Interval = _ANY
    side: Interval = _ANY


class Kind(BaseModel):
    """One kind, and what a cluster of it looks like beside the others.

    Attributes
    ----------
    name : str
        Rows may share a name: the kind is then told in either way.
    high : tuple of tuple of str
        Markers that must be high; of each list the first that the panel has.
    low : tuple of str
        Markers that must not be high, where the panel has them.
    lacking : tuple of str
        Markers that most of its cells lack, though some may carry them.
    scatter : str
        A class of scatter; empty for any.
    within : str
        A kind that was named before, whose clusters are divided: those that are high in a marker beside the others, or
        all but the largest of those that are low in one.
    needs, lacks : tuple of str
        Markers that the panel must have, or must not have, for the row to be used.
    cd45_at_least, cd45_at_most : float
        In multiples of the reference's.
    like, of : str
        Where a study shows no such cells, they are expected to look like those of one kind, but have some markers of
        another; empty: nothing is expected of them.
    but : tuple of str
        Those markers.
    even : bool
        Whether it varies less than any cell, in scatter and in whatever it is bright in.
    sticky : bool
        Whether it binds some of every stain that the reference lacks: where `scatter` is given, much of each; else it
        is also smaller than the reference.
    reference : bool
        Whether others are told beside it.
    beside_brightest : bool
        Whether clusters are left out that only seem to carry its markers: far dimmer in each of them than the brightest
        of the kind, or of the one that it is like, and with less CD45.
    faint : bool
        Whether a marker that it is high in may be faint: three times the reference's are enough, where no other
        leukocytes of that scatter have as much.
    leukocyte : bool
        Whether it is a living leukocyte.
    note : str
        For readers.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$", max_length=40)
    high: tuple[tuple[str, ...], ...] = ()
    low: tuple[str, ...] = ()
    lacking: tuple[str, ...] = ()
    scatter: str = ""
    within: str = ""
    needs: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    cd45_at_least: float = 0.0
    cd45_at_most: float = float("inf")
    like: str = ""
    but: tuple[str, ...] = ()
    of: str = ""
    even: bool = False
    sticky: bool = False
    reference: bool = False
    beside_brightest: bool = False
    faint: bool = False
    leukocyte: bool = True
    note: str = ""


class Lineages(BaseModel):
    """The kinds of a study.

    Attributes
    ----------
    scatter : dict of str to ScatterRange
    kinds : tuple of Kind
        In the order in which clusters are named.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    scatter: dict[str, ScatterRange] = Field(default_factory=dict)
    kinds: tuple[Kind, ...] = Field(alias="kind")

    @property
    def markers(self) -> tuple[str, ...]:
        """Markers that tell kinds apart."""
        named = [
            marker
            for kind in self.kinds
            for marker in (*sum(kind.high, ()), *kind.low, *kind.needs, *kind.lacking)
        ]
        return tuple(dict.fromkeys(["CD45", *named]))

    def lacking_in(self, kind: str) -> tuple[str, ...]:
        """Markers that most cells of a kind lack."""
        return tuple(
            dict.fromkeys(marker for row in self.kinds if row.name == kind for marker in row.lacking)
        )

    def carried_by(self, kind: str) -> tuple[str, ...]:
        """Markers by which cells of a kind are told, any one of each list."""
        rows = (row for row in self.kinds if row.name == kind)
        return tuple(dict.fromkeys(marker for row in rows for markers in row.high for marker in markers))

    def row(self, kind: str) -> Kind:
        """First row of a kind.

        Raises
        ------
        KeyError
            There is none.
        """
        return {row.name: row for row in reversed(self.kinds)}[kind]

    def family(self, kind: str) -> tuple[str, ...]:
        """A kind, and the kinds that it is divided into."""
        return (kind, *dict.fromkeys(row.name for row in self.kinds if row.within == kind))

    @property
    def no_leukocytes(self) -> frozenset[str]:
        """Kinds that are no living leukocytes; beads that pass as one are beads."""
        others = {kind.name for kind in self.kinds if not kind.leukocyte}
        return frozenset(others | {f"{name}_other" for name in others})

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the kinds."""
        return tuple(dict.fromkeys(kind.name for kind in self.kinds))


@cache
def shipped_lineages() -> Lineages:
    """The kinds that the shipped strategies tell apart."""
    return Lineages.model_validate(tomllib.loads(lineage_file().read_text(encoding="utf-8")))
