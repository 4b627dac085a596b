"""Tables that others are given, and matrices that tubes are read by, are those that the run wrote."""

from __future__ import annotations

from typing import Final

from bcelldepl.definitions.files import MODELS
from bcelldepl.definitions.tables import COUNTS, ENDPOINTS, TUBES
from bcelldepl.errors import ExchangeError
from bcelldepl.results import Results

__all__ = ["refuse_changed"]

TABLES: Final = (COUNTS.file, f"{COUNTS.name}.parquet", ENDPOINTS.file, TUBES.file)


def refuse_changed(results: Results) -> None:
    """Refuse results whose tables, or matrices made of controls, were edited after the run: nobody would know of it.

    Parameters
    ----------
    results : Results

    Raises
    ------
    ExchangeError
        Where one is gone, or not as ``run.json`` has it.
    """
    if changed := results.changed(
        [*TABLES, MODELS, *results.record.get("matrices_of_controls", {}).values()]
    ):
        what = f"{' and '.join(changed)} changed since the run"
        remedy = "`bcelldepl run` writes them again from the store; `bcelldepl verify` tells all that changed"
        raise ExchangeError(what, str(results.folder), remedy)
