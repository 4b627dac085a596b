"""The notebook of the documentation runs as it stands, and shows what it says that it shows."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pandas as pd
import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "docs" / "notebooks"
NOTEBOOK = FOLDER / "first_results.ipynb"


@pytest.fixture(scope="module")
def cells() -> list:
    """Cells of the notebook, run from its own folder."""
    nbformat = pytest.importorskip("nbformat", reason="nbformat is not installed: the notebook is not run")
    nbclient = pytest.importorskip("nbclient", reason="nbclient is not installed: the notebook is not run")
    pytest.importorskip("ipykernel", reason="ipykernel is not installed: the notebook is not run")
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    client = nbclient.NotebookClient(
        notebook, timeout=600, kernel_name="python3", resources={"metadata": {"path": str(FOLDER)}}
    )
    return client.execute().cells


def shown(cells: list, kind: str) -> list[str]:
    """Outputs of a kind, in order."""
    outputs = [one for cell in cells for one in cell.get("outputs", [])]
    assert [one for one in outputs if one["output_type"] in ("error", "stream")] == []
    return [one["data"][kind] for one in outputs if kind in one.get("data", {})]


def test_it_is_kept_without_outputs() -> None:
    content = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    kept = [cell for cell in content["cells"] if cell["cell_type"] == "code"]
    assert kept
    assert all(not cell["outputs"] and cell["execution_count"] is None for cell in kept)


@pytest.mark.filterwarnings("default")  # of the machinery of notebooks
def test_it_runs_and_shows_tables_and_figures(cells: list) -> None:
    pages, pictures = shown(cells, "text/html"), shown(cells, "image/png")
    assert len(pictures) == 3
    assert "Study(SIM-SMALL: 15 tubes of 3 subjects" in pages[0]
    assert "Results(SIM-SMALL: 15 tubes of 3 subjects" in pages[1]
    assert shown(cells, "text/plain")[2].startswith("([],")
    assert "SIM-SMALL.xlsx" in shown(cells, "text/plain")[-1]


@pytest.mark.filterwarnings("default")
def test_its_counts_are_those_of_the_truth(cells: list) -> None:
    table = next(page for page in shown(cells, "text/html") if "cells_per_ul" in page and "subject" in page and
                 "lloq_per_ul" in page)  # fmt: skip
    (found,) = pd.read_html(io.StringIO(table))
    truth = pd.read_csv(ROOT / "sample_fcs" / "truth.csv")
    b = truth[truth["population"] == "B"].set_index("file")["true_per_ul"]
    quantified = found[found["result"] == "QUANTIFIED"]
    true = [b[f"fcs/{row.subject}_{row.visit}.fcs"] for row in quantified.itertuples()]
    assert len(true) >= 4
    assert quantified["cells_per_ul"].tolist() == pytest.approx(true, rel=0.35)
