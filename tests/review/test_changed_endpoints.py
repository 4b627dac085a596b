"""Which endpoints other numbers of a tube would change."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

from bcelldepl.counting import Concentration, CountRow, counts_table, not_done
from bcelldepl.definitions.codes import ResultCode
from bcelldepl.review.tube_content import changed_endpoints
from bcelldepl.study import Study, Tube


def quantified(per_ul: float) -> list[Concentration]:
    return [
        replace(one, events=500, cells_per_ul=per_ul, lod_per_ul=1.0, lloq_per_ul=2.0, result=ResultCode.QUANTIFIED)
        for one in not_done(["CAR_T"], "")
    ]  # fmt: skip


def test_only_those_of_the_tubes_own_course() -> None:
    """A subject with two infusions: day 14 of the second is the peak of the second alone."""
    tubes = [
        Tube(file=f"{course}/{day:g}.fcs", path=Path("x"), subject="P", visit=f"D{day:g}", day=day, course=course)
        for course in (1, 2)
        for day in (7.0, 14.0, 28.0)
    ]  # fmt: skip
    per_ul = dict(zip((one.file for one in tubes), (300.0, 900.0, 50.0, 30.0, 90.0, 5.0), strict=True))
    counts = counts_table(CountRow(one, "", row) for one in tubes for row in quantified(per_ul[one.file]))
    paths = {"path": Path("study.toml"), "folder": Path(), "samples_path": Path("samples.csv")}
    study = Study(**paths, samples="samples.csv", id="S", strategy="cart_pd", tubes=tuple(tubes))
    rows = {one.file: {"sha256": ""} for one in tubes}
    snapshot = SimpleNamespace(results=SimpleNamespace(counts=counts), study=study, rows=rows)
    told = {one["parameter"]: one for one in changed_endpoints(snapshot, tubes[4], quantified(120.0))}
    assert (told["CMAX"]["before"], told["CMAX"]["after"]) == ("90", "120")
    assert set(told) <= {"CMAX", "AUC_0_28", "AUC_0_90", "AUC_LAST"}
    assert changed_endpoints(snapshot, tubes[4], quantified(90.0)) == []
