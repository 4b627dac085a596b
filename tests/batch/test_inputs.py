"""What a run depends on: every file of it, each known to be the one that was hashed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bcelldepl.batch.inputs import Identity, identify, input_files
from bcelldepl.study import load_study

MATRIX = "A,B\n1,0.1\n0,1\n"


def test_every_matrix_is_an_input_also_where_the_batch_stands_in_the_file_alone(tmp_path: Path) -> None:
    for name in ("m.csv", "one/spill.csv", "two/spill.csv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(MATRIX, encoding="utf-8")
    (tmp_path / "samples.csv").write_text("file,subject,visit,day\na.fcs,1,D0,0\n", encoding="utf-8")
    (tmp_path / "study.toml").write_text(
        '[study]\nid = "X"\nsamples = "samples.csv"\nstrategy = "cart_pd"\n[compensation]\nmatrix = "m.csv"\n'
        'by_batch = { "2026-01-05" = "one/spill.csv", "2026-02-09" = "two/spill.csv" }\n',
        encoding="utf-8",
    )
    files = input_files(load_study(tmp_path / "study.toml"))
    assert set(files) == {"a.fcs", "m.csv", "one/spill.csv", "two/spill.csv"}
    assert files["one/spill.csv"] != files["two/spill.csv"]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "a.fcs"
    path.write_bytes(b"FCS3.1 and so on")
    return path


def test_an_untouched_file_is_the_one_that_was_hashed(file: Path) -> None:
    assert identify(file).still_holds(file)


def test_a_file_under_another_number_is_the_same_by_its_bytes(file: Path) -> None:
    """As another host may see it on a shared disk."""
    seen = identify(file)
    number, size, modified, changed = seen.stamp or (0, 0, 0, 0)
    elsewhere = Identity(seen.sha256, (number + 1, size, modified, changed + 5))
    assert elsewhere.still_holds(file)
    assert not Identity("0" * 64, elsewhere.stamp).still_holds(file)


def test_a_changed_rewritten_or_vanished_file_is_another(file: Path) -> None:
    seen = identify(file)
    state = os.stat(file)
    file.write_bytes(b"FCS3.1 and so om")
    assert not seen.still_holds(file)
    os.utime(file, ns=(state.st_atime_ns, state.st_mtime_ns))  # the times set back
    assert not seen.still_holds(file)
    file.unlink()
    assert not seen.still_holds(file)


def test_a_file_that_was_never_there_is_still_not(tmp_path: Path) -> None:
    nowhere = tmp_path / "b.fcs"
    seen = identify(nowhere)
    assert seen.sha256 == ""
    assert seen.still_holds(nowhere)
    nowhere.write_bytes(b"now it is")
    assert not seen.still_holds(nowhere)
