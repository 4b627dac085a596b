"""The rules by which populations are found; one module each, imported once a strategy uses it."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, SerializeAsAny
from pydantic_core import PydanticKnownError

from bcelldepl.gating.rules.base import Applied, Fit, Outline, Rule

__all__ = ["AnyRule", "Applied", "Fit", "Outline", "Rule"]

# The word of a strategy file, and the class in the module of that name.
_RULES: Final = {
    "kinds": "KindsRule",
    "singlets": "SingletRule",
    "cut": "CutRule",
    "positives": "PositivesRule",
    "polygon": "PolygonRule",
    "ellipse": "EllipseRule",
    "boolean": "BooleanRule",
}


def _by_its_word(entry: Any) -> Any:
    """Let the class that an entry names with its key ``rule`` read the entry; what is no table is left as it is."""
    if not isinstance(entry, Mapping):
        return entry
    if "rule" not in entry:
        raise PydanticKnownError("union_tag_not_found", {"discriminator": "'rule'"})
    word = entry["rule"]
    if not isinstance(word, str) or word not in _RULES:
        known = ", ".join(repr(name) for name in _RULES)
        raise PydanticKnownError(
            "union_tag_invalid", {"discriminator": "'rule'", "tag": str(word), "expected_tags": known}
        )
    return getattr(import_module(f"{__name__}.{word}"), _RULES[word]).model_validate(entry)


AnyRule = Annotated[SerializeAsAny[Rule], BeforeValidator(_by_its_word)]
