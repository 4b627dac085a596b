"""A drafted study as the text of ``study.toml``: what is left to a person on top, and every guess with its ground."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Sequence
from typing import Final

from bcelldepl.fcs import Channel
from bcelldepl.gating.panel_fit import stain_channels
from bcelldepl.setup.draft import StudyDraft
from bcelldepl.signal.panel import channel_words
from bcelldepl.study.toml import BARE_KEY

__all__ = ["study_text"]

_WIDTH: Final = 110


def study_text(draft: StudyDraft, study_id: str, sheet: str, outside: bool) -> str:
    """Write the study file.

    Parameters
    ----------
    draft : StudyDraft
    study_id : str
        Guessed from the folder.
    sheet : str
        Name of the sample sheet.
    outside : bool
        Whether the FCS files lie outside the folder of the study file.

    Returns
    -------
    str
        TOML.
    """
    lines = [
        *_comment("Written by `bcelldepl init`. Left to you:"),
        "#",
        *(
            line
            for number, text in enumerate(draft.questions, 1)
            for line in _comment(f"{number}. {text}", 3)
        ),
        "#",
        *_comment(
            "Then: `bcelldepl check study.toml`, until nothing is in doubt, and `bcelldepl run study.toml`."
        ),
        "",
        "[study]",
        f"id = {json.dumps(study_id, ensure_ascii=False)}  # guessed: the name of the folder",
        f"samples = {json.dumps(sheet)}",
        *_strategy(draft),
        *(["allow_outside = true  # the FCS files are not in this folder"] if outside else []),
        "",
        *_panel(draft),
        *_compensation(draft),
        *_counting(draft),
    ]
    return "\n".join(lines).rstrip() + "\n"


def _strategy(draft: StudyDraft) -> Iterator[str]:
    chosen = draft.strategy
    yield (
        f"strategy = {json.dumps(chosen.name)}  # guessed: it reports the most populations of this panel"
        if chosen
        else 'strategy = ""  # to be chosen'
    )
    for one in draft.fits:
        if one is chosen:
            yield from _comment(f"{one.name}: {', '.join(one.reported)}")
        elif one.fits:
            yield from _comment(f"{one.name} fits as well: {', '.join(one.reported)}")
        else:
            yield from _comment(f"{one.name} does not fit: {one.lacking}")


def _panel(draft: StudyDraft) -> Iterator[str]:
    if not draft.channels:
        return
    yield from _comment("Markers by the labels of the files. Remove the # of a line to set it yourself.")
    yield "[panel]" if draft.strategy is None or draft.doubtful_markers else "# [panel]"
    for one in draft.markers:
        if one.is_sure:
            channel = one.channels[0]
            detector = json.dumps(channel.name, ensure_ascii=False)
            yield f"# {_key(one.marker)} = {detector}  # {one.by}: {channel_words(channel)}"
        else:
            yield f'{_key(one.marker)} = "DETECTOR"  # one of {_listed(one.channels)}'
    if draft.strategy is None:
        known = {one.marker for one in draft.markers}
        needed = dict.fromkeys(marker for fit in draft.fits for marker in fit.needs if marker not in known)
        used = dict.fromkeys(
            marker for fit in draft.fits for marker in fit.uses if marker not in {*needed, *known}
        )
        yield from (f'# {_key(marker)} = "DETECTOR"' for marker in needed)
        yield from _comment(f"and, where they are stained: {', '.join(used)}")
        yield from _comment(f"detectors: {_listed(stain_channels(draft.channels))}")
    yield ""


def _compensation(draft: StudyDraft) -> Iterator[str]:
    if draft.without_matrix:
        yield "# [compensation]"
        yield '# source = "none"          # where values are unmixed, or compensated already'
        yield '# matrix = "spillover.csv"  # else'
        yield ""


def _counting(draft: StudyDraft) -> Iterator[str]:
    if draft.by_volume:
        yield "[counting]"
        yield 'method = "volumetric"  # guessed: every sample has an acquired volume'


def _comment(text: str, indent: int = 0) -> list[str]:
    """Lines of a comment: no text of a file, whatever it holds, ends one."""
    plain = "".join(one if one.isprintable() else " " for one in text)
    return textwrap.wrap(
        plain, _WIDTH, initial_indent="# ", subsequent_indent="# " + " " * indent, break_long_words=False
    )


def _listed(channels: Sequence[Channel]) -> str:
    return ", ".join(map(channel_words, channels))


def _key(marker: str) -> str:
    return marker if BARE_KEY.fullmatch(marker) else json.dumps(marker, ensure_ascii=False)
