"""Marker strings and gate definitions of a population, as SDTM's cell phenotype domain wants them.

A marker string names every marker with its sign, lineage first and viability last, without delimiters; a gate
definition lists the gates from the root on, separated by ``|``.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

__all__ = ["gate_definition", "marker_string"]

SIGN = {"above": "+", "below": "-"}
VIABILITY = "Viability"


def marker_string(strategy: Mapping[str, Any], population: str, gated: Collection[str] | None = None) -> str:
    """Return the markers that define a population, such as ``CD45+CD3-CD19+``.

    Parameters
    ----------
    strategy : mapping
        A gating strategy as data: ``populations`` with their rules.
    population : str
        Which one.
    gated : collection of str, optional
        Populations that were gated in the tube; optional ones that were not are left out.

    Returns
    -------
    str
        Side scatter is named only where it is all that tells lymphocytes from other leukocytes. Empty where no
        marker defines the population.
    """
    signs: dict[str, str] = {}
    scatter = ""
    for rule in _chain(strategy, population, gated):
        for marker, sign in _signs(rule).items():
            if marker.upper().startswith(("SSC", "FSC")):
                scatter = f"{_plain(marker)}{'lo' if sign == '-' else 'hi'}"
            else:
                signs[marker] = sign
    last = {marker: signs.pop(marker) for marker in list(signs) if marker == VIABILITY}
    stained = "".join(f"{_plain(marker)}{sign}" for marker, sign in signs.items())
    if len(signs) <= 1 and scatter:
        stained += scatter
    return stained + "".join(f"{_plain(marker)}{sign}" for marker, sign in last.items())


def gate_definition(
    strategy: Mapping[str, Any], population: str, gated: Collection[str] | None = None
) -> str:
    """Return the gates from the root to a population, such as ``FSC SSC|CD45+|CD3-CD19+``.

    Parameters
    ----------
    strategy : mapping of str to object
        As for `marker_string`.
    population : str
        Which one.
    gated : collection of str, optional
        As for `marker_string`.

    Returns
    -------
    str
    """
    parts = []
    for rule in _chain(strategy, population, gated):
        signs = "".join(f"{_plain(marker)}{sign}" for marker, sign in _signs(rule).items())
        words = {
            "singlets": "FSC singlets",
            "ellipse": f"{_plain(str(rule.get('x', '')))} {_plain(str(rule.get('y', '')))}",
            "boolean": f"not {' '.join(rule.get('none_of', []))}"
            if rule.get("none_of")
            else str(rule["name"]),
        }
        parts.append(signs or words.get(str(rule["rule"]), str(rule["name"])))
    return "|".join(parts)


def _chain(
    strategy: Mapping[str, Any], population: str, gated: Collection[str] | None
) -> list[Mapping[str, Any]]:
    rules = {rule["name"]: rule for rule in strategy["populations"]}
    chain: list[Mapping[str, Any]] = []
    name = population
    while name in rules:
        rule = rules[name]
        if gated is None or name in gated or not rule.get("optional"):
            chain.append(rule)
        name = rule["parent"]
    return chain[::-1]


def _signs(rule: Mapping[str, Any]) -> dict[str, str]:
    if "signature" in rule:
        return {str(marker): str(sign) for marker, sign in rule["signature"].items()}
    if "marker" in rule:
        return {str(rule["marker"]): SIGN.get(str(rule.get("side", "above")), "+")}
    return {}


def _plain(marker: str) -> str:
    """Spell a marker without punctuation, as in ``HLADR``; scatter without its area or height."""
    scatter = re.fullmatch(r"(FSC|SSC)[-_ ]?[AHW]?", marker, re.IGNORECASE)
    return scatter[1].upper() if scatter else re.sub(r"[^A-Za-z0-9]", "", marker)
