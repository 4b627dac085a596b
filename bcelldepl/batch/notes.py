"""What a study is told as it is run: what its files left open, and characters that its figures cannot show."""

from __future__ import annotations

from collections.abc import Iterator

from bcelldepl.study import Study

__all__ = ["study_notes"]


def study_notes(study: Study) -> tuple[str, ...]:
    """Return the notes on a study, each said once.

    Parameters
    ----------
    study : Study

    Returns
    -------
    tuple of str
    """
    texts = [text for text in _drawn(study) if not text.isascii()]
    if not texts:
        return study.warnings
    from bcelldepl.report.fonts import missing_glyphs_note

    note = missing_glyphs_note(texts)
    return (*study.warnings, note) if note else study.warnings


def _drawn(study: Study) -> Iterator[str]:
    """All texts of a study that its figures may write."""
    yield study.id
    for tube in study.tubes:
        yield from (tube.subject, tube.visit, tube.dose_group or "", tube.file, tube.role_marker or "")
    for result in study.companion_results:
        yield from (result.test, result.text or "", result.unit or "")
