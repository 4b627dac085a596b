"""What a gate set by hand does to its tube: where the gate lay and lies, how many events it held and holds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

import numpy as np

from bcelldepl.errors import StrategyError
from bcelldepl.gating.populations import GateView, Population, Populations
from bcelldepl.study import Override

__all__ = ["held_part", "override_effects", "refuse_unsaid"]


def held_part(population: Population) -> Literal["nothing", "everything"] | None:
    """Whether a gate holds none, or all, of its parent's events, as `holds` of an override says it.

    Parameters
    ----------
    population : Population

    Returns
    -------
    str or None
        None for a part of them, and where the parent has none.
    """
    if population.parent_events and population.events == 0:
        return "nothing"
    return (
        "everything" if population.parent_events and population.events == population.parent_events else None
    )


def refuse_unsaid(overrides: Iterable[Override], after: Populations) -> None:
    """Refuse gates set by hand that hold nothing or everything and do not say so.

    Parameters
    ----------
    overrides : iterable of Override
        Of the tube.
    after : Populations
        Counted with them.

    Raises
    ------
    StrategyError
        Naming every such gate, and what to write if it is meant.
    """
    refused = []
    for override in overrides:
        population = after.members.get(override.population)
        found = held_part(population) if population is not None else None
        if population is not None and found and found != override.holds:
            refused.append(
                f"the gate of {override.population} set by hand by {override.who} holds {found} of the "
                f"{population.parent_events:,} events of {population.parent}: move it, or write `holds = "
                f'"{found}"` if that is meant'
            )
    if refused:
        raise StrategyError("; ".join(refused))


def override_effects(
    overrides: Iterable[Override], before: Populations, after: Populations, sha256: str
) -> tuple[str, ...]:
    """Say what each gate set by hand moved, for a second look.

    Parameters
    ----------
    overrides : iterable of Override
        Of the tube.
    before, after : Populations
        Counted with the gates that were found, and with those set by hand.
    sha256 : str
        Of the tube's file.

    Returns
    -------
    tuple of str
        One sentence each, with both positions and both numbers of events.
    """
    return tuple(_effects(overrides, before, after, sha256))


def _effects(
    overrides: Iterable[Override], before: Populations, after: Populations, sha256: str
) -> Iterator[str]:
    for override in overrides:
        name = override.population
        if name in after.members:
            moved = f"from {_place(name, before)} to {_place(name, after)}"
            other = (
                "it was drawn on another file of this name; " if override.sha256 not in (None, sha256) else ""
            )
            yield f"{override.sentence} ({other}it moved {moved}; needs review by a second person)"


def _place(name: str, populations: Populations) -> str:
    """Where a gate lies and how many events it holds."""
    population = populations.members.get(name)
    if population is None:
        return "no gate"
    view = next((one for one in populations.views if one.population == name), None)
    return f"{_position(view)} with {population.events:,} events"


def _position(view: GateView | None) -> str:
    if view is not None and view.cuts:
        return f"{view.x_label} " + " and ".join(f"{cut:.3f}" for cut in view.cuts)
    if view is not None and view.outlines:
        x, y = np.concatenate(view.outlines).mean(axis=0)
        return f"an outline about {view.x_label} {x:.3f}, {view.y_label} {y:.3f}"
    return "no gate"
