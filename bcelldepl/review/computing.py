"""Results computed again after a change: by the same run as from the command line, one at a time."""

from __future__ import annotations

import threading
import time
from typing import Final

from bcelldepl.batch import run
from bcelldepl.errors import BcelldeplError
from bcelldepl.review.state import StudyState
from bcelldepl.store import LockedError
from bcelldepl.study import load_study

__all__ = ["Computing"]

_QUIET_S: Final = 1.5  # after the last verdict, before the tables follow
_PATIENCE_S: Final = 120.0  # for another process that works on the results


class Computing:
    """Runs the study under review again.

    Parameters
    ----------
    state : StudyState

    Attributes
    ----------
    failure : str
        Why the last run in the background did not end well; empty where it did.
    """

    def __init__(self, state: StudyState) -> None:
        self._state = state
        self._running = threading.Lock()
        self._wanted = threading.Event()
        self._last_asked = 0.0
        self._ended = False
        self.failure = ""
        self._thread = threading.Thread(target=self._follow, daemon=True, name="tables")

    def start(self) -> None:
        """Begin to follow verdicts."""
        self._thread.start()

    def stop(self) -> None:
        """Let a run that is under way end."""
        self._ended = True
        self._wanted.set()
        if self._thread.is_alive():
            self._thread.join(_PATIENCE_S)

    @property
    def busy(self) -> bool:
        """Whether a run is under way or waits."""
        return self._running.locked() or self._wanted.is_set()

    def now(self, why: str) -> None:
        """Run the study, and read what came of it.

        Parameters
        ----------
        why : str
            For the audit record.

        Raises
        ------
        BcelldeplError
            As `bcelldepl.batch.run`.
        """
        with self._running:
            self._wanted.clear()
            self._run(why)
            self._state.refresh()

    def soon(self) -> None:
        """Run the study once no more verdicts come."""
        self._last_asked = time.monotonic()
        self._wanted.set()

    def _run(self, why: str) -> None:
        begun = time.monotonic()
        while True:
            try:
                study = load_study(self._state.snapshot.study.path)
                run(study, self._state.folder, workers=1, why=why, memory=self._state.memory, figures=None)
                return
            except LockedError:
                if time.monotonic() - begun > _PATIENCE_S:
                    raise
                time.sleep(0.2)

    def _follow(self) -> None:
        while not self._ended:
            self._wanted.wait()
            while not self._ended and time.monotonic() - self._last_asked < _QUIET_S:
                time.sleep(0.1)
            if not self._wanted.is_set():
                continue  # a run that was asked for meanwhile has done it
            try:
                self.now("verdicts and signatures of the review")
                self.failure = ""
            except (BcelldeplError, OSError) as error:
                self.failure = str(error)
                self._wanted.clear()
