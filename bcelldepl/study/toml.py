"""``study.toml`` in and out: parsed and checked with every problem named, printed with every default."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from bcelldepl.errors import Problem
from bcelldepl.input_limits import MEGABYTE, read_limited
from bcelldepl.near_names import did_you_mean, near_file
from bcelldepl.study.config import BatchSettings, StudyFile
from bcelldepl.study.study import Study

__all__ = ["BARE_KEY", "check_settings", "read_toml", "show_config"]

BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
KINDS = {bool: "a boolean", int: "a number", float: "a number", str: "text", list: "a list", dict: "a table"}


def read_toml(path: Path) -> tuple[dict[str, Any], list[Problem]]:
    """Parse a TOML file; an unreadable one is one problem, with its line.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    (dict of str to object, list of Problem)
        The content, and what is wrong with it.
    """
    try:
        text = read_limited(path, MEGABYTE).decode("utf-8-sig")
        return tomllib.loads(text.replace("\r\n", "\n")), []
    except RecursionError:
        return {}, [Problem(path.name, "not valid TOML: nested too deeply", "reduce the nesting")]
    except tomllib.TOMLDecodeError as error:
        text, _, place = str(error).partition(" (at ")
        line = re.search(r"line \d+, column \d+|end of document", place)
        where = f"{path.name}, {line[0]}" if line else path.name
        return {}, [Problem(where, f"not valid TOML: {text[:1].lower()}{text[1:]}", "text needs quotes")]
    except UnicodeDecodeError as error:
        return {}, [Problem(path.name, f"not UTF-8 text (byte {error.start})", "save it as UTF-8")]
    except FileNotFoundError:
        remedy = near_file(path) or "give the path of a study.toml"
        return {}, [Problem(str(path), "no such study file", remedy)]
    except OSError as error:
        return {}, [Problem(str(path), f"cannot be read: {error.strerror}", "give the path of a study.toml")]


def check_settings(raw: Mapping[str, Any], name: str) -> tuple[StudyFile | None, list[Problem]]:
    """Check parsed TOML against the settings.

    Parameters
    ----------
    raw : dict
        As parsed.
    name : str
        Name of the file, for the places of problems.

    Returns
    -------
    StudyFile or None
        None where there are problems.
    list of Problem
        All of them, in the order of the settings.
    """
    try:
        return StudyFile.model_validate(raw), []
    except ValidationError as error:
        details = error.errors()
        faulty = {detail["loc"][:-1] for detail in details}
        # A list is called too short besides where one of its items is wrong.
        return None, [
            _problem(detail, name)
            for detail in details
            if not (detail["type"] == "too_short" and detail["loc"] in faulty)
        ]


def show_config(study: Study) -> str:
    """Return all settings of a study after defaults as TOML text, which `load_study` would accept again.

    Parameters
    ----------
    study : Study

    Returns
    -------
    str
        TOML.
    """
    return _tables(study.settings())


def _problem(detail: ErrorDetails, name: str) -> Problem:
    loc = [str(part) for part in detail["loc"]]
    where = f"{name}, [{loc[0]}]" + (f" {'.'.join(loc[1:])}" if len(loc) > 1 else "") if loc else name
    given, context = detail["input"], detail.get("ctx", {})
    match detail["type"]:
        case "extra_forbidden":
            kind = "table or key" if len(loc) == 1 else "key"
            return Problem(where, f"unknown {kind} `{loc[-1]}`", _hint(loc))
        case "missing":
            kind = "table" if len(loc) == 1 else "key"
            return Problem(where, f"the required {kind} `{loc[-1]}` is missing")
        case "value_error":
            return Problem(where, str(context["error"]))
        case "literal_error":
            return Problem(where, f"{given!r} is not one of {context['expected']}")
        case "string_too_short" | "too_short":
            fitting = "`bcelldepl inspect FILE` lists the strategies that fit"
            return Problem(where, "is empty", fitting if loc[-1] == "strategy" else "")
        case "greater_than" | "greater_than_equal":
            bound = context.get("gt", context.get("ge"))
            words = "above" if detail["type"] == "greater_than" else "at least"
            return Problem(where, f"is {given!r}; it must be {words} {bound:g}")
        case _:
            kind = KINDS.get(type(given), type(given).__name__)
            asked = detail["msg"].removeprefix("Input should be ")
            asked = asked.replace("dictionary", "table").replace("a valid string", "text in quotes")
            return Problem(where, f"is {kind} ({given!r}); it should be {asked}")


def _hint(loc: list[str]) -> str:
    """Say what an unknown key was perhaps meant to be: one misspelt, or one of another table."""
    key = loc[-1]
    tables = {
        name: list(field.annotation.model_fields)
        for name, field in StudyFile.model_fields.items()
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)
    }
    for table, keys in tables.items():
        if key in keys and table != loc[0]:
            return f"it belongs in [{table}]"
    tables["batch"] = list(BatchSettings.model_fields)
    known = list(StudyFile.model_fields) if len(loc) == 1 else tables[loc[0]]
    return did_you_mean(key, known) or f"known: {', '.join(known)}"


def _tables(values: Mapping[str, Any], prefix: str = "") -> str:
    inner = {key: value for key, value in values.items() if isinstance(value, Mapping)}
    lists = {key: value for key, value in values.items() if _is_list_of_tables(value)}
    plain = {key: value for key, value in values.items() if key not in inner and key not in lists}
    lines = [f"{_key(key)} = {_value(value)}" for key, value in plain.items()]
    blocks = ["\n".join([f"[{prefix}]", *lines]) + "\n"] if prefix else []
    for key, tables in lists.items():
        name = f"{prefix}.{_key(key)}" if prefix else _key(key)
        blocks += [_tables(table, name).replace(f"[{name}]", f"[[{name}]]", 1) for table in tables]
    blocks += [
        _tables(value, f"{prefix}.{_key(key)}" if prefix else _key(key)) for key, value in inner.items()
    ]
    return "\n".join(blocks)


def _is_list_of_tables(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(one, Mapping) for one in value)


def _key(key: str) -> str:
    return key if BARE_KEY.fullmatch(key) else _value(key)


def _value(value: Any) -> str:
    # JSON spells text, numbers, lists and booleans as TOML does; DEL is the one character to escape besides.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
