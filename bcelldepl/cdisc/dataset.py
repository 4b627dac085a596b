"""A CDISC data set: its rows, and what each variable is."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

from bcelldepl.errors import ExchangeError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["CdiscDataset", "Kind", "Variable", "make_dataset"]

Kind = Literal["text", "integer", "float", "date"]


@dataclass(frozen=True)
class Variable:
    """One column of a data set.

    Attributes
    ----------
    name : str
        At most 8 characters.
    label : str
        At most 40 characters.
    kind : {"text", "integer", "float", "date"}
        A date is ISO text; formats that have dates turn it into one.
    origin : str
        Where the value comes from, in a sentence.
    codelist : str
        NCI code of CDISC's code list, such as ``C66742``, where there is one.
    """

    name: str
    label: str
    kind: Kind
    origin: str
    codelist: str = ""

    @property
    def is_assigned(self) -> bool:
        """Whether it is set by convention, not derived from data."""
        return self.origin.startswith(("constant", "id of the study file", "for the sponsor"))


@dataclass(frozen=True)
class CdiscDataset:
    """One data set.

    Attributes
    ----------
    name : str
        Such as ``CP``.
    label : str
        At most 40 characters.
    structure : str
        What one row is.
    keys : tuple of str
        Variables that together name a row; rows are sorted by them.
    variables : tuple of Variable
        In the order of the columns.
    rows : tuple of tuple
        One value per variable: text (empty where missing), or a number or None.
    tests : tuple of str
        Variables of a value, of its code and of the code's name, such as AVAL, PARAMCD and PARAM; empty where the rows
        hold no tests.
    """

    name: str
    label: str
    structure: str
    keys: tuple[str, ...]
    variables: tuple[Variable, ...]
    rows: tuple[tuple[Any, ...], ...]
    tests: tuple[str, ...] = ()

    @property
    def names(self) -> list[str]:
        """Names of the variables."""
        return [variable.name for variable in self.variables]

    def column(self, name: str) -> list[Any]:
        """Values of one variable."""
        place = self.names.index(name)
        return [row[place] for row in self.rows]

    def frame(self) -> pd.DataFrame:
        """Return the rows with pandas types: text, nullable integers, floats; dates stay ISO text."""
        import pandas as pd

        kinds = {"text": "object", "integer": "Int64", "float": "float64", "date": "object"}
        return pd.DataFrame(
            {one.name: pd.Series(self.column(one.name), dtype=kinds[one.kind]) for one in self.variables}
        )


def make_dataset(
    name: str,
    label: str,
    structure: str,
    keys: Sequence[str],
    variables: Sequence[Variable],
    rows: Iterable[Mapping[str, Any]],
    tests: Sequence[str] = (),
) -> CdiscDataset:
    """Arrange rows in the order of the variables, sorted by the keys.

    Parameters
    ----------
    name : str
        Such as ``CP``.
    label : str
        At most 40 characters.
    structure : str
        What one row is.
    keys : sequence of str
        Variables that together name a row.
    variables : sequence of Variable
        In the order of the columns.
    rows : iterable of mapping of str to object
        Cells by variable; a missing one is empty.
    tests : sequence of str
        As for `CdiscDataset`.

    Returns
    -------
    CdiscDataset

    Raises
    ------
    ExchangeError
        Two rows have the same keys, or a value is not of its variable's kind.
    """
    known = {one.name for one in variables}
    arranged = []
    for row in rows:
        strange = set(row) - known
        if strange:
            raise ExchangeError(f"{sorted(strange)} are not variables of {name}", name)
        arranged.append(tuple(_value(row.get(one.name), one, name) for one in variables))
    places = [[one.name for one in variables].index(key) for key in keys]

    def key_of(row: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple((row[place] is not None, row[place]) for place in places)

    arranged.sort(key=key_of)
    for before, after in pairwise(arranged):
        if key_of(before) == key_of(after):
            same = ", ".join(f"{key} {after[place]}" for key, place in zip(keys, places, strict=True))
            raise ExchangeError(f"two rows of {name} have the same keys: {same}", name)
    return CdiscDataset(name, label, structure, tuple(keys), tuple(variables), tuple(arranged), tuple(tests))


def _value(value: Any, variable: Variable, table: str) -> Any:
    missing = value is None or (isinstance(value, float) and math.isnan(value))
    if variable.kind in ("text", "date"):
        return "" if missing else str(value)
    if missing:
        return None
    try:
        return int(value) if variable.kind == "integer" else float(value)
    except (TypeError, ValueError):
        raise ExchangeError(f"{value!r} is not of type {variable.kind}", f"{table}.{variable.name}") from None
