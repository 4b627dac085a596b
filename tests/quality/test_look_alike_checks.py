"""Cells that look like B cells in all but CD19: few, as many as usual, and more."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bcelldepl.batch.outcome import CountedTube
from bcelldepl.counting import not_done
from bcelldepl.quality.look_alike_checks import check_look_alikes
from bcelldepl.study import Role, Tube

KIND = "B_without_CD19"


def made(
    number: int,
    alike: float | None,
    b_cells: int | None = 0,
    blood: float | None = 10.0,
    role: Role = Role.SAMPLE,
) -> tuple[Tube, CountedTube]:
    """A tube with so many look-alikes; None for a panel that does not tell."""
    file = f"{number}.fcs"
    tube = Tube(file=file, path=Path(file), subject="P", visit=f"D{number}", day=float(number), role=role)
    (row,) = not_done(["B"], "")
    rows = (replace(row, events=b_cells),)
    found = {} if alike is None else {KIND: alike}
    return tube, CountedTube(file, concentrations=rows, look_alikes=found, analysed_volume_ul=blood)


def asked(*tubes: tuple[Tube, CountedTube]) -> list[str]:
    failed = check_look_alikes([tube for tube, _ in tubes], [one for _, one in tubes])
    assert all(one.needs_review for outcomes in failed.values() for one in outcomes)
    assert {one.check.name for outcomes in failed.values() for one in outcomes} <= {"hidden_b_cells"}
    return list(failed)


def others(*alike: float, b_cells: int = 100) -> list[tuple[Tube, CountedTube]]:
    return [made(100 + number, one, b_cells) for number, one in enumerate(alike)]


@pytest.mark.parametrize(
    ("alike", "b_cells", "found"),
    [
        (10.0, 0, False),
        (10.1, 0, True),
        (10.1, None, True),  # B cells could not be counted
        (29.9, 100, False),  # a gate loses some of its cells
        (30.1, 100, True),
    ],
)
def test_few_and_many_beside_the_b_cells(alike: float, b_cells: int | None, found: bool) -> None:
    one = made(1, alike, b_cells)
    assert asked(one, *others(0, 0, 1, 0)) == (["1.fcs"] if found else [])
    assert asked(one) == []  # nothing says what is usual


@pytest.mark.parametrize(
    ("alike", "usual", "found"),
    [
        (99.0, (50, 50, 50, 50), False),  # twice as many
        (101.0, (50, 50, 50, 50), True),
        (138.0, (50, 30, 70, 50, 90, 10), False),  # 3 standard deviations of 29.7
        (140.0, (50, 30, 70, 50, 90, 10), True),
        (19.9, (0, 0), False),  # few tubes tell less
        (20.1, (0, 0), True),
        (19.9, (0, 0, 0), True),
        (101.0, (50,), True),  # of two tubes
        (99.0, (50,), False),
        (60.0, (0, 1, 0, 500, 1), True),  # another tube is masked, too
    ],
)
def test_more_than_other_tubes_hold(alike: float, usual: tuple[float, ...], found: bool) -> None:
    """In a panel of few markers NK cells look so, too, and every tube holds some."""
    named = asked(made(1, alike), *others(*usual, b_cells=5_000))
    assert ("1.fcs" in named) == found


@pytest.mark.parametrize(("blood", "found"), [(19.0, True), (21.0, False), (None, True)])
def test_as_much_blood_is_compared(blood: float | None, found: bool) -> None:
    """Others hold 50 in 10 uL: 190 in 19 uL are more than twice as many, 190 in 21 uL are not even that."""
    tubes = others(50, 50, 50, 50, b_cells=5_000)
    assert asked(made(1, 199.0, blood=blood), *tubes) == (["1.fcs"] if found else [])


def test_who_is_not_asked() -> None:
    """Controls, and panels that do not tell."""
    assert asked(made(1, 500.0, role=Role.UNSTAINED), *others(0, 0)) == []
    assert asked(made(1, None), *others(0, 0)) == []


def test_a_strategy_that_counts_no_b_cells_is_not_asked() -> None:
    tube, counted = made(1, 500.0)
    none = replace(counted, concentrations=())
    assert asked((tube, none), *others(0, 0)) == []


def test_what_it_says() -> None:
    tubes, counted = zip(made(1, 55.2, 3), *others(0), strict=True)
    (outcome,) = check_look_alikes(tubes, counted)["1.fcs"]
    assert outcome.sentence == (
        "about 55 lymphocytes look like B cells in all but CD19, beside 3 B cells: was CD19 masked or not stained, or "
        "lost by the cells?"
    )
