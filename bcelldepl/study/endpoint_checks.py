"""Settings of the endpoints against the samples: what they ask for must be known of some tube."""

from __future__ import annotations

from collections.abc import Sequence

from bcelldepl.definitions.baselines import BaselineRule
from bcelldepl.errors import Problem
from bcelldepl.study.config import EndpointSettings
from bcelldepl.study.tubes import Role, Tube

__all__ = ["check_endpoints"]


def check_endpoints(settings: EndpointSettings, tubes: Sequence[Tube], name: str) -> list[Problem]:
    """Refuse a baseline or a cut-off date that the samples cannot answer.

    Parameters
    ----------
    settings : EndpointSettings
    tubes : sequence of Tube
        Of the whole study; nothing is asked of an empty one.
    name : str
        Of the study file, for the places of problems.

    Returns
    -------
    list of Problem
    """
    samples = [tube for tube in tubes if tube.role is Role.SAMPLE]
    if not samples:
        return []
    problems = []
    where, rule = f"{name}, [endpoints] baseline", settings.baseline_rule
    known = settings.lymphodepletion_day is not None or any(
        t.lymphodepletion_day is not None for t in samples
    )
    if rule.needs_lymphodepletion and not known:
        what = f"{settings.baseline!r} needs the day of lymphodepletion, which is not known for any subject"
        remedy = "give the column `lymphodepletion` beside `infused`, or lymphodepletion_day in [endpoints]"
        problems.append(Problem(where, what, remedy))
    visits = list(dict.fromkeys(tube.visit for tube in samples))
    if rule is BaselineRule.VISIT and settings.baseline_visit not in visits:
        what = f"no sample has the visit {settings.baseline_visit!r}"
        problems.append(Problem(f"{where}_visit", what, f"there are {', '.join(visits[:12])}"))
    undated = [tube.file for tube in samples if tube.collected is None or tube.infused is None]
    if settings.data_cutoff is not None and undated:
        more = f" and {len(undated) - 1} more" if len(undated) > 1 else ""
        what = f"{undated[0]}{more} has no date of collection and of infusion to be held against it"
        problems.append(
            Problem(f"{name}, [endpoints] data_cutoff", what, "fill in `collected` and `infused`")
        )
    return problems
