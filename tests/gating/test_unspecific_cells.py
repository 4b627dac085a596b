"""Cells that bind every stain: what few controls, or controls that hold positives, let expect of a study's tubes."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from bcelldepl.gating.model.event_sample import EventSample
from bcelldepl.gating.model.natural_grid import cell_counts, make_grid
from bcelldepl.gating.model.positive_count import count_positives
from bcelldepl.gating.model.positive_mixture import Shapes
from bcelldepl.gating.model.positives import _Cells, _learn
from bcelldepl.gating.model.study_model import PositiveModel

GRID = make_grid(9.0)
Tube = tuple[NDArray[np.float32], NDArray[np.bool_]]


def tube(negatives: int, positives: int, unspecific: int, seed: int, told: float = 0.6) -> Tube:
    """Positions of T cells in natural units, and which of them other markers show to bind every stain."""
    rng = np.random.default_rng([seed, negatives, positives, unspecific])
    values = np.concatenate(
        [
            np.arcsinh(rng.normal(0.6, 0.5, negatives)),
            rng.normal(4.3, 0.8, positives),
            rng.normal(2.2, 0.9, unspecific),
        ]
    )
    part = np.repeat([0.005, 0.01, told], [negatives, positives, unspecific])
    return values.astype(np.float32), rng.random(len(values)) < part


def learned(controls: list[Tube], samples: list[Tube]) -> PositiveModel:
    """What a study of these tubes shows."""
    tubes = {str(number): one for number, one in enumerate([*controls, *samples])}
    counts = {name: cell_counts(*one, GRID) for name, one in tubes.items()}
    drawn = [EventSample(name, {}, {}, control=int(name) < len(controls)) for name in tubes]
    model = _learn("CAR", drawn, _Cells(9.0, GRID, None, counts))
    assert model is not None
    return model


def counted(model: PositiveModel, one: Tube) -> tuple[float, int]:
    """Positives of a tube, and how many lie above the low end of their interval."""
    found = count_positives(model, one[0], *one)
    return found.expected, int(np.count_nonzero(one[0] > found.low))


SAMPLES = [
    tube(6_000, positives, 40, seed)
    for seed, positives in enumerate((800, 200, 60, 0, 0, 10, 400, 90, 30, 5))
]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("positives", "most"), [(0, 4), (25, 35)])
def test_few_controls_without_such_cells_do_not_rule_them_out(seed: int, positives: int, most: int) -> None:
    """Three small controls showed none, and all of those of later tubes were counted as CAR+ (22 of 0)."""
    model = learned([tube(230, 0, 0, seed) for seed in range(3)], SAMPLES)
    expected, _ = counted(model, tube(2_000, positives, 15, 100 + seed, told=0.95))
    assert expected <= most
    assert expected >= 0.6 * positives


@pytest.mark.parametrize(
    ("negatives", "unspecific", "weighs"),
    [
        (690, 0, 0.5 / (1 + 0.5 / 20)),  # as much as half an event
        (6_000, 30, 30 / (1 + 30 / 20)),
        (60_000, 600, 600 / (1 + 600 / 20)),  # 20 at most: tubes differ
    ],
)
def test_what_controls_show_weighs_as_much_as_they_show(
    negatives: int, unspecific: int, weighs: float
) -> None:
    """A part that many cells show holds for a tube; one that few show may be another."""
    model = learned([tube(negatives // 3, 0, unspecific // 3, seed) for seed in range(3)], SAMPLES)
    part, weight = (one[0] for one in Shapes.of(model).expected)
    assert part == pytest.approx(max(unspecific, 0.5) / (negatives + unspecific), rel=0.25)
    assert part * weight == pytest.approx(weighs, rel=0.1)


@pytest.mark.parametrize("seed", range(4))
def test_a_control_that_holds_positives_does_not_hide_those_of_the_samples(seed: int) -> None:
    """By an exchange in the sheet a third of what one of two controls showed was CAR+: half of all CAR+ were lost."""
    model = learned([tube(1_130, 19, 11, 1), tube(390, 0, 9, 2)], SAMPLES)
    expected, low = counted(model, tube(11_000, 104, 63, 200 + seed))
    assert 80 <= expected <= 130
    assert low <= 130
