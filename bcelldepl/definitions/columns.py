"""A table as it is defined: its columns with type, unit and meaning, from which it is written and read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["SIGNIFICANT_DIGITS", "Column", "ColumnType", "TableDefinition", "round_significant"]

SIGNIFICANT_DIGITS: Final = 6  # a hundredth of any counting error


class ColumnType(StrEnum):
    """What a column holds; what is not known is missing in each of them."""

    TEXT = "text"
    NUMBER = "number"
    INTEGER = "integer"
    FLAG = "flag"

    @property
    def dtype(self) -> str:
        """The pandas type. Integers are nullable: a tube that was not done has no events, which is not 0."""
        return {"text": "object", "number": "float64", "integer": "Int64", "flag": "bool"}[self]


@dataclass(frozen=True)
class Column:
    """One column.

    Attributes
    ----------
    name : str
        With its unit, where it has one.
    type : ColumnType
    meaning : str
    """

    name: str
    type: ColumnType
    meaning: str


@dataclass(frozen=True)
class TableDefinition:
    """One table.

    Attributes
    ----------
    name : str
        Of its file, without the suffix.
    row : str
        What one row is.
    columns : tuple of Column
        In their order.
    """

    name: str
    row: str
    columns: tuple[Column, ...]

    @property
    def file(self) -> str:
        """Name of its file."""
        return f"{self.name}.csv"

    @property
    def names(self) -> list[str]:
        """Names of the columns."""
        return [column.name for column in self.columns]

    @property
    def numbers(self) -> list[str]:
        """Names of the columns of numbers."""
        numeric = (ColumnType.NUMBER, ColumnType.INTEGER)
        return [column.name for column in self.columns if column.type in numeric]

    @property
    def integers(self) -> list[str]:
        """Names of the columns of whole numbers."""
        return [column.name for column in self.columns if column.type is ColumnType.INTEGER]

    @property
    def flags(self) -> list[str]:
        """Names of the columns of flags."""
        return [column.name for column in self.columns if column.type is ColumnType.FLAG]

    @property
    def dtypes(self) -> dict[str, str]:
        """Pandas type by column."""
        return {column.name: column.type.dtype for column in self.columns}

    def frame(self, rows: Iterable[Mapping[str, Any]], *, rounded: bool = True) -> pd.DataFrame:
        """Return rows as a table with these columns; its types do not depend on the rows.

        Parameters
        ----------
        rows : iterable of mapping
            Cells by column, in the order wanted; a missing cell or None is not known.
        rounded : bool
            Whether numbers are rounded to 6 significant digits, so that they are as short in CSV as they are in memory
            and in Parquet.

        Returns
        -------
        DataFrame

        Raises
        ------
        ValueError
            Where a row has a cell of no column.
        """
        import pandas as pd

        listed = list(rows)
        strange = {name for row in listed for name in row} - set(self.names)
        if strange:
            msg = f"{', '.join(sorted(strange))}: no column of {self.name}"
            raise ValueError(msg)

        def cell(value: Any) -> Any:
            if isinstance(value, StrEnum):
                return str(value)
            return round_significant(value) if rounded and isinstance(value, float) else value

        return pd.DataFrame(
            {
                name: pd.Series([cell(row.get(name)) for row in listed], dtype=dtype)
                for name, dtype in self.dtypes.items()
            }
        )

    def read(self, path: Path) -> pd.DataFrame:
        """Read a CSV file: text as it stands (a visit ``04`` is not 4), numbers and flags where they are meant.

        Other columns are read as text; a column that is not there stays away.

        Raises
        ------
        OSError, ValueError
            Where the file cannot be read, a number is none, or a flag is neither ``True`` nor ``False``.
        """
        import pandas as pd

        table = pd.read_csv(path, dtype=str, keep_default_na=False)
        numbers = {name: pd.to_numeric(table[name]) for name in self.numbers if name in table}
        flags = {name: _flags(table[name]) for name in self.flags if name in table}
        return table.assign(**numbers, **flags)


def _flags(texts: pd.Series[str]) -> pd.Series[bool]:
    strange = set(texts) - {str(True), str(False)}
    if strange:
        msg = f"{texts.name}: {sorted(strange)[0]!r} is neither True nor False"
        raise ValueError(msg)
    return texts == str(True)


def round_significant(value: float, digits: int = SIGNIFICANT_DIGITS) -> float:
    """Round to significant digits.

    Parameters
    ----------
    value : float
    digits : int
        How many.

    Returns
    -------
    float
    """
    return float(f"{value:.{digits - 1}e}")
