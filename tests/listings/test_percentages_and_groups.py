"""Tables of studies that have no cells/uL, or no dose groups: nothing empty is shown, and what is left out is said."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from bcelldepl.definitions.columns import TableDefinition
from bcelldepl.definitions.tables import COUNTS, ENDPOINTS, TUBES
from bcelldepl.kinetics import analyse_study, kinetics_tables
from bcelldepl.listings.listing import Listing
from bcelldepl.listings.subjects import listings_of
from bcelldepl.listings.tables import outcome_tables, tables_of
from bcelldepl.results import Results
from bcelldepl.results.finished import read_finished_run

OF_CELLS = ["cells_per_ul", "ci_low_per_ul", "ci_high_per_ul", "lod_per_ul", "lloq_per_ul"]
Tables = Callable[[str], dict[str, Listing]]


@pytest.fixture(scope="module")
def in_percent(results: Results) -> Tables:
    """Tables and listings of the study as one of percentages, with depletion judged in percent or not."""
    run = read_finished_run(results.folder)
    counts = run.counts.assign(method="percent", **dict.fromkeys(OF_CELLS))

    def make(denominator: str) -> dict[str, Listing]:
        thresholds = {f"{kind}_threshold_percent": 20.0 for kind in ("depletion", "reconstitution")}
        settings = run.study.endpoints.model_copy(update={"denominator": denominator} | thresholds)
        kinetics = analyse_study(counts, run.study.model_copy(update={"endpoints": settings}))
        made = {COUNTS.name: counts, ENDPOINTS.name: kinetics.endpoints, TUBES.name: run.tubes}
        made |= kinetics_tables(kinetics)

        def read(table: TableDefinition) -> pd.DataFrame:
            return made.get(table.name, table.frame([]))

        return {one.name: one for one in (*tables_of(read), *listings_of(read))}

    return make


def test_without_thresholds_in_percent_only_percentages_are_left(in_percent: Tables) -> None:
    made = in_percent("blood")
    assert set(made) == {
        "t_tubes",
        "t_concentrations_b",
        "t_concentrations_car_t",
        "l_percentages",
        "l_endpoints",
    }
    for name in ("t_concentrations_b", "t_concentrations_car_t"):
        assert "% of parent population" in made[name].title
        assert made[name].footnotes[-1].startswith("The results are percentages: change from baseline")


def test_thresholds_in_percent_give_depletion_and_its_days(in_percent: Tables) -> None:
    made = in_percent("lymphocytes")
    assert {"t_depletion", "t_times", "t_parameters_b"} <= set(made)
    assert not {"t_percent_of_baseline", "t_log10_change", "t_parameters_car_t", "l_b_cells"} & set(made)
    parameters = {cells[0] for cells in made["t_parameters_b"].rows}
    assert parameters == {
        "First Day of B-Cell Depletion [day]",
        "Duration of B-Cell Depletion [day]",
        "First Day of Confirmed B-Cell Recovery [day]",
    }
    for name in ("t_parameters_b", "t_depletion", "t_times"):
        assert all(any(cell not in ("", "-", "0") for cell in cells[2:]) for cells in made[name].rows), name


def test_cells_that_no_subject_has_stay_in_a_study_of_concentrations() -> None:
    """There the numbers of those not evaluable are the result."""
    rates: dict[str, Any] = dict.fromkeys(("n_evaluable", "n_depleted", "n_no_evidence", "n_missed"), 0)
    cells = {"dose_group": "a", "course": 1, "visit": "D7", "day": 7.0, "n_not_evaluable": 3, "n_not_reached": 0,
             "percent_depleted": None, "ci_low_percent": None, "ci_high_percent": None, "threshold": "x"}  # fmt: skip
    tables = pd.DataFrame([rates | cells]), pd.DataFrame({"measure": [], "n": [], "n_no_baseline": []})
    times = pd.DataFrame({"n": []})
    (kept,) = outcome_tables(*tables, times, in_percent=False)
    assert kept.rows[0][:4] == ("a", "D7", "7", "0/0")
    assert list(outcome_tables(*tables, times, in_percent=True)) == []


def test_without_dose_groups_there_is_no_column_of_them(results: Results) -> None:
    def read(table: TableDefinition, group: str | None = None) -> pd.DataFrame:
        path = results.folder / table.file
        rows = table.read(path) if path.is_file() else table.frame([])
        return rows if group is None else rows.assign(dose_group=group)

    plain, without, one = (
        {made.name: made for made in (*tables_of(how), *listings_of(how))}
        for how in (read, lambda table: read(table, ""), lambda table: read(table, "x"))
    )
    assert set(plain) == set(without)
    assert without["t_depletion"].title == "Subjects with Depleted B Cells by Visit"
    for name, made in without.items():
        assert "Dose group" in plain[name].headings
        assert made.headings == tuple(word for word in plain[name].headings if word != "Dose group")
        assert len(made.headings) == len(made.widths)
        assert all(len(cells) == len(made.headings) for cells in made.rows)
        assert "Dose Group" not in made.title
        assert "Dose group" in one[name].headings
        place = one[name].headings.index("Dose group")
        assert [(*cells[:place], *cells[place + 1 :]) for cells in one[name].rows] == list(made.rows)
