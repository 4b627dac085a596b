"""Checks of a tube against itself."""

from __future__ import annotations

import pytest

from bcelldepl.counting import TubeFacts, check_tube
from bcelldepl.study import CountingSettings

AUTO = CountingSettings()


def checks(populations, facts=None):
    return {check.name: check for check in check_tube(populations, facts or TubeFacts(), AUTO)}


@pytest.mark.parametrize(("b_cells", "passed"), [(499, False), (500, True), (1_100, True), (1_101, False)])
def test_lymphosum(gated, b_cells: int, passed: bool) -> None:
    check = checks(gated(B=b_cells))["lymphosum"]
    assert check.passed is passed
    assert check.value == pytest.approx((4_000 + 1_200 + b_cells) / 60)
    assert check.sentence.startswith("T + B + NK make ")
    assert check.sentence.endswith("% of lymphocytes; expected 95 to 105")


@pytest.mark.parametrize("events", [{"NK": None}, {"failed": ("NK",)}, {"lymphocytes": 99}])
def test_lymphosum_needs_all_its_populations(gated, events) -> None:
    assert "lymphosum" not in checks(gated(**events))


@pytest.mark.parametrize("names", [("CD4_T", "CD8_T"), ("CD4", "CD8")])
def test_t_sum(gated, names: tuple[str, str]) -> None:
    assert checks(gated(**dict(zip(names, (2_400, 1_400), strict=True))))["t_sum"].passed
    assert not checks(gated(**dict(zip(names, (2_400, 900), strict=True))))["t_sum"].passed


def test_beads_are_checked_where_they_count(gated) -> None:
    facts = TubeFacts(bead_count=50_000, blood_volume_ul=50)
    assert checks(gated(), facts)["bead_minimum"].passed
    check = checks(gated(beads=940), facts)["bead_minimum"]
    assert not check.passed
    assert check.sentence == "the tube holds 940 bead events; expected 1,000 or more"
    assert "bead_minimum" not in checks(gated())


@pytest.mark.parametrize(("volume_ul", "passed"), [(30, True), (0.03, False), (30_000, False)])
def test_a_volume_in_the_wrong_unit_does_not_fit_its_time(gated, volume_ul: float, passed: bool) -> None:
    facts = TubeFacts(acquired_volume_ul=volume_ul, acquisition_seconds=60)
    assert checks(gated(), facts)["sample_flow"].passed is passed
