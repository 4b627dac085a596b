"""Spillover in the spellings of makers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.testing as npt
import pytest

from bcelldepl.fcs.acquisition import Channel, Spillover
from bcelldepl.fcs.spillover import MAX_CONDITION, read_spillover

NAMES = ("FSC-A", "FITC-A", "PE-A", "APC-A")


def read(keywords: dict[str, str], names: Sequence[str] = NAMES) -> tuple[Spillover | None, tuple[str, ...]]:
    """The matrix and the warnings."""
    return read_with_facts(keywords, names)[:2]


def read_with_facts(
    keywords: dict[str, str], names: Sequence[str] = NAMES
) -> tuple[Spillover | None, tuple[str, ...], tuple[str, ...]]:
    return read_spillover(keywords, [Channel(name, "", 1024.0) for name in names])


@pytest.mark.parametrize("key", ["$SPILLOVER", "SPILL", "SPILLOVER", "$SPILL", "$COMP", "COMP", "DET_SPILL"])
def test_keywords(key: str) -> None:
    spillover, warnings = read({key: "2,FITC-A,PE-A,1,0.2,0.01,1"})
    assert spillover is not None
    assert (spillover.channels, spillover.keyword) == (("FITC-A", "PE-A"), key)
    npt.assert_array_equal(spillover.matrix, [[1, 0.2], [0.01, 1]])
    assert warnings == ()


@pytest.mark.parametrize(
    "written", ["2,Comp-FITC-A,Comp-PE-A", "2, FITC-A , PE-A ", "2,fitc-a,PE A", "2,<FITC-A>,<PE-A>", "2,2,3"]
)
def test_names_as_written(written: str) -> None:
    spillover, _ = read({"SPILL": f"{written},1,0.2,0.01,1"})
    assert spillover is not None
    assert spillover.channels == ("FITC-A", "PE-A")


def test_channels_that_are_compensated_already_are_not_compensated_again() -> None:
    for names in (("Comp-FITC-A", "Comp-PE-A"), ("<FITC-A>", "<PE-A>")):
        spillover, warnings = read({"SPILL": "2,FITC-A,PE-A,1,0.2,0.01,1"}, names)
        assert spillover is None
        assert "compensated already" in warnings[0]


def test_names_with_commas() -> None:
    spillover, _ = read({"SPILL": "2,FL1, 530,FL2,1,0.2,0,1"}, names=("FL1, 530", "FL2"))
    assert spillover is not None
    assert spillover.channels == ("FL1, 530", "FL2")


def test_absent_channels_are_left_out_and_named() -> None:
    spillover, warnings = read({"SPILL": "3,FITC-A,PerCP-A,PE-A,1,0.5,0.2,0.5,1,0.5,0.01,0.5,1"})
    assert spillover is not None
    assert spillover.channels == ("FITC-A", "PE-A")
    npt.assert_array_equal(spillover.matrix, [[1, 0.2], [0.01, 1]])
    assert "PerCP-A" in warnings[0]
    nothing, warnings = read({"SPILL": "2,X,Y,1,0,0,1"})
    assert nothing is None
    assert "not used" in warnings[0]


def test_identity_is_a_fact_and_percent_a_warning() -> None:
    spillover, warnings, facts = read_with_facts({"SPILL": "2,FITC-A,PE-A,1,0,0,1"})
    assert spillover is not None
    assert warnings == ()
    assert "identity" in facts[0]
    spillover, warnings = read({"SPILL": "2,FITC-A,PE-A,100,20,1,100"})
    assert spillover is not None
    npt.assert_allclose(spillover.matrix, [[1, 0.2], [0.01, 1]])
    assert "percent" in warnings[0]


@pytest.mark.parametrize(
    "text",
    [
        "x",
        "0",
        "2",
        "2,FITC-A",
        "2,FITC-A,PE-A,1,0,0",
        "2,FITC-A,PE-A,1,a,0,1",
        "2,FITC-A,PE-A,1,nan,0,1",
        "2,FITC-A,PE-A,0,1,1,0",
        "2,FITC-A,FITC-A,1,0,0,1",
        "9999,1",
        "2,A,FITC-A,PE-A,APC-A,1,0,0,1",
    ],
)
def test_what_is_no_matrix_is_said_and_not_used(text: str) -> None:
    spillover, warnings = read({"SPILL": text})
    assert spillover is None
    assert warnings


@pytest.mark.parametrize(("spill", "usable"), [(0.99, True), (0.999, False), (1.0, False)])
def test_singular_matrices_are_named_when_read(spill: float, usable: bool) -> None:
    """Two fluorochromes that spill s into each other: the condition number is (1 + s) / (1 - s)."""
    condition = np.inf if spill == 1.0 else (1 + spill) / (1 - spill)
    assert (condition <= MAX_CONDITION) is usable
    spillover, warnings = read({"SPILL": f"2,FITC-A,PE-A,1,{spill},{spill},1"})
    assert spillover is not None
    assert any("singular" in warning for warning in warnings) is not usable


def test_beckman_percentages() -> None:
    keywords = {"$DFC1TO2": "11.2", "$DFC2TO1": "0.9", "$DFC1TO1": "0.0", "$DFC3TO1": "7"}
    spillover, warnings = read(keywords, names=("FS", "SS", "FL1 LOG", "FL2 LOG"))
    assert spillover is not None
    assert spillover.channels == ("FL1 LOG", "FL2 LOG")
    npt.assert_allclose(spillover.matrix, [[1, 0.112], [0.009, 1]])
    assert any("FL3" in warning for warning in warnings)
    assert read({"$DFC1TO2": "?"}, names=("FL1", "FL2"))[0] is None


def test_whole_comp_in_channel_order() -> None:
    spillover, _ = read({"$COMP": "2,1,0.1,0,1"}, names=("A", "B"))
    assert spillover is not None
    npt.assert_array_equal(spillover.matrix, np.array([[1, 0.1], [0, 1]]))
