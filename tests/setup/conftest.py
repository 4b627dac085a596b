"""A laboratory's folder with small FCS files, and the study that belongs to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest

from bcelldepl.fcs.write import spillover_keyword, write_fcs

PANEL = {"FITC-A": "CD3 FITC", "PE-A": "CAR PE", "APC-A": "CD19 APC", "V500-A": "CD45 V500"}
SCATTER = ("FSC-A", "SSC-A", "Time")


def write_tube(
    path: Path,
    panel: Mapping[str, str] = PANEL,
    *,
    matrix: bool = True,
    date: str = "02-MAR-2026",
    seed: int = 0,
    **keywords: str,
) -> None:
    """Write a file of a hundred events; `keywords` with ``_`` for blanks, those of the standard without ``$``."""
    rng = np.random.default_rng(seed)
    names = [*SCATTER, *panel]
    events = rng.uniform(1, 1000, (len(names), 100)).astype(np.float32)
    events[2] = np.arange(100)
    standard = {"CYT": "FACSLyric", "DATE": date, "FIL": path.name, "TIMESTEP": "0.01"}
    given = {f"${key}": value for key, value in standard.items()}
    given |= {key.replace("_", " ") if "_" in key else f"${key}": value for key, value in keywords.items()}
    if matrix:
        given["$SPILLOVER"] = spillover_keyword(list(panel), np.eye(len(panel)))
    path.parent.mkdir(parents=True, exist_ok=True)
    write_fcs(path, events, names, ["", "", "", *panel.values()], keywords=given)


@pytest.fixture
def tube() -> Callable[..., None]:
    """Writes a file."""
    return write_tube


HEAD = "file,subject,visit,day,role,bead_count,blood_volume_ul"
ROWS = (
    "fcs/S01_BL.fcs,S01,BL,-5,sample,50000,50",
    "fcs/S01_BL_FMO-CAR.fcs,S01,BL,-5,fmo:CAR,50000,50",
    "fcs/S01_D10.fcs,S01,D10,10,sample,50000,50",
    "fcs/S01_D28.fcs,S01,D28,28,sample,50000,50",
    "fcs/S02_BL.fcs,S02,BL,-5,sample,50000,50",
    "fcs/S02_D10.fcs,S02,D10,10,sample,50000,50",
)
TOML = '[study]\nid = "S"\nsamples = "samples.csv"\nstrategy = "cart_pd"\n'


@pytest.fixture
def study(tmp_path: Path) -> Callable[..., Path]:
    """Writes a study without a fault, but for what a test says: its rows, heading, settings and files."""

    def write(
        rows: Sequence[str] = ROWS,
        head: str = HEAD,
        toml: str = TOML,
        panel: Mapping[str, str] = PANEL,
        **about: object,
    ) -> Path:
        for number, row in enumerate(ROWS):
            write_tube(tmp_path / row.partition(",")[0], panel, seed=number, **about)
        (tmp_path / "samples.csv").write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
        (tmp_path / "study.toml").write_text(toml, encoding="utf-8")
        return tmp_path / "study.toml"

    return write
