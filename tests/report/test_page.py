"""The report page: what it says, that it is safe, and that a real browser shows it."""

from __future__ import annotations

import base64
import html
import re
import shutil
import subprocess
import zlib
from urllib.parse import quote

import numpy as np
import pandas as pd
import pytest

from bcelldepl.report import write_report
from bcelldepl.report.number_format import concentration, limit, percent
from bcelldepl.report.table import count_cell, count_rows, endpoint_name, endpoint_tables

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
HOSTILE = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def page(study, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "report.html"
    write_report(path, **vars(study))
    return path


@pytest.fixture(scope="module")
def text(page):
    return page.read_text(encoding="utf-8")


def row(**values):
    return {
        "population": "B", "events": 0, "parent_events": 4000, "cells_per_ul": 0.0, "ci_low_per_ul": 0.0,
        "ci_high_per_ul": 0.37, "lod_per_ul": 2.0, "lloq_per_ul": 5.0, "result": "NOT_DETECTED",
        "evidence": "subject", "reason": "",
    } | values  # fmt: skip


def test_results_are_written_as_a_reader_expects():
    assert count_cell(row()).value == "ND (<0.37)"
    seen = row(
        result="DETECTED_BELOW_LLOQ", events=9, cells_per_ul=0.9, ci_low_per_ul=0.41, ci_high_per_ul=1.71
    )
    assert count_cell(seen).value == "<5.0"
    assert count_cell(seen).detail == "0.90 (0.41 \N{EN DASH} 1.71)"
    many = row(result="QUANTIFIED", events=1000, cells_per_ul=100, ci_low_per_ul=93.6, ci_high_per_ul=106.7)
    assert (count_cell(many).value, count_cell(many).of_parent) == ("100", "25.0 %")
    unknown = row(result="NOT_EVALUABLE", cells_per_ul=np.nan, ci_low_per_ul=np.nan, events=np.nan)
    assert (count_cell(unknown).value, count_cell(unknown).events) == ("NE", "\N{EN DASH}")


def test_numbers():
    assert [limit(x) for x in (5, 0.37, 120, 12.34, 0.0751)] == ["5.0", "0.37", "120", "12", "0.075"]
    assert [concentration(x) for x in (0, 1.234, 12.34, 123.4, 1234)] == [
        "0.00",
        "1.23",
        "12.3",
        "123",
        "1,234",
    ]
    assert [percent(*x) for x in ((1, 8), (0, 5), (3, 1000), (1, 30000))] == [
        "12.5 %",
        "0.0 %",
        "0.30 %",
        "0.0033 %",
    ]
    assert endpoint_name("AUC_0_28") == "AUC 0-28 d"


def test_an_interval_may_have_no_upper_end() -> None:
    known = {
        "subject": "P",
        "dose_group": "",
        "analyte": "B",
        "unit": "log10",
        "qualifier": "=",
        "reason": "",
    }
    rows = [
        {**known, "parameter": name, "value": 1.28, "ci_low": low, "ci_high": high}
        for name, low, high in (("A", 1.14, 1.5), ("B", 1.14, np.nan), ("C", np.nan, np.nan))
    ]
    ((_, _, _, cells),) = endpoint_tables(pd.DataFrame(rows))[0].rows
    assert [interval for _, interval, _ in cells] == ["1.14 \N{EN DASH} 1.5", "from 1.14", ""]


def test_a_second_course_has_a_row_of_its_own():
    """Neither overwrites the other."""
    known = {"analyte": "B", "parameter": "NADIR", "unit": "cells/uL", "qualifier": "=", "reason": ""}
    rows = [
        {**known, "subject": subject, "course": course, "dose_group": group, "value": value}
        for subject, course, group, value in (("P10", 1, "a", 1.0), ("P2", 2, "b", 2.0), ("P2", 1, "a", 3.0))
    ]
    table = endpoint_tables(pd.DataFrame(rows))[0]
    assert [(*key, cells[0][0]) for *key, cells in table.rows] == [
        ("P2", 1, "a", "3"),
        ("P2", 2, "b", "2"),
        ("P10", 1, "a", "1"),
    ]


def test_rows_are_ordered_by_subject_and_day(study):
    populations, rows = count_rows(study.counts)
    assert [name for name, _ in populations] == ["B", "CAR_T", "T", "NK", "lymphocytes"]
    assert [(r.subject, r.day) for r in rows][:3] == [("101", -5.0), ("101", 7.0), ("101", 28.0)]


def test_subject_names_stay_text(text):
    assert HOSTILE not in text
    assert html.escape(HOSTILE) in text
    assert text.count("<script>") == 1


def test_notes_on_the_study_are_there_and_stay_text(study, text, tmp_path):
    assert 'id="notes"' not in text
    notes = {"warnings": ["samples.csv: the sheet 'Samples' is read", HOSTILE]}
    write_report(tmp_path / "report.html", **{**vars(study), "run": {**study.run, **notes}})
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "<li>samples.csv: the sheet &#39;Samples&#39; is read</li>" in page
    assert f"<li>{html.escape(HOSTILE)}</li>" in page
    assert '<a href="#notes">' in page


def test_the_page_holds_everything_itself(text):
    assert "default-src 'none'" in text
    assert not re.findall(r"""(?:src|href)=(?!"data:|"#)""", text)
    assert not re.findall(r"url\((?!#)|@import|https?://(?!www\.w3\.org)", text)


def test_the_printed_head_holds_any_name_and_stays_a_head(study, tmp_path):
    name = '受试 S-1"; } * { color: red; } @page { content: "'
    write_report(tmp_path / "r.html", **{**vars(study), "study_id": name})
    head = re.search(
        r'@top-left \{ content: "([^"]*)"; \}', (tmp_path / "r.html").read_text(encoding="utf-8")
    )[1]
    told = re.sub(r"\\([0-9a-f]+) ", lambda found: chr(int(found[1], 16)), head)
    assert told == f"{name}: B-cell depletion and CAR-T kinetics"


def test_a_large_study_has_its_gating_paths_beside_the_page(study, tmp_path, monkeypatch):
    monkeypatch.setattr("bcelldepl.report.page._MOST_IN_PAGE", 1)
    files = {picture.file: f"figures/tubes/{number} <b>.png" for number, picture in enumerate(study.pictures)}
    write_report(tmp_path / "report.html", **vars(study), files=files)
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    gated = [picture for picture in study.pictures if picture.path_png]
    assert "figures/tubes/" not in page.replace("beside this page, in figures/tubes", "")
    assert page.count("data:image/png;base64,") == len(gated)  # what the contact sheet shows
    packed = [
        zlib.decompress(base64.b64decode(one)).decode() for one in re.findall('data-packed="([^"]*)"', page)
    ]
    assert len(packed) == len(study.tubes)
    inside = "".join(packed)
    for picture in study.pictures:
        assert inside.count(f'src="{quote(files[picture.file])}"') == bool(picture.path_png)
    assert HOSTILE not in inside


def test_what_a_large_study_packs_is_what_a_small_one_shows(study, text, tmp_path, monkeypatch):
    monkeypatch.setattr("bcelldepl.report.page._MOST_IN_PAGE", 1)
    files = {picture.file: "beside.png" for picture in study.pictures}
    write_report(tmp_path / "report.html", **vars(study), files=files)
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    for one in re.findall('data-packed="([^"]*)"', page):
        content = zlib.decompress(base64.b64decode(one)).decode().replace("beside.png", "")
        assert content.strip() in re.sub(r'(class="path"[^>]* src=")[^"]*', r"\1", text)


def test_every_tube_has_its_strip_path_and_gates_once(study, text):
    gated = [picture for picture in study.pictures if picture.path_png]
    assert len(gated) < len(study.pictures)
    assert text.count('<details id="tube-') == len(study.tubes)
    assert text.count('class="path"') == len(gated)
    assert text.count('class="tile ') == len(study.tubes)
    assert text.count("data:image/png;base64,") == 2 * len(gated)
    assert text.count('<span class="none">not gated</span>') == len(study.tubes) - len(gated)


def test_tubes_to_look_at_are_named_with_their_reason(study, text):
    look = text[text.index('id="look"') : text.index('id="endpoints"')]
    for tube in study.tubes.to_dict("records"):
        assert (tube["file"] in look) == (tube["status"] != "ok")
        assert html.escape(tube["reason"]) in look


def test_controls_are_on_the_sheet_but_not_among_the_counts(text):
    counts = text[text.index('id="counts"') : text.index('id="sheet"')]
    assert "_FMO.fcs" not in counts
    assert "fmo:CAR" in text[text.index('id="sheet"') :]


def test_pieces_of_an_earlier_page_are_taken_where_nothing_has_changed(study, page, tmp_path, monkeypatch):
    pieces = {}
    write_report(tmp_path / "first.html", **vars(study), pieces=pieces)
    kept = dict(pieces)
    assert set(kept) == set(study.tubes["file"])
    changed = study.counts["file"].iloc[0]
    counts = study.counts.copy()
    counts.loc[(counts["file"] == changed) & (counts["population"] == "B"), "events"] += 7
    values = vars(study) | {"counts": counts}
    write_report(tmp_path / "second.html", **values, pieces=pieces)
    write_report(tmp_path / "fresh.html", **values)
    assert (tmp_path / "second.html").read_bytes() == (tmp_path / "fresh.html").read_bytes()
    assert (
        (tmp_path / "first.html").read_bytes() == page.read_bytes() != (tmp_path / "fresh.html").read_bytes()
    )
    assert [file for file in kept if pieces[file] is not kept[file]] == [changed]
    # A study that has become large: nothing of a page that held it all is taken.
    monkeypatch.setattr("bcelldepl.report.page._MOST_IN_PAGE", 1)
    files = dict.fromkeys(study.tubes["file"], "beside.png")
    write_report(tmp_path / "third.html", **values, files=files, pieces=pieces)
    write_report(tmp_path / "large.html", **values, files=files)
    assert (tmp_path / "third.html").read_bytes() == (tmp_path / "large.html").read_bytes()


def test_same_input_same_bytes(study, page, tmp_path):
    write_report(tmp_path / "again.html", **vars(study))
    assert (tmp_path / "again.html").read_bytes() == page.read_bytes()
    assert [path.name for path in tmp_path.iterdir()] == ["again.html"]


def test_a_study_in_which_every_tube_failed(study, tmp_path):
    tubes = study.tubes.assign(status="failed", reason="not an FCS file", events=np.nan).drop(
        columns=["batch"]
    )
    values = vars(study) | {
        "tubes": tubes,
        "counts": study.counts.iloc[:0],
        "pictures": [],
        "endpoints": None,
    }
    write_report(tmp_path / "failed.html", **(values | {"run": {}}))
    text = (tmp_path / "failed.html").read_text(encoding="utf-8")
    assert "No tube could be counted" in text
    assert f"<b>{len(tubes)}</b> failed" in text


def test_few_columns_and_a_missing_day_are_enough(tmp_path):
    tubes = pd.DataFrame(
        {"file": ["a.fcs"], "subject": ["1"], "visit": ["D0"], "day": [np.nan], "status": ["ok"]}
    )
    counts = pd.DataFrame([row(file="a.fcs", subject="1", visit="D0", day=np.nan)])
    write_report(
        tmp_path / "r.html", study_id="S", strategy="s", counts=counts, tubes=tubes, endpoints=None,
        pictures=[], run={},
    )  # fmt: skip
    text = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "ND (&lt;0.37)" in text
    assert 'id="curves"' not in text
    assert "Dose group" not in text


def browse(address, tmp_path, *options):
    """Run a headless browser; return its output and what its console said."""
    command = [
        BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync",
        "--host-resolver-rules=MAP * ~NOTFOUND",
        f"--user-data-dir={tmp_path / 'profile'}", "--enable-logging=stderr", "--v=0",
        "--virtual-time-budget=5000", "--window-size=1280,1000", *options, address,
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    return done.stdout, [line for line in done.stderr.splitlines() if "CONSOLE" in line]


@pytest.mark.skipif(BROWSER is None, reason="no Chromium or Chrome found")
class TestInTheBrowser:
    def test_opens_a_tube_with_an_empty_console(self, page, tmp_path):
        shown, console = browse(f"{page.as_uri()}#tube-2", tmp_path, "--dump-dom")
        assert console == []
        assert re.search(r'<details id="tube-2"[^>]* open', shown)
        assert not re.search(r'<details id="tube-1"[^>]* open', shown)

    def test_filter_sort_and_images_work(self, text, tmp_path):
        probe = """
          const set = (id, value) => { const box = document.getElementById(id);
            box.type === "checkbox" ? box.checked = value : box.value = value;
            box.dispatchEvent(new Event("input")); box.dispatchEvent(new Event("change")); };
          const rows = () => [...document.querySelectorAll("#count-table tbody tr:not([hidden])")];
          const out = [];
          document.querySelectorAll("#count-table th button")[4].click();
          const values = rows().map(row => Number(row.cells[4].dataset.sort));
          out.push(values.every((value, i) => i === 0 || values[i - 1] <= value));
          set("filter-subject", "102");
          out.push(rows().length > 0 && rows().every(row => row.dataset.subject === "102"));
          const named = [...document.querySelectorAll(".course.named")];
          out[1] &&= named.length > 0 && named.every(course => course.dataset.course === "102");
          set("filter-subject", "");
          set("filter-look", true);
          const tiles = [...document.querySelectorAll(".tile:not([hidden])")];
          out.push(tiles.length > 0 && tiles.every(tile => tile.dataset.status !== "ok"));
          set("filter-look", false);
          const shownControls = () => [...document.querySelectorAll(".tile.control.ok")].filter(one => one.offsetWidth);
          out.push(shownControls().length === 0);
          set("show-controls", true);
          out.push(shownControls().length > 0);
          document.querySelector("input[name=panel][value=CAR_T]").click();
          const panels = [...document.querySelectorAll("img[data-panels]")];
          out.push(panels.every(one => one.classList.contains("one") && one.style.objectPosition === "0px 50%"));
          const results = [...document.querySelectorAll(".result:not([hidden])")];
          out.push(results.length > 0 && results.every(one => one.dataset.population === "CAR_T"));
          document.querySelector("input[name=panel][value='']").click();
          out.push(panels.every(one => !one.classList.contains("one") && one.offsetHeight > 2 * one.offsetWidth));
          document.querySelectorAll("details").forEach(details => details.open = true);
          const images = [...document.images];
          images.forEach(image => image.loading = "eager");
          window.addEventListener("load", function look() {
            if (!images.every(image => image.complete)) { setTimeout(look, 20); return; }
            out.push(images.every(image => image.naturalWidth > 0));
            out.push(document.documentElement.scrollWidth <= window.innerWidth);
            document.title = "probe " + out.join();
          });
        """
        probed = tmp_path / "probed.html"
        probed.write_text(text.replace("</body>", f"<script>{probe}</script></body>"), encoding="utf-8")
        shown, console = browse(probed.as_uri(), tmp_path, "--dump-dom")
        assert console == []
        assert re.search("<title>(.*)</title>", shown)[1] == f"probe {','.join(['true'] * 10)}"

    @pytest.mark.parametrize(
        "planted",
        [
            '<img src="https://example.invalid/a.png">',
            '<script src="https://example.invalid/a.js"></script>',
            '<link rel="stylesheet" href="https://example.invalid/a.css">',
            '<script>fetch("https://example.invalid/").catch(() => 0)</script>',
        ],
    )
    def test_any_request_would_be_refused_and_heard(self, text, planted, tmp_path):
        """The page's own policy reports what it refuses; so an empty console means that nothing was asked."""
        page = tmp_path / "planted.html"
        page.write_text(text.replace("</body>", f"{planted}</body>"), encoding="utf-8")
        _, console = browse(page.as_uri(), tmp_path, "--dump-dom")
        assert any("example.invalid" in line and "Content Security Policy" in line for line in console)
