"""Fonts of other scripts: which is chosen, what no font has, and that a real font draws what the usual one lacks."""

from __future__ import annotations

import unicodedata
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib import font_manager
from matplotlib.figure import Figure
from matplotlib.ft2font import FT2Font

from bcelldepl.report import fonts
from bcelldepl.report.canvas import ImageSheet
from bcelldepl.report.images import render_drawing

CHINESE = "受试者甲"
FOLDER = Path(mpl.get_data_path()) / "fonts" / "ttf"


def forget() -> None:
    for cached in (fonts.font_families, fonts._installed, fonts._font_of, fonts._characters):
        cached.cache_clear()


@pytest.fixture(autouse=True)
def _nothing_remembered() -> Iterator[None]:
    forget()
    yield
    forget()


def entry(name: str, file: str, weight: int = 400, style: str = "normal") -> SimpleNamespace:
    return SimpleNamespace(name=name, fname=file, weight=weight, style=style)


def only(monkeypatch: pytest.MonkeyPatch, entries: list[SimpleNamespace]) -> None:
    monkeypatch.setattr(font_manager.fontManager, "ttflist", entries)
    monkeypatch.setattr(font_manager, "findSystemFonts", list)


def test_only_installed_fonts_are_named_in_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    only(monkeypatch, [entry("SimHei", "a.ttf"), entry("Noto Sans CJK SC", "b.ttc"), entry("Comic", "c.ttf")])
    assert fonts.font_families() == ["DejaVu Sans", "Noto Sans CJK SC", "SimHei"]


def test_of_a_family_the_regular_face_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    faces = [("black.otf", 900, "normal"), ("italic.otf", 400, "italic"), ("regular.otf", 400, "normal")]
    only(monkeypatch, [entry("SimHei", *face) for face in faces])
    assert [str(font.path) for font in fonts._installed().values()] == ["regular.otf"]


def test_a_font_that_was_installed_since_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    added: list[str] = []

    def add(path: str) -> None:
        added.append(path)
        if path == "broken.ttf":
            raise RuntimeError("no font")
        font_manager.fontManager.ttflist.append(entry("SimHei", path))

    only(monkeypatch, [entry("DejaVu Sans", "known.ttf")])
    monkeypatch.setattr(font_manager, "findSystemFonts", lambda: ["known.ttf", "broken.ttf", "new.ttf"])
    monkeypatch.setattr(font_manager.fontManager, "addfont", add)
    assert fonts.font_families() == ["DejaVu Sans", "SimHei"]
    assert added == ["broken.ttf", "new.ttf"]


def test_the_study_is_told_once_what_no_font_has(monkeypatch: pytest.MonkeyPatch) -> None:
    only(monkeypatch, [])
    assert fonts.missing_characters(["S01 µL ½", CHINESE, CHINESE]) == CHINESE
    note = fonts.missing_glyphs_note([CHINESE, "day \N{MINUS SIGN}5"])
    assert f"characters {CHINESE}: no installed font" in note
    assert "and 8 more" in fonts.missing_glyphs_note(["一二三四五六七八九十甲乙丙丁戊己庚辛壬癸"])
    assert fonts.missing_glyphs_note(["S01", "µL", ""]) == ""


@pytest.fixture
def borrowed(monkeypatch: pytest.MonkeyPatch) -> str:
    """A character that the usual font lacks and another one on this machine has, which stands in for a Chinese one."""
    other = FT2Font(str(FOLDER / "STIXGeneral.ttf")).get_charmap()
    usual = FT2Font(str(FOLDER / "DejaVuSans.ttf")).get_charmap()
    letters = (chr(code) for code in sorted(other) if code not in usual)
    character = next(one for one in letters if unicodedata.category(one) in ("Ll", "Lu", "So"))
    monkeypatch.setattr(fonts, "FALLBACKS", ("STIXGeneral",))
    forget()
    return character


def drawn(text: str) -> Figure:
    figure = Figure(figsize=(2, 1))
    figure.text(0.1, 0.4, text, fontsize=30)
    return figure


def black(image: bytes) -> int:
    import io

    from PIL import Image

    return int((np.asarray(Image.open(io.BytesIO(image)).convert("L")) < 128).sum())


def test_a_character_of_another_font_is_drawn_by_it(borrowed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert fonts.missing_characters([borrowed]) == ""
    assert [(text, font.path.name) for text, font in fonts.font_pieces(f"a{borrowed}b")] == [
        ("a", "DejaVuSans.ttf"), (borrowed, "STIXGeneral.ttf"), ("b", "DejaVuSans.ttf")
    ]  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with_font = render_drawing(lambda: drawn(borrowed), 100, ("png", "svg", "pdf"))
        monkeypatch.setattr(fonts, "FALLBACKS", ())
        forget()
        boxes = render_drawing(lambda: drawn(borrowed), 100, ("png",))
    assert black(with_font[0]) != black(boxes[0])
    assert b"STIX" in with_font[2]


def test_words_of_two_fonts_stand_behind_one_another(borrowed: str) -> None:
    def ends(words: str, anchor: str, x: int) -> tuple[int, int]:
        sheet = ImageSheet(200, 40)
        sheet.text((x, 28), words, 20.0, "#000000", anchor=anchor)
        columns = np.flatnonzero((np.asarray(sheet.image.convert("L")) < 128).any(axis=0))
        return int(columns[0]), int(columns[-1])

    words = f"HH{borrowed}HH"
    left, right = ends(words, "ls", 20)
    assert 20 <= left <= 24
    assert right - left > ends("HHHH", "ls", 20)[1] - ends("HHHH", "ls", 20)[0] + 3
    assert abs(ends(words, "rs", 180)[1] - 178) <= 3
    assert abs(sum(ends(words, "ms", 100)) / 2 - 100) <= 2


def test_figures_with_text_that_no_font_has_give_no_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fonts, "FALLBACKS", ())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert all(render_drawing(lambda: drawn(CHINESE), 80, ("png", "svg", "pdf")))
