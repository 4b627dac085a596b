"""Companions of a study through a run: tables beside the endpoints, and in the report."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
from lxml import html

from bcelldepl.batch import Results, run
from bcelldepl.study import load_study


def test_they_reach_the_report(one_subject: Path, results_of_one: Results, tmp_path: Path) -> None:
    study = Path(shutil.copytree(one_subject, tmp_path / "study", ignore=shutil.ignore_patterns("labels")))
    shutil.copytree(results_of_one.folder, study / "results")  # the tubes are counted already
    visit = str(results_of_one.counts["visit"].iloc[-1])
    subject = str(results_of_one.counts["subject"].iloc[0])
    (study / "companions.csv").write_text(
        f"subject,visit,test,value,unit\n{subject},{visit},SRI-4,Y,\n{subject},{visit},IgG,6.4,g/L\n"
    )
    text = (study / "study.toml").read_text().replace("[study]\n", '[study]\ncompanions = "companions.csv"\n')
    (study / "study.toml").write_text(text + '\n[[endpoints.subgroups]]\ntest = "SRI-4"\n')
    results = run(load_study(study / "study.toml"), study / "results", workers=1)
    page = html.parse(str(results.folder / "report.html"))
    tables = {
        one.getprevious().text_content(): one for one in page.xpath("//section[@id='outcome']/div[@class='scroll']")
    }  # fmt: skip
    cells = {
        tuple(cell.text_content() for cell in row)
        for title, table in tables.items()
        if title.startswith("Results of Other Assays")
        for row in table.xpath(".//tbody/tr")
    }
    group = str(results.counts["dose_group"].iloc[0])
    assert cells == {
        ("IgG [g/L]", group, visit, "1", "", "6.4 (-)", "6.4 (-)", "6.4 (6.4, 6.4)"),
        ("SRI-4", group, visit, "1", "yes: 1/1 (100 (2.5, 100))", "-", "-", "-"),
        ("SRI-4", group, visit, "1", "no: 0/1 (0 (0, 97.5))", "-", "-", "-"),
    }
    (subgroups,) = [table for title, table in tables.items() if title == "Parameters by Subgroup"]
    shown = {row[2].text_content(): row[7].text_content() for row in subgroups.xpath(".//tbody/tr")}
    peak = results.endpoints.set_index("parameter").loc["CMAX", "value"]
    assert shown["Max Conc [cells/uL]"] == f"{peak:.4g} (-)"
    assert set(pd.read_csv(results.folder / "companions.csv")["test"]) == {"SRI-4", "IgG"}
