"""One statistic of an agreement: its value, the limit that it is held to, and what so few tubes cannot rule out."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from bcelldepl.comparison.acceptance import Verdict
from bcelldepl.comparison.statistics import Estimate
from bcelldepl.definitions.tables import AGREEMENT

__all__ = ["Statistic", "at_least", "judged", "tubes_word", "within"]

_FEWEST = 3  # pairs for a verdict on a statistic
_CALLED = {
    "bias_percent": "bias",
    "limit_low_percent": "lower limit of agreement",
    "limit_high_percent": "upper limit of agreement",
    "lin_ccc": "concordance",
    "median_f1": "median F1",
    "replicate_cv_auto_percent": "CV of replicate tubes",
    "depleted_agreement": "agreement on depletion",
    "reconstituted_agreement": "agreement on reconstitution",
    "false_depleted_share": "falsely depleted",
}
_MOST_DIGITS = 8


@dataclass(frozen=True)
class Statistic:
    """One row of ``agreement.csv``.

    Attributes
    ----------
    population, statistic : str
        Such as ``B`` and ``bias_percent``, ``bias_percent:visit=D28``.
    estimate : Estimate
    limit : str
        What it is held to; empty for nothing.
    verdict : str
        Empty without a limit.
    note : str
        What so few tubes cannot rule out; empty where the whole interval lies within the limit.
    """

    population: str
    statistic: str
    estimate: Estimate
    limit: str = ""
    verdict: str = ""
    note: str = ""

    def cells(self) -> dict[str, object]:
        """Return the row by column."""
        one = self.estimate
        cells = (
            self.population,
            self.statistic,
            one.value,
            one.low,
            one.high,
            one.n,
            self.limit,
            self.verdict,
            self.note,
        )
        return dict(zip(AGREEMENT.names, cells, strict=True))

    @property
    def is_share(self) -> bool:
        """Whether it is a part of the tubes."""
        return self.statistic.endswith(("_agreement", "_share"))

    @property
    def tubes_of(self) -> str:
        """A part of the tubes as a count, such as ``43 of 45``."""
        return f"{round(self.estimate.value * self.estimate.n)} of {self.estimate.n}"

    @property
    def sentence(self) -> str:
        """Say what it is and what its limit is, with as many digits as it takes to tell the two apart."""
        called = _called(self.statistic)
        limit = self.limit.replace("within +/-", "\u00b1")
        if self.is_share:
            return f"{called} in {self.tubes_of} tubes, limit {limit}"
        value, ends = self.estimate.value, {float(one) for one in re.findall(r"[\d.]*\d", self.limit)}
        shown = [f"{value:.{digits}g}" for digits in range(3, _MOST_DIGITS)]
        shown = [one for one in shown if abs(float(one)) not in ends] or shown[-1:]
        percent = " %" if self.statistic.endswith("_percent") else ""
        return f"{called} {shown[0]}{percent}, limit {limit}{percent if limit != self.limit else ''}"


def within(population: str, name: str, estimate: Estimate, limit: float) -> Statistic:
    """Hold a statistic to a limit either way.

    Parameters
    ----------
    population, name : str
    estimate : Estimate
    limit : float

    Returns
    -------
    Statistic
    """
    far = max((estimate.low, estimate.high), key=lambda end: -1.0 if math.isnan(end) else abs(end))
    beyond = f"{far:+.3g} %" if abs(far) > limit else ""
    return judged(population, name, estimate, f"within +/-{limit:g}", abs(estimate.value) <= limit, beyond)


def at_least(population: str, name: str, estimate: Estimate, limit: float) -> Statistic:
    """Hold a statistic to a lower limit.

    Parameters
    ----------
    population, name : str
    estimate : Estimate
    limit : float

    Returns
    -------
    Statistic
    """
    beyond = f"{estimate.low:.3g}" if estimate.low < limit else ""
    return judged(population, name, estimate, f">= {limit:g}", estimate.value >= limit, beyond)


def judged(
    population: str, name: str, estimate: Estimate, limit: str, good: bool, beyond: str = ""
) -> Statistic:
    """Give a statistic its verdict; what lies beyond the limit within the interval is not ruled out.

    Parameters
    ----------
    population, name : str
    estimate : Estimate
    limit : str
        In words.
    good : bool
        Whether the value lies within it.
    beyond : str
        The end of the interval that lies beyond it; empty for none.

    Returns
    -------
    Statistic
    """
    called = _called(name)
    called = f"{'an' if called[0] in 'aeiou' else 'a'} {called}"
    if math.isnan(estimate.value) or estimate.n < (1 if "cv" in name or "f1" in name else _FEWEST):
        note = f"{estimate.n} {tubes_word(estimate.n)}: too few for a verdict"
        note += f", {called} of {beyond} is not ruled out" if beyond else ""
        return Statistic(population, name, estimate, limit, Verdict.NOT_COMPARABLE.value, note)
    verdict = Verdict.AGREE if good else Verdict.DISAGREE
    unknown = math.isnan(estimate.low) or math.isnan(estimate.high)
    note = (
        f"{estimate.n} {tubes_word(estimate.n)} cannot rule out {called} of {beyond}"
        if good and beyond
        else ""
    )
    if good and unknown:
        note = f"{estimate.n} {tubes_word(estimate.n)} give no interval of the {_called(name)}"
    return Statistic(population, name, estimate, limit, verdict.value, note)


def _called(name: str) -> str:
    return _CALLED.get(name, name.replace("_", " "))


def tubes_word(n: int) -> str:
    """Write tube or tubes.

    Parameters
    ----------
    n : int

    Returns
    -------
    str
    """
    return "tube" if n == 1 else "tubes"
