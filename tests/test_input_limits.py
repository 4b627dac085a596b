"""Files from outside: plain, bounded, inside their folder."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bcelldepl.input_limits import check_plain_file, defines_entities, leaves, read_limited


def test_a_pipe_is_refused_without_waiting_for_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="a pipe or a device"):
        read_limited(tmp_path / "pipe", 10)
    with pytest.raises(OSError, match="a pipe or a device"):
        check_plain_file(Path(os.devnull))
    with pytest.raises(IsADirectoryError, match="a folder, not a file"):
        check_plain_file(tmp_path)


def test_a_file_beyond_the_limit_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"x" * 11)
    assert read_limited(tmp_path / "x", 11) == b"x" * 11
    with pytest.raises(OSError, match="larger than 1e-05 MB"):
        read_limited(tmp_path / "x", 10)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
def test_entities_are_seen_in_every_width(encoding: str) -> None:
    assert defines_entities("<!doctype a>".encode(encoding))
    assert defines_entities('<a><! ENTITY x "y"></a>'.encode(encoding))
    assert not defines_entities("<a>DOCTYPE</a>".encode(encoding))


def test_links_are_followed(tmp_path: Path) -> None:
    folder = tmp_path / "study"
    folder.mkdir()
    (folder / "in").symlink_to(folder / "x")
    (folder / "out").symlink_to(tmp_path)
    (folder / "round").symlink_to(folder / "round")
    assert not leaves(folder, folder / "in")
    assert not leaves(folder, folder / "not there")
    assert leaves(folder, folder / "out" / "x")
    assert leaves(folder, folder / ".." / "x")
    assert leaves(folder, folder / "round")
    (tmp_path / "linked").symlink_to(folder)
    assert not leaves(tmp_path / "linked", tmp_path / "linked" / "x")
