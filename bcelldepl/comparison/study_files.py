"""The files of a study, as manual results are matched with them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bcelldepl.comparison.match_files import SheetFile
from bcelldepl.comparison.volumes import number_of
from bcelldepl.errors import BcelldeplError
from bcelldepl.fcs import read_fcs
from bcelldepl.study import Role, Study
from bcelldepl.tubes.regate import GatedResults

__all__ = ["keywords_reader", "study_files"]


def study_files(gated: GatedResults) -> list[SheetFile]:
    """List samples and controls of a results folder.

    Parameters
    ----------
    gated : GatedResults

    Returns
    -------
    list of SheetFile
    """
    files = []
    for row in gated.results.tubes.itertuples():
        events = number_of(row.events)
        control = "" if row.role == Role.SAMPLE else str(row.role)
        known = row.sha256 if isinstance(row.sha256, str) else ""
        files.append(SheetFile(str(row.file), known, None if events is None else int(events), control))
    return files


def keywords_reader(study: Study | None) -> Callable[[str], Mapping[str, str]]:
    """Return what reads the keywords of a file of the study, none where it cannot be read.

    Parameters
    ----------
    study : Study or None

    Returns
    -------
    callable
    """
    paths = {tube.file: tube.path for tube in study.tubes} if study is not None else {}

    def read(file: str) -> Mapping[str, str]:
        try:
            return {key.upper(): value for key, value in read_fcs(paths[file]).keywords.items()}
        except (BcelldeplError, OSError, KeyError):
            return {}

    return read
