"""Eight more awkward files of many makers; `NOTES.md` beside them says which bytes prove what is right."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bcelldepl.fcs import Acquisition, read_fcs
from bcelldepl.fcs.spillover import MAX_CONDITION


@pytest.fixture(scope="session")
def more(real_data: Path) -> Path:
    folder = real_data / "vendors_more"
    if not folder.is_dir():
        pytest.skip(f"no real data at {folder}")
    return folder


def said(acquisition: Acquisition, words: str) -> bool:
    return any(words in warning for warning in acquisition.warnings)


def test_partec_signals_at_the_range_stay_at_the_top(more: Path) -> None:
    acquisition = read_fcs(more / "partec_saturated_4096_read_as_0.FCS")
    assert said(acquisition, "37 of FSC, 73 of SSC, 4 of FL4")
    for name, n_at_top in (("FSC", 37), ("SSC", 73), ("FL4", 4)):
        assert np.count_nonzero(acquisition.raw([name]) == 4095) >= n_at_top


def test_accuri_overflow_is_bright(more: Path) -> None:
    acquisition = read_fcs(more / "accuri_overflow_wrapped.fcs")
    assert acquisition.raw(["FL1-A"])[0, 532] == 16_777_215
    assert said(acquisition, "1 of FL1-A")
    assert acquisition.volume.microlitres == pytest.approx(50.391)


def test_cyan_time_in_two_words_is_whole(more: Path) -> None:
    acquisition = read_fcs(more / "cyan_false_rest_is_missing.fcs")
    assert acquisition.acquisition_seconds == pytest.approx(74.0)
    assert not said(acquisition, "missing")
    assert acquisition.volume.reason == "the file has no $VOL"


def test_guava_time_is_cut(more: Path) -> None:
    acquisition = read_fcs(more / "guava_false_rest_is_missing.fcs")
    assert said(acquisition, "TIME is cut to its range of 100,000")
    assert not said(acquisition, "the rest is missing")
    assert not acquisition.time_advances


def test_flowjo_writes_time_in_seconds(more: Path) -> None:
    acquisition = read_fcs(more / "flowjo_export_attune_false_rest_is_missing.fcs")
    assert said(acquisition, "in seconds already")
    assert not said(acquisition, "the rest is missing")
    assert acquisition.time_step_s == 1.0
    assert acquisition.acquisition_seconds == pytest.approx(19.0)


def test_a_gate_exported_by_flowjo_gives_no_volume(more: Path) -> None:
    acquisition = read_fcs(more / "flowjo_export_attune_volume_kept_no_warning.fcs")
    assert acquisition.volume.microlitres is None
    assert "FlowJo" in acquisition.volume.reason
    assert acquisition.volume.reason in acquisition.warnings


def test_a_singular_matrix_is_named_when_read(more: Path) -> None:
    acquisition = read_fcs(more / "gallios_singular_spillover_no_warning.LMD")
    assert acquisition.spillover is not None
    assert not np.linalg.cond(acquisition.spillover.matrix) <= MAX_CONDITION
    assert said(acquisition, "$SPILLOVER is singular")


def test_events_lost_in_the_whole_run_are_not_a_share_of_a_part(more: Path) -> None:
    acquisition = read_fcs(more / "cytoflex_subset_abrt_share_wrong.fcs")
    assert said(acquisition, "$ABRT: 170 events were aborted as coincident in the whole run")
    assert not said(acquisition, "17 %")
    assert acquisition.volume.microlitres is None


def test_what_most_sound_files_have_is_no_warning(real_data: Path) -> None:
    sound = [
        real_data / "vendors" / "offby1_lsrii_spill.fcs",
        real_data / "vendors" / "partec_leading_spaces_in_text.fcs",
        *sorted((real_data / "volumetric_cd19").glob("*.fcs")),
    ]
    for path in sound:
        acquisition = read_fcs(path)
        assert acquisition.warnings == (), path.name
        assert acquisition.facts, path.name
