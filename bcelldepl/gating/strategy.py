"""Gating strategies: the populations of a study and how each is found, as data."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Collection, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from bcelldepl.definitions.markers import SCATTER
from bcelldepl.errors import StrategyError
from bcelldepl.gating.model.lineages import Kind, Lineages, ScatterRange, shipped_lineages
from bcelldepl.gating.rules import AnyRule
from bcelldepl.gating.rules.base import Rule
from bcelldepl.gating.rules.boolean import BooleanRule
from bcelldepl.gating.rules.kinds import KindsRule
from bcelldepl.gating.shipped import shipped_strategies, strategy_file
from bcelldepl.input_limits import MEGABYTE, read_limited
from bcelldepl.signal.transform import Transform

__all__ = ["ALL", "Strategy", "load_strategy", "shipped_strategies"]

ALL = "all"  # the events that the quality mask kept
_LEARNED = ("kinds", "positives", "singlets")  # rules whose gates a model of the study places
_SCATTER_SCALE = Transform(kind="linear")
_STAIN_SCALE = Transform(kind="logicle")


class Strategy(BaseModel):
    """A gating strategy.

    Attributes
    ----------
    name, description : str
    transforms : dict of str to Transform
        By marker; ``scatter`` and ``fluorescence`` for those not named. Those of a strategy that learns are chosen from
        the study's own events.
    kinds : tuple of Kind
        Kinds of cells beside the shipped ones, told apart before them.
    scatter : dict of str to ScatterRange
        Classes of scatter beside the shipped ones.
    populations : tuple of Rule
        In an order in which parents come first.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^\w[\w .+-]*$", max_length=64)
    description: str = ""
    transforms: dict[str, Transform] = Field(default_factory=dict)
    kinds: tuple[Kind, ...] = ()
    scatter: dict[str, ScatterRange] = Field(default_factory=dict)
    populations: tuple[AnyRule, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _tree(self) -> Strategy:
        known = {ALL}
        for rule in self.populations:
            if rule.name in known:
                msg = f"population {rule.name!r} is defined twice"
                raise ValueError(msg)
            for name in (rule.parent, *rule.uses):
                if name not in known:
                    msg = f"population {rule.name!r} needs {name!r}, which is not defined before it"
                    raise ValueError(msg)
            known.add(rule.name)
        unknown = [rule for rule in self.populations if rule.percent_of and rule.percent_of not in known]
        if unknown:
            msg = f"population {unknown[0].name!r} is in percent of {unknown[0].percent_of!r}, which is not defined"
            raise ValueError(msg)
        searched = [
            rule.name for rule in self.populations if rule.rule not in _LEARNED and rule.drawn is None
        ]
        if self.learns and searched:
            msg = (
                f"each tube is searched for the gate of {searched[0]!r}, which cannot be combined with gates that are "
                'learned from the study; draw it (method = "fixed", rule = "polygon"), or learn it too (rule = "kinds")'
            )
            raise ValueError(msg)
        return self

    @cached_property
    def learns(self) -> bool:
        """Whether its gates are placed by a model of the study's cells."""
        return any(rule.rule in ("kinds", "positives") for rule in self.populations)

    def on_scales(self, scales: Mapping[str, Transform]) -> Strategy:
        """Return the strategy with the scales that were chosen for a study."""
        return self.with_changed(transforms={**self.transforms, **scales})

    def without(self, population: str, kind: str) -> Strategy:
        """Return the strategy with a kind of cells that a population no longer holds."""
        rules = tuple(
            rule.model_copy(update={"kinds": tuple(one for one in rule.kinds if one != kind)})
            if isinstance(rule, KindsRule) and rule.name == population
            else rule
            for rule in self.populations
        )
        return self.with_changed(populations=rules)

    def with_changed(self, **settings: Any) -> Strategy:
        """Return the strategy with other settings, made anew: a copy would keep its digest and its markers."""
        return Strategy(**{name: getattr(self, name) for name in Strategy.model_fields} | settings)

    @cached_property
    def lineages(self) -> Lineages:
        """The kinds of cells that are told apart, in order."""
        shipped = shipped_lineages()
        return Lineages(kinds=(*self.kinds, *shipped.kinds), scatter={**shipped.scatter, **self.scatter})

    @cached_property
    def all_transforms(self) -> dict[str, Transform]:
        """Transforms with the defaults."""
        return {"scatter": _SCATTER_SCALE, "fluorescence": _STAIN_SCALE, **self.transforms}

    @cached_property
    def required_markers(self) -> tuple[str, ...]:
        """Markers that every tube must have."""
        return tuple(dict.fromkeys(m for rule in self.populations if not rule.optional for m in rule.markers))

    @cached_property
    def alternatives(self) -> tuple[tuple[str, ...], ...]:
        """Lists of markers of each of which every tube must have one."""
        lists = (one for rule in self.populations if not rule.optional for one in rule.alternatives)
        return tuple(dict.fromkeys(lists))

    @property
    def markers(self) -> tuple[str, ...]:
        """All markers, required and optional."""
        return (*self.required_markers, *self.optional_markers)

    @cached_property
    def optional_markers(self) -> tuple[str, ...]:
        """Markers that are used where a tube has them; scatter for pictures, and time."""
        markers = [
            marker
            for rule in self.populations
            for marker in (*rule.markers, *sum(rule.alternatives, ()), *rule.extra_markers)
        ]
        wanted = dict.fromkeys([*markers, *SCATTER[:2], "SSC-A", "Time"])
        if self.learns:
            wanted |= dict.fromkeys(self.lineages.markers)
        return tuple(m for m in wanted if m not in self.required_markers)

    def rules_for(self, markers: Collection[str]) -> list[tuple[Rule, str]]:
        """List the rules that a panel allows, each with its parent once skipped optional rules are passed through.

        Parameters
        ----------
        markers : collection of str
            Markers that the tube has.

        Returns
        -------
        list of (Rule, str)
        """
        parent_of = {ALL: ALL}
        allowed: list[tuple[Rule, str]] = []
        for one in self.populations:
            parent = parent_of[one.parent]
            skipped = [name for name, passed in parent_of.items() if name != passed]
            rule = one.without(skipped) if isinstance(one, BooleanRule) else one
            missing = rule.missing(markers) or [u for u in rule.uses if parent_of[u] != u]
            if rule.optional and missing:
                parent_of[rule.name] = parent
                continue
            parent_of[rule.name] = rule.name
            allowed.append((rule, parent))
        return allowed

    def __hash__(self) -> int:
        return hash(self.sha256)

    @cached_property
    def sha256(self) -> str:
        """Digest of everything that the strategy says, defaults included."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()


def load_strategy(name: str, folder: Path | None = None) -> Strategy:
    """Load a strategy by its name, or from a file.

    Parameters
    ----------
    name : str
        One of `shipped_strategies`, or the path of a TOML file.
    folder : Path, optional
        What a relative path is relative to.

    Returns
    -------
    Strategy

    Raises
    ------
    StrategyError
        With every problem of the file, or with the names that there are.
    """
    path = strategy_file(name, folder)
    try:
        table = tomllib.loads(read_limited(path, MEGABYTE).decode("utf-8-sig").replace("\r\n", "\n"))
    except RecursionError as error:
        raise StrategyError("not valid TOML: nested too deeply", path.name, "reduce the nesting") from error
    except OSError as error:
        raise StrategyError(f"cannot be read: {error.strerror}", path.name, "check the path") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise StrategyError(f"not valid TOML: {error}", path.name, "correct the file there") from error
    table["populations"] = table.pop("population", [])
    table["kinds"] = table.pop("kind", [])
    table.setdefault("name", path.stem)
    try:
        return Strategy.model_validate(table)
    except ValidationError as error:
        raise StrategyError(
            _explain(error, table), path.name, "see docs/strategies.md for the keys of each rule"
        ) from error


def _explain(error: ValidationError, table: dict[str, object]) -> str:
    """One clause per problem, with the population's name."""
    clauses = []
    populations = table["populations"]
    for problem in error.errors(include_url=False):
        place = list(problem["loc"])
        if place[:1] == ["populations"] and len(place) > 1 and isinstance(populations, list):
            entry = populations[int(place[1])]
            name = entry.get("name", f"number {int(place[1]) + 1}") if isinstance(entry, dict) else place[1]
            rule = [str(entry.get("rule"))] if isinstance(entry, dict) and place[2:] else []
            place = [f"population {name!r}", *rule, *place[2:]]
        clauses.append(f"{' > '.join(map(str, place)) or 'strategy'}: {problem['msg']}")
    return "; ".join(clauses)
