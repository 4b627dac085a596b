"""`verify`: hold a results folder against its record, and write what is no longer so on one page."""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from bcelldepl.arguments import as_path, as_processes
from bcelldepl.definitions.files import RUN, STORE
from bcelldepl.results import Results
from bcelldepl.store import LockedError, StoreError
from bcelldepl.store.identity import now, who
from bcelldepl.store.lock import FolderLock
from bcelldepl.store.versions import versions
from bcelldepl.verification.files import check_inputs, check_outputs, check_study, hash_inputs, study_of
from bcelldepl.verification.findings import Verification
from bcelldepl.verification.record import check_record, differences
from bcelldepl.verification.reference import Reference, read_reference
from bcelldepl.verification.rerun import check_by_rerun
from bcelldepl.verification.reviews import check_reviews
from bcelldepl.verification.store import check_store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bcelldepl.batch.workers import Progress

__all__ = ["verify"]


def verify(
    results: Results | str | os.PathLike[str],
    *,
    rerun: bool = False,
    workers: int | None = None,
    progress: Progress | None = None,
    wait_s: float = 10.0,
) -> Verification:
    """Check that inputs, outputs, store and audit record of a study are what they were.

    Nothing in the folder is changed.

    Parameters
    ----------
    results : Results or path
        Results, or the folder that `run` wrote.
    rerun : bool
        Compute everything again in a temporary folder, and compare tables and gates.
    workers : int, optional
        Processes of the rerun.
    progress : callable, optional
        As in `run`.
    wait_s : float
        How long to wait for another process that works on the results [s].

    Returns
    -------
    Verification
        Each item that is no longer as recorded, with its place.

    Raises
    ------
    ArgumentError
        `results` is neither, or `workers` no number from 1 on.
    StoreError
        Where the folder is not of a finished run, or another process works on it.
    """
    folder = (
        results.folder if isinstance(results, Results) else as_path(results, "results", "a results folder")
    )
    workers = as_processes(workers)
    if not (folder / RUN).is_file() and not (folder / STORE).is_file():
        raise StoreError(
            f"there is neither {RUN} nor {STORE}", str(folder), "give the folder that `bcelldepl run` wrote"
        )
    with _undisturbed(folder, wait_s):
        reference = read_reference(folder)
        study, reason = study_of(folder, reference)
        hashed = hash_inputs(study, folder, reference)
        checks = [
            check_inputs(study, folder, reference, hashed),
            check_study(study, reason, reference),
            check_outputs(folder, reference),
            check_store(folder, reference),
            check_record(folder, reference),
            check_reviews(folder, reference, hashed),
        ]
        if rerun:
            checks.append(check_by_rerun(study, folder, reference, workers, progress))
    return Verification(
        folder=folder,
        study=str(reference.said("study", "")),
        when=now(),
        user=who()["user"],
        checks=tuple(checks),
        notes=_notes(reference, rerun),
    )


@contextmanager
def _undisturbed(folder: Path, wait_s: float) -> Iterator[None]:
    """Hold the folder, where it can be written to at all."""
    try:
        lock = FolderLock(folder, "verify", wait_s)
    except LockedError:
        raise
    except OSError:  # read only: nobody can be writing to it
        yield
        return
    try:
        yield
    finally:
        lock.release()


def _notes(reference: Reference, rerun: bool) -> tuple[str, ...]:
    recorded, present = reference.said("versions", {}), versions()
    notes = [
        f"{name}: run with {recorded.get(name, '') or 'none'}, here is {present.get(name, '') or 'none'}"
        for name in differences(recorded, present)
    ]
    if not rerun:
        notes.append("nothing was recomputed (--rerun does that)")
    return tuple(notes)
