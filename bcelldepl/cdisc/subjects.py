"""Who a subject is: its identifiers across studies."""

from __future__ import annotations

from bcelldepl.results.finished import FinishedRun

__all__ = ["usubjid"]


def usubjid(run: FinishedRun, subject: str) -> str:
    """Identifier of a subject across studies: that of the sample sheet, else study, hyphen, subject.

    Parameters
    ----------
    run : FinishedRun
    subject : str

    Returns
    -------
    str
    """
    given = next((tube.usubjid for tube in run.study.tubes if tube.subject == subject and tube.usubjid), "")
    return given or f"{run.study.id}-{subject}"
