"""Real files of many makers: verdict, events, channels, first and last event, number of data sets."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import numpy.testing as npt
import pytest

from bcelldepl.errors import FcsError
from bcelldepl.fcs import read_fcs

# HEADER of this file was moved into the TEXT segment. Its expected values are those bytes of TEXT, read as
# numbers; TEXT's own offsets lead to the events that the unmoved sibling holds.
MOVED, UNMOVED = "data_start_offset_discrepancy_example.fcs", "mixed_16_32_bit_int_with_gain.fcs"


@pytest.fixture(scope="session")
def vendors(real_data: Path) -> tuple[Path, dict[str, Any]]:
    folder = real_data / "vendors"
    return folder, json.loads((folder / "expected.json").read_text())


def test_every_file_that_can_be_read(vendors: tuple[Path, dict[str, Any]]) -> None:
    folder, expected = vendors
    readable = {name: entry for name, entry in expected.items() if entry["verdict"] == "read"}
    assert readable
    for name, entry in readable.items():
        # The expected events of a file with two data sets are those of the first.
        first_of_two = 0 if (entry["datasets"] or 1) > 1 else None
        acquisition = read_fcs(
            folder / name, dataset=first_of_two, offsets="header" if name == MOVED else "auto"
        )
        raw = acquisition.raw()
        assert raw.shape == (entry["channels"], entry["events"]), name
        assert len(acquisition.channels) == entry["channels"], name
        npt.assert_allclose(raw[:, 0], entry["first"], rtol=1e-6, atol=1e-4, err_msg=name)
        npt.assert_allclose(raw[:, -1], entry["last"], rtol=1e-6, atol=1e-4, err_msg=name)
        if entry["datasets"] is not None:
            assert acquisition.n_datasets == entry["datasets"], name
        assert acquisition.columns().shape == raw.shape


def test_every_file_that_must_be_refused(vendors: tuple[Path, dict[str, Any]]) -> None:
    folder, expected = vendors
    refused = [name for name, entry in expected.items() if entry["verdict"] == "refuse"]
    assert refused
    for name in refused:
        started = time.process_time()
        with pytest.raises(FcsError) as caught:
            read_fcs(folder / name)
        assert time.process_time() - started < 1.0
        assert "\n" not in str(caught.value)


def test_header_moved_into_text_is_not_believed(vendors: tuple[Path, dict[str, Any]]) -> None:
    folder, _ = vendors
    moved, unmoved = read_fcs(folder / MOVED), read_fcs(folder / UNMOVED)
    npt.assert_array_equal(moved.raw(), unmoved.raw())
    assert any("inside TEXT" in warning for warning in moved.warnings)


def test_list_mode_files_give_their_richer_half(vendors: tuple[Path, dict[str, Any]]) -> None:
    folder, expected = vendors
    for name in (name for name, entry in expected.items() if entry.get("datasets") == 2):
        rich, poor = read_fcs(folder / name), read_fcs(folder / name, dataset=0)
        assert (rich.dataset, rich.n_events) == (1, poor.n_events), name
        assert rich.raw().max() > 1 << 17, name
        # Forward scatter is the same measurement in 20 and in 10 bits.
        assert np.corrcoef(rich.raw()[0], poor.raw()[0])[0, 1] > 0.99, name


def test_volumes_and_why(vendors: tuple[Path, dict[str, Any]]) -> None:
    folder, _ = vendors
    assert read_fcs(folder / "accuri_header_vs_text_begindata.fcs").volume.microlitres == pytest.approx(
        33.008
    )
    macsquant = read_fcs(folder / "macsquant_HDRV_volume_channel_offby1.fcs").volume
    assert macsquant.microlitres == pytest.approx(29.0)
    assert "volume channel ends at 29.23 uL" in macsquant.reason
    stale = read_fcs(folder / "downsampled_VOL_no_longer_valid.fcs")
    assert stale.volume.microlitres is None
    assert "larger acquisition" in stale.volume.reason
    assert stale.volume.reason in stale.warnings


def test_cytek_aurora_writes_microlitres(real_data: Path) -> None:
    tubes = sorted((real_data / "volumetric_cd19").glob("*.fcs"))
    assert tubes
    for tube in tubes:
        volume = read_fcs(tube).volume
        assert volume.microlitres is not None
        assert 30.0 < volume.microlitres < 31.0, volume.reason


def test_clinical_tube(real_data: Path) -> None:
    acquisition = read_fcs(real_data / "tbnk" / "tbnk_facscanto.fcs")
    assert acquisition.n_events == 25_678
    assert acquisition.date == "2021-06-03"
    assert acquisition.acquisition_seconds == pytest.approx(29.0)
    assert acquisition.spillover is not None
    assert acquisition.spillover.matrix.shape == (6, 6)


@pytest.mark.parametrize(
    "name",
    [
        "vendors/fcs2_facscalibur_log_amp_int10.fcs",
        "vendors/fcs2_facscan_littleendian_int16.fcs",
        "vendors/navios_dfc_constant528.lmd",
        "vendors/moflo_astrios_two_time_words_68ch.fcs",
        "tbnk/tbnk_facscanto.fcs",
    ],
)
def test_scaled_values_are_those_of_flowio(real_data: Path, name: str) -> None:
    """Log amplifiers with an offset of 0, gains, plain floats; FlowIO multiplies time channels by their step."""
    import flowio

    acquisition = read_fcs(real_data / name)
    with (real_data / name).open("rb") as file:
        peer = flowio.FlowData(file, ignore_offset_error=True).as_array(preprocess=True).T
    kept = [
        i for i, channel in enumerate(acquisition.channels) if not channel.name.upper().startswith("TIME")
    ]
    npt.assert_allclose(acquisition.columns()[kept], peer[kept], rtol=1e-6)
