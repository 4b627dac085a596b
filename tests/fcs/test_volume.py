"""`$VOL`: the unit by instrument and flow rate, and every reason not to believe it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from fcs_builder import fcs

from bcelldepl.definitions.instruments import SAMPLE_FLOW_UL_PER_MIN
from bcelldepl.errors import ArgumentError
from bcelldepl.fcs import Acquisition, read_fcs
from bcelldepl.quality.checks import CHECKS

CLOCK = {"$BTIM": "10:00:00", "$ETIM": "10:01:00", "$TIMESTEP": "0.01"}


def tube(
    tmp_path: Path,
    keywords: dict[str, str],
    times: object = None,
    names: tuple[str, str] = ("Time", "FSC-A"),
    **how: str,
) -> Acquisition:
    times = np.linspace(0, 6000, 200) if times is None else times
    path = tmp_path / "tube.fcs"
    path.write_bytes(fcs([[float(time), 1.0] for time in times], names=names, keywords=keywords))  # type: ignore[attr-defined]
    return read_fcs(path, **how)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("cytometer", "amount", "microlitres"),
    [
        ("Accuri C6", "33008", 33.008),
        ("Attune NxT", "150000", 150.0),
        ("MACSQuant Analyzer 10", "29000", 29.0),
        ("CyFlow Space", "50000", 50.0),
        ("iCyt Eclipse", "50000", 50.0),
        ("Aurora", "30.39", 30.39),
        ("Northern Lights", "36.6", 36.6),
        ("Newcomer", "30000", 30.0),
        ("Newcomer", "0.5", None),
        ("Newcomer", "1500", None),
        ("Accuri C6", "33", None),
        ("Aurora", "30000", None),
    ],
)
def test_unit_by_instrument_and_flow(
    tmp_path: Path, cytometer: str, amount: str, microlitres: float | None
) -> None:
    volume = tube(tmp_path, {**CLOCK, "$CYT": cytometer, "$VOL": amount}).volume
    assert volume.microlitres == (None if microlitres is None else pytest.approx(microlitres))
    assert volume.reason


@pytest.mark.parametrize("end", SAMPLE_FLOW_UL_PER_MIN)
def test_volume_is_held_to_the_flow_that_tubes_are_checked_for(tmp_path: Path, end: float) -> None:
    assert CHECKS["sample_flow"].limits == SAMPLE_FLOW_UL_PER_MIN
    inside, outside = (1.01, 0.99) if end == SAMPLE_FLOW_UL_PER_MIN[0] else (0.99, 1.01)
    for times, known in ((inside, True), (outside, False)):  # the acquisition takes one minute
        keywords = {**CLOCK, "$CYT": "Aurora", "$VOL": f"{times * end:g}"}
        assert (tube(tmp_path, keywords).volume.microlitres is not None) is known


@pytest.mark.parametrize(
    ("amount", "said"), [("0", "is 0"), ("lots", "not a volume"), ("-3", "not a volume"), ("", "no $VOL")]
)
def test_no_volume(tmp_path: Path, amount: str, said: str) -> None:
    volume = tube(tmp_path, {**CLOCK, "$CYT": "Accuri C6", "$VOL": amount}).volume
    assert volume.microlitres is None
    assert said in volume.reason


def test_unit_as_asked(tmp_path: Path) -> None:
    keywords = {**CLOCK, "$CYT": "Newcomer", "$VOL": "1500"}
    assert tube(tmp_path, keywords, volume_unit="nl").volume.microlitres == pytest.approx(1.5)
    assert tube(tmp_path, keywords, volume_unit="ul").volume.microlitres == pytest.approx(1500)
    with pytest.raises(ArgumentError, match="volume_unit"):
        tube(tmp_path, keywords, volume_unit="ml")


def test_without_a_time_only_the_maker_tells(tmp_path: Path) -> None:
    constant = np.zeros(200)
    assert tube(tmp_path, {"$CYT": "Aurora", "$VOL": "30"}, constant).volume.microlitres == 30
    assert tube(tmp_path, {"$CYT": "Newcomer", "$VOL": "30000"}, constant).volume.microlitres is None


def test_time_channel_stands_in_for_the_clock(tmp_path: Path) -> None:
    acquisition = tube(tmp_path, {"$TIMESTEP": "0.01", "$CYT": "Newcomer", "$VOL": "30000"})
    assert acquisition.acquisition_seconds == pytest.approx(60.0)
    assert acquisition.volume.microlitres == pytest.approx(30.0)


def test_stale_volume_is_said_and_not_used(tmp_path: Path) -> None:
    keywords = {**CLOCK, "$CYT": "Aurora", "$VOL": "30"}
    shuffled = np.random.default_rng(1).permutation(np.linspace(0, 6000, 200))
    for times, reason in (
        (shuffled, "order of their time"),
        (np.linspace(0, 600, 200), "the rest is missing"),
    ):
        acquisition = tube(tmp_path, keywords, times)
        assert acquisition.volume.microlitres is None
        assert reason in acquisition.volume.reason
        assert acquisition.volume.reason in acquisition.warnings


def test_volume_channel(tmp_path: Path) -> None:
    uptake = np.linspace(1.0, 29.2, 200)
    keywords = {**CLOCK, "$CYT": "MACSQuant VYB"}
    names = ("HDR-V", "FSC-A")
    confirmed = tube(tmp_path, {**keywords, "$VOL": "29000"}, uptake, names).volume
    assert confirmed.microlitres == pytest.approx(29.0)
    assert "29.2 uL" in confirmed.reason
    assert tube(tmp_path, keywords, uptake, names).volume.microlitres == pytest.approx(29.2)
    assert tube(tmp_path, {**keywords, "$VOL": "60000"}, uptake, names).volume.microlitres is None


def test_events_that_the_instrument_did_not_keep(tmp_path: Path) -> None:
    acquisition = tube(tmp_path, {**CLOCK, "$CYT": "Aurora", "$VOL": "30", "$LOST": "50", "$ABRT": "0"})
    assert acquisition.volume.microlitres == 30
    assert any("$LOST: 50 events (20 %)" in warning for warning in acquisition.warnings)
    assert not any("$ABRT" in warning for warning in acquisition.warnings)


@pytest.mark.parametrize(
    ("mark", "program"),
    [
        ({"FJ_FCS_VERSION": "3.1"}, "FlowJo"),
        ({"$COM": "FCS file exported using Cytobank"}, "Cytobank"),
        ({"$CYTOLIB_VERSION": "2.22"}, "cytolib 2.22"),
        ({"FLOWCORE_$P1RMAX": "1024"}, "flowCore"),
        ({"$ORIGINALITY": "DataModified"}, "$ORIGINALITY is DataModified"),
    ],
)
def test_a_file_that_was_written_again_keeps_no_volume(
    tmp_path: Path, mark: dict[str, str], program: str
) -> None:
    keywords = {**CLOCK, "$CYT": "Attune NxT", "$VOL": "30000", "$ABRT": "50"}
    assert tube(tmp_path, keywords).volume.microlitres == pytest.approx(30)
    acquisition = tube(tmp_path, {**keywords, **mark})
    assert acquisition.volume.microlitres is None
    assert program in acquisition.volume.reason
    assert "acquired_volume_ul" in acquisition.volume.reason
    assert acquisition.volume.reason in acquisition.warnings
    lost = next(warning for warning in acquisition.warnings if warning.startswith("$ABRT"))
    assert "whole run" in lost
    assert "%" not in lost


def test_a_volume_channel_that_was_written_again(tmp_path: Path) -> None:
    uptake = np.linspace(1.0, 29.2, 200)
    keywords = {**CLOCK, "$CYT": "MACSQuant VYB", "FJ_FCS_VERSION": "3.1"}
    acquisition = tube(tmp_path, keywords, uptake, ("HDR-V", "FSC-A"))
    assert acquisition.volume.microlitres is None
    assert acquisition.volume.reason in acquisition.warnings


@pytest.mark.parametrize(
    "mark", [{"FJ_$P1R": "30000"}, {"$ORIGINALITY": "Original"}, {"$COM": "Cyto, bank 2"}]
)
def test_programs_that_measured_the_file_themselves(tmp_path: Path, mark: dict[str, str]) -> None:
    acquisition = tube(tmp_path, {**CLOCK, "$CYT": "Attune NxT", "$VOL": "30000", **mark})
    assert acquisition.volume.microlitres == pytest.approx(30)


def test_counter_that_rolls_over(tmp_path: Path) -> None:
    ticks = np.arange(0, 150_000, 500) % 65536
    path = tmp_path / "tube.fcs"
    content = fcs(
        [[int(tick), 1] for tick in ticks],
        datatype="I",
        ranges=[65536, 1024],
        names=["TIME", "FS"],
        keywords={"$TIMESTEP": "0.001"},
    )
    path.write_bytes(content)
    acquisition = read_fcs(path)
    assert acquisition.acquisition_seconds == pytest.approx(149.5, abs=0.1)
