"""`bcelldepl inspect`: a screen, JSON, exit codes."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from bcelldepl.cli.inspect import inspect

app = typer.Typer()
app.command()(inspect)


def run(*arguments: object, code: int = 0) -> tuple[str, str]:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments], env={"COLUMNS": "120"})
    assert result.exit_code == code, result.output
    return result.stdout, result.stderr


@pytest.fixture
def tube(tmp_path: Path) -> Path:
    pairs = {
        "$PAR": "3",
        "$TOT": "2",
        "$MODE": "L",
        "$DATATYPE": "F",
        "$BYTEORD": "1,2,3,4",
        "$NEXTDATA": "0",
        "$CYT": "Aurora [5L]",
        "$VOL": "30.5",
        "$DATE": "21-JUL-2025",
        "$BTIM": "10:00:00",
        "$ETIM": "10:00:30",
        "$BEGINDATA": "######",
        "$ENDDATA": "@@@@@@",
        "SPILL": "2,V2-A,B4-A,1,0.25,0,1",
    }
    for n, (name, label) in enumerate(
        (("FSC-A", "FSC"), ("V2-A", "CD19 [BV421]"), ("B4-A", "CD45")), start=1
    ):
        pairs |= {f"$P{n}N": name, f"$P{n}S": label, f"$P{n}B": "32", f"$P{n}R": "4194304", f"$P{n}E": "0,0"}
    text = "|" + "|".join(token for pair in pairs.items() for token in pair) + "|"
    begin = 58 + len(text)
    header = "FCS3.1    " + "".join(f"{offset:>8}" for offset in (58, begin - 1, begin, begin + 23, 0, 0))
    text = text.replace("######", f"{begin:06}").replace("@@@@@@", f"{begin + 23:06}")
    path = tmp_path / "tube.fcs"
    path.write_bytes((header + text).encode() + struct.pack("<6f", 1, 2, 3, 4, 5, 6))
    return path


def test_screen_names_what_a_person_looks_for(tube: Path) -> None:
    screen, errors = run(tube)
    for fact in (
        "tube.fcs",
        "FCS3.1",
        "Aurora [5L]",
        "2025-07-21",
        "2 x 3 channels",
        "30.5 uL",
        "CD19 [BV421]",
        "25.0",
    ):
        assert fact in screen
    assert errors == ""


def test_json_is_one_array(tube: Path) -> None:
    (facts,) = json.loads(run("--json", tube)[0])
    assert facts["events"] == 2
    assert facts["volume_ul"] == 30.5
    assert facts["channels"][1] == {
        "number": 2,
        "detector": "V2-A",
        "label": "CD19 [BV421]",
        "range": 4194304.0,
        "decades": 0.0,
        "offset": 0.0,
        "gain": 1.0,
    }
    assert facts["spillover"]["matrix"] == [[1.0, 0.25], [0.0, 1.0]]


def test_markers_and_strategies_are_told(tube: Path) -> None:
    screen, _ = run(tube)
    assert "CD19, a word of its label" in screen
    assert "strategy cd19_volumetric fits; reports leukocytes, lymphocytes, B" in screen
    assert "strategy tbnk does not fit: CD3 or CD5: no channel" in screen
    (facts,) = json.loads(run("--json", tube)[0])
    assert [(one["marker"], one["detectors"], one["recognised_by"]) for one in facts["markers"]] == [
        ("CD19", ["V2-A"], "a word of its label"),
        ("CD45", ["B4-A"], "its label"),
    ]
    fits = {one["name"]: one["fits"] for one in facts["strategies"]}
    assert fits == {"cart_pd": False, "cd19_volumetric": True, "tbnk": False}
    assert "CAR: no channel found" in facts["strategies"][0]["why_not"]


def test_a_file_of_other_capitals_is_named(tube: Path) -> None:
    _, errors = run(tube.with_name("TUBE.fcs"), code=2)
    assert "no such file (did you mean 'tube.fcs'? Names are case-sensitive)" in errors


def test_cross_check(tube: Path) -> None:
    screen, _ = run("--cross-check", tube)
    assert "fcsparser agrees" in screen
    assert "flowio agrees" in screen
    (facts,) = json.loads(run("--cross-check", "--json", tube)[0])
    assert [entry["verdict"] for entry in facts["cross_check"]] == ["agrees", "agrees"]


def test_a_refused_file_is_one_line_and_the_rest_is_shown(tube: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.fcs"
    broken.write_bytes(tube.read_bytes()[:-5])
    screen, errors = run(broken, tube, code=1)
    assert "CD19 [BV421]" in screen
    assert errors.count("\n") == 1
    assert "broken.fcs" in errors
    assert "Traceback" not in errors
    described = json.loads(run("--json", broken, tube, code=1)[0])
    assert described[0]["error"]["kind"] == "TruncatedDataError"
    assert described[1]["events"] == 2


def test_a_wrong_request_names_every_file_and_shows_none(tube: Path, tmp_path: Path) -> None:
    screen, errors = run(tube, tmp_path / "none.fcs", tmp_path, code=2)
    assert screen == ""
    assert "none.fcs: no such file" in errors
    assert "is a folder" in errors


def test_data_set_that_is_not_there(tube: Path) -> None:
    _, errors = run("--dataset", 3, tube, code=1)
    assert "no data set 3" in errors


def test_wide_matrix_is_told_by_its_largest_entries(real_data: Path) -> None:
    screen, _ = run(real_data / "vendors" / "offby1_lsrii_spill.fcs")
    assert "14 channels" in screen


def test_clinical_tube_fits_one_screen(real_data: Path) -> None:
    screen, _ = run(real_data / "tbnk" / "tbnk_facscanto.fcs")
    assert "PerCP-Cy5-5-A" in screen
    assert screen.count("\n") < 40
