"""What a review changes: gates, verdicts and signatures, in tables and record; and what it refuses."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import numpy as np
import pandas as pd
import pytest
from page_client import Page

from bcelldepl.batch import run
from bcelldepl.definitions.codes import ResultCode
from bcelldepl.review.server import ReviewServer
from bcelldepl.store import StoreError
from bcelldepl.study import load_study
from bcelldepl.tubes.regate import GatedResults
from bcelldepl.verification import verify

COMPARED = (
    "counts.csv",
    "tubes.csv",
    "endpoints.csv",
    "summary.csv",
    "kinetics_points.csv",
    "time_to_event.csv",
)


def file_of(study: Path, visit: str) -> str:
    sheet = pd.read_csv(study / "samples.csv")
    return str(sheet[(sheet["visit"] == visit) & (sheet.get("role", "sample") == "sample")]["file"].iloc[0])


def tables(folder: Path) -> dict[str, bytes]:
    gates = {path.name: path.read_bytes() for path in (folder / "gates").glob("*.json")}
    return {name: (folder / name).read_bytes() for name in COMPARED} | gates


def report(folder: Path) -> str:
    """The report without the times of its run."""
    return re.sub(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d[:0-9+]*", "", (folder / "report.html").read_text())


def files(folder: Path) -> dict[str, bytes]:
    """Every file that does not tell when and by whom the study was run."""
    told = {"report.html", "run.json", "study.db", "audit.jsonl", "seal.json"}
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.name not in told]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def counts(study: Path, file: str) -> pd.DataFrame:
    table = pd.read_csv(study / "results" / "counts.csv")
    return table[table["file"] == file].set_index("population")


def test_the_picture_holds_the_events_and_the_live_count_those_above_the_cut(page: Page, study: Path) -> None:
    file = file_of(study, "D10")
    tube = page.get(f"tube/{page.tube(file)['id']}")
    car = next(gate for gate in tube["gates"] if gate["population"] == "CAR_T")
    assert car["kind"] == "cut"
    gate = {"population": "CAR_T", "cut": 0.5, "marker": "CAR", "side": "above"}
    answer = page.post(f"tube/{tube['id']}/picture", {"population": "CAR_T", "gates": [gate], "bins": 64})
    length = int.from_bytes(answer.content[:4], "little")
    header = json.loads(answer.content[4 : 4 + length])
    plane, inside = np.frombuffer(answer.content[4 + length :], dtype="<u4").reshape(2, 64, 64)
    gated = GatedResults(study / "results").tube(file)
    above = int(np.sum(gated.signal.columns["CAR"][gated.membership["T"]] > 0.5))
    assert inside.sum() == above == header["gates"]["CAR_T"]["events"]
    assert plane.sum() == gated.membership["T"].sum()


def test_events_that_the_quality_mask_left_out_are_highlighted(page: Page, study: Path) -> None:
    file = file_of(study, "D10")
    tube = page.get(f"tube/{page.tube(file)['id']}")
    dropped = ~GatedResults(study / "results").tube(file).signal.quality.keep
    assert tube["left_out"]["events"] == dropped.sum() > 0
    request = {"population": "T", "bins": 64, "highlight": tube["left_out"]["name"]}
    answer = page.post(f"tube/{tube['id']}/picture", request)
    length = int.from_bytes(answer.content[:4], "little")
    header = json.loads(answer.content[4 : 4 + length])
    assert header["arrays"] == 3
    highlighted = np.frombuffer(answer.content[4 + length :], dtype="<u4").reshape(3, 64, 64)[2]
    assert highlighted.sum() == dropped.sum()


def test_a_typed_value_lies_where_the_axis_has_it(page: Page, study: Path) -> None:
    tube = page.get(f"tube/{page.tube(file_of(study, 'D10'))['id']}")
    place = page.post(
        f"tube/{tube['id']}/position", {"population": "CAR_T", "marker": "CAR", "value": 1000.0}
    )
    axis = tube["axes"]["CAR"]
    tick = next(at for at, label, _ in axis["ticks"] if label == "10³")
    assert place.json()["position"] == pytest.approx(tick, abs=1e-4)
    assert place.json()["value"] == pytest.approx(1000, rel=1e-3)


def test_a_saved_gate_gives_the_bytes_of_a_fresh_run(page: Page, study: Path, tmp_path: Path) -> None:
    file = file_of(study, "D10")
    before = counts(study, file)
    cut = {"population": "CAR_T", "cut": 0.42, "marker": "CAR", "side": "above"}
    polygon = {
        "population": "T",
        "polygon": [[0.65, -0.1], [1.1, -0.1], [1.1, 1.1], [0.65, 1.1]],
        "x": "CD3",
        "y": "CD19",
    }
    live = page.post(f"tube/{page.tube(file)['id']}/live", {"gates": [cut, polygon]}).json()
    answer = page.change("gates", [file], gates=[cut, polygon], why="dim cells")
    assert answer.status_code == 200, answer.text
    after = counts(study, file)
    for row in live["counts"]:
        if row["events"] is not None:
            assert row["events"] == after.loc[row["population"], "events"]
            assert row["result"] == after.loc[row["population"], "result"]
    assert after.loc["T", "events"] != before.loc["T", "events"]
    assert "set by hand by Ada" in after.loc["CAR_T", "override"]
    learned = study / "results" / "gates" / "model.json"
    fresh = run(load_study(study / "study.toml"), tmp_path / "fresh", workers=1, models=learned)
    assert tables(fresh.folder) == tables(study / "results")
    assert report(fresh.folder) == report(study / "results")
    # The next run draws the figures that show the moved gate, and takes the others from the store.
    results = shutil.copytree(study / "results", tmp_path / "next")
    run(load_study(study / "study.toml"), results, workers=1)
    assert files(results) == files(fresh.folder)
    assert report(fresh.folder) == report(results)


def test_gates_go_back_to_the_automated_ones(page: Page, study: Path) -> None:
    file = file_of(study, "D28")
    before = counts(study, file)
    page.change(
        "gates",
        [file],
        gates=[{"population": "CAR_T", "cut": 0.2, "marker": "CAR", "side": "above"}],
        why="try",
    )
    assert counts(study, file).loc["CAR_T", "events"] > before.loc["CAR_T", "events"]
    answer = page.change("gates", [file], gates=[{"population": "CAR_T"}], why="no need")
    assert answer.status_code == 200
    pd.testing.assert_frame_equal(counts(study, file), before)


def test_a_rejected_tube_counts_for_nothing_and_is_kept(page: Page, study: Path) -> None:
    file = (
        file_of(study, "D14")
        if "D14" in set(pd.read_csv(study / "samples.csv")["visit"])
        else file_of(study, "D28")
    )
    assert page.change("verdict", [file], verdict="reject").status_code == 422  # without a reason
    assert page.change("verdict", [file], verdict="reject", reason="staining failed").status_code == 200
    page.settle()
    own = counts(study, file)
    assert set(own["result"]) == {str(ResultCode.NOT_EVALUABLE)}
    assert own["cells_per_ul"].isna().all()
    assert own["events"].notna().any()
    assert own["reason"].str.contains("rejected in review by Ada on .*: staining failed").all()
    assert set(own["review"]) == {"rejected"}
    points = pd.read_csv(study / "results" / "kinetics_points.csv")
    assert "rejected in review" in (study / "results" / "report.html").read_text(encoding="utf-8")
    assert not points.empty
    assert page.change("verdict", [file], verdict="repeat", reason="staining failed").status_code == 200
    page.settle()
    assert set(counts(study, file)["result"]) == {str(ResultCode.NOT_DONE)}
    assert page.change("verdict", [file], verdict="accept").status_code == 200
    page.settle()
    assert str(ResultCode.NOT_DONE) not in set(counts(study, file).loc[["T"], "result"])


def test_two_people_sign_and_a_change_breaks_what_they_signed(page: Page, study: Path) -> None:
    file, other = file_of(study, "D10"), file_of(study, "D28")
    assert page.change("sign", [file], order="first").status_code == 422  # nobody has judged it
    page.change("verdict", [file, other], verdict="accept")
    assert page.change("sign", [file], order="second", name="Ben").status_code == 422  # no first signature
    assert page.change("sign", [file, other], order="first").status_code == 200
    assert page.change("sign", [file], order="second", name=" ada ").status_code == 422  # the same person
    assert page.change("sign", [file, other], order="second", name="Ben").status_code == 200
    page.settle()
    rows = pd.read_csv(study / "results" / "tubes.csv").set_index("file")
    assert rows.loc[file, "review"] == "accepted"
    assert "first review signed by Ada" in rows.loc[file, "signatures"]
    assert "second review signed by Ben" in rows.loc[file, "signatures"]
    assert page.tube(file)["done"]
    answer = page.change(
        "gates",
        [file],
        gates=[{"population": "CAR_T", "cut": 0.43, "marker": "CAR", "side": "above"}],
        why="higher",
    )
    assert answer.status_code == 200
    rows = pd.read_csv(study / "results" / "tubes.csv").set_index("file")
    assert rows.loc[file, "review"] == "changed"
    assert "signed by Ben" in rows.loc[file, "broken_signatures"]
    assert page.tube(file)["broken"]
    assert page.get("study")["tubes"][0]["file"] == file  # first in the queue
    assert page.tube(other)["done"]


def test_a_touched_input_breaks_a_signature(page: Page, study: Path) -> None:
    other = file_of(study, "D28")
    path = study / other
    content = path.read_bytes()
    path.write_bytes(content + b"\0")
    try:
        tube = page.tube(other)
        assert not tube["done"]
        assert tube["broken"]
        assert "has changed" in tube["reason"]
        assert page.change("verdict", [other], verdict="accept").status_code == 422
        found = [str(one) for one in verify(study / "results").findings]
        assert any("is not the file that was signed" in one for one in found)
    finally:
        path.write_bytes(content)
    assert page.tube(other)["done"]


def test_verify_names_broken_signatures(page: Page, study: Path) -> None:
    page.settle()
    found = [str(one) for one in verify(study / "results").findings]
    assert len(found) == 2
    assert all("no longer valid" in one for one in found)


def test_the_second_person_is_told_and_overwrites_nothing(page: Page, study: Path) -> None:
    file = file_of(study, "D28")
    stale = page.tube(file)
    page.change("verdict", [file], verdict="accept", name="Ben")
    asked = {
        "by": {"name": "Ada"},
        "seen": {stale["id"]: stale["version"]},
        "verdict": "reject",
        "reason": "other",
    }
    answer = page.post("change/verdict", asked)
    assert answer.status_code == 409
    assert "changed since the page was loaded" in answer.json()["what"]
    assert page.tube(file)["review"] == "accepted"


def test_a_study_is_locked_when_all_is_signed(page: Page, study: Path) -> None:
    by = {"by": {"name": "Ada"}, "why": "data base lock"}
    assert page.post("change/lock", by).status_code == 422
    files = [one["file"] for one in page.get("study")["tubes"]]
    assert page.change("verdict", files, verdict="accept").status_code == 200
    assert page.change("sign", files, order="first").status_code == 200
    assert page.change("sign", files, order="second", name="Ben").status_code == 200
    page.settle()
    assert not verify(study / "results").findings
    assert page.post("change/lock", by).status_code == 200
    assert page.get("study")["locked"]["who"] == "Ada"
    assert page.change("verdict", files[:1], verdict="reject", reason="other").status_code == 409
    with pytest.raises(StoreError, match="locked by Ada"):
        run(load_study(study / "study.toml"), workers=1, fresh=True)
    assert page.post("change/unlock", {"by": {"name": "Ben"}, "why": ""}).status_code == 422
    assert page.post("change/unlock", {"by": {"name": "Ben"}, "why": "a tube came late"}).status_code == 200
    assert page.get("study")["locked"] is None
    actions = [
        json.loads(line)["action"] for line in (study / "results" / "audit.jsonl").read_text().splitlines()
    ]
    assert {"verdict", "signature", "gates set by hand", "study locked", "study unlocked"} <= set(actions)


def test_a_killed_server_tears_nothing(study: Path, page: Page) -> None:
    """Killed at several moments while it saves: what is there is whole, and a run goes on from it."""
    page.settle()
    file = file_of(study, "D10")
    for wait_s in (0.05, 0.4, 1.2):
        program = "import sys; from bcelldepl.cli.program import main; sys.argv = ['bcelldepl', *sys.argv[1:]]; main()"
        command = [sys.executable, "-c", program, "review", str(study / "results"), "--no-browser"]
        server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            assert server.stdout is not None
            address = server.stdout.readline().split()[-1]
            time.sleep(1)
            headers = {"Origin": "/".join(address.split("/")[:3])}
            gate = {
                "population": "CAR_T",
                "cut": round(0.44 + wait_s / 100, 4),
                "marker": "CAR",
                "side": "above",
            }
            with httpx.Client(base_url=address, timeout=60, headers=headers) as client:
                tube = next(one for one in client.get("api/study").json()["tubes"] if one["file"] == file)
                seen = {tube["id"]: tube["version"]}
                asked = {"by": {"name": "Ada"}, "seen": seen, "gates": [gate], "why": "moved"}
                with pytest.raises(httpx.TimeoutException):
                    client.post("api/change/gates", json=asked, timeout=wait_s)
        finally:
            os.kill(server.pid, signal.SIGKILL)
            server.wait()
            server.stdout.close()
        load_study(study / "study.toml")  # overrides.toml is whole
    run(load_study(study / "study.toml"), workers=1)
    parts = [path.name for path in study.rglob(".*.part")]
    assert parts == []
    problems = [one for one in verify(study / "results").findings if "signed" not in str(one)]
    assert problems == []


def test_a_folder_without_results_is_refused(tmp_path: Path) -> None:
    from bcelldepl.errors import ExchangeError

    with pytest.raises(ExchangeError, match="bcelldepl run"):
        ReviewServer(tmp_path)
