"""The spillover matrix of a file, in the spellings that makers use."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bcelldepl.fcs.acquisition import Channel, Spillover

__all__ = ["MAX_CONDITION", "condition_number", "matching_channels", "read_spillover"]

# Beyond this condition number, 0.1 % of noise in a detector becomes all of a signal.
MAX_CONDITION: Final = 1000.0

_KEYWORDS: Final = ("$SPILLOVER", "SPILL", "SPILLOVER", "$SPILL", "$COMP", "COMP", "DET_SPILL")
_MOST_PIECES: Final = 8  # of a channel name that holds commas
_NOTHING: Final = 1e-5  # Cytek writes an identity with one entry of 1e-6
_COMPENSATED: Final = re.compile(r"comp-|<", re.IGNORECASE)  # what FlowJo puts before the names it exports
_DFC: Final = re.compile(r"\$DFC(\d{1,3})TO(\d{1,3})")
_FLUORESCENCE: Final = re.compile(r"FL\s*(\d{1,3})\b", re.IGNORECASE)

Found = tuple[Spillover | None, tuple[str, ...], tuple[str, ...]]


def read_spillover(keywords: Mapping[str, str], channels: Sequence[Channel]) -> Found:
    """The matrix of a file.

    Parameters
    ----------
    keywords : mapping of str to str
    channels : sequence of Channel

    Returns
    -------
    Spillover or None
        None where the file has none that can be used.
    tuple of str, tuple of str
        Warnings, and facts that nobody need look at.
    """
    warnings: list[str] = []
    for key in _KEYWORDS:
        if keywords.get(key):
            is_matrix, (spillover, notes, facts) = _listed(key, keywords[key], tuple(channels))
            warnings.extend(notes)
            if is_matrix:
                return spillover, tuple(warnings), facts
    percents = _from_dfc(keywords, channels, warnings)
    if percents is None:
        return None, tuple(warnings), ()
    warnings.append("$DFCiTOj: the instrument may have compensated these values already; compare before use")
    return _checked(percents, warnings)


def condition_number(matrix: NDArray[np.float64]) -> float:
    """By how much the inverse of a square matrix can enlarge noise; infinite for a singular one."""
    try:
        with np.errstate(all="ignore"):
            return float(np.linalg.cond(matrix))
    except np.linalg.LinAlgError:
        return math.inf


@lru_cache(maxsize=4)  # the tubes of a study, one after the other, say the same
def _listed(key: str, text: str, channels: tuple[Channel, ...]) -> tuple[bool, Found]:
    """Whether a keyword holds a matrix, the matrix if it can be used, and what is odd about it."""
    warnings: list[str] = []
    listed = _from_list(key, text, channels, warnings)
    if listed is None:
        return False, (None, tuple(warnings), ())
    found = _checked(listed, warnings)
    if found[0] is not None:
        found[0].matrix.setflags(write=False)
    return True, found


def _from_list(key: str, text: str, channels: Sequence[Channel], warnings: list[str]) -> Spillover | None:
    """``n, name 1 ... name n, value 11 ... value nn``; names may hold commas, numbers may stand for names."""
    tokens = [token.strip() for token in text.split(",")]
    n = int(tokens[0]) if re.fullmatch(r"[0-9]{1,4}", tokens[0]) else 0
    if n == 0:
        warnings.append(f"{key} is empty or does not start with the number of its channels; not used")
        return None
    names, values = tokens[1 : len(tokens) - n * n], tokens[len(tokens) - n * n :]
    if len(tokens) < 1 + n * n:
        warnings.append(
            f"{key} says {n} channels but has {len(tokens) - 1} entries, expected {n + n * n}; not used"
        )
        return None
    if not names and n == len(channels):  # the old $COMP: every channel, in order
        names = [channel.name for channel in channels]
    if len(names) != n:
        names = _with_commas(names, n, channels)
    if len(names) != n:
        warnings.append(
            f"{key} says {n} channels but has {len(tokens) - 1} entries, expected {n + n * n}; not used"
        )
        return None
    try:
        matrix = np.array([float(value) for value in values]).reshape(n, n)
    except ValueError:
        warnings.append(f"{key} contains something that is not a number; not used")
        return None
    if not np.isfinite(matrix).all():
        warnings.append(f"{key} contains a number that is not finite; not used")
        return None
    return _on_channels(key, names, matrix, channels, warnings)


def _with_commas(pieces: list[str], n: int, channels: Sequence[Channel]) -> list[str]:
    """Join pieces back to channel names that hold commas themselves."""
    known = {re.sub(r"\s*,\s*", ",", channel.name): channel.name for channel in channels}
    names: list[str] = []
    start = 0
    while start < len(pieces) and len(names) <= n:
        longest = min(len(pieces), start + _MOST_PIECES)
        stop = next(
            (i for i in range(longest, start + 1, -1) if ",".join(pieces[start:i]) in known), start + 1
        )
        joined = ",".join(pieces[start:stop])
        names.append(known.get(joined, joined))
        start = stop
    return names


def _on_channels(
    key: str, names: list[str], matrix: NDArray[np.float64], channels: Sequence[Channel], warnings: list[str]
) -> Spillover | None:
    """Bring the names of a matrix to those of the channels; leave out what the file does not have."""
    resolved = matching_channels(names, [channel.name for channel in channels])
    if all(name is None for name in resolved) and all(name.isdecimal() for name in names):
        numbers = [int(name) if len(name) < 6 else 0 for name in names]
        resolved = [channels[i - 1].name if 1 <= i <= len(channels) else None for i in numbers]
    kept = [i for i, name in enumerate(resolved) if name is not None]
    absent = [name for name, found in zip(names, resolved, strict=True) if found is None]
    if not kept:
        warnings.append(f"{key} names only channels that are not in the file ({_some(absent)}); not used")
        return None
    if absent:
        warnings.append(
            f"{key} names channels that are not in the file ({_some(absent)}); "
            "their rows and columns are left out"
        )
    present = [str(resolved[i]) for i in kept]
    done = [
        name for i, name in zip(kept, present, strict=True) if _COMPENSATED.match(name) and name != names[i]
    ]
    if done:
        warnings.append(f"{key} is not used: channels are named as compensated already ({_some(done)})")
        return None
    if len(set(present)) < len(present):
        warnings.append(f"{key} names a channel twice; not used")
        return None
    return Spillover(tuple(present), np.ascontiguousarray(matrix[np.ix_(kept, kept)]), key)


def matching_channels(
    names: Sequence[str], present: Sequence[str], endings: Sequence[str] = ("",)
) -> list[str | None]:
    """The channel that each name means: the same name, else the only one that is alike.

    Parameters
    ----------
    names : sequence of str
        Of a matrix.
    present : sequence of str
        Channel names of a file (``$PnN``).
    endings : sequence of str
        What a name that is alike may have behind it, first choices first.

    Returns
    -------
    list of str or None
        None where no channel is meant, or it cannot be told which.
    """
    alike: dict[str, list[str]] = {}
    for name in present:
        alike.setdefault(_plain_name(name), []).append(name)

    def meant(name: str) -> str | None:
        if name in present:
            return name
        close = (alike.get(_plain_name(name) + ending, []) for ending in endings)
        return next((found[0] for found in close if len(found) == 1), None)

    return [meant(name) for name in names]


def _plain_name(name: str) -> str:
    """A name without what programs add to or change in it: brackets, ``Comp-``, case, blanks, dashes."""
    bare = re.sub(r"^comp-", "", name.strip("<> ").lower())
    return re.sub(r"[\s_./-]+", "", bare)


def _some(names: list[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def _from_dfc(
    keywords: Mapping[str, str], channels: Sequence[Channel], warnings: list[str]
) -> Spillover | None:
    """Beckman Coulter: ``$DFCiTOj`` is what fluorescence i gives to fluorescence j, in percent."""
    percents: dict[tuple[int, int], float] = {}
    for key, text in keywords.items():
        match = _DFC.fullmatch(key)
        if match is None:
            continue
        try:
            percents[int(match[1]), int(match[2])] = float(text)
        except ValueError:
            warnings.append(f"{key} is {text!r}, expected a percentage; $DFC is not used")
            return None
    if not percents or not all(math.isfinite(value) for value in percents.values()):
        return None
    detectors: dict[int, str] = {}
    for channel in channels:
        number = _FLUORESCENCE.match(channel.name)
        if number and detectors.setdefault(int(number[1]), channel.name) != channel.name:
            warnings.append(
                f"$DFC: fluorescence {number[1]} is measured twice, {detectors[int(number[1])]} is used"
            )
    order = sorted(detectors)
    lost = {
        number for pair, value in percents.items() if value and pair[0] != pair[1] for number in pair
    } - set(order)
    if lost:
        warnings.append(
            f"$DFC names fluorescences that are not in the file ({_some([f'FL{i}' for i in sorted(lost)])})"
        )
    if len(order) < 2:
        return None
    matrix = np.eye(len(order))
    for (source, target), percent in percents.items():
        if source in detectors and target in detectors and source != target:
            matrix[order.index(source), order.index(target)] = percent / 100.0
    return Spillover(tuple(detectors[number] for number in order), matrix, "$DFCiTOj")


def _checked(spillover: Spillover, warnings: list[str]) -> Found:
    matrix, key = spillover.matrix, spillover.keyword
    diagonal = np.diag(matrix)
    if (diagonal == 100.0).all() and len(diagonal):
        warnings.append(f"{key} is in percent; divided by 100")
        spillover = Spillover(spillover.channels, matrix / 100.0, key)
    elif (diagonal <= 0.0).any():
        warnings.append(f"{key} has a diagonal that is not positive; not used")
        return None, tuple(warnings), ()
    if np.abs(spillover.matrix - np.eye(len(spillover.channels))).max() <= _NOTHING:
        return (
            spillover,
            tuple(warnings),
            (f"{key} is the identity: the file does not say how to compensate",),
        )
    condition = condition_number(spillover.matrix)
    if not condition <= MAX_CONDITION:
        warnings.append(
            f"{key} is singular or nearly so: its condition number is {condition:.3g}, at most {MAX_CONDITION:g} is "
            "accepted, and events cannot be compensated by it"
        )
    return spillover, tuple(warnings), ()
