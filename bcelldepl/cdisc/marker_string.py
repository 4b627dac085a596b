"""Marker strings and gate definitions of a population, as SDTM's cell phenotype domain wants them.

A marker string names every marker with its sign, lineage first and viability last, without delimiters; a gate
definition lists the gates from the root on, separated by ``|``.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from bcelldepl.gating.model.lineages import Kind, Lineages, shipped_lineages

__all__ = ["StrategyMarkers"]

SIGN = {"above": "+", "below": "-"}
VIABILITY = "Viability"


class StrategyMarkers:
    """What the gates of a strategy tell its populations by.

    Parameters
    ----------
    strategy : mapping of str to object
        A gating strategy as data: ``populations`` with their rules.
    """

    def __init__(self, strategy: Mapping[str, Any]) -> None:
        shipped = shipped_lineages()
        own = tuple(Kind.model_validate(row) for row in strategy.get("kinds", ()))
        self._lineages = shipped.model_copy(update={"kinds": (*own, *shipped.kinds)})  # its own rows first
        self._rules: dict[str, Mapping[str, Any]] = {rule["name"]: rule for rule in strategy["populations"]}

    def marker_string(
        self, population: str, gated: Collection[str] | None = None, panel: Collection[str] | None = None
    ) -> str:
        """Return the markers that define a population, such as ``CD45+CD3-CD19+``.

        Parameters
        ----------
        population : str
            Which one.
        gated : collection of str, optional
            Populations that were gated in the tube; optional ones that were not are left out.
        panel : collection of str, optional
            Markers of the tube; others are not named.

        Returns
        -------
        str
            Side scatter is named only where it is all that tells lymphocytes from other leukocytes. Empty where no
            marker defines the population.
        """
        signs: dict[str, str] = {}
        scatter = ""
        for rule in self._chain(population, gated):
            for marker, sign in _signs(rule, self._lineages, panel).items():
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
        self, population: str, gated: Collection[str] | None = None, panel: Collection[str] | None = None
    ) -> str:
        """Return the gates from the root to a population, such as ``FSC SSC|CD45+|CD3-CD19+``.

        Parameters
        ----------
        population : str
            Which one.
        gated, panel : collection of str, optional
            As for `marker_string`.

        Returns
        -------
        str
        """
        parts = []
        for rule in self._chain(population, gated):
            found = _signs(rule, self._lineages, panel)
            signs = "".join(f"{_plain(m)}{sign}" for m, sign in found.items() if not m.startswith("SSC"))
            plane = f"{_plain(str(rule.get('x', '')))} {_plain(str(rule.get('y', '')))}".strip()
            words = {
                "singlets": "FSC singlets",
                "ellipse": plane,
                "kinds": plane or str(rule["name"]),
                "boolean": f"not {' '.join(rule.get('none_of', []))}"
                if rule.get("none_of")
                else str(rule["name"]),
            }
            parts.append(signs or words.get(str(rule["rule"]), str(rule["name"])))
        return "|".join(parts)

    def _chain(self, population: str, gated: Collection[str] | None) -> list[Mapping[str, Any]]:
        """Rules from the root to a population."""
        chain: list[Mapping[str, Any]] = []
        name = population
        while name in self._rules:
            rule = self._rules[name]
            if gated is None or name in gated or not rule.get("optional"):
                chain.append(rule)
            name = rule["parent"]
        return chain[::-1]


def _signs(rule: Mapping[str, Any], lineages: Lineages, panel: Collection[str] | None) -> dict[str, str]:
    """Sign of each marker that a gate tells its population by."""
    if rule.get("kinds"):
        every = [_signs_of_kind(name, lineages, panel) for name in rule["kinds"]]
        signs = {m: sign for m, sign in every[0].items() if all(one.get(m) == sign for one in every)}
        side = str(rule.get("y", ""))
        small = all(_scatter(lineages.row(name), lineages) == "lymphocyte" for name in rule["kinds"])
        return signs | ({side: "-"} if small and side.startswith("SSC") else {})
    if rule.get("without"):
        # The gate leaves out what one marker tells: dead cells are Viability+, so what it holds is Viability-.
        told = [_own_signs(lineages.row(name), panel) for name in rule["without"] if name in lineages.names]
        return {m: "+-"[sign == "+"] for one in told if len(one) == 1 for m, sign in one.items()}
    if "marker" in rule:
        return {str(rule["marker"]): SIGN.get(str(rule.get("side", "above")), "+")}
    return {}


def _scatter(row: Kind, lineages: Lineages) -> str:
    return row.scatter or (lineages.row(row.within).scatter if row.within else "")


def _signs_of_kind(name: str, lineages: Lineages, panel: Collection[str] | None) -> dict[str, str]:
    row = lineages.row(name)
    above = _own_signs(lineages.row(row.within), panel) if row.within else {}
    return above | _own_signs(row, panel)


def _own_signs(row: Kind, panel: Collection[str] | None) -> dict[str, str]:
    signs: dict[str, str] = {}
    for group in row.high:
        present = [marker for marker in group if panel is None or marker in panel]
        signs |= dict.fromkeys(present[:1], "+")
    return signs | {marker: "-" for marker in row.low if panel is None or marker in panel}


def _plain(marker: str) -> str:
    """Spell a marker without punctuation, as in ``HLADR``; scatter without its area or height."""
    scatter = re.fullmatch(r"(FSC|SSC)[-_ ]?[AHW]?", marker, re.IGNORECASE)
    return scatter[1].upper() if scatter else re.sub(r"[^A-Za-z0-9]", "", marker)
