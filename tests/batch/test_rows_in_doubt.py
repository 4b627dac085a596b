"""Rows of the sheet that are wrong beside their files: said in `tubes.csv`, and by the exit code."""

from __future__ import annotations

from pathlib import Path

from bcelldepl.batch import run
from bcelldepl.store import Store
from bcelldepl.study import load_study


def test_doubts_of_the_sheet_reach_the_tables_and_the_exit_code(copy_of_one: Path) -> None:
    sheet = copy_of_one / "samples.csv"
    text = sheet.read_text().replace("fmo:CAR", "fmo:CRA")
    lines = text.splitlines()
    column = lines[0].split(",").index("visit")
    cells = [line.split(",") for line in lines]
    (first, second) = [row for row in cells if row[0].endswith(("D10.fcs", "D28.fcs"))][:2]
    second[column] = first[column]
    for row in cells:
        row.append({"file": "guessed", first[0]: "day (file name)"}.get(row[0], ""))
    sheet.write_text("\n".join(map(",".join, cells)) + "\n")
    results = run(load_study(copy_of_one / "study.toml"), copy_of_one / "results", workers=1)
    reasons = dict(zip(results.tubes["file"], results.tubes["reason"], strict=True))
    assert f"visit {first[column]} of S01 is day" in reasons[first[0]]
    assert f"visit {first[column]} of S01 is day" in reasons[second[0]]
    guessed = [file for file, reason in reasons.items() if "not confirmed: day (file name)" in reason]
    assert guessed == [first[0]]
    controls = [reason for file, reason in reasons.items() if "FMO" in file.upper()]
    assert controls
    assert all("the role fmo:CRA is used by no gate" in reason for reason in controls)
    assert results.exit_code == 1
    page = (copy_of_one / "results" / "report.html").read_text(encoding="utf-8")
    assert "the role fmo:CRA is used by no gate" in page
    assert "1 row holds guesses" in page


def test_notes_reach_the_page_and_where_they_concern_a_tube_its_row(copy_of_one: Path) -> None:
    """They change no count: only tables and page are written anew."""
    sheet, out = copy_of_one / "samples.csv", copy_of_one / "results"
    run(load_study(copy_of_one / "study.toml"), out, workers=1)
    head, *lines = sheet.read_text().splitlines()
    sheet.write_text(
        "\n".join([f"{head},dilution,<b>operator</b>", *(f"{line},10,me" for line in lines)]) + "\n"
    )
    sheet.write_text(sheet.read_text().replace(f"{lines[0]},10,me", f"{lines[0]},1,me"))
    study = load_study(copy_of_one / "study.toml")
    diluted = {tube.file for tube in study.tubes if tube.dilution == 10 and tube.bead_count}
    assert diluted
    results = run(study, out, workers=1)
    assert not results.was_current
    noted = results.tubes["warnings"].str.contains("counting by beads does not use the dilution of 10")
    assert set(results.tubes["file"][noted]) == diluted
    page = (out / "report.html").read_text(encoding="utf-8")
    notes = page[page.index('id="notes"') : page.index('id="endpoints"')]
    assert "more have beads and a dilution" in notes
    assert "the column `&lt;b&gt;operator&lt;/b&gt;` is not known and was left out" in notes
    # Without the column that is not known the tubes are the same, and the page has less to say.
    sheet.write_text(sheet.read_text().replace(",<b>operator</b>", "").replace(",me\n", "\n"))
    again = run(load_study(copy_of_one / "study.toml"), out, workers=1)
    assert not again.was_current
    assert "operator" not in (out / "report.html").read_text(encoding="utf-8")
    assert computed(out)[-1] == {"fit": 0, "place": 0, "count": 0}


def computed(out: Path) -> list[dict[str, int]]:
    """How many tubes each run did anew."""
    with Store(out, "test") as store:
        contents = [entry.content for entry in store.entries]
    return [content["what"]["computed"] for content in contents if content["action"] == "run finished"]
