"""Which manual result is of which FCS file of the study."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

from bcelldepl.comparison.mapping_file import NameMap
from bcelldepl.errors import Problem
from bcelldepl.gate_exchange.manual import EVERY_FILE, Manual, ManualTube

__all__ = ["EVENTS", "TUBE_NAME", "SheetFile", "match_files"]

EVENTS: Final = "$TOT"
TUBE_NAME: Final = "TUBE NAME"
_DATE: Final = "$DATE"
_TELLING: Final = (EVENTS, _DATE, "$BTIM", TUBE_NAME, "$SRC")  # keywords that tell files of one name apart


@dataclass(frozen=True)
class SheetFile:
    """A file of the study.

    Attributes
    ----------
    file : str
        As in the sample sheet.
    sha256 : str
    events : int or None
    control : str
        Its role, such as ``fmo:CAR``, where it is no sample.
    """

    file: str
    sha256: str = ""
    events: int | None = None
    control: str = ""


def match_files(
    files: Sequence[SheetFile],
    manual: Manual,
    mapping: NameMap,
    keywords_of: Callable[[str], Mapping[str, str]],
) -> tuple[dict[str, ManualTube], list[Problem]]:
    """Find the manual results of each sample.

    By the mapping, by SHA-256, by name and the folders before it, and by ``$TOT``, date and tube name, in this order.

    Parameters
    ----------
    files : sequence of SheetFile
        Samples and controls.
    manual : Manual
    mapping : NameMap
    keywords_of : callable
        Keywords of a file by its name in the sheet; empty where it cannot be read. Asked for only where names leave
        a doubt.

    Returns
    -------
    matched : dict of str to ManualTube
        By our file.
    problems : list of Problem
        Files of either side without the other, with the likeliest partner.
    """
    samples = [one.file for one in files if not one.control]
    if any(tube.names == (EVERY_FILE,) for tube in manual.tubes):
        return dict.fromkeys(samples, manual.tubes[0]), []
    search = _Search(files, keywords_of, _ordered(mapping, manual))
    problems = _unused(mapping, files, manual)
    claims: dict[str, list[ManualTube]] = {}
    lost: list[tuple[ManualTube, str]] = []
    for tube in manual.tubes:
        found, reason = search.find(tube)
        if found is None:
            lost.append((tube, reason))
        else:
            claims.setdefault(found, []).append(tube)
    matched: dict[str, ManualTube] = {}
    controls = {one.file: one.control for one in files if one.control}
    for file, tubes in claims.items():
        if file in controls:
            continue
        if len(tubes) > 1:
            named = ", ".join(tube.name for tube in tubes)
            what = f"{len(tubes)} results are for this file, and none is used: {named}"
            problems.append(Problem(file, what, "name the right one in [files] of a mapping"))
            continue
        matched[file] = tubes[0]
    there = [file for file in claims if file in controls]
    if there:
        what = f"controls of the study are not compared: {_listed([f'{one} ({controls[one]})' for one in there])}"
        problems.append(Problem(manual.path.name, what))
    free = [file for file in samples if file not in claims]
    problems += [_lost(tube, reason, free, manual.path.name) for tube, reason in lost]
    problems += [Problem(file, "no manual result") for file in free]
    return {file: matched[file] for file in samples if file in matched}, problems


class _Search:
    def __init__(
        self,
        files: Sequence[SheetFile],
        keywords_of: Callable[[str], Mapping[str, str]],
        ordered: Mapping[str, str],
    ) -> None:
        known = {one.file for one in files}
        self.ordered = {ours: theirs for ours, theirs in ordered.items() if ours in known}
        self.files = {one.file: one for one in files if one.file not in self.ordered}
        self.by_stem: dict[str, list[str]] = {}
        for file in self.files:
            self.by_stem.setdefault(_stem(file), []).append(file)
        self.keywords_of = keywords_of
        self._keywords: dict[str, Mapping[str, str]] = {}

    def find(self, tube: ManualTube) -> tuple[str | None, str]:
        """Our file of a manual result, or None and the reason."""
        for ours, theirs in self.ordered.items():
            if _ends(tube, theirs):
                return ours, ""
        known = [one.file for one in self.files.values() if tube.sha256 and one.sha256 == tube.sha256.lower()]
        found = known or self._by_name(tube)
        if not found:
            return self._by_keywords(tube)
        found = _nearest_folders(found, tube)
        if len(found) > 1:
            found = self._alike(found, tube)
        if not found:
            return None, "tubes of the study have this name, but other numbers of events, dates or tube names"
        if len(found) > 1:
            words = "neither folders nor keywords tell which it is"
            return None, f"{len(found)} tubes of the study have this name, and {words}: {_listed(found)}"
        own, stated = self.files[found[0]].events, _whole(tube.keywords.get(EVENTS))
        if not known and None not in (own, stated) and own != stated:
            return None, f"{found[0]} has this name, but {own:,} events, not {stated:,}"
        if not known and tube.sha256 and self.files[found[0]].sha256:
            return None, f"{found[0]} has this name, but another SHA-256"
        return found[0], ""

    def _by_name(self, tube: ManualTube) -> list[str]:
        for name in tube.names:
            if name in self.files:
                return [name]
        return next((self.by_stem[_stem(name)] for name in tube.names if _stem(name) in self.by_stem), [])

    def _by_keywords(self, tube: ManualTube) -> tuple[str | None, str]:
        """A file under another name: its events and its date, or the name of its tube, tell it."""
        told = {key for key in _TELLING if tube.keywords.get(key)}
        if not (TUBE_NAME in told or {EVENTS, _DATE} <= told):
            return None, "no such tube in the study"
        found = self._alike(list(self.files), tube)
        if len(found) == 1:
            return found[0], ""
        if found:
            return None, f"its keywords are those of {len(found)} tubes of the study: {_listed(found)}"
        return None, "no such tube in the study, by its name or its keywords"

    def _alike(self, files: list[str], tube: ManualTube) -> list[str]:
        """Files whose keywords are those that the manual result repeats; all of them where it repeats none."""
        for key in _TELLING:
            stated = tube.keywords.get(key)
            if not stated:
                continue
            files = [file for file in files if self._agrees(file, key, stated)]
        return files

    def _agrees(self, file: str, key: str, stated: str) -> bool:
        if key == EVENTS and self.files[file].events is not None:
            return self.files[file].events == _whole(stated)
        if file not in self._keywords:
            self._keywords[file] = self.keywords_of(file)
        own = self._keywords[file].get(key, "")
        return own.strip().casefold() == stated.strip().casefold()


def _ordered(mapping: NameMap, manual: Manual) -> dict[str, str]:
    """Lines of a mapping that name a manual result: an order, so that no guess may take its file.

    The longest come first: where one line says ``1/x.fcs`` and another ``x.fcs``, the other is another one.
    """
    lines = sorted(mapping.files.items(), key=lambda line: -len(line[1]))
    return {ours: theirs for ours, theirs in lines if any(_ends(tube, theirs) for tube in manual.tubes)}


def _ends(tube: ManualTube, wanted: str) -> bool:
    """Whether a name of a mapping is a manual result: its whole name, or the end of its path."""
    wanted = wanted.replace("\\", "/").strip("/")
    return any(f"/{name}".endswith(f"/{wanted}") for name in tube.names)


def _nearest_folders(files: list[str], tube: ManualTube) -> list[str]:
    """Keep the files that share the most folders with the manual result, counted from the file backwards."""
    shared = {file: max(_shared(file, name) for name in tube.names) for file in files}
    most = max(shared.values())
    return [file for file, number in shared.items() if number == most]


def _shared(file: str, name: str) -> int:
    ours, theirs = (path.replace("\\", "/").casefold().split("/")[-2::-1] for path in (file, name))
    number = 0
    for one, other in zip(ours, theirs, strict=False):
        if one != other:
            break
        number += 1
    return number


def _stem(name: str) -> str:
    bare = name.replace("\\", "/").rpartition("/")[2].casefold()
    return re.sub(r"\.(fcs|lmd)$", "", bare)


def _whole(text: str | None) -> int | None:
    return int(text) if text is not None and text.strip().isdecimal() else None


def _unused(mapping: NameMap, files: Sequence[SheetFile], manual: Manual) -> list[Problem]:
    """Lines of a mapping that name what is on neither side."""
    problems = []
    known = {one.file for one in files}
    for ours, theirs in mapping.files.items():
        if ours not in known:
            near = get_close_matches(ours, known, n=1)
            remedy = f"perhaps {near[0]}" if near else "write it as in the sample sheet"
            problems.append(
                Problem("mapping", f"[files] names {ours!r}, which is not a tube of the study", remedy)
            )
        if not any(_ends(tube, theirs) for tube in manual.tubes):
            problems.append(
                Problem("mapping", f"[files] names {theirs!r}, which is not among the manual results")
            )
    return problems


def _lost(tube: ManualTube, reason: str, free: Sequence[str], where: str) -> Problem:
    near = get_close_matches(_stem(tube.name), [_stem(file) for file in free], n=1, cutoff=0.94)
    perhaps = next((f"; perhaps {file}" for file in free if near and _stem(file) == near[0]), "")
    remedy = "name it in [files] of a mapping" if perhaps else ""
    return Problem(f"{where}: {tube.name}", f"{reason}{perhaps}", remedy)


def _listed(names: Sequence[str], most: int = 6) -> str:
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"
