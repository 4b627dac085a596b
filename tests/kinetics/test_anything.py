"""Whatever the counts hold, the endpoints are complete, consistent and never a crash."""

from __future__ import annotations

import math
from pathlib import Path

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from bcelldepl.definitions.codes import ResultCode
from bcelldepl.kinetics import analyse_study, endpoints_table, kinetics_tables
from bcelldepl.study import EndpointSettings, Study, Tube

ROW = st.fixed_dictionaries(
    {
        "subject": st.sampled_from(["P1", "P2", "P3"]),
        "visit": st.sampled_from(["A", "B", "C"]),
        "day": st.sampled_from([-5.0, 0.0, 0.01, 1.0, 7.0, 14.0, 14.02, 28.0, 60.5, 90.0, 180.0]),
        "population": st.sampled_from(["B", "CAR_T", "lymphocytes"]),
        "cells_per_ul": st.one_of(st.none(), st.floats(0, 1e5), st.sampled_from([0.0, 5.0, 10.0])),
        "lloq_per_ul": st.one_of(st.none(), st.floats(0.01, 100)),
        "lod_per_ul": st.one_of(st.none(), st.floats(0.01, 100)),
        "events": st.one_of(st.none(), st.integers(0, 10_000)),
        "result": st.sampled_from(list(ResultCode)),
        "reason": st.sampled_from(["", "no beads"]),
    }
)
SETTINGS = st.builds(
    EndpointSettings,
    auc_days=st.sampled_from([(28.0, 90.0), (7.0,), (400.0,)]),
    confirm_visits=st.integers(1, 3),
    confirm_within_days=st.sampled_from([None, 10.0]),
    denominator=st.sampled_from(["blood", "lymphocytes"]),
)


@settings(max_examples=50, deadline=None)
@given(st.lists(ROW, max_size=25), SETTINGS)
def test_complete_consistent_and_never_a_crash(rows, endpoint_settings) -> None:
    for number, row in enumerate(rows):
        row["file"] = f"{number}.fcs"
        if row["result"] is ResultCode.QUANTIFIED and row["cells_per_ul"] == 0:
            row["cells_per_ul"] = 0.5  # zero is refused
    known = ("file", "subject", "visit", "day")
    tubes = [
        Tube(path=Path(row["file"]), dose_group="1e5/kg", **{name: row[name] for name in known})
        for row in rows
    ]
    study = Study(
        path=Path(), folder=Path(), samples_path=Path(), samples="s", id="S", strategy="x",
        endpoints=endpoint_settings, tubes=tuple(tubes),
    )  # fmt: skip
    counts = pd.DataFrame(rows, columns=["file", "dose_group", "subject", "visit", "day", "population",
                          "cells_per_ul", "lloq_per_ul", "lod_per_ul", "events", "result", "reason"])  # fmt: skip
    counts["dose_group"] = "1e5/kg"
    table = endpoints_table(counts, study)
    assert not table.duplicated(["subject", "analyte", "parameter"]).any()
    assert (table["value"].isna() == (table["qualifier"] == "NE")).all()
    assert table.loc[table["qualifier"] != "=", "reason"].str.len().gt(0).all()
    assert table.loc[~table["parameter"].str.startswith("LOG10"), "value"].dropna().ge(0).all()
    tables = kinetics_tables(analyse_study(counts, study))
    areas = tables["kinetics_segments"].groupby(["subject", "parameter"])["area"].sum()
    for (subject, parameter), area in areas.items():
        row = table[(table["subject"] == subject) & (table["parameter"] == parameter)].iloc[0]
        assert math.isclose(row["value"], area, rel_tol=1e-4, abs_tol=1e-9)
    values = {(r.subject, r.parameter): r for r in table.itertuples()}
    for subject in table["subject"].unique():
        onset, length = values.get((subject, "DEPLETION_DAY")), values.get((subject, "DEPLETION_DURATION"))
        back = values.get((subject, "RECONSTITUTION_DAY"))
        if onset is not None and length.qualifier != "NE":
            assert math.isclose(onset.value + length.value, back.value, rel_tol=1e-4)
            assert length.qualifier == back.qualifier
