"""Tables of a study report: every number is that of the CSV, and the RTF carries titles, pages and footnotes."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pandas as pd
import pytest

from bcelldepl.definitions.columns import TableDefinition
from bcelldepl.errors import ExchangeError
from bcelldepl.listings.export import export_listings
from bcelldepl.listings.listing import digits, mean_sd, range_of
from bcelldepl.listings.subjects import listings_of
from bcelldepl.listings.tables import tables_of
from bcelldepl.results import Results


def reader(folder: Path):
    def read(table: TableDefinition) -> pd.DataFrame:
        path = folder / table.file
        return table.read(path) if path.is_file() else table.frame([])

    return read


@pytest.fixture(scope="module")
def made(results: Results):
    read = reader(results.folder)
    return {one.name: one for one in (*tables_of(read), *listings_of(read))}


def test_numbers_are_those_of_the_csv(made, results: Results) -> None:
    rates = pd.read_csv(results.folder / "depletion_rates.csv")
    for row, cells in zip(rates.itertuples(), made["t_depletion"].rows, strict=True):
        assert cells[3] == f"{row.n_depleted}/{row.n_evaluable}"
        assert cells[4] == range_of(row.percent_depleted, row.ci_low_percent, row.ci_high_percent)
    summary = pd.read_csv(results.folder / "summary.csv")
    own = summary[(summary["analyte"] == "B") & (summary["parameter"] == "CONCENTRATION")]
    for row, cells in zip(own.itertuples(), made["t_concentrations_b"].rows, strict=True):
        assert cells[-3:] == (
            mean_sd(row.mean, row.sd),
            mean_sd(row.geometric_mean, row.geometric_cv_percent),
            range_of(row.median, row.min, row.max),
        )
    assert len(made["l_endpoints"].rows) == len(results.endpoints)
    tubes = made["t_tubes"].rows
    assert sum(int(cells[4]) for cells in tubes) == (results.tubes["role"] == "sample").sum()
    assert all(int(cells[4]) == sum(map(int, cells[5:])) for cells in tubes)


def test_every_table_is_whole(made) -> None:
    assert len({one.number for one in made.values()}) == len(made)
    for one in made.values():
        assert len(one.headings) == len(one.widths)
        assert all(len(cells) == len(one.headings) for cells in one.rows)
        assert all(isinstance(cell, str) for cells in one.rows for cell in cells)
        assert not any(cell in ("nan", "None", "-0") for cells in one.rows for cell in cells)
    assert any("Baseline: last before infusion" in note for note in made["t_log10_change"].footnotes)


@pytest.mark.parametrize(
    ("value", "text"),
    [(-0.0, "0"), (-1e-12, "-1e-12"), (12.3456, "12.35"), (123456.0, "123500"), (None, "-")],
)
def test_numbers(value, text) -> None:
    assert digits(value) == text


@pytest.mark.filterwarnings("ignore")
def test_rtf_has_titles_pages_and_footnotes(results: Results, made, tmp_path) -> None:
    pytest.importorskip("rtflite")
    written = export_listings(results.folder, tmp_path)
    assert {path.stem for path in written if path.suffix == ".rtf"} == set(made)
    text = (tmp_path / "t_depletion.rtf").read_text()
    assert text.startswith("{\\rtf1")
    for words in (
        "Table 14.2.11",
        made["t_depletion"].title,
        "NUMPAGES",
        "Clopper and Pearson",
        "depletion_rates.csv",
    ):
        assert words in text
    assert {path.suffix for path in written} == {".rtf", ".pdf", ".svg"}
    assert written[0].read_bytes() == export_listings(results.folder, tmp_path / "again")[0].read_bytes()


@pytest.mark.filterwarnings("ignore")
def test_rendered_pages_hold_the_words(results: Results, made, tmp_path) -> None:
    pytest.importorskip("rtflite")
    office, to_text = shutil.which("soffice"), shutil.which("pdftotext")
    if not (office and to_text):
        pytest.skip("no office suite renders the pages")
    export_listings(results.folder, tmp_path)
    profile = f"-env:UserInstallation=file://{tmp_path}/profile"
    command = [office, profile, "--headless", "--convert-to", "pdf", "--outdir", str(tmp_path),
               str(tmp_path / "t_depletion.rtf")]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    page = subprocess.run([to_text, "-layout", str(tmp_path / "t_depletion.pdf"), "-"], check=True,
                          capture_output=True, text=True).stdout  # fmt: skip
    assert made["t_depletion"].title in page
    assert "Page 1" in page
    for cells in made["t_depletion"].rows:
        assert cells[3] in page


def test_what_is_no_run_is_refused(tmp_path) -> None:
    with pytest.raises(ExchangeError, match="there is no"):
        export_listings(tmp_path, tmp_path / "out")
