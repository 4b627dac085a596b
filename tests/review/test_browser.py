"""The review page in a real browser: walked by keys, gates dragged and typed, verdicts, signatures, the lock."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from page_client import Page

from bcelldepl.store.reviews import reviews_of
from bcelldepl.study import load_study

MOST_MS = 60_000  # a busy machine


@pytest.fixture
def shown(browser: Any, page: Page) -> Iterator[Any]:
    """The page, open; every error of its program fails the test."""
    context = browser.new_context(viewport={"width": 1500, "height": 1000})
    tab = context.new_page()
    tab.set_default_timeout(MOST_MS)
    errors: list[str] = []
    asked: list[str] = []
    tab.on("pageerror", lambda error: errors.append(str(error)))
    tab.on("request", lambda request: asked.append(request.url))
    tab.goto(page.address)
    tab.wait_for_selector("body[data-ready=true]")
    tab.fill("#who", "Ada")
    tab.press("#who", "Enter")
    yield tab
    context.close()
    assert errors == []
    assert {url.split("/")[2] for url in asked if url.startswith("http")} == {page.origin.split("/")[2]}


def until(tab: Any, expression: str) -> None:
    """Ask until it is so; the page's own policy forbids what playwright waits by."""
    for _ in range(MOST_MS // 100):
        if tab.evaluate(expression):
            return
        tab.wait_for_timeout(100)
    raise TimeoutError(expression)


def idle(tab: Any) -> None:
    until(tab, "document.body.dataset.saving !== 'true'")


def until_events(tab: Any, population: str, words: str) -> None:
    """Wait for a population's count: ``=== 5``."""
    until(
        tab,
        f"Number(document.querySelector('#path figure[data-population={population}]').dataset.count) {words}",
    )


def own(tab: Any) -> str:
    return str(tab.evaluate("document.body.dataset.tube"))


def open_tube(tab: Any, page: Page, visit: str) -> dict[str, Any]:
    tube = next(
        one for one in page.get("study")["tubes"] if one["visit"] == visit and one["role"] == "sample"
    )
    tab.click(f"#queue .entry[data-id='{tube['id']}']")
    until(tab, f"document.body.dataset.tube === '{tube['id']}'")
    return tube


def choose(tab: Any, gate: str) -> None:
    tab.click(f"#path figure[data-population='{gate}']")
    until(tab, f"document.querySelector('#gate-name').title.startsWith('{gate}')")
    assert " in " in tab.inner_text("#gate-name")
    tab.wait_for_timeout(300)


def events(tab: Any, population: str) -> int:
    return int(tab.get_attribute(f"#path figure[data-population='{population}']", "data-count"))


def drag(tab: Any, start: tuple[float, float], by: tuple[float, float]) -> None:
    """Drag on the picture, from a place in its own pixels."""
    box = tab.locator("#picture").bounding_box()
    scale = box["width"] / tab.evaluate("document.querySelector('#picture').width")
    x, y = box["x"] + start[0] * scale, box["y"] + start[1] * scale
    tab.mouse.move(x, y)
    tab.mouse.down()
    tab.mouse.move(x + by[0] / 2, y + by[1] / 2)
    tab.mouse.move(x + by[0], y + by[1])
    tab.mouse.up()


def place(tab: Any, x: float, y: float, limits: list[list[float]]) -> tuple[float, float]:
    """Pixel of a position; the margins are those of the picture."""
    width, height = tab.evaluate(
        "[document.querySelector('#picture').width, document.querySelector('#picture').height]"
    )
    (x0, x1), (y0, y1) = limits
    return 62 + (width - 74) * (x - x0) / (x1 - x0), 10 + (height - 56) * (1 - (y - y0) / (y1 - y0))


def limits_of(tube: dict[str, Any], gate: dict[str, Any]) -> list[list[float]]:
    return [tube["axes"][gate["x_axis"]]["limits"], tube["axes"][gate["y_axis"]]["limits"]]


def test_the_queue_is_walked_by_keys(shown: Any) -> None:
    order = shown.eval_on_selector_all("#queue .entry", "all => all.map(one => one.dataset.id)")
    assert own(shown) == order[0]
    for place_in_queue in (1, 2, 1):
        shown.keyboard.press("j" if place_in_queue != 1 or own(shown) == order[0] else "k")
        until(shown, f"document.body.dataset.tube === '{order[place_in_queue]}'")
    assert "left to judge" in shown.inner_text("#left")
    gate = shown.inner_text("#gate-name")
    shown.keyboard.press("h")
    until(shown, f"document.querySelector('#gate-name').textContent !== {gate!r}")


def test_numbers_keep_their_zeros(shown: Any) -> None:
    values = [940, 340.2, 30, 0, 1500.4, 0.0761, 2.5, 100.04, 1e-7, None]
    words = shown.evaluate(
        "async (values) => { const { number } = await import('./dom.js'); return values.map((v) => number(v)); }",
        values,
    )
    assert words == ["940", "340", "30", "0", "1,500", "0.0761", "2.5", "100", "1.00e-7", ""]


def test_a_cut_is_dragged_undone_and_kept_over_a_reload(shown: Any, page: Page) -> None:
    entry = open_tube(shown, page, "D10")
    tube = page.get(f"tube/{entry['id']}")
    gate = next(one for one in tube["gates"] if one["population"] == "CAR_T")
    choose(shown, "CAR_T")
    before = events(shown, "CAR_T")
    drag(shown, place(shown, gate["cut"], 0.9, limits_of(tube, gate)), (60, 0))
    until_events(shown, "CAR_T", f"!== {before}")
    shown.wait_for_timeout(1000)  # the last of the moves
    after = events(shown, "CAR_T")
    assert after < before
    assert "→" in shown.inner_text("#numbers tr[data-population=CAR_T]")
    shown.reload()
    shown.wait_for_selector("body[data-ready=true]")
    until(shown, f"document.body.dataset.tube === '{entry['id']}'")
    choose(shown, "CAR_T")
    until_events(shown, "CAR_T", f"=== {after}")
    shown.click("#discard")
    until(
        shown, f"document.querySelector('#path figure[data-population=CAR_T]').dataset.count === '{before}'"
    )


def test_a_corner_is_dragged_and_saved(shown: Any, page: Page, study: Path) -> None:
    entry = open_tube(shown, page, "D28")
    tube = page.get(f"tube/{entry['id']}")
    gate = next(one for one in tube["gates"] if one["population"] == "T")
    choose(shown, "T")
    before = events(shown, "T")
    corner = min(gate["polygon"], key=lambda one: one[0])
    drag(shown, place(shown, *corner, limits_of(tube, gate)), (150, 0))
    until_events(shown, "T", f"!== {before}")
    shown.wait_for_timeout(1000)
    shown.keyboard.press("u")
    until(shown, f"document.querySelector('#path figure[data-population=T]').dataset.count === '{before}'")
    drag(shown, place(shown, *corner, limits_of(tube, gate)), (150, 0))
    until_events(shown, "T", f"!== {before}")
    shown.wait_for_timeout(1000)
    moved = events(shown, "T")
    shown.fill("#why", "other cells reach in")
    shown.click("#save")
    idle(shown)
    (override,) = load_study(study / "study.toml").overrides_of(entry["file"])
    assert (override.population, override.who, override.why) == ("T", "Ada", "other cells reach in")
    table = pd.read_csv(study / "results" / "counts.csv")
    row = table[(table["file"] == entry["file"]) & (table["population"] == "T")]
    assert row["events"].item() == moved == events(shown, "T")


def test_a_value_is_typed_and_applied_to_a_subject(shown: Any, page: Page, study: Path) -> None:
    entry = open_tube(shown, page, "D10")
    choose(shown, "CAR_T")
    shown.fill("#value", "1500")
    shown.click("#set-position")
    shown.wait_for_selector("#endpoints strong")
    assert "CAR+ T cells: Cmax" in shown.inner_text("#endpoints")
    shown.fill("#why", "one cut for the subject")
    shown.click("#apply")
    shown.select_option("dialog select", "this subject")
    shown.click("#dialog-do")
    shown.wait_for_selector("dialog table[data-complete=true]")
    rows = shown.locator("dialog tr").count()
    shown.click("#dialog-do")
    idle(shown)
    study_now = load_study(study / "study.toml")
    samples = [one.file for one in study_now.tubes if one.role.value == "sample"]
    own_cuts = {one.file: one.cut for one in study_now.overrides if one.population == "CAR_T"}
    assert sorted(own_cuts) == sorted(samples)
    assert len(set(own_cuts.values())) == 1
    assert rows > len(samples)
    assert entry["file"] in own_cuts


def test_a_tube_is_rejected_with_a_reason_and_signed_by_two(shown: Any, page: Page, study: Path) -> None:
    entry = open_tube(shown, page, "D10")
    shown.keyboard.press("r")
    shown.click("#dialog-do")
    assert "please fill in" in shown.inner_text("dialog .wrong")
    shown.select_option("dialog select", "staining failed")
    shown.fill("dialog input", "<script>alert(1)</script>")
    shown.click("#dialog-do")
    idle(shown)
    until(shown, "document.querySelector('#said').textContent.includes('<script>alert(1)</script>')")
    page.settle()
    shown.click("#sign-first")
    shown.select_option("dialog select", "this tube")
    shown.click("#dialog-do")
    idle(shown)
    shown.click("#sign-second")
    assert "another person" in shown.inner_text("#banner")
    shown.fill("#who", "Ben")
    shown.click("#sign-second")
    shown.click("#dialog-do")
    idle(shown)
    said = reviews_of(study / "results").of(entry["file"])
    assert [one.who for one in said.signatures] == ["Ada", "Ben"]
    table = pd.read_csv(study / "results" / "counts.csv")
    assert set(table[table["file"] == entry["file"]]["result"]) == {"NOT_EVALUABLE"}


def test_a_gate_over_many_tubes(shown: Any, page: Page) -> None:
    open_tube(shown, page, "D28")
    choose(shown, "CAR_T")
    shown.keyboard.press("g")
    count = len(page.get("study")["tubes"])
    until(shown, f"document.querySelectorAll('#grid figure').length === {count}")
    assert shown.inner_text("#grid-gate option[value=CAR_T]") == "CAR+ CD3+ T cells"
    shown.click("#grid figure >> nth=1")
    shown.wait_for_selector("#tube:not([hidden])")


def test_the_study_is_locked_refuses_and_is_unlocked(shown: Any, page: Page) -> None:
    files = [one["file"] for one in page.get("study")["tubes"]]
    page.change("verdict", files, verdict="accept")
    page.change("sign", files, order="first")
    page.change("sign", files, order="second", name="Ben")
    page.settle()
    shown.reload()
    shown.wait_for_selector("body[data-ready=true]")
    shown.click("#lock-open")
    shown.fill("dialog input", "data base lock")
    shown.click("#dialog-do")
    shown.wait_for_selector("body[data-locked=true]")
    shown.keyboard.press("a")
    shown.wait_for_selector("#banner:not([hidden])")
    assert "locked by Ada" in shown.inner_text("#banner")
    idle(shown)
    shown.click("#lock-open")
    shown.fill("dialog input", "a tube came late")
    shown.click("#dialog-do")
    shown.wait_for_selector("body[data-locked=false]")


def test_names_are_text_and_a_blinded_tube_tells_no_subject(
    browser: Any, tmp_path: Path, serving: Callable[[Path], Page]
) -> None:
    from bcelldepl.batch import run
    from bcelldepl.simulation import simulate

    folder = tmp_path / "study"
    simulate(folder, scenario="small", subjects=1, seed=4)
    sheet = pd.read_csv(folder / "samples.csv")
    name = "<img src=x onerror=document.title='run'>"
    subject = str(sheet["subject"].iloc[0])
    sheet.assign(subject=name).to_csv(folder / "samples.csv", index=False)
    settings = (folder / "study.toml").read_text(encoding="utf-8")
    run(load_study(folder / "study.toml"), workers=1)
    open_page = serving(folder)
    tab = browser.new_page()
    tab.goto(open_page.address)
    tab.wait_for_selector("body[data-ready=true]", timeout=MOST_MS)
    assert name in tab.inner_text("#title")
    assert tab.title() != "run"
    assert tab.locator("#queue img").count() == 0
    (folder / "study.toml").write_text(settings + "\n[review]\nblinded = true\n", encoding="utf-8")
    assert not open_page.get("study")["blinded"]  # until it is read again
    answer = open_page.post("change/compute", {})
    assert answer.status_code == 200
    told = answer.json()
    assert told["blinded"]
    text = answer.text + open_page.client.get(f"api/tube/{told['tubes'][0]['id']}").text
    for hidden in (name, subject + "_", "onerror", str(sheet.get("dose_group", pd.Series(["?"])).iloc[0])):
        assert hidden not in text
    tab.close()


def test_verdicts_are_in_sight_on_a_narrow_screen(shown: Any) -> None:
    shown.set_viewport_size({"width": 1000, "height": 900})
    for name in ("#accept", "#reject", "#repeat", "#sign-second", "#lock-open"):
        box = shown.locator(name).bounding_box()
        assert 0 <= box["x"] <= 1000 - box["width"], name
