"""Which manual population is which of ours."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bcelldepl.comparison.mapping_file import NameMap
from bcelldepl.definitions.populations import BEADS, POPULATIONS, is_result
from bcelldepl.errors import ExchangeError, Problem
from bcelldepl.gate_exchange.manual import ManualTube

__all__ = ["Naming", "guess_population", "name_populations", "same_name"]


@dataclass(frozen=True)
class Naming:
    """Which of their populations each of ours is.

    Attributes
    ----------
    ours : tuple of str
        Populations of ours to look for.
    mapping : NameMap
    common : dict of str to str
        The path that most tubes have.
    missing : dict of str to str
        Populations of ours that no tube has, and why.
    """

    ours: tuple[str, ...]
    mapping: NameMap
    common: dict[str, str]
    missing: dict[str, str]

    def of(self, tube: ManualTube) -> dict[str, str]:
        """Our populations to paths of one tube: trees of gates may differ from tube to tube."""
        found = {}
        for ours in self.ours:
            common = self.common.get(ours)
            path = common if common in tube.populations else None
            if path is None:
                path, _ = guess_population(ours, tube.populations, self.mapping)
            if path is not None:
                found[ours] = path
        return found


def name_populations(
    reported: Sequence[str], tubes: Iterable[ManualTube], mapping: NameMap
) -> tuple[Naming, list[Problem]]:
    """Find our populations among theirs, over all tubes.

    Parameters
    ----------
    reported : sequence of str
        Names of our populations.
    tubes : iterable of ManualTube
    mapping : NameMap

    Returns
    -------
    Naming
    list of Problem
        Populations of ours that are not compared, with the reason.

    Raises
    ------
    ExchangeError
        Where the mapping names what no tube has: a mapping is an order, not a guess.
    """
    trees = Counter(tuple(tube.populations) for tube in tubes)
    theirs = list(dict.fromkeys(path for paths in trees for path in paths))
    common: dict[str, str] = {}
    missing: dict[str, str] = {}
    problems: list[Problem] = []
    for ours in dict.fromkeys((*reported, *mapping.populations)):
        if ours not in (*reported, BEADS):
            what = f"the mapping names {ours!r}, which is not a population of the results"
            problems.append(Problem("mapping", what, f"there are {', '.join(reported)}"))
            continue
        paths: Counter[str] = Counter()
        reasons: Counter[str] = Counter()
        for populations, times in trees.items():
            path, reason = guess_population(ours, populations, mapping)
            if path is not None:
                paths[path] += times
            else:
                reasons[reason] += times
        if paths:
            common[ours] = paths.most_common(1)[0][0]
            continue
        reason = reasons.most_common(1)[0][0] if reasons else "there is no tube"
        if ours in mapping.populations:
            raise ExchangeError(
                f"population {ours}: {reason}", "mapping", f"the manual gating has {', '.join(theirs[:20])}"
            )
        if is_result(ours):
            missing[ours] = reason
            problems.append(Problem(f"population {ours}", f"not compared: {reason}", "name it in a mapping"))
    wanted = tuple(ours for ours in (*reported, BEADS) if ours in common)
    return Naming(tuple(dict.fromkeys(wanted)), mapping, common, missing), problems


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
        wanted = mapping.populations[ours]
        found = [path for path in theirs if path == wanted] or [p for p in theirs if p.endswith("/" + wanted)]
        if len(found) == 1:
            return found[0], ""
        return (
            None,
            f"the mapping names {wanted!r}, which is {'not a' if not found else 'more than one'} manual population",
        )
    claimed = set(mapping.populations.values())
    names = POPULATIONS[ours].other_names if ours in POPULATIONS else (_bare(ours),)
    for called in names:
        found = [path for path in theirs if _bare(path.rpartition("/")[2]) == called and path not in claimed]
        if len(found) == 1:
            return found[0], ""
        if found:
            return None, f"{len(found)} manual populations match: {', '.join(found)}"
    return None, "no manual population has this name"


def same_name(one: str, other: str) -> bool | None:
    """Whether two names mean the same population.

    Parameters
    ----------
    one, other : str
        Names, or paths, whose ends count.

    Returns
    -------
    bool or None
        None where one of the two is no name that is known.
    """
    bare = [_bare(name.rpartition("/")[2]) for name in (one, other)]
    if bare[0] == bare[1]:
        return True
    meant = [
        next(
            (row.name for row in POPULATIONS.values() if name == _bare(row.name) or name in row.other_names),
            None,
        )
        for name in bare
    ]
    return None if None in meant else meant[0] == meant[1]


def _bare(name: str) -> str:
    """Leave out blanks, marks, and the number by which siblings of one name are told apart."""
    name = re.sub(r" #\d+$", "", name)
    return re.sub(r"[\s_./()]|(?<![\d])-(?=[a-z])", "", name.casefold())
