"""The mapping file: which of their populations and files is which of ours."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bcelldepl.errors import ExchangeError
from bcelldepl.input_limits import MEGABYTE, read_limited

__all__ = ["NameMap", "mapping_text", "read_mapping"]

_REMEDY = 'write [populations] and, below it, lines such as B = "CD45+/CD19+"; [files] likewise'


@dataclass(frozen=True)
class NameMap:
    """A mapping file.

    Attributes
    ----------
    populations : dict of str to str
        Ours to theirs: a name, or the end of a path such as ``CD45+/CD19+``.
    files : dict of str to str
        Ours to theirs: a name, or the end of a path such as ``S01/tube 1.fcs``.
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
        For a file that cannot be read, says anything else, or gives two of ours the same of theirs.
    """
    try:
        content = tomllib.loads(read_limited(path, MEGABYTE).decode("utf-8-sig").replace("\r\n", "\n"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise ExchangeError(f"the mapping cannot be read: {error}", path.name, _REMEDY) from error
    unknown = sorted(set(content) - {"populations", "files"})
    if unknown:
        raise ExchangeError(f"the mapping contains {unknown[0]!r}, which is not known", path.name, _REMEDY)
    for table in content.values():
        if not isinstance(table, dict) or not all(isinstance(value, str) for value in table.values()):
            raise ExchangeError("a mapping gives one name for each name", path.name, _REMEDY)
    for table, names in content.items():
        _refuse_repeated(table, names, path)
    populations = {
        ours: theirs.strip("/").removeprefix("root/")
        for ours, theirs in content.get("populations", {}).items()
    }
    return NameMap(populations, content.get("files", {}))


def _refuse_repeated(table: str, names: Mapping[str, str], path: Path) -> None:
    """Two of ours cannot be the same of theirs: one of the lines is a slip of the hand."""
    plain = {
        ours: theirs.replace("\\", "/").strip("/").removeprefix("root/") for ours, theirs in names.items()
    }
    for theirs, times in Counter(plain.values()).items():
        if times > 1:
            ours = ", ".join(one for one, other in plain.items() if other == theirs)
            what = f"[{table}] gives {ours} the same name, {theirs!r}"
            raise ExchangeError(
                what,
                path.name,
                "give each name of the study one of the manual gating, and leave out those without one",
            )


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
        "# Our population = theirs: a name, or the end of a path. Check the guesses.",
        "[populations]",
    ]
    lines += [f"{_key(ours)} = {_quoted(name)}" for ours, name in guessed.items()]
    lines += [f"# {_key(ours)} =  # not found" for ours in unmatched]
    lines += ["", "# Theirs:", *(f"#   {_plain(name)}" for name in theirs)]
    lines += ["", "[files]", '# "our/file.fcs" = "their name.fcs"', ""]
    return "\n".join(lines)


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _quoted(name)


def _quoted(name: str) -> str:
    return '"' + _plain(name.replace("\\", "\\\\").replace('"', '\\"')) + '"'


def _plain(name: str) -> str:
    """Spell out control characters, which TOML does not take."""
    return "".join(f"\\u{ord(c):04x}" if ord(c) < 32 or ord(c) == 127 else c for c in name)
