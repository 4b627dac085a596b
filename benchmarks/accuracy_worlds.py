"""Laboratories at random, made and scored by programs that know nothing of this package (`../shared/worlds`).

Half of the laboratories were looked at while the gating was built, half never before it was finished.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import pandas as pd

from bcelldepl import load_study, run

__all__ = ["FOLDER", "SEEN", "UNSEEN", "run_worlds"]

Record = dict[str, Any]
ROOT: Final = Path(__file__).resolve().parent.parent
FOLDER: Final = ROOT / os.environ.get("BCELLDEPL_WORLDS", "../shared/worlds")
SEEN: Final = tuple(range(1, 13))
UNSEEN: Final = tuple(range(2801, 2825))
FAULTS: Final = "0.15"  # of the samples that have a fault of the bench or the sheet
_MASKED: Final = "CD19 masked"
_DETECTED: Final = 20  # events: the score's limit of detection


def run_worlds(programs: Path, folder: Path, numbers: Sequence[int], workers: int) -> list[Record]:
    """Make laboratories, count them, and hold the counts against the truth.

    Parameters
    ----------
    programs : Path
        Where `worlds.py` and `score.py` are.
    folder : Path
        Where laboratories are kept between runs.
    numbers : sequence of int
    workers : int

    Returns
    -------
    list of dict
        One per result, and one per tube with a fault or without (`fault`), by laboratory.
    """
    score = _load(programs / "score.py")
    records: list[Record] = []
    for number in numbers:
        world = folder / f"world_{number}"
        if not (world / "study.toml").is_file():
            command = [sys.executable, str(programs / "worlds.py"), str(world), "--world", str(number)]
            subprocess.run([*command, "--faults", FAULTS], check=True, capture_output=True)
        results = run(load_study(world / "study.toml"), folder / f"results_{number}", workers=workers).folder
        half = "seen" if number in SEEN else "unseen"
        for name, table in (
            ("result", score.compare(world, results)),
            ("tube", score.caught(world, results)),
        ):
            rows = table.astype(object).where(table.notna(), None).to_dict("records")
            if name == "tube":
                _name_partners(rows, world)
                rows += _masked_to_tell(rows, world)
            records += [{"kind": name, "half": half, **row, "world": number} for row in rows]
    return records


def _name_partners(rows: list[Record], world: Path) -> None:
    """Call the second tube of an exchange what it is: the score has its fault at the first alone."""
    sheet = pd.read_csv(world / "samples.csv", dtype=str).query("role == 'sample'")
    order = pd.read_csv(world / "truth.csv").query("role == 'sample'").file.unique()
    days = {row.file: (row.subject, float(row.day)) for row in sheet.itertuples()}
    for row, file in zip(rows, order, strict=True):
        row["file"] = file
        subject, day = Path(file).stem.rsplit("_D", 1)
        if row["fault"] == "sound" and days[file] != (subject, float(day)):
            row["fault"] = "exchanged, second tube"


def _masked_to_tell(rows: list[Record], world: Path) -> list[Record]:
    """Tubes whose B cells are masked and can be known: as many as are detected."""
    b_cells = pd.read_csv(world / "truth.csv").query("population == 'B'").set_index("file").events
    told = [row for row in rows if row["fault"] == _MASKED and b_cells[row["file"]] >= _DETECTED]
    return [{**row, "fault": f"{_MASKED}, {_DETECTED} B cells or more"} for row in told]


def _load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
