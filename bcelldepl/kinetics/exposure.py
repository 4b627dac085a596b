"""Exposure against response: do more CAR+ T cells go with deeper and longer depletion?"""

from __future__ import annotations

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
from bcelldepl.kinetics.censored_correlation import censored_tau

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["exposure_response", "pairs_of"]

EXPOSURES: Final = (CMAX,)
RESPONSES: Final = (LOG10_REDUCTION, DEPLETION_DURATION, NADIR_PERCENT_OF_BASELINE)


def exposure_response(endpoints: pd.DataFrame) -> pd.DataFrame:
    """Rank correlation of each exposure with each response, for bounds too.

    Parameters
    ----------
    endpoints : DataFrame
        Rows of ``endpoints.csv``.

    Returns
    -------
    DataFrame
        As ``exposure_response.csv`` holds it: Kendall's tau over the pairs of subjects whose order is known
        (`bcelldepl.kinetics.censored_correlation`).
    """
    windows = [code for code in endpoints["parameter"].unique() if auc_window(code)]
    rows = []
    for exposure in (*EXPOSURES, *windows):
        for response in RESPONSES:
            pairs = pairs_of(endpoints, exposure, response)
            found = censored_tau(
                pairs["exposure"].tolist(),
                pairs["exposure_qualifier"].tolist(),
                pairs["response"].tolist(),
                pairs["response_qualifier"].tolist(),
            )
            censored = int(pairs["censored"].sum())
            cells = (exposure, response, len(pairs), censored, found.n_pairs, found.tau, found.p_value)
            rows.append(dict(zip(EXPOSURE_RESPONSE.names, cells, strict=True)))
    return EXPOSURE_RESPONSE.frame(rows)


def pairs_of(endpoints: pd.DataFrame, exposure: str, response: str) -> pd.DataFrame:
    """One row per subject that has both in the first course.

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
        `subject`, `dose_group`, `exposure`, `exposure_qualifier`, `response`, `response_qualifier`, `censored` (either
        is a bound).
    """
    first = endpoints[endpoints["course"] == 1]
    columns = ["subject", "dose_group", "value", "qualifier"]
    sides = [first.loc[first["parameter"] == code, columns] for code in (exposure, response)]
    both = sides[0].merge(sides[1][["subject", "value", "qualifier"]], on="subject", suffixes=("_x", "_y"))
    both = both[both["value_x"].notna() & both["value_y"].notna()].reset_index(drop=True)
    both["censored"] = (both["qualifier_x"] != Qualifier.EQUAL) | (both["qualifier_y"] != Qualifier.EQUAL)
    names = {"value_x": "exposure", "qualifier_x": "exposure_qualifier", "value_y": "response",
             "qualifier_y": "response_qualifier"}  # fmt: skip
    both = both.rename(columns=names)
    return both[["subject", "dose_group", *names.values(), "censored"]]
