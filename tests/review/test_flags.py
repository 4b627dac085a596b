"""Flags of the model's checks on the review page: the events that they speak of are shown, and named."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from page_client import Page

from bcelldepl.batch import run
from bcelldepl.quality import model_checks
from bcelldepl.simulation import simulate
from bcelldepl.study import load_study

FILE = "fcs/S01_BL.fcs"


@pytest.fixture(scope="module")
def flagged(tmp_path_factory: pytest.TempPathFactory, serving: Callable[[Path], Page]) -> Iterator[Page]:
    """A study without any fault, of which the checks of the model allow nothing."""
    folder = tmp_path_factory.mktemp("flagged") / "study"
    simulate(folder, scenario="small", subjects=1, seed=3)
    with pytest.MonkeyPatch.context() as patch:
        for limit in ("DIFFERENT_CELLS", "DIFFERENT_PART", "CHANCE_ERRORS"):
            patch.setattr(model_checks, limit, -1e6 if limit == "DIFFERENT_CELLS" else 0.0)
        run(load_study(folder / "study.toml"), workers=1)
        yield serving(folder)


def of_tube(page: Page) -> tuple[str, dict[str, Any]]:
    tube = page.tube(FILE)["id"]
    return tube, {one["sentence"]: one for one in page.get(f"tube/{tube}/flags")["flags"]}


def highlighted(page: Page, tube: str, population: str, name: str) -> np.ndarray:
    answer = page.post(
        f"tube/{tube}/picture", {"population": population, "bins": 64, "highlight": name}
    ).content
    length = int.from_bytes(answer[:4], "little")
    arrays = json.loads(answer[4 : 4 + length])["arrays"]
    return np.frombuffer(answer[4 + length :], dtype="<u4").reshape(arrays, 64, 64)


def test_the_flags_are_those_of_the_run_and_their_events_are_in_the_picture(flagged: Page) -> None:
    tube, flags = of_tube(flagged)
    said = str(flagged.get(f"tube/{tube}")["row"]["quality_flags"]).split("; ")
    assert set(flags) <= set(said)
    inside_b = flags[next(one for one in flags if one.endswith("events of the B gate look like other cells"))]
    assert inside_b["population"] == "B"
    _, inside, shown = highlighted(flagged, tube, "B", inside_b["name"])
    assert inside_b["legend"] == f"{shown.sum():,} look like other cells"
    assert np.all(shown <= inside)
    assert 0 < shown.sum() < inside.sum()
    missed = flags[next(one for one in flags if one.startswith("the T gate holds"))]
    assert missed["legend"].endswith(" look like CD3+ T cells")
    plane, _, shown = highlighted(flagged, tube, missed["population"], missed["name"])
    assert 0 < shown.sum() <= int(missed["legend"].split()[0].replace(",", ""))
    assert np.all(shown <= plane)
    reaching_t = highlighted(flagged, tube, "CAR_T", missed["name"])[2]
    assert reaching_t.sum() == 0


def test_events_without_a_flag_are_not_highlighted(flagged: Page) -> None:
    tube, flags = of_tube(flagged)
    assert len(highlighted(flagged, tube, "T", f"flag {len(flags) + 1}")) == 2
    assert len(highlighted(flagged, tube, "T", "no such population")) == 2


def test_a_pressed_flag_shows_its_events_and_its_legend(browser: Any, flagged: Page) -> None:
    tube, flags = of_tube(flagged)
    flag = next(one for name, one in flags.items() if "of the B gate look like" in name)
    tab = browser.new_page(viewport={"width": 1500, "height": 1000})
    tab.set_default_timeout(60_000)
    tab.goto(f"{flagged.address}#{tube}")
    tab.wait_for_selector("body[data-ready=true]")
    tab.click(f"#flags button:has-text('{flag['sentence']}')")
    tab.wait_for_selector(f"#picture[data-legend='{flag['legend']}']")
    assert tab.get_attribute("#path figure[aria-current=true]", "data-population") == "B"
    orange = """() => { const c = document.querySelector('#picture'), d = c.getContext('2d')
        .getImageData(62, 40, c.width - 74, c.height - 90).data; let n = 0;
        for (let k = 0; k < d.length; k += 4) n += d[k] === 230 && d[k + 1] === 120 && d[k + 2] === 0; return n; }"""
    assert tab.evaluate(orange) > 0
    tab.select_option("#highlight", "")
    tab.wait_for_selector("#picture[data-legend='']")
    assert tab.evaluate(orange) == 0
    tab.close()
