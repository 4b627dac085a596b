"""The channels of a data set out of its keywords."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from bcelldepl.fcs.acquisition import Channel
from bcelldepl.fcs.layout import Word
from bcelldepl.fcs.numbers import pair, real

__all__ = ["read_channels"]


def read_channels(
    keywords: Mapping[str, str], words: Sequence[Word]
) -> tuple[tuple[Channel, ...], tuple[str, ...]]:
    """Names, ranges and amplifiers of every channel, and what is odd about them."""
    warnings: list[str] = []
    channels = []
    for n, word in enumerate(words, start=1):
        name = keywords.get(f"$P{n}N", "")
        if not name:
            name = f"P{n}"
            warnings.append(f"channel {n} has no name ($P{n}N); it is called {name}")
        limit = real(keywords, f"$P{n}R")
        if limit is None or limit <= 0:
            warnings.append(
                f"channel {n} ({name}): $P{n}R is {keywords.get(f'$P{n}R', 'absent')!r}, no range"
            )
            limit = 0.0
        decades, offset = _amplifier(keywords, n, name, word, limit, warnings)
        channels.append(
            Channel(
                name, keywords.get(f"$P{n}S", ""), limit, decades, offset, _gain(keywords, n, name, warnings)
            )
        )
    twice = [name for name, count in Counter(channel.name for channel in channels).items() if count > 1]
    if twice:
        warnings.append(f"channel names occur twice: {', '.join(twice)}; a name means the first of them")
    return tuple(channels), tuple(warnings)


def _amplifier(
    keywords: Mapping[str, str], n: int, name: str, word: Word, limit: float, warnings: list[str]
) -> tuple[float, float]:
    key = f"$P{n}E"
    decades, offset = pair(keywords, key) or (0.0, 0.0)
    if keywords.get(key) and pair(keywords, key) is None:
        warnings.append(f"channel {n} ({name}): {key} is {keywords[key]!r}, read as linear")
    if decades == 0.0:
        return 0.0, 0.0
    if word.kind in "FD":
        warnings.append(
            f"channel {n} ({name}): {key} is {keywords[key]}, but floats are on the linear scale; left as it is"
        )
        return 0.0, 0.0
    if decades < 0.0 or offset < 0.0 or limit <= 0.0:
        warnings.append(
            f"channel {n} ({name}): {key} is {keywords[key]} with range {limit:g}, read as linear"
        )
        return 0.0, 0.0
    # The standard: an offset of 0 is wrong and is to be read as 1.
    return decades, offset or 1.0


def _gain(keywords: Mapping[str, str], n: int, name: str, warnings: list[str]) -> float:
    key = f"$P{n}G"
    gain = real(keywords, key)
    if gain is not None and gain > 0.0:
        return gain
    if keywords.get(key) and gain != 0.0:  # 0 is written for "no gain"
        warnings.append(f"channel {n} ({name}): {key} is {keywords[key]!r}, read as no gain")
    return 1.0
