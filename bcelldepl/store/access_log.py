"""Exports and comparisons of results: nobody changes the results meanwhile, and the audit record tells of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bcelldepl.definitions.files import RUN, STORE
from bcelldepl.store.files import sha256_of
from bcelldepl.store.store import Store

__all__ = ["RecordedAccess", "recorded_access"]

WAIT_S = 10.0


class RecordedAccess:
    """One access to a results folder.

    Attributes
    ----------
    unrecorded : str
        Why nothing can be put into the audit record; empty where it can.
    """

    def __init__(self, results: Path, action: str, store: Store | None, unrecorded: str = "") -> None:
        self.unrecorded = unrecorded
        self._results = results
        self._action = action
        self._store = store

    def record(
        self,
        written: Sequence[Path],
        *,
        why: str = "",
        what: Mapping[str, Any] | None = None,
        inputs: Sequence[Path] = (),
    ) -> None:
        """Put the access into the audit record, if there is one.

        Parameters
        ----------
        written : sequence of Path
            Files that came of it.
        why : str
        what : mapping
            How it was asked for.
        inputs : sequence of Path
            What was read beside the results.
        """
        if self._store is None:
            return
        read = {RUN: sha256_of(self._results / RUN)} | {str(path): sha256_of(path) for path in inputs}
        outputs = {str(path.absolute()): sha256_of(path) for path in written}
        self._store.append(self._action, why=why, what=what, inputs=read, outputs=outputs)


@contextmanager
def recorded_access(results: Path, action: str) -> Iterator[RecordedAccess]:
    """Hold a results folder while it is read.

    Parameters
    ----------
    results : Path
    action : str
        ``export`` or ``comparison``.

    Yields
    ------
    RecordedAccess

    Raises
    ------
    LockedError
        A run is writing them.
    StoreError
        Their store is damaged.
    """
    store, unrecorded = None, ""
    if (results / STORE).is_file():
        try:
            store = Store(results, action, WAIT_S)
        except OSError as error:
            unrecorded = f"their folder cannot be written to: {error}"
    else:
        unrecorded = f"they have no {STORE}"
    try:
        yield RecordedAccess(results, action, store, unrecorded)
    finally:
        if store is not None:
            store.close()
