"""One thing that an installation must get right, and all of them together."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

__all__ = ["Qualification", "SelfTestCheck", "close", "guarded"]


@dataclass(frozen=True)
class SelfTestCheck:
    """One check.

    Attributes
    ----------
    group : str
        What part of the program it looks at.
    name : str
        What is checked, and against what.
    expected, found : str
        In words or figures, with units.
    passed : bool
    """

    group: str
    name: str
    expected: str
    found: str
    passed: bool


@dataclass(frozen=True, repr=False)
class Qualification:
    """What `selftest` found.

    Attributes
    ----------
    environment : mapping of str to str
        Versions, platform, cores.
    checks : tuple of SelfTestCheck
    started : str
        UTC, ISO.
    seconds : float
        How long it took.
    """

    environment: Mapping[str, str]
    checks: tuple[SelfTestCheck, ...]
    started: str
    seconds: float

    def __repr__(self) -> str:
        failed = sum(not check.passed for check in self.checks)
        return f"Qualification({len(self.checks)} checks, {failed} failed)"

    def _repr_html_(self) -> str:
        import pandas as pd

        from bcelldepl.html_pages import titled_table

        return titled_table(repr(self), pd.DataFrame([asdict(check) for check in self.checks]))

    @property
    def passed(self) -> bool:
        """Whether every check passed; without checks nothing is passed."""
        return bool(self.checks) and all(check.passed for check in self.checks)

    def as_dict(self) -> dict[str, Any]:
        """Return everything as plain data, for JSON."""
        return {"passed": self.passed, **asdict(self), "environment": dict(self.environment)}


def close(group: str, name: str, expected: float, found: float, tolerance: float) -> SelfTestCheck:
    """Check a number against the one that it should be, to an absolute tolerance.

    Parameters
    ----------
    group : str
        Heading under which it is listed.
    name : str
        What it is.
    expected, found : float
    tolerance : float
        Absolute.

    Returns
    -------
    SelfTestCheck
    """
    passed = math.isfinite(found) and abs(found - expected) <= tolerance
    return SelfTestCheck(group, name, f"{expected:.8g} +/- {tolerance:.2g}", f"{found:.8g}", passed)


def guarded(group: str, work: Callable[[], Iterable[SelfTestCheck]]) -> list[SelfTestCheck]:
    """Do some checks; one that cannot be done is a check that failed, not the end of the others.

    Parameters
    ----------
    group : str
        Heading under which it is listed.
    work : callable
        Yields the checks.

    Returns
    -------
    list of SelfTestCheck
    """
    checks: list[SelfTestCheck] = []
    try:
        checks.extend(work())
    except Exception as error:
        found = " ".join(f"{type(error).__name__}: {error}".split())
        checks.append(SelfTestCheck(group, "the checks can be done", "no error", found, False))
    return checks
