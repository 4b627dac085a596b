"""Parts of the page: labels of the curves, figures taken in and linked, quality control, what was not measured."""

from __future__ import annotations

import base64
import io
import re
import xml.etree.ElementTree as ET
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from PIL import Image

from bcelldepl.definitions.tables import QUALITY_OVER_TIME
from bcelldepl.report import write_report
from bcelldepl.report.curves import course_of, curve_points, draw_study_curves
from bcelldepl.report.figure_list import figures_on_page, linked_figures
from bcelldepl.report.images import figure_bytes, fixed_style
from bcelldepl.report.labelled_curves import curve_labels, label_curves
from bcelldepl.report.quality_plots import draw_quality, draw_quality_over_time
from bcelldepl.report.quality_section import quality_section
from bcelldepl.report.table import not_measured

SVG = "{http://www.w3.org/2000/svg}"
XLINK = "{http://www.w3.org/1999/xlink}"


@pytest.fixture(scope="module")
def labelled(study: SimpleNamespace) -> ET.Element:
    with fixed_style():
        drawn = figure_bytes(draw_study_curves(study.counts, ["B", "CAR_T"]))
    return ET.fromstring(label_curves(drawn, curve_labels(study.counts, ["B", "CAR_T"])))


def test_labels_lie_on_the_very_points_that_were_drawn(labelled: ET.Element, study: SimpleNamespace) -> None:
    """The drawing's own marks are the truth: matplotlib placed them, not the code that lays labels over them."""
    fields = [(float(one.get("cx", 0)), float(one.get("cy", 0))) for one in labelled.iter(f"{SVG}circle")]
    drawn = []
    for group in labelled.iter(f"{SVG}g"):
        if group.get("id", "").startswith(("curves-QUANTIFIED", "curves-DETECTED", "curves-NOT_")):
            drawn += [(float(use.get("x", 0)), float(use.get("y", 0))) for use in group.iter(f"{SVG}use")]
    expected = study.counts["population"].isin(["B", "CAR_T"]).sum()
    assert len(fields) == len(drawn) == expected
    np.testing.assert_allclose(sorted(fields), sorted(drawn), atol=0.12)


def test_labels_say_whose_a_line_is_and_what_a_point_is(labelled: ET.Element, study: SimpleNamespace) -> None:
    courses = [one for one in labelled.iter() if one.get("class") == "course"]
    assert {one.get("data-course") for one in courses} == set(study.counts["subject"])
    kinds = [one.tag.removeprefix(SVG) for one in courses]
    first, lines_drawn = kinds.index("polyline"), kinds.count("polyline")
    assert (
        kinds[first : first + lines_drawn] == ["polyline"] * lines_drawn
    )  # its points come after, above every line
    assert kinds[-1] == "circle"
    lines = {line.findtext(f"{SVG}title") for line in labelled.iter(f"{SVG}polyline")}
    assert "101, 0.5e6 cells/kg" in lines
    titles = [circle.findtext(f"{SVG}title") or "" for circle in labelled.iter(f"{SVG}circle")]
    row = study.counts[(study.counts["population"] == "B") & (study.counts["result"] == "QUANTIFIED")].iloc[0]
    own = [
        title
        for title in titles
        if title.startswith(f"{row['subject']}, {row['visit']}, day {row['day']:g}: B ")
    ]
    assert len(own) == 1
    assert f"B cells {row['cells_per_ul']:.0f} cells/µL (" in own[0]
    assert any("CAR+ T cells ND (<" in title for title in titles)


def test_no_line_leads_to_an_upper_limit() -> None:
    visits = pd.DataFrame(
        {
            "subject": "S", "day": [0.0, 7.0, 7.0, 14.0, 28.0], "file": list("abcde"), "dose_group": "", "visit": "V",
            "population": "B", "cells_per_ul": [100.0, 10.0, 30.0, 1.0, 50.0], "ci_high_per_ul": 9.0, "lod_per_ul": 2.0,
            "lloq_per_ul": 5.0, "result": ["QUANTIFIED", "QUANTIFIED", "DETECTED_BELOW_LLOQ", "NOT_DETECTED",
                                           "QUANTIFIED"],
        }
    )  # fmt: skip
    points = curve_points(visits, "B")
    assert points["shown"].tolist() == [100.0, 10.0, 5.0, 9.0, 50.0]
    course = course_of(points)
    np.testing.assert_array_equal(course.to_numpy(), [100.0, 10.0, np.nan, 50.0])
    with fixed_style():
        drawn = figure_bytes(draw_study_curves(visits, ["B"]))
    lines = ET.fromstring(label_curves(drawn, curve_labels(visits, ["B"]))).findall(f".//{SVG}polyline")
    assert [len(line.get("points", "").split()) for line in lines] == [2]  # the lone last point has none


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    image = Image.effect_noise((60, 40), 50).convert("RGB")
    image.putpixel((3, 4), (194, 65, 12))
    for name in ("swimmer.png", "curves.png", "depletion_rate.png", "my_own.png", "groups_b.png"):
        (tmp_path / "figures").mkdir(exist_ok=True)
        image.save(tmp_path / "figures" / name)
    (tmp_path / "figures" / "waterfall.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    return tmp_path


def test_figures_of_the_study_are_taken_into_the_page_with_a_caption(folder: Path) -> None:
    names = [f"figures/{path.name}" for path in sorted((folder / "figures").iterdir())]
    names += ["figures/swimmer.pdf", "figures/tubes/a.png", "figures/dose_cmax.pdf", "counts.csv"]
    found = figures_on_page(folder, names)
    assert [(one.name, one.section, bool(one.address)) for one in found] == [
        ("depletion_rate", "outcome", True), ("waterfall", "other", True), ("swimmer", "other", True),
        ("dose_cmax", "other", False), ("groups_b", "other", True), ("my_own", "other", True),
    ]  # fmt: skip
    by_name = {one.name: one for one in found}
    assert by_name["groups_b"].caption == "B cells by dose group and visit, median"
    assert by_name["swimmer"].files == (("figures/swimmer.png", "PNG"), ("figures/swimmer.pdf", "PDF"))
    content = base64.b64decode(by_name["swimmer"].address.partition(",")[2])
    before = np.asarray(Image.open(folder / "figures" / "swimmer.png")).astype(int)
    after = np.asarray(Image.open(io.BytesIO(content)).convert("RGB")).astype(int)
    assert np.abs(after - before).max() <= 16  # the one coloured point is still there


def test_figures_of_subjects_are_linked_in_natural_order() -> None:
    names = [f"figures/subjects/{name}" for name in ("S10.png", "S2.png", "受试者 #1.png")]
    (group,) = linked_figures([*names, "figures/swimmer.png", "figures/tubes/x.png"])
    assert group.title == "Subjects"
    assert [name for name, _ in group.files] == ["S2", "S10", "受试者 #1"]
    assert group.files[2][1] == "figures/subjects/%E5%8F%97%E8%AF%95%E8%80%85%20%231.png"
    assert linked_figures(["figures/swimmer.png"]) == []


def quality(tubes: int, odd: float = 0.0) -> pd.DataFrame:
    values = [100.0 + n % 5 for n in range(tubes)]
    values[-1] += odd
    judged = tubes >= 10
    return QUALITY_OVER_TIME.frame(
        [
            {
                "measure": "CD3_OF_T", "unit": "instrument's units", "cytometer": "LSR", "batch": f"W{n // 4}",
                "acquired": f"2026-01-{n + 1:02d}T09:00:00", "file": "fcs/101_D7.fcs", "subject": "101", "visit": "D7",
                "value": value, "n": tubes, "mean": 102.0 if judged else None, "sd": 1.5 if judged else None,
                "deviation_sd": (value - 102.0) / 1.5 if judged else None, "rule": "1-3s" if value > 107 else "",
            }
            for n, value in enumerate(values)
        ]
    )  # fmt: skip


def test_quality_control_names_values_that_break_a_rule_and_series_that_are_short() -> None:
    assert quality_section(quality(12).iloc[:0]) is None
    short = quality_section(quality(9))
    assert short is not None
    assert (short.too_short, short.marked) == (True, ())
    assert short.series[0][1:] == ("LSR", "9", "too few tubes")
    long = quality_section(quality(12, odd=40.0))
    assert long is not None
    assert not long.too_short
    assert long.series[0][2:] == ("12", "102 ± 1.5")
    assert [(one.rule, one.value, one.deviation, one.acquired) for one in long.marked] == [
        ("1-3s", "141", "26 SD", "2026-01-12 09:00:00")
    ]


def test_a_levey_jennings_chart_has_its_lines_where_mean_and_sd_say() -> None:
    axes = draw_quality(quality(12, odd=40.0), "CD3_OF_T", Figure().subplots())
    lines = {one.get_gid(): one.get_segments() for one in axes.collections}
    batches = lines.pop("batches")
    assert [line.tolist() for line in batches] == [
        [[3.5, 0], [3.5, 1]],
        [[7.5, 0], [7.5, 1]],
    ]  # four tubes in each
    assert {name: line[0][0, 1] for name, line in lines.items()} == {
        "mean": 102.0, "+1 SD": 103.5, "+2 SD": 105.0, "+3 SD": 106.5,
        "\N{MINUS SIGN}1 SD": 100.5, "\N{MINUS SIGN}2 SD": 99.0, "\N{MINUS SIGN}3 SD": 97.5,
    }  # fmt: skip
    marked = {line.get_gid(): line.get_ydata().tolist() for line in axes.lines if line.get_gid()}
    assert marked == {"1-3s": [141.0], "2-2s": []}
    short = draw_quality(quality(9), "CD3_OF_T", Figure().subplots())
    assert [one.get_gid() for one in short.collections] == ["batches"]
    assert not draw_quality(quality(4), "CD3_OF_T", Figure().subplots()).collections
    assert len(draw_quality_over_time(quality(12)).axes) == 1


def test_populations_that_no_tube_shows_are_named_once(study: SimpleNamespace, tmp_path: Path) -> None:
    assert not_measured(study.counts) == []
    absent = study.counts.assign(
        result=study.counts["result"].where(study.counts["population"] != "NK", "NOT_DONE")
    )
    assert not_measured(absent) == ["NK"]
    assert not_measured(absent.assign(result="NOT_DONE")) == []
    write_report(tmp_path / "r.html", **{**vars(study), "counts": absent})
    text = (tmp_path / "r.html").read_text(encoding="utf-8")
    counts = text[text.index('id="counts"') : text.index('id="sheet"')]
    assert "Not measured in any tube: NK cells." in counts
    assert "<button>NK cells</button>" not in counts
    assert "<button>T cells</button>" in counts


def test_outcome_and_quality_are_sections_of_their_own_and_all_is_in_the_page(
    study: SimpleNamespace, folder: Path
) -> None:
    table = SimpleNamespace(
        title="Subjects with <Depleted> B Cells", headings=("Dose group", "Visit", "n/N"),
        rows=(("1e6", "D7", "3/4"), ("2e6", "D7", "1/4")), footnotes=("CI: exact.",), source="depletion_rates.csv",
    )  # fmt: skip
    figures = [f"figures/{path.name}" for path in (folder / "figures").iterdir()]
    write_report(
        folder / "report.html", **vars(study), outcomes=[table], quality=quality(12, odd=40.0),
        figures=[*figures, "figures/subjects/101.png"],
    )  # fmt: skip
    text = (folder / "report.html").read_text(encoding="utf-8")
    outcome = text[text.index('id="outcome"') : text.index('id="endpoints"')]
    assert "Subjects with &lt;Depleted&gt; B Cells" in outcome
    assert re.search(r'<td class="left">D7</td><td>3/4</td>', outcome)
    assert "Share of subjects with depleted B cells by visit" in outcome
    section = text[text.index('id="quality"') : text.index('id="sheet"')]
    assert "1-3s" in section
    assert 'href="#tube-' in section
    assert 'href="figures/subjects/101.png"' in text
    sources = re.findall(r'src="([^"]{5})', text)
    assert set(sources) == {"data:"}


def test_a_study_without_outcome_figures_or_quality_has_no_empty_headings(
    study: SimpleNamespace, tmp_path: Path
) -> None:
    write_report(tmp_path / "r.html", **vars(study), quality=quality(12).iloc[:0])
    text = (tmp_path / "r.html").read_text(encoding="utf-8")
    for section in ("outcome", "quality", "figures", "cells", "questions"):
        assert f'id="{section}"' not in text
        assert f'href="#{section}"' not in text


def test_draws_on_one_day_have_no_outcome_and_their_figures_are_links(
    study: SimpleNamespace, folder: Path
) -> None:
    table = SimpleNamespace(title="T", headings=("A",), rows=(("x",),), footnotes=(), source="s.csv")
    same = {"counts": study.counts.assign(day=7.0), "outcomes": [table]}
    figures = [f"figures/{path.name}" for path in (folder / "figures").iterdir()]
    write_report(folder / "report.html", **(vars(study) | same), figures=figures)
    text = (folder / "report.html").read_text(encoding="utf-8")
    assert 'id="outcome"' not in text
    assert 'id="curves"' not in text
    assert '<a href="figures/swimmer.png">Depletion and recovery by subject (PNG)</a>' in text
