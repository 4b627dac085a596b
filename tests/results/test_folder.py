"""A results folder, read: its tables typed, what needs a look, and what was edited after the run."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest

import bcelldepl as bd
from bcelldepl.definitions.codes import ResultCode, TubeStatus
from bcelldepl.definitions.tables import COUNTS, ENDPOINTS, TUBES
from bcelldepl.errors import ExchangeError
from bcelldepl.results import Results
from bcelldepl.results.unchanged import refuse_changed_files


@pytest.fixture
def copied(results: Results, tmp_path: Path) -> Results:
    return bd.open_results(shutil.copytree(results.folder, tmp_path / "copy"))


def test_what_is_no_results_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ExchangeError, match=r"there is no run\.json"):
        bd.open_results(tmp_path)
    with pytest.raises(ExchangeError):
        bd.open_results(tmp_path / "nowhere")


def test_tables_are_those_of_the_run(results: Results, copied: Results) -> None:
    pd.testing.assert_frame_equal(copied.counts, results.counts)
    assert list(copied.counts.columns) == COUNTS.names
    assert list(copied.endpoints.columns) == ENDPOINTS.names
    assert list(copied.tubes.columns) == TUBES.names
    assert (copied.counts.dtypes == list(COUNTS.dtypes.values())).all()
    for table, definition in ((copied.endpoints, ENDPOINTS), (copied.tubes, TUBES)):
        assert [name for name in table if table[name].dtype.kind in "if"] == definition.numbers


def test_tallies_and_attention_agree_with_the_tables(copied: Results) -> None:
    assert copied.tally(COUNTS.file, "result") == copied.counts["result"].value_counts().to_dict()
    assert set(copied.tally(COUNTS.file, "result")) <= set(ResultCode)
    asked = copied.tubes[copied.tubes["status"] != TubeStatus.OK]
    assert [file for file, _, _ in copied.attention] == asked["file"].tolist()
    assert all(reason for _, _, reason in copied.attention)
    assert copied.exit_code == int(len(asked) > 0)


@pytest.mark.parametrize("name", [COUNTS.file, f"{COUNTS.name}.parquet", ENDPOINTS.file, TUBES.file])
def test_an_edited_table_is_refused_by_name(copied: Results, name: str) -> None:
    refuse_changed_files(copied.folder, copied.record)
    path = copied.folder / name
    path.write_bytes(path.read_bytes() + b"\n")
    with pytest.raises(ExchangeError, match=f"{name} changed since the run"):
        refuse_changed_files(copied.folder, copied.record)
    path.unlink()
    with pytest.raises(ExchangeError, match=name):
        refuse_changed_files(copied.folder, copied.record)


def test_a_summary_is_the_file_and_the_same_when_made_again(copied: Results) -> None:
    written = copied.summary()
    (copied.folder / "summary.csv").unlink()
    made = Results(copied.folder).summary()
    assert list(written.columns) == list(made.columns)
    assert written["n"].dtype == made["n"].dtype == "Int64"
    assert set(written["parameter"]) == set(made["parameter"])


def test_a_summary_by_any_column_of_a_subject(results: Results) -> None:
    by_subject = results.summary(by="subject")
    assert by_subject.columns[0] == "subject"
    assert set(by_subject["subject"]) == set(results.tubes["subject"])
    cmax = by_subject[by_subject["parameter"] == "CMAX"].set_index("subject")["mean"]
    own = results.endpoints[
        (results.endpoints["parameter"] == "CMAX") & (results.endpoints["qualifier"] == "=")
    ]
    for row in own.itertuples():
        assert cmax[row.subject] == pytest.approx(row.value, rel=1e-5)


@pytest.mark.parametrize(
    ("by", "words"),
    [("visit", "'visit' differs within a subject"), ("arm", "the results have no column 'arm'")],
)
def test_a_column_that_is_no_group_is_refused_with_those_that_are(
    results: Results, by: str, words: str
) -> None:
    with pytest.raises(ExchangeError, match=words) as caught:
        results.summary(by=by)
    assert "dose_group" in str(caught.value)
