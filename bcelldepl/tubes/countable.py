"""Whether anything of a study can be counted at all, by its sheet or by the volumes in its files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bcelldepl.definitions.codes import Method
from bcelldepl.errors import BcelldeplError, Problem
from bcelldepl.fcs import read_fcs
from bcelldepl.fcs.acquisition import Volume
from bcelldepl.study import Role, Study, Tube

__all__ = ["uncountable"]

AUTO: Final = "auto"
# What the sheet may say; which of it is taken tells `bcelldepl.counting.methods`.
_FACTS: Final = {
    AUTO: ("bead_count", "acquired_volume_ul", "wbc_per_ul", "lymphocytes_per_ul"),
    Method.VOLUMETRIC: ("acquired_volume_ul",),
}


def uncountable(study: Study, volumes: Mapping[str, Volume] | None = None) -> Problem | None:
    """Tell of a study in which no sample can be counted, because nothing says how much blood it is.

    Files are opened as far as their headers, and only where the sheet says nothing.

    Parameters
    ----------
    study : Study
    volumes : mapping of str to Volume, optional
        What the files say, by file, where they were opened already; one that is missing could not be read.

    Returns
    -------
    Problem or None
        With what would be needed, and that percentages can be asked for. None where one sample can be counted, where
        percentages are asked for, and where no file can be read: that is another problem.
    """
    method = study.counting.method
    facts = _FACTS.get(method)
    samples = [tube for tube in study.tubes if tube.role is Role.SAMPLE]
    if facts is None or any(getattr(tube, fact) is not None for tube in samples for fact in facts):
        return None
    reasons: list[str] = []
    for tube in samples:
        volume = _volume(tube, study) if volumes is None else volumes.get(tube.file)
        if volume is not None and volume.microlitres:
            return None
        reasons += [volume.reason] if volume is not None else []
    if not reasons:
        return None
    *others, last = facts
    listed = f"{', '.join(others)} or {last}" if others else last
    what = f'"{method}" can count no sample: {study.samples} gives no {listed}, and no file a volume ({reasons[0]})'
    remedy = f'fill it in; or, for percentages without cells/uL, set method = "{Method.PERCENT}"'
    return Problem(f"{study.path.name}, [counting] method", what, remedy)


def _volume(tube: Tube, study: Study) -> Volume | None:
    """What a file says of its volume; None where it cannot be read."""
    try:
        return read_fcs(tube.path, volume_unit=study.counting.volume_unit).volume
    except (BcelldeplError, OSError):
        return None
