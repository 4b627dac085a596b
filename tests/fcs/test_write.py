"""The FCS writer: what it writes is read back by two independent readers, and by ours."""

from __future__ import annotations

from pathlib import Path

import fcsparser
import flowio
import numpy as np
import pytest
from numpy.typing import NDArray

from bcelldepl.errors import FcsError
from bcelldepl.fcs.write import spillover_keyword, write_fcs

NAMES = ("FSC-A", "PE-Cy7-A", "Time")
LABELS = ("", "CD19 PE-Cy7", "")
KEYWORDS = {
    "$CYT": "FACSCantoII",
    "$VOL": "41000",
    "$TIMESTEP": "0.01",
    "$DATE": "13-JAN-2025",
    "$BTIM": "11:30:00",
    "$ETIM": "11:30:41",
    "$FIL": "tube.fcs",
    "$SPILLOVER": spillover_keyword(NAMES[:2], np.array([[1.0, 0.125], [0.0, 1.0]])),
    "TUBE NAME": "S01/BL",
    "EMPTY": "",
}


@pytest.fixture
def columns() -> NDArray[np.float32]:
    rng = np.random.default_rng(1)
    values = rng.normal(0.0, 3e4, (len(NAMES), 57)).astype(np.float32)
    values[0, :2] = 262143.0, -0.0
    return values


@pytest.fixture
def written(tmp_path: Path, columns: NDArray[np.float32]) -> Path:
    path = tmp_path / "tube.fcs"
    write_fcs(path, columns, NAMES, LABELS, keywords=KEYWORDS, ranges=(262144, 262144, 65536))
    return path


def test_flowio_reads_the_same_values_and_keywords(written: Path, columns: NDArray[np.float32]) -> None:
    data = flowio.FlowData(str(written))
    assert data.version == "3.1"
    np.testing.assert_array_equal(data.as_array(preprocess=False), columns.T)
    assert tuple(data.pnn_labels) == NAMES
    assert tuple(data.pns_labels) == LABELS
    for name, value in KEYWORDS.items():
        assert data.text.get(name.lstrip("$").lower(), "") == value
    assert [data.text[f"p{i}r"] for i in (1, 2, 3)] == ["262144", "262144", "65536"]
    assert data.text["byteord"] == "1,2,3,4"


def test_fcsparser_reads_the_same_values(written: Path, columns: NDArray[np.float32]) -> None:
    meta, table = fcsparser.parse(str(written))
    assert tuple(table.columns) == NAMES
    np.testing.assert_array_equal(table.to_numpy(), columns.T)
    assert meta["$P2S"] == "CD19 PE-Cy7"
    assert meta["$SPILLOVER"] == "2,FSC-A,PE-Cy7-A,1,0.125,0,1"


def test_same_input_same_bytes(written: Path, tmp_path: Path, columns: NDArray[np.float32]) -> None:
    again = tmp_path / "again.fcs"
    # Memory order is the caller's business.
    write_fcs(
        again, np.asfortranarray(columns), NAMES, LABELS, keywords=KEYWORDS, ranges=(262144, 262144, 65536)
    )
    assert again.read_bytes() == written.read_bytes()
    assert {path.name for path in tmp_path.iterdir()} == {"tube.fcs", "again.fcs"}


def test_a_tube_without_events_is_a_file(tmp_path: Path) -> None:
    path = tmp_path / "empty.fcs"
    write_fcs(path, np.zeros((3, 0), dtype=np.float32), NAMES, LABELS, keywords={})
    assert flowio.FlowData(str(path), ignore_offset_error=True).event_count == 0


@pytest.mark.parametrize("n_events", [1, 9, 10, 11, 83, 84, 99, 100, 8000, 8500])
def test_offsets_hold_wherever_their_number_of_digits_changes(tmp_path: Path, n_events: int) -> None:
    path = tmp_path / "tube.fcs"
    values = np.arange(3 * n_events, dtype=np.float32).reshape(3, n_events)
    for padding in range(12):
        write_fcs(path, values, NAMES, LABELS, keywords={"$CYT": "x" * (1 + padding)})
        np.testing.assert_array_equal(flowio.FlowData(str(path)).as_array(preprocess=False), values.T)


@pytest.mark.parametrize(
    ("names", "labels", "keywords", "ranges"),
    [
        (NAMES[:2], LABELS, {}, None),
        (NAMES, LABELS[:2], {}, None),
        (NAMES, LABELS, {}, (1.0,)),
        (("FSC-A", "FSC-A", "Time"), LABELS, {}, None),
        (("FSC-A", "", "Time"), LABELS, {}, None),
        (("FSC-A", "PE,A", "Time"), LABELS, {}, None),
        (NAMES, LABELS, {"$CYT": "/slash"}, None),
    ],
)
def test_what_does_not_fit_is_refused_and_nothing_is_written(
    tmp_path: Path,
    columns: NDArray[np.float32],
    names: tuple[str, ...],
    labels: tuple[str, ...],
    keywords: dict[str, str],
    ranges: tuple[float, ...] | None,
) -> None:
    with pytest.raises(FcsError):
        write_fcs(tmp_path / "tube.fcs", columns, names, labels, keywords=keywords, ranges=ranges)
    assert not list(tmp_path.iterdir())


def test_a_former_file_survives_a_failed_write(written: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = written.read_bytes()

    def fail(handle: object, *_: object) -> None:
        handle.write(b"FCS3.1 half")  # type: ignore[attr-defined]
        raise OSError("disk full")

    monkeypatch.setattr(flowio, "create_fcs", fail)
    with pytest.raises(OSError, match="disk full"):
        write_fcs(written, np.zeros((3, 5), dtype=np.float32), NAMES, LABELS, keywords={})
    assert written.read_bytes() == before
    assert [path.name for path in written.parent.iterdir()] == ["tube.fcs"]
