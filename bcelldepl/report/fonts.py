"""Fonts of figures: one for all, and behind it those installed that have the glyphs of other scripts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import groupby
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl

__all__ = [
    "FALLBACKS",
    "FontFile",
    "font_families",
    "font_pieces",
    "missing_characters",
    "missing_glyphs_note",
]

USUAL: Final = "DejaVu Sans"  # comes with matplotlib, so that every machine draws the same
# Behind it, in this order, those that are installed: of Linux, Windows and macOS; Chinese before Japanese and Korean.
FALLBACKS: Final = (
    "Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "Source Han Sans CN", "Source Han Sans",
    "Noto Sans CJK TC", "Noto Sans TC", "Noto Sans CJK HK", "Noto Sans CJK JP", "Noto Sans JP", "Noto Sans CJK KR",
    "Noto Sans KR", "WenQuanYi Zen Hei", "WenQuanYi Micro Hei", "Droid Sans Fallback", "Microsoft YaHei", "DengXian",
    "SimHei", "SimSun",
    "Microsoft JhengHei", "PingFang SC", "PingFang TC", "PingFang HK", "Hiragino Sans GB", "Heiti SC", "Heiti TC",
    "STHeiti", "Songti SC", "Hiragino Sans", "Yu Gothic", "Meiryo", "MS Gothic", "Malgun Gothic", "Apple SD Gothic Neo",
    "Arial Unicode MS",
)  # fmt: skip
_NAMED: Final = 12  # characters that a note names


@dataclass(frozen=True)
class FontFile:
    """A font on disk.

    Attributes
    ----------
    path : Path
    index : int
        Of the face in a collection of several.
    """

    path: Path
    index: int = 0


@cache
def font_families() -> list[str]:
    """Return the names of the usual font and of every fallback that is installed.

    Returns
    -------
    list of str
        As ``font.family`` of matplotlib takes them; one that is not installed would give a warning for each text.
    """
    return [USUAL, *_installed()]


@cache
def _installed() -> dict[str, FontFile]:
    """Fallbacks that are installed, by name in their order.

    matplotlib remembers which fonts there are; where it knows of no fallback, the machine is looked at again, for one
    may have been installed since.
    """
    from matplotlib.font_manager import findSystemFonts, fontManager

    found = _listed(fontManager.ttflist)
    if not found:
        known = {entry.fname for entry in fontManager.ttflist}
        for path in findSystemFonts():
            if path not in known:
                try:
                    fontManager.addfont(path)
                except (OSError, RuntimeError, ValueError):
                    continue  # no font that can be read
        found = _listed(fontManager.ttflist)
    return {name: found[name] for name in FALLBACKS if name in found}


def _listed(entries: Iterable[Any]) -> dict[str, FontFile]:
    named = [entry for entry in entries if entry.name in FALLBACKS]
    # The regular face: the first of the weight nearest to 400.
    named.sort(key=lambda entry: (entry.style != "normal", abs(_weight(entry.weight) - 400), entry.fname))
    files: dict[str, FontFile] = {}
    for entry in named:
        files.setdefault(entry.name, FontFile(Path(entry.fname), getattr(entry, "index", 0)))
    return files


def _weight(weight: int | str) -> int:
    from matplotlib.font_manager import weight_dict

    return weight if isinstance(weight, int) else int(weight_dict.get(weight, 400))


def font_pieces(words: str, *, bold: bool = False) -> list[tuple[str, FontFile]]:
    """Part words into pieces, each with the first font that has its characters.

    Parameters
    ----------
    words : str
    bold : bool
        Of the usual font; fallbacks are taken as they are.

    Returns
    -------
    list of (str, FontFile)
        What no font has is left to the usual one, which draws a box.
    """
    found = [_font_of(character) if character > "\x7f" else None for character in words]
    fonts = [_usual(bold) if font in (None, _usual(False)) else font for font in found]
    pairs = zip(words, fonts, strict=True)
    return [
        ("".join(one for one, _ in run), font)
        for font, run in groupby(pairs, key=lambda pair: pair[1])
        if font
    ]


def missing_characters(texts: Iterable[str]) -> str:
    """Return the characters that no font of the figures has.

    Parameters
    ----------
    texts : iterable of str

    Returns
    -------
    str
        Each once, in the order of their first occurrence.
    """
    characters = dict.fromkeys(character for text in texts for character in text if character > "\x7f")
    return "".join(one for one in characters if one.isprintable() and _font_of(one) is None)


def missing_glyphs_note(texts: Iterable[str]) -> str:
    """Say once for a study that figures cannot show some of its characters.

    Parameters
    ----------
    texts : iterable of str
        All that figures may write.

    Returns
    -------
    str
        Empty where they can show all.
    """
    missing = missing_characters(texts)
    if not missing:
        return ""
    named = missing[:_NAMED] + (f" and {len(missing) - _NAMED} more" if len(missing) > _NAMED else "")
    return (
        f"figures show boxes in place of the characters {named}: no installed font has them; install one that does, "
        "such as Noto Sans CJK, and run with --fresh. Tables and pages are not concerned"
    )


@lru_cache(maxsize=8192)
def _font_of(character: str) -> FontFile | None:
    """The first font that has a character; None for none."""
    fonts = (_usual(False), *_installed().values())
    return next((font for font in fonts if ord(character) in _characters(font)), None)


@cache
def _usual(bold: bool) -> FontFile:
    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    return FontFile(Path(mpl.get_data_path()) / "fonts" / "ttf" / name)


@cache
def _characters(font: FontFile) -> frozenset[int]:
    from matplotlib.ft2font import FT2Font

    return frozenset(FT2Font(str(font.path)).get_charmap())
