"""Dose proportionality by the power model: ln(parameter) = a + b ln(dose), proportional where b is 1.

Smith et al., Pharm Res 2000;17:1278-1283: over a range of doses r the parameter is proportional if the 90 %
interval of b lies within 1 + ln(0.8)/ln(r) and 1 + ln(1.25)/ln(r).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from bcelldepl.definitions.endpoints import AUC_LAST, CMAX, auc_window
from bcelldepl.definitions.tables import DOSE_PROPORTIONALITY
from bcelldepl.kinetics.dose_text import dose_of_group
from bcelldepl.kinetics.endpoint import is_reliable

if TYPE_CHECKING:
    import pandas as pd

    from bcelldepl.study import Study

__all__ = [
    "PowerModel",
    "dose_proportionality",
    "doses_of",
    "fit_power_model",
    "reliable_pairs",
]

LEVEL: Final = 0.90


@dataclass(frozen=True)
class PowerModel:
    """A fitted power model.

    Attributes
    ----------
    slope, ci_low, ci_high : float
        Exponent of dose with its 90 % interval, from Student's t with n - 2 degrees of freedom.
    intercept : float
        ln(parameter) at dose 1.
    n : int
    low_limit, high_limit : float
        Limits of proportionality for the range of doses.
    """

    slope: float
    ci_low: float
    ci_high: float
    intercept: float
    n: int
    low_limit: float
    high_limit: float

    @property
    def verdict(self) -> str:
        """Whether the interval lies within the limits, outside of them, or across."""
        if self.low_limit <= self.ci_low and self.ci_high <= self.high_limit:
            return "proportional"
        outside = self.ci_low > self.high_limit or self.ci_high < self.low_limit
        return "not proportional" if outside else "inconclusive"


def fit_power_model(doses: Sequence[float], values: Sequence[float]) -> PowerModel | None:
    """Fit a power model by least squares of the logarithms.

    Parameters
    ----------
    doses, values : sequence of float, length n
        Above zero.

    Returns
    -------
    PowerModel or None
        None with fewer than three subjects or a single dose.
    """
    from scipy.special import stdtrit  # slow to import; `scipy.stats` five times as slow

    if len(doses) < 3 or len(set(doses)) < 2:
        return None
    x, y = (np.array([math.log(one) for one in given]) for given in (doses, values))
    spread_x, both, _, spread_y = np.cov(x, y, bias=True).ravel().tolist()
    slope, freedom = both / spread_x, len(x) - 2
    r = min(max(both / math.sqrt(spread_x * spread_y), -1.0), 1.0) if spread_y > 0.0 else math.nan
    error = math.sqrt((1.0 - r**2) * spread_y / spread_x / freedom)
    half = float(stdtrit(freedom, (1.0 + LEVEL) / 2.0)) * error
    log_range = math.log(max(doses) / min(doses))
    return PowerModel(
        slope=slope,
        ci_low=slope - half,
        ci_high=slope + half,
        intercept=float(y.mean()) - slope * float(x.mean()),
        n=len(doses),
        low_limit=1.0 + math.log(0.8) / log_range,
        high_limit=1.0 + math.log(1.25) / log_range,
    )


def dose_proportionality(
    endpoints: pd.DataFrame, study: Study | None = None, parameters: Sequence[str] | None = None
) -> pd.DataFrame:
    """Fit the power model to each exposure parameter of first courses.

    Parameters
    ----------
    endpoints : DataFrame
        Rows of ``endpoints.csv``. Only reliable values above zero take part.
    study : Study, optional
        Gives `dose_cells_per_kg`; else doses are read from the names of the groups.
    parameters : sequence of str, optional
        By default Cmax and every AUC.

    Returns
    -------
    DataFrame
        `parameter`, `n`, `n_left_out`, `slope`, `ci_low`, `ci_high` (90 %), `low_limit`, `high_limit`,
        `verdict`, `reason`.
    """
    doses = doses_of(endpoints, study)
    if parameters is None:
        found = endpoints["parameter"].unique()
        parameters = [code for code in found if code in (CMAX, AUC_LAST) or auc_window(code)]
    rows = []
    for code in parameters:
        pairs = reliable_pairs(endpoints, code, doses)
        model = fit_power_model(pairs["dose"].tolist(), pairs["value"].tolist())
        asked = (endpoints["parameter"] == code) & (endpoints["course"] == 1)
        left_out = int(asked.sum()) - len(pairs)
        reason = "" if model else _why_not(pairs, doses)
        cells = (code, len(pairs), left_out, *_numbers(model), model.verdict if model else "", reason)
        rows.append(dict(zip(DOSE_PROPORTIONALITY.names, cells, strict=True)))
    return DOSE_PROPORTIONALITY.frame(rows, rounded=False)


def reliable_pairs(endpoints: pd.DataFrame, parameter: str, doses: Mapping[str, float]) -> pd.DataFrame:
    """One row per subject with a known dose and a reliable value above zero: `dose_group`, `dose`, `value`.

    Parameters
    ----------
    endpoints : DataFrame
        Rows of ``endpoints.csv``.
    parameter : str
        Code of the endpoint.
    doses : mapping of str to float
        By subject [cells/kg].

    Returns
    -------
    DataFrame
    """
    rows = endpoints[(endpoints["parameter"] == parameter) & (endpoints["course"] == 1)]
    good = [
        subject in doses and is_reliable(qualifier, reason) and value > 0
        for subject, qualifier, reason, value in zip(
            rows["subject"], rows["qualifier"], rows["reason"], rows["value"], strict=True
        )
    ]
    rows = rows[good]
    return rows[["dose_group", "value"]].assign(dose=[doses[subject] for subject in rows["subject"]])


def _numbers(model: PowerModel | None) -> tuple[float, ...]:
    if model is None:
        return (math.nan,) * 5
    return (model.slope, model.ci_low, model.ci_high, model.low_limit, model.high_limit)


def _why_not(pairs: pd.DataFrame, doses: Mapping[str, float]) -> str:
    if not doses:
        return "no dose is known: give dose_cells_per_kg in the sample sheet"
    return f"{len(pairs)} values at {pairs['dose'].nunique()} doses; 3 at 2 are needed"


def doses_of(endpoints: pd.DataFrame, study: Study | None) -> dict[str, float]:
    """Return the dose of each subject's first course; those whose dose is not known or zero are left out.

    Parameters
    ----------
    endpoints : DataFrame
        Rows of ``endpoints.csv``.
    study : Study or None
        Gives `dose_cells_per_kg`; else doses are read from the names of the groups.

    Returns
    -------
    dict of str to float
        By subject [cells/kg].
    """
    first = endpoints[endpoints["course"] == 1]
    groups = dict(zip(first["subject"], first["dose_group"], strict=True))
    given = {one.subject: one.dose_cells_per_kg for one in study.tubes if one.course == 1} if study else {}
    doses: dict[str, float] = {}
    for subject, group in groups.items():
        dose = given.get(subject)
        if dose is None:
            dose = dose_of_group(str(group or ""))
        if dose:
            doses[subject] = dose
    return doses
