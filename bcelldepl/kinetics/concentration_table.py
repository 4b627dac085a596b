"""A table of concentrations that was made elsewhere, read as counts: subject, day, analyte, value, LLOQ."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from bcelldepl.definitions.codes import ResultCode
from bcelldepl.definitions.populations import POPULATIONS, Kinetics, analytes
from bcelldepl.definitions.tables import COUNTS
from bcelldepl.errors import CountingError
from bcelldepl.study import Study
from bcelldepl.study.config import StudyFile
from bcelldepl.units import CELLS_PER_UL

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["counts_of", "study_of_table"]

NEEDED: Final = ("subject", "day", "analyte", "value")
OPTIONAL: Final = (
    *("lloq", "lod", "unit", "visit", "dose_group", "actual_day", "course", "result", "ci_low", "ci_high"),
)
OWN: Final = ("population", "cells_per_ul")  # by these counts.csv is known
UNITS: Final = {"", CELLS_PER_UL, "cells/µl", "cells/ul", "/ul", "10^6/l", "10*6/l", "1/ul"}
BELOW: Final = ("BLQ", "BLOQ", "<LLOQ", "<LOQ", "BQL")


def counts_of(table: pd.DataFrame) -> pd.DataFrame:
    """Read a table of concentrations as rows of ``counts.csv``.

    Parameters
    ----------
    table : DataFrame
        Rows of ``counts.csv``; or `subject`, `day` (days since infusion), `analyte` and `value` in cells/uL, and where
        known `lloq`, `lod`, `unit`, `visit`, `dose_group`, `actual_day`, `course`, `result`, `ci_low`, `ci_high`. A
        value may be ``<5`` or ``BLQ``; an empty one was not done. Capitals of names do not matter.

    Returns
    -------
    DataFrame
        Rows of ``counts.csv``, as far as they are known. A number below its LLOQ is one, whatever it is; 0 without an
        LLOQ is not detected.

    Raises
    ------
    CountingError
        A column is missing, an analyte is neither B nor CAR+ T cells, a unit is another, or a value is no number.
    """
    import pandas as pd

    if set(OWN) <= set(table.columns):
        return table
    named = table.rename(columns={name: str(name).strip().lower() for name in table.columns})
    absent = [name for name in NEEDED if name not in named.columns]
    if absent:
        remedy = f"needed: {', '.join(NEEDED)}; or the columns of counts.csv"
        raise CountingError(f"the table lacks the column {absent[0]}", "table", remedy)
    known = [*NEEDED, *(name for name in OPTIONAL if name in named.columns)]
    rows = [
        _row({str(name): cell for name, cell in cells.items()}, f"row {number}")
        for number, cells in enumerate(named[known].to_dict("records"), 1)
    ]
    return pd.DataFrame(rows, columns=COUNTS.names)


def study_of_table(settings: StudyFile, path: Path | None = None) -> Study:
    """Make a study without tubes, for a table of concentrations.

    Parameters
    ----------
    settings : StudyFile
        Of its endpoints; subgroups need companions, which a table has not, and are left out.
    path : Path, optional
        Of the file of settings.

    Returns
    -------
    Study

    Raises
    ------
    CountingError
        The settings ask for dates, which a table has not.
    """
    endpoints = settings.endpoints
    if endpoints.data_cutoff is not None:
        remedy = "leave out the rows after it, and the setting"
        raise CountingError(
            "data_cutoff needs dates of collection, which a table does not have", "[endpoints]", remedy
        )
    place = path or Path("study.toml")
    return Study(
        path=place,
        folder=place.parent,
        samples_path=place.parent,
        **settings.study.model_dump(),
        limits=settings.limits,
        endpoints=endpoints.model_copy(update={"subgroups": ()}),
    )


def _row(cells: dict[str, Any], where: str) -> dict[str, Any]:
    unit = _text(cells.get("unit")).lower()
    if unit not in UNITS:
        raise CountingError(
            f"{cells['unit']!r} is not cells/uL", f"{where}, unit", "convert the values first"
        )
    value, below = _value(cells["value"], f"{where}, value")
    lloq = _number(cells.get("lloq"), f"{where}, lloq")
    if below:
        lloq = value if value is not None else lloq
    result = _text(cells.get("result")) or _code(value, below, lloq)
    number = 0.0 if below else value
    day = _number(cells["day"], f"{where}, day")
    return {
        "file": where,
        "subject": _text(cells["subject"]),
        "visit": _text(cells.get("visit")) or ("" if day is None else f"Day {day:g}"),
        "day": day,
        "dose_group": _text(cells.get("dose_group")),
        "population": _analyte(_text(cells["analyte"]), where),
        "cells_per_ul": number,
        "ci_low_per_ul": _number(cells.get("ci_low"), f"{where}, ci_low"),
        "ci_high_per_ul": _number(cells.get("ci_high"), f"{where}, ci_high"),
        "lod_per_ul": _number(cells.get("lod"), f"{where}, lod"),
        "lloq_per_ul": lloq,
        "result": result,
        "reason": "",
        "actual_day": _number(cells.get("actual_day"), f"{where}, actual_day"),
        "course": _number(cells.get("course"), f"{where}, course") or 1,
    }


def _code(value: float | None, below: bool, lloq: float | None) -> ResultCode:
    if below:
        return ResultCode.DETECTED_BELOW_LLOQ
    if value is None:
        return ResultCode.NOT_DONE
    if value == 0:
        return ResultCode.NOT_DETECTED
    return ResultCode.QUANTIFIED if lloq is None or value >= lloq else ResultCode.DETECTED_BELOW_LLOQ


def _value(cell: Any, where: str) -> tuple[float | None, bool]:
    """Number of a cell, or the limit that it lies below; whether it lies below one."""
    text = _text(cell)
    if text.upper() in BELOW:
        return None, True
    if text.startswith("<"):
        return _number(text[1:], where), True
    return _number(cell, where), False


def _analyte(text: str, where: str) -> str:
    wanted = (*analytes(Kinetics.EXPANSION), *analytes(Kinetics.DEPLETION))
    plain = "".join(text.lower().replace("_", "").replace("-", "").split())
    for name in wanted:
        if text == name or plain in POPULATIONS[name].other_names:
            return name
    raise CountingError(f"{text!r} is not an analyte", f"{where}, analyte", f"known: {', '.join(wanted)}")


def _number(cell: Any, where: str) -> float | None:
    text = _text(cell)
    if not text:
        return None
    try:
        return float(text)
    except ValueError:
        raise CountingError(f"{text!r} is not a number", where, "write a number, <5 or BLQ") from None


def _text(cell: Any) -> str:
    return "" if cell is None or cell != cell else str(cell).strip()
