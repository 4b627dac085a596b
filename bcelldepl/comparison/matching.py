"""Which manual file is which tube, and which manual population is which of ours."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path

from bcelldepl.definitions.populations import POPULATIONS
from bcelldepl.errors import ExchangeError, Problem
from bcelldepl.gate_exchange.manual import EVERY_FILE, Manual, ManualTube
from bcelldepl.input_limits import MEGABYTE, read_limited

__all__ = ["NameMap", "guess_population", "mapping_text", "match_files", "read_mapping"]


@dataclass(frozen=True)
class NameMap:
    """A mapping file.

    Attributes
    ----------
    populations : dict of str to str
        Ours to theirs: a name, or the end of a path such as ``CD45+/CD19+``.
    files : dict of str to str
        Ours to theirs.
    """

    populations: dict[str, str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)


def read_mapping(path: Path) -> NameMap:
    """Read a mapping file.

    Parameters
    ----------
    path : Path
        TOML with the tables ``[populations]`` and ``[files]``: our name to theirs.

    Returns
    -------
    NameMap

    Raises
    ------
    ExchangeError
        For a file that cannot be read or says anything else.
    """
    remedy = 'write [populations] and, below it, lines such as B = "CD45+/CD19+"; [files] likewise'
    try:
        content = tomllib.loads(read_limited(path, MEGABYTE).decode())
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise ExchangeError(f"the mapping cannot be read: {error}", path.name, remedy) from error
    unknown = sorted(set(content) - {"populations", "files"})
    if unknown:
        raise ExchangeError(f"the mapping holds {unknown[0]!r}, which is not known", path.name, remedy)
    for table in content.values():
        if not isinstance(table, dict) or not all(isinstance(value, str) for value in table.values()):
            raise ExchangeError("a mapping goes from one name to one name", path.name, remedy)
    return NameMap(content.get("populations", {}), content.get("files", {}))


def mapping_text(guessed: Mapping[str, str], unmatched: Iterable[str], theirs: Sequence[str]) -> str:
    """Write a mapping file to be looked over, with the guesses made and what was left.

    Parameters
    ----------
    guessed : mapping of str to str
        Ours to theirs.
    unmatched : iterable of str
        Populations of ours that were not found.
    theirs : sequence of str
        Paths of theirs.

    Returns
    -------
    str
        TOML.
    """
    lines = [
        "# Our population = theirs: a name, or the end of a path. Look over the guesses.",
        "[populations]",
    ]
    lines += [f"{_key(ours)} = {_quoted(name)}" for ours, name in guessed.items()]
    lines += [f"# {_key(ours)} =  # not found" for ours in unmatched]
    lines += ["", "# Theirs:", *(f"#   {name}" for name in theirs)]
    lines += ["", "[files]", '# "our/file.fcs" = "their name.fcs"', ""]
    return "\n".join(lines)


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _quoted(name)


def _quoted(name: str) -> str:
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def guess_population(ours: str, theirs: Sequence[str], mapping: NameMap) -> tuple[str | None, str]:
    """Find a population of ours among theirs.

    Parameters
    ----------
    ours : str
    theirs : sequence of str
        Paths (``A/B/C``).
    mapping : NameMap
        Goes before any guess.

    Returns
    -------
    path : str or None
    reason : str
        Why none was found; empty for one that was.
    """
    if ours in mapping.populations:
        wanted = mapping.populations[ours].removeprefix("root/")
        found = [path for path in theirs if path == wanted] or [p for p in theirs if p.endswith("/" + wanted)]
        if len(found) == 1:
            return found[0], ""
        return (
            None,
            f"the mapping names {wanted!r}, which {'is none' if not found else 'are several'} of theirs",
        )
    claimed = set(mapping.populations.values())
    names = POPULATIONS[ours].other_names if ours in POPULATIONS else (_bare(ours),)
    for called in names:
        found = [path for path in theirs if _bare(path.rpartition("/")[2]) == called and path not in claimed]
        if len(found) == 1:
            return found[0], ""
        if found:
            return None, f"{len(found)} of theirs could be it: {', '.join(found)}"
    return None, "none of theirs has such a name"


def _bare(name: str) -> str:
    return re.sub(r"[\s_./()]|(?<![\d])-(?=[a-z])", "", name.casefold())


def match_files(
    files: Mapping[str, str], manual: Manual, mapping: NameMap
) -> tuple[dict[str, ManualTube], list[Problem]]:
    """Find the manual results of each tube.

    Parameters
    ----------
    files : mapping of str to str
        Our files and their SHA-256.
    manual : Manual
    mapping : NameMap

    Returns
    -------
    matched : dict of str to ManualTube
        By our file.
    problems : list of Problem
        Files of either side without the other, with the likeliest partner.
    """
    matched: dict[str, ManualTube] = {}
    problems: list[Problem] = []
    by_name: dict[str, list[str]] = {}
    for file in files:
        by_name.setdefault(_file_name(file), []).append(file)
    by_sha256 = {sha256: file for file, sha256 in files.items() if sha256}
    renamed = {theirs: ours for ours, theirs in mapping.files.items()}
    lost: list[tuple[ManualTube, str]] = []
    for tube in manual.tubes:
        if tube.names == (EVERY_FILE,):
            matched.update(dict.fromkeys(files, tube))
            continue
        found, reason = _find(tube, files, by_name, by_sha256, renamed)
        if found is None:
            lost.append((tube, reason))
        elif found in matched:
            problems.append(
                Problem(f"{manual.path.name}: {tube.name}", f"a second result for {found}: skipped")
            )
        else:
            matched[found] = tube
    free = [file for file in files if file not in matched]
    for tube, reason in lost:
        near = get_close_matches(_file_name(tube.name), [_file_name(file) for file in free], n=1, cutoff=0.94)
        perhaps = next((f"; perhaps {file}" for file in free if near and _file_name(file) == near[0]), "")
        where = f"{manual.path.name}: {tube.name}"
        problems.append(
            Problem(where, f"{reason}{perhaps}", "name it in [files] of a mapping" if perhaps else "")
        )
    problems += [Problem(file, "no manual result") for file in free]
    return matched, problems


def _find(
    tube: ManualTube,
    files: Mapping[str, str],
    by_name: Mapping[str, list[str]],
    by_sha256: Mapping[str, str],
    renamed: Mapping[str, str],
) -> tuple[str | None, str]:
    for name in tube.names:
        if renamed.get(name) in files:
            return renamed[name], ""
        if name in files:
            return name, ""
    if tube.sha256 and tube.sha256.lower() in by_sha256:
        return by_sha256[tube.sha256.lower()], ""
    for name in tube.names:
        found = by_name.get(_file_name(name), [])
        if len(found) == 1:
            return found[0], ""
        if found:
            return None, f"{len(found)} tubes of the study have this name: {', '.join(found)}"
    return None, "no such tube in the study"


def _file_name(name: str) -> str:
    bare = name.replace("\\", "/").rpartition("/")[2].casefold()
    return re.sub(r"\.(fcs|lmd)$", "", bare)
