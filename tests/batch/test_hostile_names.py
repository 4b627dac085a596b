"""A study whose subjects, visits and files have names that mean harm: text everywhere, inside the folder, apart."""

from __future__ import annotations

import csv
import html
import shutil
from pathlib import Path

import numpy as np
import pytest

from bcelldepl.batch import Results, run
from bcelldepl.cdisc.export import export
from bcelldepl.comparison.compare import compare
from bcelldepl.fcs import read_fcs
from bcelldepl.fcs.write import spillover_keyword, write_fcs
from bcelldepl.gate_exchange.export import export_gates
from bcelldepl.spreadsheet import is_live
from bcelldepl.study import load_study

SCRIPT = "<script>alert(1)</script>"
CYTOMETER = "=cmd|' /C calc'!A0 \x1b]0;title\x07<img src=x onerror=alert(1)>"
SUBJECTS = {"S01": SCRIPT, "S02": r"../../x $\frac{1$ & \"q\""}
FILES = {
    "fcs/S01_BL.fcs": "fcs/CON.fcs",
    "fcs/S01_D10.fcs": f"fcs/{'long ' * 40}.fcs",
    "fcs/S01_D28.fcs": "fcs/<b>$a$ b</b>.fcs".replace("/b>", "b>"),
    "fcs/S02_BL.fcs": "a/b.fcs",
    "fcs/S02_D10.fcs": "a__b.fcs",
}


@pytest.fixture(scope="module")
def hostile(simulated: Path, tmp_path_factory: pytest.TempPathFactory) -> Results:
    folder = tmp_path_factory.mktemp("hostile") / "deep" / "study"
    shutil.copytree(simulated, folder, ignore=shutil.ignore_patterns("labels"))
    with (folder / "samples.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    for row in rows:
        old = folder / row["file"]
        row["file"] = FILES.get(row["file"], row["file"])
        (folder / row["file"]).parent.mkdir(exist_ok=True)
        old.rename(folder / row["file"])
        row["subject"] = SUBJECTS[row["subject"]]
        row["visit"] = f"{row['visit']}{SCRIPT}"
        row["dose_group"] = "$5 or $10"
        row["comment"] = SCRIPT
    with (folder / "samples.csv").open("w", newline="") as stream:
        sheet = csv.DictWriter(stream, rows[0])
        sheet.writeheader()
        sheet.writerows(rows)
    _rename_cytometer(folder / "fcs" / "S01_D90.fcs")
    return run(load_study(folder / "study.toml"), folder / "results", workers=1, figures=("png", "svg"))


def _rename_cytometer(path: Path) -> None:
    """Write a file again with a cytometer that is a formula, an escape of a terminal and markup."""
    old = read_fcs(path)
    kept = {key: old.keywords[key] for key in ("$DATE", "$BTIM", "$ETIM", "$TIMESTEP") if key in old.keywords}
    assert old.spillover is not None
    kept |= {"$CYT": CYTOMETER, "$SPILLOVER": spillover_keyword(old.spillover.channels, old.spillover.matrix)}
    write_fcs(path, np.ascontiguousarray(old.columns()), [c.name for c in old.channels],
              [c.label for c in old.channels], keywords=kept, ranges=[c.range for c in old.channels])  # fmt: skip


def test_every_tube_is_counted_under_its_own_name(hostile: Results) -> None:
    assert set(hostile.counts["subject"]) == set(SUBJECTS.values())
    assert "failed" not in set(hostile.tubes["status"])
    assert set(FILES.values()) <= set(hostile.counts["file"]) | {"fcs/S01_BL_FMO-CAR.fcs"}


def test_each_tube_and_subject_has_its_own_files_inside_the_folder(hostile: Results) -> None:
    tubes = len(hostile.tubes)
    learned = {"model.json", "clusters.csv"}
    assert len({path.name for path in (hostile.folder / "gates").iterdir()} - learned) == tubes
    assert len(list((hostile.folder / "figures" / "tubes").iterdir())) == tubes
    assert len(list((hostile.folder / "figures" / "subjects").glob("*.svg"))) == len(SUBJECTS)
    beside = {path.name for path in hostile.folder.parent.iterdir()}
    assert beside == {"study.toml", "samples.csv", "truth.csv", "fcs", "a", "a__b.fcs", "results"}
    assert [path.name for path in hostile.folder.parent.parent.iterdir()] == ["study"]


def _no_markup_came_through(folder: Path) -> None:
    pages = [path for path in folder.rglob("*") if path.suffix in (".html", ".svg", ".xml", ".wsp")]
    assert pages
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert SCRIPT not in text, page
        assert "<img src=x" not in text, page


def _no_formula_came_through(folder: Path) -> None:
    tables = list(folder.rglob("*.csv"))
    assert tables
    for table in tables:
        for delimiter in ",;\t":
            with table.open(newline="", encoding="utf-8") as stream:
                for row in csv.reader(stream, delimiter=delimiter):
                    assert not any(is_live(cell) for cell in row if not cell.startswith("-")), (table, row)
        assert "\x1b" not in table.read_text(encoding="utf-8")


def test_nothing_written_is_markup_or_a_formula(hostile: Results) -> None:
    _no_markup_came_through(hostile.folder)
    _no_formula_came_through(hostile.folder)
    assert html.escape(SCRIPT) in (hostile.folder / "report.html").read_text(encoding="utf-8")
    cytometer = hostile.tubes.set_index("file").loc["fcs/S01_D90.fcs", "cytometer"]
    assert str(cytometer).startswith("'=cmd|")


def test_exports_neither(hostile: Results, tmp_path: Path) -> None:
    export(hostile.folder, "csv", tmp_path / "csv")
    export_gates(hostile.folder, "gatingml", tmp_path / "gates")
    export_gates(hostile.folder, "flowjo", tmp_path / "flowjo")
    _no_formula_came_through(tmp_path)
    _no_markup_came_through(tmp_path)
    assert len(list((tmp_path / "gates").glob("*.xml"))) == len(hostile.tubes)


def test_a_comparison_neither(hostile: Results, tmp_path: Path) -> None:
    theirs = f"=1+1{SCRIPT}"
    rows = [{"file": file, "population": theirs, "events": 100} for file in hostile.counts["file"].unique()]
    with (tmp_path / "manual.csv").open("w", newline="") as stream:
        sheet = csv.DictWriter(stream, rows[0])
        sheet.writeheader()
        sheet.writerows(rows)
    (tmp_path / "mapping.toml").write_text(f'[populations]\nB = "{theirs}"\n')
    compare(hostile.folder, tmp_path / "manual.csv", tmp_path / "out", mapping=tmp_path / "mapping.toml")
    _no_formula_came_through(tmp_path / "out")
    _no_markup_came_through(tmp_path / "out")
