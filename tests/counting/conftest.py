"""A gated tube in one call."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bcelldepl.gating.evidence import Evidence
from bcelldepl.gating.populations import Population, Populations

PARENTS = {"beads": "all", "leukocytes": "all", "lymphocytes": "leukocytes", "CAR_T": "T"}
USUAL = {"beads": 10_000, "leukocytes": 20_000, "lymphocytes": 6_000, "T": 4_000, "B": 700, "NK": 1_200}


@pytest.fixture
def gated() -> Callable[..., Populations]:
    def build(
        interval: dict[str, tuple[int, int]] | None = None,
        failed: tuple[str, ...] = (),
        reasons: dict[str, str] | None = None,
        **events: int | None,
    ) -> Populations:
        counts = {name: count for name, count in {**USUAL, **events}.items() if count is not None}
        members = {}
        for name, count in counts.items():
            parent = PARENTS.get(name, "lymphocytes")
            low, high = (interval or {}).get(name, (count, count))
            members[name] = Population(
                name=name,
                parent=parent,
                events=count,
                parent_events=counts.get(parent, 50_000),
                events_low=low,
                events_high=high,
                evidence=Evidence.FAILED if name in failed else Evidence.DATA,
                reason=(reasons or {}).get(name, ""),
                reported=True,
            )
        return Populations(members)

    return build
