"""Figures of a study: drawn once, the same bytes wherever they come from, anew where what they show has changed."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from bcelldepl.batch.figures import Drawing, FiguresInWork, draw_figures, shown_by
from bcelldepl.store import Store


def draw(table: pd.DataFrame, log: Path) -> Figure:
    """Draw a table, and tell that it was done."""
    log.write_text(log.read_text() + "x" if log.exists() else "x")
    figure = Figure(figsize=(2, 2))
    figure.subplots().plot(table["day"], table["value"])
    return figure


@pytest.fixture
def table() -> pd.DataFrame:
    return pd.DataFrame({"day": [0.0, 1.0], "value": [2.0, np.nan], "name": ["a", None]})


def times_drawn(log: Path) -> int:
    return len(log.read_text()) if log.exists() else 0


def drawing(table: pd.DataFrame, log: Path, *formats: str) -> Drawing:
    return Drawing("courses", partial(draw, table, log), 60.0, formats, shows=str(shown_by(table)))


def test_a_figure_is_drawn_once_for_all_its_formats_and_kept(tmp_path: Path, table: pd.DataFrame) -> None:
    log = tmp_path / "log"
    with Store(tmp_path / "results", "test") as store:
        first = draw_figures([drawing(table, log, "png", "svg")], store, 1)
        assert times_drawn(log) == 1
        assert draw_figures([drawing(table.copy(), log, "svg", "png")], store, 1) == first
        assert times_drawn(log) == 1
        assert set(draw_figures([drawing(table, log, "png", "pdf")], store, 1)) == {
            "courses.png",
            "courses.pdf",
        }
        assert times_drawn(log) == 2  # for the format that was not there
        assert draw_figures([drawing(table, log, "svg", "png")], store, 1, fresh=True) == first
        assert times_drawn(log) == 3


def test_who_needs_some_figures_waits_for_these_alone(tmp_path: Path, table: pd.DataFrame) -> None:
    logs = [tmp_path / name for name in "abc"]
    drawings = [replace(drawing(table, log, "png", "svg"), name=log.name) for log in logs]
    with (
        Store(tmp_path / "results", "test") as store,
        closing(FiguresInWork(store, 1)) as figures,
    ):
        figures.begin(drawings[:2])
        figures.begin(drawings[2:])
        assert figures.names == ["a.png", "a.svg", "b.png", "b.svg", "c.png", "c.svg"]
        assert not any(map(times_drawn, logs))
        assert list(figures.files(["b.svg", "a.png"])) == ["a.png", "b.svg"]
        assert list(map(times_drawn, logs)) == [1, 1, 0]
        assert list(figures.files(["c.png"])) == ["c.png"]
        assert figures.files(["no such figure"]) == {}
        whole = figures.files()
        assert list(whole) == figures.names
        assert list(map(times_drawn, logs)) == [1, 1, 1]
    with Store(tmp_path / "fresh", "test") as store:
        assert draw_figures(drawings, store, 1) == whole


def test_a_figure_is_drawn_anew_where_a_number_has_changed(tmp_path: Path, table: pd.DataFrame) -> None:
    log = tmp_path / "log"
    moved = table.assign(value=[2.0, 2.0000001])
    with Store(tmp_path / "results", "test") as store:
        first = draw_figures([drawing(table, log, "png")], store, 1)
        second = draw_figures([drawing(moved, log, "png")], store, 1)
        assert times_drawn(log) == 2
        assert first != second
    with Store(tmp_path / "fresh", "test") as store:
        assert draw_figures([drawing(moved, log, "png")], store, 1) == second


def test_figures_that_the_study_has_no_more_are_forgotten(tmp_path: Path, table: pd.DataFrame) -> None:
    log = tmp_path / "log"
    with Store(tmp_path / "results", "test") as store:
        draw_figures([drawing(table, log, "png")], store, 1)
        store.prune([], [], ["courses.png"])
        draw_figures([drawing(table, log, "png")], store, 1)
        assert times_drawn(log) == 1
        store.prune([], [], ["other.png"])
        draw_figures([drawing(table, log, "png")], store, 1)
        assert times_drawn(log) == 2


@pytest.mark.parametrize(
    "changed",
    [
        {"day": [0.0, 1.5]},
        {"name": ["a", ""]},
        {"value": [2, 3]},
        {"more": [1, 1]},
    ],
)
def test_what_a_figure_shows_differs_where_its_table_does(
    table: pd.DataFrame, changed: dict[str, list]
) -> None:
    before = shown_by(partial(draw, table, average=1))
    assert before == shown_by(partial(draw, table.copy(), average=1))
    assert before != shown_by(partial(draw, table.assign(**changed), average=1))
    assert before != shown_by(partial(draw, table, average=2))
    assert before != shown_by(partial(times_drawn, table, average=1))


def test_what_has_no_plain_form_is_refused() -> None:
    with pytest.raises(TypeError, match="no plain form of object"):
        shown_by(partial(draw, object()))
