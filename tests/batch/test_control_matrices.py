"""A study that is compensated by its own single-stain controls."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "signal"))
from single_stains import NAMES, control

from bcelldepl.batch import run
from bcelldepl.batch.control_matrices import ControlMatrices, matrices_of_controls
from bcelldepl.definitions.tables import CONTROL_MATRICES, EXPORTED_GATES
from bcelldepl.errors import CompensationError, ExchangeError, StudyError
from bcelldepl.fcs import read_fcs
from bcelldepl.fcs.spillover_table import read_matrix
from bcelldepl.fcs.write import spillover_keyword, write_fcs
from bcelldepl.gate_exchange.export import export_gates
from bcelldepl.quality.checks import CHECKS
from bcelldepl.report.compensation_plots import draw_control, draw_spillover_pair
from bcelldepl.simulation.detectors import DETECTORS, SPILLOVER
from bcelldepl.store import Store
from bcelldepl.study import Role, Study, load_study
from bcelldepl.tubes.read import open_tube
from bcelldepl.tubes.regate import GatedResults
from bcelldepl.verification import verify

FIRST = "2025-W02"


def write_control(folder: Path, own: int, *, matrix: np.ndarray = SPILLOVER, **how: float) -> str:
    """Write the control of a dye; the matrix that its file holds may be another than the true one."""
    name = f"fcs/single_{NAMES[own]}.fcs"
    write_fcs(
        folder / name,
        control(own, **how).astype(np.float32),
        NAMES,
        [detector.label for detector in DETECTORS],
        keywords={"$SPILLOVER": spillover_keyword(NAMES, matrix), "$CYT": "Simulated"},
    )
    return name


@pytest.fixture
def with_controls(copy_of_one: Path) -> Path:
    """The study of one subject with a control for every dye in its first batch, which all tubes are then of."""
    sheet = copy_of_one / "samples.csv"
    lines = sheet.read_text().splitlines()
    batches = [line.split(",")[8] for line in lines[1:]]
    text = "\n".join(lines)
    for batch in set(batches):
        text = text.replace(batch, FIRST)
    for own, detector in enumerate(DETECTORS):
        file = write_control(copy_of_one, own)
        text += f"\n{file},controls,C,0,single:{detector.marker.replace('+', '')},,,,{FIRST},,"
    sheet.write_text(text.replace("single:CD1656", "single:APC-A") + "\n")
    toml = copy_of_one / "study.toml"
    toml.write_text(toml.read_text() + '\n[compensation]\nsource = "controls"\n')
    return copy_of_one


def loaded(folder: Path) -> Study:
    return load_study(folder / "study.toml")


def test_the_run_uses_the_matrix_of_the_controls(with_controls: Path) -> None:
    results = run(loaded(with_controls), with_controls / "results", workers=1)
    written = read_matrix(results.folder / "compensation" / f"{FIRST}.csv")
    assert written.channels == NAMES
    np.testing.assert_allclose(written.matrix, SPILLOVER, atol=0.002)
    compared = pd.read_csv(results.folder / CONTROL_MATRICES.file)
    assert list(compared) == CONTROL_MATRICES.names
    assert len(compared) == len(NAMES) * (len(NAMES) - 1)
    assert compared["difference_percent"].abs().max() < 0.2
    pictures = sorted((results.folder / "figures" / "compensation").glob("*.png"))
    assert len(pictures) == len(NAMES)
    samples = results.tubes[results.tubes["role"] == "sample"]
    assert "failed" not in set(samples["status"])
    assert not samples["reason"].str.contains("control").any()
    assert run(loaded(with_controls), with_controls / "results", workers=1).was_current
    assert verify(with_controls / "results").findings == []


def test_counts_are_those_of_the_true_matrix(with_controls: Path) -> None:
    by_controls = run(loaded(with_controls), with_controls / "results", workers=1).counts
    toml = with_controls / "study.toml"
    toml.write_text(toml.read_text().replace('source = "controls"', 'source = "auto"'))
    by_files = run(loaded(with_controls), with_controls / "others", workers=1).counts
    both = by_controls.merge(by_files, on=["file", "population"])
    counted = both[both["events_y"] >= 200]
    assert len(counted) >= 10
    np.testing.assert_allclose(counted["events_x"], counted["events_y"], rtol=0.02)


def made(folder: Path) -> ControlMatrices:
    with Store(folder / "results", "test") as store:
        return matrices_of_controls(loaded(folder), folder / "results", store)


@pytest.mark.parametrize("times", [0.9, 1.1])
def test_a_matrix_in_the_file_that_says_otherwise_needs_review(with_controls: Path, times: float) -> None:
    wrong = SPILLOVER.copy()
    most = CHECKS["control_spillover"].limits[1]
    assert most == 0.05
    wrong[1, 3] += times * most
    for own in range(len(NAMES)):
        write_control(with_controls, own, matrix=wrong)
    failed = made(with_controls).failed
    assert set(failed) == ({"fcs/single_PE-A.fcs"} if times > 1 else set())
    if failed:
        (doubt,) = failed["fcs/single_PE-A.fcs"]
        assert doubt.needs_review
        spillover = "spillover of PE-A into PE-Cy7-A"
        assert doubt.sentence == f"{spillover} is 1.6 % by this control, 7.1 % by the matrix in the file"


def test_an_unstained_tube_helps_controls_without_negative_events(with_controls: Path) -> None:
    write_control(with_controls, 4, stained=1.0, dying=0.0, strays=0.0)
    with pytest.raises(StudyError, match="the control of APC-A has no dim and bright events"):
        made(with_controls)
    write_control(with_controls, 0)
    sheet = with_controls / "samples.csv"
    unstained = control(0, seed=7, stained=0.0, strays=0.0)
    write_fcs(
        with_controls / "fcs" / "unstained.fcs",
        unstained.astype(np.float32),
        NAMES,
        [""] * len(NAMES),
        keywords={},
    )
    sheet.write_text(sheet.read_text() + f"fcs/unstained.fcs,controls,C,0,unstained,,,,{FIRST},,\n")
    files = made(with_controls).files
    matrix = read_matrix(
        with_controls / "results" / next(name for name in files if name.endswith(f"{FIRST}.csv"))
    )
    np.testing.assert_allclose(matrix.matrix, SPILLOVER, atol=0.003)


def test_a_batch_without_controls_takes_those_of_the_only_one(with_controls: Path) -> None:
    sheet = with_controls / "samples.csv"
    sheet.write_text(sheet.read_text().replace(f",{FIRST},3", ",other,3"))  # tubes with beads
    study = made(with_controls).study
    assert study.matrix_path("other") == study.matrix_path(FIRST)
    text = sheet.read_text()
    second = "\n".join(line.replace(FIRST, "second") for line in text.splitlines() if "single" in line)
    for line in second.splitlines():
        file = line.split(",")[0]
        (with_controls / file.replace("single", "again")).write_bytes((with_controls / file).read_bytes())
    sheet.write_text(text + second.replace("fcs/single", "fcs/again") + "\n")
    study = made(with_controls).study
    assert study.matrix_path("second") is not None
    assert study.matrix_path("other") is None


def test_stains_without_a_control_fail_their_tubes(with_controls: Path) -> None:
    from bcelldepl.gating.strategy import load_strategy

    strategy = load_strategy("cart_pd")
    sheet = with_controls / "samples.csv"
    sheet.write_text("".join(line for line in sheet.read_text().splitlines(True) if "single:CD3" not in line))
    study = made(with_controls).study
    with pytest.raises(CompensationError, match=r"no single-stain control of CD3 \(FITC-A\)"):
        open_tube(study.tubes[0], study, strategy)
    with pytest.raises(CompensationError, match="no matrix was made of single-stain controls"):
        open_tube(study.tubes[0], loaded(with_controls), strategy)


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("single:CD19", "single:CD99", "the role single:CD99: no channel found for CD99"),
        ("single:CD19,", "single:PE-A,", "is a second single-stain control of PE-A"),
        ("single:CD19,", "single:PE-Cy7-A,", ""),
    ],
)
def test_controls_that_are_wrong(with_controls: Path, before: str, after: str, words: str) -> None:
    sheet = with_controls / "samples.csv"
    sheet.write_text(sheet.read_text().replace(before, after))
    if not words:
        made(with_controls)
        return
    with pytest.raises(StudyError, match=words):
        made(with_controls)


def test_two_controls_exchanged_are_refused(with_controls: Path) -> None:
    folder = with_controls / "fcs"
    one, other = folder / "single_PE-A.fcs", folder / "single_APC-A.fcs"
    first, second = one.read_bytes(), other.read_bytes()
    one.write_bytes(second)
    other.write_bytes(first)
    with pytest.raises(StudyError, match=r"the control of (PE|APC)-A"):
        made(with_controls)


@pytest.mark.parametrize(
    ("toml", "words"),
    [
        ('source = "controls"', "'controls' needs rows with the role single:MARKER"),
        (
            'source = "controls"\nmatrix = "m.csv"',
            "takes the matrix from the controls, yet a matrix is given",
        ),
    ],
)
def test_what_the_study_must_say(copy_of_one: Path, toml: str, words: str) -> None:
    (copy_of_one / "m.csv").write_text("PE-A\n1\n")
    file = copy_of_one / "study.toml"
    file.write_text(f"{file.read_text()}\n[compensation]\n{toml}\n")
    with pytest.raises(StudyError, match=words):
        loaded(copy_of_one)


def test_pictures_show_both_lines(with_controls: Path) -> None:
    from matplotlib.figure import Figure

    signals = read_fcs(with_controls / "fcs" / "single_PE-A.fcs").columns(NAMES).astype(float)
    axes = Figure().subplots()
    drawn = draw_spillover_pair(
        signals[1], signals[2], axes, names=("PE-A", "PerCP-Cy5-5-A"), part=0.105, in_file=0.2
    )
    assert drawn is axes
    assert axes.get_title(loc="left") == "10.50 %, file 20.00 %"
    slopes = [np.ptp(line.get_ydata()) / np.ptp(line.get_xdata()) for line in axes.lines[1:]]
    np.testing.assert_allclose(slopes, [0.105, 0.2])
    figure = draw_control(signals, NAMES, 1, SPILLOVER[1], [0.0] * 8, [None] * 8, "PE-A")
    assert sum(bool(panel.lines) for panel in figure.axes) == len(NAMES) - 1


def test_tubes_are_read_again_with_the_matrices_of_the_run(with_controls: Path, tmp_path: Path) -> None:
    results = run(loaded(with_controls), with_controls / "results", workers=1)
    gated = GatedResults(results.folder)
    sample = loaded(with_controls).tubes[0].file
    tube = gated.tube(sample)
    assert tube.spillover is not None
    assert tube.spillover.keyword == f"{FIRST}.csv"
    rows = results.counts[(results.counts["file"] == sample) & (results.counts["result"] != "NOT_DONE")]
    assert [int(tube.membership[name].sum()) for name in rows["population"]] == list(rows["events"])
    *written, table = export_gates(results.folder, "gatingml", tmp_path)
    exported = EXPORTED_GATES.read(table)
    skipped = set(exported["file"][exported["note"].str.contains("skipped")])
    assert skipped <= {tube.file for tube in loaded(with_controls).tubes if tube.role is Role.SINGLE}
    text = written[0].read_text(encoding="utf-8")
    assert all(f'name="{detector}"' in text for detector in tube.spillover.channels)


def test_a_matrix_that_changed_since_the_run_is_not_used(with_controls: Path) -> None:
    results = run(loaded(with_controls), with_controls / "results", workers=1)
    matrix = results.folder / results.record["matrices_of_controls"][FIRST]
    matrix.write_text(matrix.read_text().replace("PE-A,", "PE-A,0"))
    with pytest.raises(ExchangeError, match=r"compensation/2025-W02\.csv changed since the run"):
        GatedResults(results.folder)
