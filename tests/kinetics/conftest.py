"""Studies and counts made by hand, one row per tube."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from bcelldepl.definitions.tables import COUNTS
from bcelldepl.study import EndpointSettings, Study, Tube

LLOQ, LOD = 5.0, 2.0
INFUSED = datetime(2025, 1, 15, 10, 0)
Made = tuple[pd.DataFrame, Study]


def code_of(value: float | None, lloq: float, lod: float) -> str:
    if value is None:
        return "NOT_EVALUABLE"
    return "QUANTIFIED" if value >= lloq else "DETECTED_BELOW_LLOQ" if value >= lod else "NOT_DETECTED"


@pytest.fixture
def made() -> Callable[..., Made]:
    """Counts and study from ``{subject: [(day, cells/uL or None), ...]}``; a third item overrides columns."""

    def make(
        course: dict[str, Iterable[tuple[Any, ...]]],
        population: str = "CAR_T",
        groups: dict[str, str] | None = None,
        lloq: float = LLOQ,
        lod: float = LOD,
        **settings: Any,
    ) -> Made:
        rows, tubes = [], []
        for subject, points in course.items():
            for number, (day, value, *more) in enumerate(points):
                given = more[0] if more else {}
                file = given.get("file", f"{subject}_{number}.fcs")
                row = dict.fromkeys(COUNTS.dtypes)
                limits = (given.get("lloq_per_ul", lloq), given.get("lod_per_ul", lod))
                row |= {
                    "file": file,
                    "subject": subject,
                    "visit": f"D{day:g}",
                    "day": float(day),
                    "dose_group": (groups or {}).get(subject, ""),
                    "population": population,
                    "cells_per_ul": value,
                    "lod_per_ul": limits[1],
                    "lloq_per_ul": limits[0],
                    "result": code_of(value, *limits),
                    "reason": "",
                }
                actual, has_time = given.get("actual"), given.get("has_time", True)
                known = {} if actual is None else {
                    "collected": INFUSED + timedelta(days=actual), "infused": INFUSED,
                    "collected_has_time": has_time, "infused_has_time": has_time,
                }  # fmt: skip
                row |= {key: cell for key, cell in given.items() if key in COUNTS.dtypes}
                rows.append(row)
                tubes.append(
                    Tube(file=file, path=Path(file), subject=subject, visit=row["visit"], day=row["day"],
                         dose_group=row["dose_group"], role=given.get("role", "sample"), **known)
                )  # fmt: skip
        study = Study(
            path=Path("study.toml"), folder=Path(), samples_path=Path("samples.csv"), samples="samples.csv",
            id="S", strategy="cart_pd", endpoints=EndpointSettings(**settings), tubes=tuple(tubes),
        )  # fmt: skip
        return pd.DataFrame(rows, columns=COUNTS.names), study

    return make


@pytest.fixture
def value_of() -> Callable[..., Any]:
    """Look up one cell of an endpoints table."""

    def look(table: pd.DataFrame, parameter: str, column: str = "value", subject: str | None = None) -> Any:
        rows = table[table["parameter"] == parameter]
        if subject is not None:
            rows = rows[rows["subject"] == subject]
        assert len(rows) == 1
        return rows[column].iloc[0]

    return look
