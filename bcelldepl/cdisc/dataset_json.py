"""Dataset-JSON 1.1 of CDISC: one data set as rows of plain JSON, with what each column is."""

from __future__ import annotations

import json
from typing import Any, Final

from bcelldepl.cdisc.dataset import CdiscDataset

__all__ = ["dataset_json"]

DATA_TYPES: Final = {"text": "string", "integer": "integer", "float": "double", "date": "date"}


def dataset_json(table: CdiscDataset, study_id: str, created: str, version: str) -> str:
    """Return a data set as Dataset-JSON.

    Parameters
    ----------
    table : CdiscDataset
    study_id : str
    created : str
        ISO time; that of the run, so that the same results give the same bytes.
    version : str
        Of bcelldepl.

    Returns
    -------
    str
        JSON with one row per line, so that two files can be compared.
    """
    head: dict[str, Any] = {
        "datasetJSONCreationDateTime": created,
        "datasetJSONVersion": "1.1.0",
        "fileOID": f"{study_id}.{table.name}",
        "originator": "bcelldepl",
        "sourceSystem": {"name": "bcelldepl", "version": version},
        "studyOID": study_id,
        "metaDataVersionOID": f"MDV.{study_id}",
        "itemGroupOID": f"IG.{table.name}",
        "records": len(table.rows),
        "name": table.name,
        "label": table.label,
        "columns": [_column(table, place) for place in range(len(table.variables))],
    }
    lines = [f"  {json.dumps(key)}: {_text(value)}," for key, value in head.items()]
    dated = [place for place, one in enumerate(table.variables) if one.kind == "date"]
    rows = ",\n".join(f"    {_text(_row(row, dated))}" for row in table.rows)
    return "\n".join(["{", *lines, '  "rows": [', *([rows] if rows else []), "  ]", "}", ""])


def _column(table: CdiscDataset, place: int) -> dict[str, Any]:
    variable = table.variables[place]
    column: dict[str, Any] = {
        "itemOID": f"IT.{table.name}.{variable.name}",
        "name": variable.name,
        "label": variable.label,
        "dataType": DATA_TYPES[variable.kind],
    }
    if variable.kind == "text":
        column["length"] = max([1, *(len(row[place]) for row in table.rows)])
    if variable.name in table.keys:
        column["keySequence"] = table.keys.index(variable.name) + 1
    return column


def _row(row: tuple[Any, ...], dated: list[int]) -> list[Any]:
    """Text stays text, empty or not; a missing date or number is null."""
    return [None if place in dated and cell == "" else cell for place, cell in enumerate(row)]


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
