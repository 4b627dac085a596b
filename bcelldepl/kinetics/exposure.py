"""Exposure against response: do more CAR+ T cells go with deeper and longer depletion?"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from bcelldepl.definitions.codes import Qualifier
from bcelldepl.definitions.endpoints import (
    CMAX,
    DEPLETION_DURATION,
    LOG10_REDUCTION,
    NADIR_PERCENT_OF_BASELINE,
    auc_window,
)
from bcelldepl.definitions.tables import EXPOSURE_RESPONSE

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["exposure_response", "pairs_of"]

EXPOSURES: Final = (CMAX,)
RESPONSES: Final = (LOG10_REDUCTION, DEPLETION_DURATION, NADIR_PERCENT_OF_BASELINE)


def exposure_response(endpoints: pd.DataFrame) -> pd.DataFrame:
    """Rank correlation of each exposure with each response.

    Parameters
    ----------
    endpoints : DataFrame
        Rows of ``endpoints.csv``.

    Returns
    -------
    DataFrame
        `exposure`, `response`, `n`, `n_censored`, `spearman`, `p_value`. A censored value takes part with its
        bound, the least that is known; `n_censored` says how many did. Missing with fewer than three subjects
        or where one side does not vary.
    """
    from scipy import stats

    windows = [code for code in endpoints["parameter"].unique() if auc_window(code)]
    rows = []
    for exposure in (*EXPOSURES, *windows):
        for response in RESPONSES:
            pairs = pairs_of(endpoints, exposure, response)
            rho = p_value = math.nan
            if len(pairs) >= 3 and pairs["exposure"].nunique() > 1 and pairs["response"].nunique() > 1:
                found = stats.spearmanr(pairs["exposure"], pairs["response"])
                rho, p_value = float(found.statistic), float(found.pvalue)
            cells = (exposure, response, len(pairs), int(pairs["censored"].sum()), rho, p_value)
            rows.append(dict(zip(EXPOSURE_RESPONSE.names, cells, strict=True)))
    return EXPOSURE_RESPONSE.frame(rows, rounded=False)


def pairs_of(endpoints: pd.DataFrame, exposure: str, response: str) -> pd.DataFrame:
    """One row per subject that has both: `subject`, `dose_group`, `exposure`, `response`, `censored`.

    Parameters
    ----------
    endpoints : DataFrame
        Rows of ``endpoints.csv``.
    exposure : str
        Code of an endpoint.
    response : str
        Code of an endpoint.

    Returns
    -------
    DataFrame
    """
    columns = ["subject", "dose_group", "value", "qualifier"]
    sides = [endpoints.loc[endpoints["parameter"] == code, columns] for code in (exposure, response)]
    both = sides[0].merge(sides[1][["subject", "value", "qualifier"]], on="subject", suffixes=("_x", "_y"))
    both = both[both["value_x"].notna() & both["value_y"].notna()].reset_index(drop=True)
    both["censored"] = (both["qualifier_x"] != Qualifier.EQUAL) | (both["qualifier_y"] != Qualifier.EQUAL)
    both = both.rename(columns={"value_x": "exposure", "value_y": "response"})
    return both[["subject", "dose_group", "exposure", "response", "censored"]]
