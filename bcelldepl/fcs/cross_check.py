"""The same file through two independent readers, fcsparser and FlowIO, value by value."""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from bcelldepl.fcs.acquisition import Acquisition

__all__ = ["CrossCheck", "cross_check"]

Verdict = Literal["agrees", "differs", "refuses"]
Reading = Callable[[Acquisition], NDArray[Any]]


@dataclass(frozen=True)
class CrossCheck:
    """What another reader makes of a data set.

    Attributes
    ----------
    reader : str
    verdict : {"agrees", "differs", "refuses"}
        Whether every stored value is equal.
    detail : str
        How it had to be asked, what differs, or why it refuses.
    """

    reader: str
    verdict: Verdict
    detail: str


def cross_check(acquisition: Acquisition) -> tuple[CrossCheck, ...]:
    """Compare the values as stored with those of fcsparser and FlowIO.

    A reader that can be asked in several ways is asked until it agrees; what came before is told.

    Parameters
    ----------
    acquisition : Acquisition

    Returns
    -------
    tuple of CrossCheck
        One per reader.

    Raises
    ------
    FcsError
        The values cannot be read here.
    """
    ours = acquisition.raw()
    return tuple(_ask(reader, ways, acquisition, ours) for reader, ways in _READERS)


def _ask(
    reader: str, ways: Sequence[tuple[str, Reading]], acquisition: Acquisition, ours: NDArray[Any]
) -> CrossCheck:
    told: list[tuple[str, Verdict, str]] = []
    for how, read in ways:
        verdict, detail = _compare(read, acquisition, ours)
        if verdict == "agrees":
            before = "".join(f"; {earlier} {way or 'by default'}" for way, earlier, _ in told)
            return CrossCheck(reader, "agrees", how + before)
        told.append((how, verdict, f"{how}: {detail}" if how else detail))
    worst = next((entry for entry in told if entry[1] == "differs"), told[0])
    return CrossCheck(reader, worst[1], worst[2])


def _compare(read: Reading, acquisition: Acquisition, ours: NDArray[Any]) -> tuple[Verdict, str]:
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            theirs = read(acquisition)
    except Exception as error:  # whatever a foreign reader raises is its refusal
        said = " ".join(str(error).split())[:120]
        if "newbyteorder" in said:
            return "refuses", "it cannot read this byte order with numpy 2; the file is not at fault"
        return "refuses", f"{type(error).__name__}: {said}"
    if theirs.shape != ours.shape:
        found = f"{theirs.shape[1]} events x {theirs.shape[0]} channels"
        return "differs", f"{found}, here {ours.shape[1]} x {ours.shape[0]}"
    equal = (theirs == ours) | (np.isnan(theirs) & np.isnan(ours))
    if equal.all():
        return "agrees", ""
    channel, event = (int(i) for i in np.argwhere(~equal)[0])
    name = acquisition.channels[channel].name
    cut = ~equal & _cut_to_top(acquisition, ours)
    why = " above $PnR, read there without their upper bits" if cut.sum() == (~equal).sum() else ""
    return "differs", (
        f"{int((~equal).sum())} of {equal.size} values{why}, first {name} of event {event}: "
        f"{theirs[channel, event]:g}, here {ours[channel, event]:g}"
    )


def _cut_to_top(acquisition: Acquisition, ours: NDArray[Any]) -> NDArray[np.bool_]:
    """Values that are at the top of channels with signals off the scale."""
    cut = np.zeros(ours.shape, np.bool_)
    for i, word in enumerate(acquisition.place.row.words):
        if word.is_clipped:
            cut[i] = ours[i] == word.mask
    return cut


def _fcsparser(acquisition: Acquisition) -> NDArray[Any]:
    import fcsparser

    logging.getLogger("fcsparser").setLevel(logging.CRITICAL)
    _, table = fcsparser.parse(
        str(acquisition.path), channel_naming="$PnN", data_set=acquisition.dataset, dtype="float64"
    )
    return np.ascontiguousarray(table.to_numpy().T)


def _flowio(**flags: bool) -> Reading:
    def read(acquisition: Acquisition) -> NDArray[Any]:
        import flowio

        if acquisition.n_datasets > 1:
            data = flowio.read_multiple_data_sets(str(acquisition.path), **flags)[acquisition.dataset]
        else:
            with acquisition.path.open("rb") as file:  # given a path, it leaves the file open when it refuses
                data = flowio.FlowData(file, **flags)
        return np.ascontiguousarray(data.as_array(preprocess=False).T)

    return read


_READERS: Final[tuple[tuple[str, Sequence[tuple[str, Reading]]], ...]] = (
    ("fcsparser", (("", _fcsparser),)),
    (
        "flowio",
        (
            ("", _flowio()),
            ("with tolerant flags", _flowio(ignore_offset_error=True, ignore_offset_discrepancy=True)),
            ("with offsets of HEADER", _flowio(ignore_offset_error=True, use_header_offsets=True)),
        ),
    ),
)
