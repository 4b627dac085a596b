"""A tube is opened with the matrix that is meant for it, and known by the batch that it is of."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bcelldepl.errors import CompensationError, FcsError, PanelError
from bcelldepl.fcs.write import spillover_keyword, write_fcs
from bcelldepl.gating.strategy import Strategy
from bcelldepl.study import CompensationSettings, Study, Tube
from bcelldepl.tubes.read import batch_of, open_tube

CHANNELS = ["FSC-A", "FSC-H", "SSC-A", "FL1-A", "FL2-A", "Time"]
LABELS = ["", "", "", "CD3", "CD19", ""]
STRATEGY = Strategy.model_validate(
    {
        "name": "two_stains",
        "populations": [
            {"rule": "cut", "name": "T", "parent": "all", "marker": "CD3", "side": "above", "fixed": 0.5},
            {"rule": "cut", "name": "B", "parent": "all", "marker": "CD19", "side": "above", "fixed": 0.5},
        ],
    }
)


@pytest.fixture
def study(tmp_path: Path) -> Study:
    for name, spill in (("of_the_study.csv", 0.3), ("of_week_2.csv", 0.4)):
        (tmp_path / name).write_text(f"FL1-A,FL2-A\n1,{spill}\n0,1\n")
    paths = {"path": tmp_path / "study.toml", "folder": tmp_path, "samples_path": tmp_path / "samples.csv"}
    return Study(**paths, samples="samples.csv", id="s", strategy="two_stains")


def tube(folder: Path, spill: float | None, batch: str | None = None, labels: list[str] = LABELS) -> Tube:
    """A tube whose file spills so much of the first stain into the second; None: it does not say."""
    keywords = {"$DATE": "15-JAN-2025", "$TIMESTEP": "0.01"}
    if spill is not None:
        keywords["$SPILLOVER"] = spillover_keyword(["FL1-A", "FL2-A"], np.array([[1.0, spill], [0.0, 1.0]]))
    events = np.full((len(CHANNELS), 300), 500.0, dtype=np.float32)
    events[-1] = np.arange(300)
    write_fcs(folder / "a.fcs", events, CHANNELS, labels, keywords=keywords, ranges=[1024.0] * len(CHANNELS))
    return Tube(file="a.fcs", path=folder / "a.fcs", subject="1", visit="V", day=0.0, batch=batch)


def with_matrix(study: Study, **settings: object) -> Study:
    return study.model_copy(update={"compensation": CompensationSettings.model_validate(settings)})


@pytest.mark.parametrize(
    ("settings", "batch", "expected"),
    [
        ({}, None, 0.2),
        ({"source": "none"}, None, None),
        ({"matrix": "of_the_study.csv"}, None, 0.3),
        ({"matrix": "of_the_study.csv", "by_batch": {"week 2": "of_week_2.csv"}}, "week 2", 0.4),
        ({"matrix": "of_the_study.csv", "by_batch": {"week 2": "of_week_2.csv"}}, "week 3", 0.3),
        ({"by_batch": {"2025-01-15": "of_week_2.csv"}}, None, 0.4),  # the date of acquisition
        ({"by_batch": {"week 2": "of_week_2.csv"}}, None, 0.2),
    ],
)
def test_the_studys_matrix_goes_before_the_files(
    tmp_path: Path, study: Study, settings: dict[str, object], batch: str | None, expected: float | None
) -> None:
    opened = open_tube(tube(tmp_path, 0.2, batch), with_matrix(study, **settings), STRATEGY)
    if expected is None:
        assert opened.spillover is None
    else:
        assert opened.spillover is not None
        assert opened.spillover.matrix[0, 1] == pytest.approx(expected)


@pytest.mark.parametrize("names", ["FL1,FL2", "Comp-FL1-A :: CD3,<FL2-A>", "fl1-a,FL2"])
def test_the_studys_matrix_is_by_the_files_detectors(tmp_path: Path, study: Study, names: str) -> None:
    """Gates for other programs name the detectors of the matrix, which they look for in the file."""
    (tmp_path / "named.csv").write_text(f"{names}\n1,0.3\n0,1\n")
    opened = open_tube(tube(tmp_path, 0.2), with_matrix(study, matrix="named.csv"), STRATEGY)
    assert opened.spillover is not None
    assert opened.spillover.channels == ("FL1-A", "FL2-A")
    assert opened.spillover.matrix[0, 1] == pytest.approx(0.3)


def test_stains_without_a_matrix_are_refused_unless_the_study_says_that_none_is_needed(
    tmp_path: Path, study: Study
) -> None:
    one = tube(tmp_path, None)
    with pytest.raises(CompensationError, match="no spillover matrix, and 2 stains are gated"):
        open_tube(one, study, STRATEGY)
    assert open_tube(one, with_matrix(study, source="none"), STRATEGY).spillover is None


def test_signals_are_compensated_by_it(tmp_path: Path, study: Study) -> None:
    one = tube(tmp_path, 0.2)
    positions = [
        open_tube(one, with_matrix(study, **settings), STRATEGY).signal(STRATEGY).columns["CD19"][0]
        for settings in ({"source": "none"}, {}, {"matrix": "of_the_study.csv"})
    ]
    assert positions == sorted(positions, reverse=True)
    assert len(set(positions)) == 3


def test_a_batch_is_that_of_the_sheet_else_the_date(tmp_path: Path, study: Study) -> None:
    acquisition = open_tube(tube(tmp_path, 0.2), study, STRATEGY).acquisition
    assert batch_of(tube(tmp_path, 0.2, "week 2"), acquisition) == "week 2"
    assert batch_of(tube(tmp_path, 0.2), acquisition) == "2025-01-15"


def test_a_file_that_is_not_there_or_lacks_a_marker(tmp_path: Path, study: Study) -> None:
    with pytest.raises(PanelError, match="CD19: no channel found"):
        open_tube(tube(tmp_path, 0.2, labels=["", "", "", "CD3", "CD4", ""]), study, STRATEGY)
    (tmp_path / "a.fcs").unlink()
    with pytest.raises((FcsError, OSError)):
        open_tube(
            Tube(file="a.fcs", path=tmp_path / "a.fcs", subject="1", visit="V", day=0.0), study, STRATEGY
        )
