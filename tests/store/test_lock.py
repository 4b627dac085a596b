"""A lock whose holder has no note yet, or none any more: it is waited for, not guessed at."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from bcelldepl.store import LockedError
from bcelldepl.store import lock as module
from bcelldepl.store.lock import LOCK, FolderLock


def nameless(folder: Path) -> tuple[FolderLock, str]:
    """A lock without its note, and the note."""
    held = FolderLock(folder, "run")
    note = (folder / LOCK).read_text(encoding="utf-8")
    (folder / LOCK).write_text(note[: len(note) // 2], encoding="utf-8")  # as it is being written
    return held, note


def meanwhile(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    """Let another process act the first time that this one waits."""
    actions = [act]

    def sleep(seconds: float) -> None:
        assert seconds > 0
        if actions:
            actions.pop()()

    monkeypatch.setattr(time, "sleep", sleep)


def test_a_holder_that_has_only_just_begun_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    held, note = nameless(tmp_path)
    meanwhile(monkeypatch, lambda: (tmp_path / LOCK).write_text(note, encoding="utf-8"))
    with pytest.raises(LockedError, match="in use: `bcelldepl run` of "):
        FolderLock(tmp_path, "test")
    held.release()


def test_a_holder_that_is_about_to_end_stops_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    held, _ = nameless(tmp_path)
    meanwhile(monkeypatch, held.release)
    FolderLock(tmp_path, "test").release()


def test_a_holder_without_a_name_is_not_waited_for_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held, _ = nameless(tmp_path)
    monkeypatch.setattr(module, "NAMELESS_S", 0.1)
    with pytest.raises(LockedError, match="in use: a process that has only just begun or is about to end"):
        FolderLock(tmp_path, "test")
    held.release()
