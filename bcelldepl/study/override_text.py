"""``overrides.toml`` written: some gates changed, every other entry and comment left as a person typed it."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from datetime import UTC, datetime

from bcelldepl.study.overrides import Override

__all__ = ["changed_overrides"]

_ENTRY = re.compile(r"^[ \t]*\[\[[ \t]*override[ \t]*\]\]", re.MULTILINE)


def changed_overrides(text: str, changes: Mapping[tuple[str, str], Override | None]) -> str:
    """Return the text of ``overrides.toml`` with some gates set anew, or given back to the strategy.

    Parameters
    ----------
    text : str
        Of the file as it is; empty where there is none.
    changes : mapping of (str, str) to Override or None
        By file and population; None takes the entry away.

    Returns
    -------
    str

    Raises
    ------
    ValueError
        The text is no TOML, or is written so that its entries cannot be distinguished.
    """
    starts = [match.start() for match in _ENTRY.finditer(text)]
    ends = [*starts[1:], len(text)] if starts else []
    kept = [text[: starts[0]] if starts else text]
    for start, end in zip(starts, ends, strict=True):
        block = text[start:end]
        (entry,) = tomllib.loads(block)["override"]
        kept.append(_comments(block) if _gate(entry) in changes else block)
    new = [_entry(one) for one in changes.values() if one is not None]
    before = "".join(kept).rstrip("\n")
    changed = "\n\n".join([*([before] if before else []), *new])
    changed = f"{changed}\n" if changed else ""
    _check(text, changed, changes)
    return changed


def _gate(entry: Mapping[str, object]) -> tuple[str, str]:
    return str(entry.get("file")).strip(), str(entry.get("population")).strip()


def _comments(block: str) -> str:
    """What stands behind an entry that goes: it may be about the next."""
    lines = block.rstrip("\n").split("\n")
    last = max(k for k, line in enumerate(lines) if line.strip() and not line.lstrip().startswith("#"))
    return "".join(f"{line}\n" for line in lines[last + 1 :])


def _entry(override: Override) -> str:
    lines = ["[[override]]"]
    for name in Override.model_fields:
        value = getattr(override, name)
        if value is not None:
            lines.append(f"{name} = {_value(value)}")
    return "\n".join(lines)


def _value(value: object) -> str:
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    if isinstance(value, tuple):
        return f"[{', '.join(_value(one) for one in value)}]"
    return repr(value) if isinstance(value, float) else str(value)


def _check(text: str, changed: str, changes: Mapping[tuple[str, str], Override | None]) -> None:
    """Hold the new text against the old: entries that were not meant are still there, word for word."""
    before = [one for one in tomllib.loads(text).get("override", []) if _gate(one) not in changes]
    after = tomllib.loads(changed).get("override", [])
    meant = [key for key, one in changes.items() if one is not None]
    if after[: len(before)] != before or [_gate(one) for one in after[len(before) :]] != meant:
        msg = "its entries cannot be distinguished; write each [[override]] on lines of its own"
        raise ValueError(msg)
