"""The first gate at which two gatings part, on made-up memberships; verdicts on tubes."""

from __future__ import annotations

import numpy as np

from bcelldepl.comparison.divergence import Stage, first_divergence

N = 1000
EVENT = np.arange(N)


def chain(*stages: tuple[str, np.ndarray, str]) -> list[Stage]:
    """Stages of which each holds only what passed all before."""
    held = np.ones(N, dtype=bool)
    made = []
    for name, member, channels in stages:
        held = held & member
        made.append(Stage(name, held, frozenset(channels.split())))
    return made


def test_agreement_has_no_divergence() -> None:
    one = chain(("live", EVENT < 800, "V"), ("B", EVENT < 300, "CD19"))
    assert first_divergence(one, one) is None


def test_every_disputed_event_goes_to_the_gate_that_lost_it_first() -> None:
    auto = chain(("quality", EVENT >= 0, "Time"), ("live", EVENT < 900, "V"), ("B", EVENT < 300, "CD19 CD3"))
    manual = chain(("Viable", EVENT >= 40, "V"), ("CD19+", EVENT < 320, "CD19"))
    result = first_divergence(auto, manual)
    assert result is not None
    assert result.disputed == 60
    assert [(s.auto, s.manual, s.shut_out_by_auto, s.shut_out_by_manual) for s in result.shares] == [
        ("live", "Viable", 0, 40),
        ("B", "CD19+", 20, 0),
    ]
    assert result.gate.name == "live"
    assert sum(share.events for share in result.shares) == result.disputed


def test_the_gate_that_explains_half_goes_before_an_earlier_one() -> None:
    auto = chain(("live", EVENT >= 10, "V"), ("B", EVENT < 300, "CD19"))
    manual = chain(("live", EVENT >= 0, "V"), ("B", EVENT < 350, "CD19"))
    result = first_divergence(auto, manual)
    assert result is not None
    assert (result.gate.name, result.gate.events) == ("B", 50)


def test_a_manual_gate_without_partner_is_named_as_manual() -> None:
    auto = chain(("live", EVENT < 900, "V"), ("B", EVENT < 300, "CD19"))
    manual = chain(("steady", EVENT >= 100, "Time"), ("live", EVENT < 900, "V"), ("B", EVENT < 300, "CD19"))
    result = first_divergence(auto, manual)
    assert result is not None
    assert (result.gate.name, result.gate.events) == ("steady (manual)", 100)


def test_gates_on_the_same_channels_are_aligned_in_order() -> None:
    # Beads and B cells are both drawn on CD3 and CD19; the last gates mean each other.
    auto = chain(
        ("beads out", EVENT >= 5, "CD3 CD19"), ("live", EVENT < 900, "V"), ("B", EVENT < 300, "CD3 CD19 CD20")
    )
    manual = chain(("live", EVENT < 900, "V"), ("B", EVENT < 280, "CD3 CD19"))
    result = first_divergence(auto, manual)
    assert result is not None
    assert (result.gate.auto, result.gate.manual, result.gate.shut_out_by_manual) == ("B", "B", 20)
