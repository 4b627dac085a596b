"""Computed again from the inputs: are the tables and gates the same?"""

from __future__ import annotations

import tempfile
from pathlib import Path

from bcelldepl.batch import run
from bcelldepl.batch.workers import Progress
from bcelldepl.definitions.files import MODELS, REPORT, USUAL_FORMATS
from bcelldepl.errors import BcelldeplError
from bcelldepl.store.files import sha256_of
from bcelldepl.store.reviews import reviews_of
from bcelldepl.study import Study
from bcelldepl.verification.findings import CheckedPart, Part
from bcelldepl.verification.reference import Reference

__all__ = ["check_by_rerun"]

TELLS_TIME = REPORT


def check_by_rerun(
    study: Study | None, folder: Path, reference: Reference, workers: int | None, progress: Progress | None
) -> CheckedPart:
    """Run the study into a temporary folder, and compare what comes out with what was recorded.

    Parameters
    ----------
    study : Study or None
        None where it cannot be read.
    folder : Path
        The results folder.
    reference : Reference
    workers : int or None
        How many at a time.
    progress : Progress or None
        Told of every step that is done.

    Returns
    -------
    CheckedPart
    """
    check = CheckedPart(Part.RERUN)
    if study is None:
        check.found("the study", "cannot be run again: it cannot be read")
        return check
    recorded = {name: sha for name, sha in reference.files("outputs").items() if name != TELLS_TIME}
    with tempfile.TemporaryDirectory(prefix="bcelldepl-verify-") as place:
        again = Path(place) / "results"
        try:
            learned = folder / MODELS
            run(
                study,
                again,
                workers=workers,
                progress=progress,
                models=learned if learned.is_file() else None,
                review=reviews_of(folder),
                figures=reference.said("figures", list(USUAL_FORMATS)),
            )
        except BcelldeplError as error:
            check.found("the study", f"cannot be run again: {error}")
            return check
        made = {path.relative_to(again).as_posix() for path in again.rglob("*") if path.is_file()}
        for name, sha256 in recorded.items():
            check.checked += 1
            if name not in made:
                check.found(name, "is missing from the rerun")
            elif sha256_of(again / name) != sha256:
                check.found(name, f"comes out differently{_where(folder / name, again / name)}")
        news = [name for name in made if name.startswith("gates/") and name not in recorded]
        for name in sorted(news):
            check.found(name, "is new in the rerun")
    return check


def _where(then: Path, now: Path) -> str:
    """The first line of a text in which two files differ; empty where the old one is not there to be compared."""
    if then.suffix not in (".csv", ".json") or not then.is_file():
        return ""
    left, right = (path.read_text(encoding="utf-8", errors="replace").splitlines() for path in (then, now))
    pairs = list(zip(left, right, strict=False))
    different = [number for number, (old, new) in enumerate(pairs, start=1) if old != new]
    first = different[0] if different else len(pairs) + 1
    return f": {len(different) + abs(len(left) - len(right))} lines, first line {first}"
