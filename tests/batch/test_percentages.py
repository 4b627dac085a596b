"""A study without any way to count: refused where nobody asked for percentages, and all the way where somebody did."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from bcelldepl import plots
from bcelldepl.batch import Results, run
from bcelldepl.cdisc.export import datasets_of
from bcelldepl.definitions.result_columns import CONCENTRATION
from bcelldepl.errors import StudyError
from bcelldepl.fcs.write import write_fcs
from bcelldepl.results.finished import read_finished_run
from bcelldepl.simulation import simulate
from bcelldepl.study import EndpointSettings, load_study
from bcelldepl.tubes.countable import uncountable

ENDPOINTS = '[endpoints]\ndenominator = "lymphocytes"\ndepletion_threshold_percent = 4\n'
ENDPOINTS += "reconstitution_threshold_percent = 4\nconfirm_visits = 1\n"


@pytest.fixture(scope="module")
def without_counts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Study file of one subject whose sheet has only file, subject, visit, day and role; files without a volume."""
    folder = tmp_path_factory.mktemp("percent")
    simulate(folder, scenario="small", subjects=1, seed=5)
    sheet = pd.read_csv(folder / "samples.csv", dtype=str)
    sheet[["file", "subject", "visit", "day", "role"]].to_csv(folder / "samples.csv", index=False)
    return write(folder, "percent", ENDPOINTS)


def write(folder: Path, method: str, more: str = "") -> Path:
    counting = "" if method == "auto" else f'[counting]\nmethod = "{method}"\n'
    text = '[study]\nid = "PCT"\nsamples = "samples.csv"\nstrategy = "cart_pd"\n'
    (folder / "study.toml").write_text(text + counting + more)
    return folder / "study.toml"


def copied(study: Path, tmp_path: Path) -> Path:
    shutil.copytree(study.parent, tmp_path / "study", ignore=shutil.ignore_patterns("results", "labels"))
    return tmp_path / "study"


@pytest.fixture(scope="module")
def results(without_counts: Path, tmp_path_factory: pytest.TempPathFactory) -> Results:
    return run(load_study(without_counts), tmp_path_factory.mktemp("results"), workers=1)


def test_auto_is_refused_before_anything_is_run_and_offers_percentages(without_counts, tmp_path) -> None:
    for method in ("auto", "volumetric"):
        study = write(copied(without_counts, tmp_path / method), method)
        with pytest.raises(StudyError, match='set method = "percent"') as caught:
            run(load_study(study), tmp_path / method / "results")
        assert "the file has no $VOL" in str(caught.value)
        assert not (tmp_path / method / "results").exists()


def test_one_sample_that_can_be_counted_is_enough(without_counts, tmp_path) -> None:
    study = write(copied(without_counts, tmp_path), "auto")
    assert uncountable(load_study(study)) is not None
    sheet = pd.read_csv(study.parent / "samples.csv", dtype=str)
    for column in ("bead_count", "wbc_per_ul", "lymphocytes_per_ul"):
        sheet.assign(**{column: ["5000", *[""] * (len(sheet) - 1)]}).to_csv(
            study.parent / "samples.csv", index=False
        )
        assert uncountable(load_study(study)) is None
        write(study.parent, "volumetric")  # that is asked for by name
        assert uncountable(load_study(study)) is not None
        write(study.parent, "auto")
    sheet.to_csv(study.parent / "samples.csv", index=False)
    last = study.parent / sheet[sheet["role"] == "sample"]["file"].iloc[-1]
    keywords = {
        "$CYT": "Attune NxT",
        "$BTIM": "10:00:00",
        "$ETIM": "10:01:00",
        "$VOL": "100000",
    }  # nanolitres
    write_fcs(last, np.ones((1, 100), np.float32), ["FSC-A"], [""], keywords=keywords)
    for method in ("auto", "volumetric"):
        write(study.parent, method)
        assert uncountable(load_study(study)) is None


def test_files_that_cannot_be_read_are_another_problem(without_counts, tmp_path) -> None:
    study = write(copied(without_counts, tmp_path), "auto")
    for file in pd.read_csv(study.parent / "samples.csv")["file"]:
        (study.parent / file).write_bytes(b"no FCS")
    assert uncountable(load_study(study)) is None


@pytest.mark.parametrize("method", ["beads", "dual"])
def test_a_method_that_the_sheet_cannot_support_offers_percentages_when_loaded(
    without_counts, tmp_path, method
) -> None:
    with pytest.raises(StudyError, match='"percent" gives percentages and no cells/uL'):
        load_study(write(copied(without_counts, tmp_path), method))


def test_depletion_in_cells_per_ul_is_noted_when_loaded(without_counts, tmp_path) -> None:
    study = write(copied(without_counts, tmp_path), "percent")
    assert [note for note in load_study(study).warnings if 'denominator = "lymphocytes"' in note]
    assert not [note for note in load_study(without_counts).warnings if "denominator" in note]


def test_percentages_hold_the_truth(results: Results, without_counts: Path) -> None:
    truth = pd.read_csv(without_counts.parent / "truth.csv").pivot(
        index="file", columns="population", values="true_events"
    )
    counts = results.counts
    shown = 0
    for population in ("B", "T", "NK", "CAR_T"):
        rows = counts[(counts["population"] == population) & (counts["result"] == "QUANTIFIED")].set_index(
            "file"
        )
        true = 100 * truth.loc[rows.index, population] / truth.loc[rows.index, "lymphocytes"]
        found = rows["percent_of_lymphocytes"]
        assert ((found - true).abs() <= 0.10 * true + 0.5).all()
        assert (rows["percent_of_lymphocytes_ci_low"] <= found).all()
        assert (found <= rows["percent_of_lymphocytes_ci_high"]).all()
        shown += len(rows)
    assert shown >= 10


def test_no_table_has_a_concentration(results: Results) -> None:
    counts = results.counts
    assert counts[list(CONCENTRATION.names)].isna().all().all()
    assert set(counts["method"]) == {"percent", "none"}
    for table in sorted(results.folder.glob("*.csv")):
        rows = pd.read_csv(table)
        amounts = [name for name in rows if re.search(r"_per_ul", name)]
        assert rows[amounts].isna().all().all(), table.name
    endpoints = results.endpoints
    by_amount = endpoints[endpoints["unit"].str.contains("cells/uL")]
    assert set(by_amount["qualifier"]) == {"NE"}
    assert by_amount["reason"].str.contains("the results are percentages").all()


def test_depletion_is_judged_in_percent_of_lymphocytes(results: Results) -> None:
    counts = results.counts
    b = counts[counts["population"] == "B"].sort_values("day")
    after = b[b["day"] > 0]
    first = after[after["percent_of_lymphocytes_ci_high"] < 4]["actual_day"].fillna(after["day"]).iloc[0]
    endpoints = results.endpoints.set_index("parameter")
    assert endpoints.loc["DEPLETION_DAY", "qualifier"] == "="
    assert endpoints.loc["DEPLETION_DAY", "value"] == pytest.approx(first)
    rates = pd.read_csv(results.folder / "depletion_rates.csv")
    assert (rates["n_not_evaluable"] == 0).all()
    assert rates["n_depleted"].sum() > 0
    assert set(rates["threshold"]) == {"< 4 % of lymphocytes"}
    summary = pd.read_csv(results.folder / "summary.csv")
    by_visit = summary[(summary["parameter"] == "PERCENTAGE") & (summary["analyte"] == "B")].set_index(
        "visit"
    )
    baseline = b[b["day"] < 0].iloc[0]
    assert by_visit.loc[baseline["visit"], "mean"] == pytest.approx(baseline["percent_of_parent"], rel=1e-5)


def test_the_report_shows_percentages_and_says_so(results: Results) -> None:
    page = (results.folder / "report.html").read_text(encoding="utf-8")
    assert "<h2>Percentages" in page
    assert "<h2>Counts" not in page
    row = results.counts.set_index("population").loc["B"].iloc[0]
    assert re.search(rf">{row['percent_of_parent']:.1f} %</span>.*of lymphocytes</small>", page)


def test_figures_are_in_percent_and_so_is_the_threshold(results: Results, without_counts: Path) -> None:
    study, counts = load_study(without_counts), results.counts
    axes = plots.draw_depletion(counts, results.endpoints, Figure().subplots(), study)
    assert axes.get_title(loc="left").startswith("B cells [% of lymphocytes")
    (line,) = [one for one in axes.lines if one.get_gid() == "threshold"]
    assert list(line.get_ydata()) == [4, 4]
    in_blood = study.model_copy(update={"endpoints": EndpointSettings()})
    axes = plots.draw_depletion(counts, results.endpoints, Figure().subplots(), in_blood)
    assert [one for one in axes.lines if one.get_gid() == "threshold"] == []
    axes = plots.draw_group_curves(results.table("summary"), "B", Figure().subplots())
    assert axes.get_title(loc="left").startswith("B cells [% of parent, log scale]")
    assert axes.lines
    drawn = {path.stem for path in (results.folder / "figures").iterdir()}
    assert {"curves", "groups_b", "swimmer"} <= drawn
    assert not {"waterfall", "percent_of_baseline", "dose_cmax", "exposure_depth"} & drawn


def test_exports_claim_no_concentration(results: Results) -> None:
    tables = {one.name: one.frame() for one in datasets_of(read_finished_run(results.folder))}
    cp = tables["CP"]
    assert set(cp["CPRESTYP"]) == {"NUMBER FRACTION", "NUMBER"}
    assert set(cp["CPORRESU"]) <= {"%", "Events", ""}
    assert len(tables["PC"]) == len(tables["ADPC"]) == 0
    assert set(tables["ADCP"]["PARAM"].str.extract(r"\(([^)]*)\)$")[0]) == {"%"}
    counts = results.counts
    rows = counts[(counts["population"] == "B")].set_index("file")
    b = cp[cp["CPTESTCD"] == "BLYCELY"].set_index("CPREFID")
    for file, row in rows.iterrows():
        if row["result"] == "QUANTIFIED":
            assert b.loc[file, "CPSTRESN"] == pytest.approx(row["percent_of_lymphocytes"])
        else:
            assert b.loc[file, "CPORRES"].startswith("<")
        assert b.loc[file, "CPLLOQ"] == pytest.approx(row["percent_of_lymphocytes_lloq"])
    names = set(tables["SUPPCP"]["QNAM"])
    assert {"CPPCTLOW", "CPPCTHI", "CPPCTLOD", "CPRESCD"} <= names
    assert not {"CPCILOW", "CPCIHIGH", "CPLOD", "CPVOLUL"} & names


def test_listings_show_percentages(results: Results, tmp_path: Path) -> None:
    pytest.importorskip("rtflite", reason="the extra `tables` is not installed")
    from bcelldepl.listings import export_listings

    written = {path.name for path in export_listings(results.folder, tmp_path)}
    assert "l_percentages.rtf" in written
    assert not {"l_car_t.rtf", "l_b_cells.rtf", "waterfall.pdf", "dose_cmax.pdf"} & written
    assert "% of parent population" in (tmp_path / "t_concentrations_b.rtf").read_text()
