"""``overrides.toml``: gates set by hand, read and checked with every problem named."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from bcelldepl.errors import Problem
from bcelldepl.study.overrides import Override
from bcelldepl.study.toml import read_toml
from bcelldepl.study.tubes import Tube

__all__ = ["OVERRIDES_FILE", "read_overrides"]

OVERRIDES_FILE = "overrides.toml"


def read_overrides(path: Path, tubes: Sequence[Tube]) -> tuple[tuple[Override, ...], list[Problem]]:
    """Read the gates set by hand.

    Parameters
    ----------
    path : Path
        ``overrides.toml``; without it nothing is overridden.
    tubes : sequence of Tube
        Of the study.

    Returns
    -------
    tuple of Override
        In the order of the file.
    list of Problem
        Every entry that is wrong, that names no tube of the study, or that names a gate a second time.
    """
    if not path.exists():
        return (), []
    raw, problems = read_toml(path)
    if problems:
        return (), problems
    entries = raw.get("override", [])
    unknown = [key for key in raw if key != "override"]
    if unknown or not isinstance(entries, list):
        what = f"unknown table or key `{(unknown or ['override'])[0]}`"
        return (), [Problem(path.name, what, "write one [[override]] for each gate")]
    files = {tube.file for tube in tubes}
    found: dict[tuple[str, str], Override] = {}
    for number, entry in enumerate(entries, start=1):
        where = f"{path.name}, override {number}"
        try:
            override = Override.model_validate(entry)
        except ValidationError as error:
            problems += [Problem(where, _words(dict(detail))) for detail in error.errors(include_url=False)]
            continue
        gate = (override.file, override.population)
        if override.file not in files:
            what = f"the sample sheet has no tube {override.file!r}"
            problems.append(Problem(where, what, "write the file as the sheet does"))
        elif gate in found:
            what = f"the gate of {override.population} in {override.file} is set a second time"
            problems.append(Problem(where, what, "keep one of the two"))
        else:
            found[gate] = override
    return tuple(found.values()), problems


def _words(detail: dict[str, Any]) -> str:
    key = ".".join(str(part) for part in detail["loc"])
    match detail["type"]:
        case "missing":
            return f"`{key}` is missing; an override says who, when and why"
        case "extra_forbidden":
            return f"unknown key `{key}`; known: {', '.join(Override.model_fields)}"
        case "value_error":
            return str(detail["ctx"]["error"])
        case "string_too_short":
            return f"`{key}` is empty"
        case _:
            return f"`{key}` is {detail['input']!r}: {str(detail['msg']).lower()}"
