"""Which channel of a file carries which marker."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from bcelldepl.definitions.markers import MARKERS, SCATTER_WORDS, SIGNAL_WORDS, Marker
from bcelldepl.errors import PanelError
from bcelldepl.fcs.acquisition import Channel
from bcelldepl.fcs.scaling import is_time
from bcelldepl.near_names import did_you_mean

__all__ = ["channel_words", "find_marker", "find_named", "found_by", "resolve_panel", "unused_channels"]

MOST_LISTED = 8  # channels in a message


def resolve_panel(
    channels: Sequence[Channel],
    required: Iterable[str],
    optional: Iterable[str] = (),
    overrides: Mapping[str, str] | None = None,
    where: str = "",
    one_of: Sequence[Sequence[str]] = (),
) -> dict[str, str]:
    """Find the channel of each marker.

    Parameters
    ----------
    channels : sequence of Channel
        Of one file.
    required, optional : iterable of str
        Markers (``CD19``, ``CAR``), scatter signals (``FSC-A``) and ``Time``.
    overrides : mapping of str to str, optional
        The study's ``[panel]``: marker to detector (``$PnN``) or label (``$PnS``).
    where : str
        The file, for messages.
    one_of : sequence of sequence of str
        Lists of the optional markers, of each of which one must be there.

    Returns
    -------
    dict of str to str
        Marker to channel name (``$PnN``); an optional marker that the file lacks is left out.

    Raises
    ------
    PanelError
        Naming every marker that no channel, more than one, or one channel with another marker carries, with the
        file's channels. A channel may serve two markers only where the study says so.
    """
    found, complaints = _resolve(
        tuple(channels), tuple(required), tuple(optional), tuple((overrides or {}).items())
    )
    lacking = [
        (markers[0], f"{' or '.join(markers)}: no channel found for any of them")
        for markers in one_of
        if not any(marker in found for marker in markers)
        and not any(marker in markers for marker, _ in complaints)
    ]
    complaints = [*complaints, *lacking]
    if complaints:
        free = unused_channels(channels, found)
        what = "; ".join(what for _, what in complaints)
        markers = tuple(dict.fromkeys(marker for marker, _ in complaints))
        raise PanelError(what, where, _remedy(markers), markers, _list(free))
    return dict(found)


def _remedy(markers: Sequence[str]) -> str:
    """The line to write; no detector of the file stands in it, for one that is pasted unread would be a guess."""
    lines = ", ".join(f'{marker} = "DETECTOR"' for marker in markers)
    return f"name each detector in the study file: [panel] {lines}"


@lru_cache(maxsize=16)  # the tubes of a study have the same channels
def _resolve(
    channels: tuple[Channel, ...],
    required: tuple[str, ...],
    optional: tuple[str, ...],
    named: tuple[tuple[str, str], ...],
) -> tuple[dict[str, str], list[tuple[str, str]]]:
    """Channel of each marker, and what is wrong about which."""
    overrides = dict(named)
    found: dict[str, str] = {}
    complaints: list[tuple[str, str]] = []
    for marker in dict.fromkeys((*required, *optional)):
        if marker in overrides:
            candidates = find_named(overrides[marker], channels)
            names = [c.name for c in channels] + [c.label for c in channels]
            near = "" if candidates else did_you_mean(overrides[marker], names)
            missing = (
                f"{marker}: the study's [panel] names {overrides[marker]!r}, which this file does not have"
                + (f", {near}" if near else "")
            )
        else:
            candidates = find_marker(marker, channels)
            missing = f"{marker}: no channel found"
        if len(candidates) == 1:
            found[marker] = candidates[0].name
        elif candidates:
            complaints.append((marker, f"{marker}: {len(candidates)} channels match ({_list(candidates)})"))
        elif marker not in optional or marker in overrides:
            complaints.append((marker, missing))
    for name in dict.fromkeys(found.values()):
        sharing = [marker for marker, channel in found.items() if channel == name and marker not in overrides]
        if len(sharing) > 1:
            what = f"{' and '.join(sharing)}: one channel matches all of them ({name})"
            complaints.append((sharing[0], what))
    return found, complaints


def find_named(text: str, channels: Sequence[Channel]) -> list[Channel]:
    """List the channels of a detector or label: the very text, else compatible characters (NFKC), else its words.

    Parameters
    ----------
    text : str
    channels : sequence of Channel
        Of one file.

    Returns
    -------
    list of Channel
        More than one where it cannot be told.
    """
    for same in (str.__eq__, _compatible, _same):
        for names in ("name", "label"):
            found = [channel for channel in channels if same(text, getattr(channel, names))]
            if found:
                return found
    return []


def find_marker(marker: str, channels: Sequence[Channel]) -> list[Channel]:
    """List the channels that could carry a marker; the exact name wins over words within a label.

    Parameters
    ----------
    marker : str
        Name of a marker, of a scatter signal, or ``Time``.
    channels : sequence of Channel
        Of one file.

    Returns
    -------
    list of Channel
        More than one where it cannot be told.
    """
    base, _, signal = marker.partition("-")
    if base in SCATTER_WORDS and signal in SIGNAL_WORDS:
        return _find_scatter(base, signal, channels)
    exact = [c for c in channels if _same(marker, c.name) or _same(marker, c.label)]
    candidates = exact or [c for c in channels if _carries(marker, c)]
    definition = MARKERS.get(marker, Marker(marker))
    for other in definition.yields_to:
        candidates = [c for c in candidates if _same(marker, c.label) or not _carries(other, c)]
    if not candidates and definition.served_by:
        return find_marker(definition.served_by, channels)
    return _prefer_area(candidates)


def found_by(marker: str, channel: Channel) -> str:
    """Say by what a channel was found to carry a marker.

    Parameters
    ----------
    marker : str
    channel : Channel
        One of those that `find_marker` lists.

    Returns
    -------
    str
        Such as ``its label`` or ``a word of its label``; the first is the surest.
    """
    if _same(marker, channel.label):
        return "its label"
    if _same(marker, channel.name):
        return "its name"
    names = MARKERS.get(marker, Marker(marker)).other_names or (marker,)
    for text, place in ((channel.label, "label"), (channel.name, "name")):
        for name in names:
            if _contains(_words(text), _words(name)):
                return f"its {place}" if _same(name, text) else f"a word of its {place}"
    served_by = MARKERS.get(marker, Marker(marker)).served_by
    return f"{served_by}, which shows the same cells" if served_by else "its kind of detector"


def _find_scatter(base: str, signal: str, channels: Sequence[Channel]) -> list[Channel]:
    exact = [c for c in channels if _same(f"{base}-{signal}", c.name)]
    if exact:
        return exact
    words = {c.name: _scatter_words(c.name) for c in channels}
    of_base = [c for c in channels if words[c.name][:1] and words[c.name][0] in SCATTER_WORDS[base]]
    by_words = [c for c in of_base if len(words[c.name]) == 2 and words[c.name][1] in SIGNAL_WORDS[signal]]
    if by_words or signal != "A":
        return by_words
    # A file with one forward scatter and no suffix holds the area (or the only signal there is).
    return [c for c in of_base if len(words[c.name]) == 1]


def _scatter_words(name: str) -> list[str]:
    """Words of a name without the mark of a linear amplifier: ``FS INT LIN``, ``FSC LinA``, ``FSC-HLin``."""
    return [bare for word in _words(name) if (bare := word.removeprefix("lin").removesuffix("lin"))]


@lru_cache(maxsize=4096)
def _carries(marker: str, channel: Channel) -> bool:
    names = MARKERS.get(marker, Marker(marker)).other_names or (marker,)
    aliases = [_words(name) for name in names]
    return any(
        _contains(words, alias)
        for words in (_words(channel.label), _words(channel.name))
        for alias in aliases
    )


def _contains(words: Sequence[str], alias: Sequence[str]) -> bool:
    n = len(alias)
    return any(tuple(words[i : i + n]) == tuple(alias) for i in range(len(words) - n + 1))


def _prefer_area(candidates: list[Channel]) -> list[Channel]:
    """Of area, height and width of one detector take the area."""
    if len(candidates) < 2:
        return candidates
    split = [_split_signal(c.name) for c in candidates]
    areas = [c for c, (_, signal) in zip(candidates, split, strict=True) if signal == "A"]
    return areas if len({stem for stem, _ in split}) == 1 and len(areas) == 1 else candidates


def _split_signal(name: str) -> tuple[tuple[str, ...], str]:
    """Words of a detector without the last that says which signal of it is meant, and that signal."""
    words = _words(name)
    for i in range(len(words) - 1, 0, -1):
        for signal, names in SIGNAL_WORDS.items():
            if words[i] in names:
                return (*words[:i], *words[i + 1 :]), signal
    return words, ""


@lru_cache(maxsize=4096)
def _words(text: str) -> tuple[str, ...]:
    """Words of a text: runs of Latin letters and digits, and of other letters (``TCRαβ`` is two)."""
    return tuple(re.findall(r"[a-z0-9]+|[^\W_a-z0-9]+", unicodedata.normalize("NFKC", text).casefold()))


def _compatible(one: str, other: str) -> bool:
    return unicodedata.normalize("NFKC", one).strip() == unicodedata.normalize("NFKC", other).strip()


def _same(one: str, other: str) -> bool:
    return _words(one) == _words(other) and bool(_words(one))


def unused_channels(channels: Sequence[Channel], found: Mapping[str, str]) -> list[Channel]:
    """List the channels that a marker could be on: areas that carry no other one, if there are such.

    Parameters
    ----------
    channels : sequence of Channel
        Of one file.
    found : mapping of str to str
        Channel by marker.

    Returns
    -------
    list of Channel
    """
    free = [c for c in channels if c.name not in found.values() and not is_time(c)]
    areas = [c for c in free if _split_signal(c.name)[1] == "A"]
    return areas or free or list(channels)


def channel_words(channel: Channel) -> str:
    """Call a channel by its detector and label, on one line whatever the file has there.

    Parameters
    ----------
    channel : Channel

    Returns
    -------
    str
    """
    words = f"{channel.name} ({channel.label})" if channel.label else channel.name
    return "".join(one if one.isprintable() else " " for one in words)


def _list(channels: Sequence[Channel]) -> str:
    told = [channel_words(c) for c in channels[:MOST_LISTED]]
    more = len(channels) - len(told)
    return ", ".join(told) + (f" and {more} more, which `bcelldepl inspect` lists" if more else "")
