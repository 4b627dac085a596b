"""Reading an integer file whose ranges are no powers of two, beside flowkit's reader."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np

from bcelldepl.fcs import read_fcs
from speed_rows.base import OURS, Bench, Goal, Measured, Row

__all__ = ["ROWS"]

_CHANNELS = 16
_RANGE = 10_000  # read with a mask of 14 bits


def _write(path: Path, n_events: int) -> int:
    """A file of 16-bit integers; gives where DATA begins."""
    pairs: dict[str, object] = {"$PAR": _CHANNELS, "$TOT": n_events, "$MODE": "L", "$DATATYPE": "I",
                                "$BYTEORD": "1,2,3,4", "$NEXTDATA": 0, "$BEGINANALYSIS": 0, "$ENDANALYSIS": 0,
                                "$BEGINSTEXT": 0, "$ENDSTEXT": 0}  # fmt: skip
    for n in range(1, _CHANNELS + 1):
        pairs |= {f"$P{n}N": f"C{n}", f"$P{n}B": 16, f"$P{n}R": _RANGE, f"$P{n}E": "0,0"}
    begin = 4096
    end = begin + 2 * _CHANNELS * n_events - 1
    pairs |= {"$BEGINDATA": begin, "$ENDDATA": end}
    text = "|" + "|".join(f"{key}|{value}" for key, value in pairs.items()) + "|"
    header = "FCS3.1    " + "".join(f"{offset:>8}" for offset in (58, 57 + len(text), begin, end, 0, 0))
    values = np.random.default_rng(0).integers(0, _RANGE, (n_events, _CHANNELS)).astype("<u2")
    with path.open("wb") as file:
        file.write((header + text).encode().ljust(begin))
        values.tofile(file)
    return begin


def _integers(bench: Bench) -> Measured:
    n_events = bench.size(500_000, 50_000)
    path = bench.folder / f"odd_{n_events}.fcs"
    begin = _write(path, n_events)
    buffer = bytearray(path.stat().st_size)

    def floor() -> object:
        with path.open("rb", buffering=0) as file:
            return file.readinto(buffer)

    def ours() -> object:
        return read_fcs(path).columns()

    def raw() -> object:
        return np.fromfile(path, "<u2", n_events * _CHANNELS, offset=begin)

    flowkit: Callable[[], object] | None = None
    if bench.has("flowkit"):
        import flowkit as package

        def flowkit() -> object:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return package.Sample(str(path), sample_id="odd").get_events(source="raw")

        same = np.array_equal(np.asarray(flowkit()), ours().T)
        assert same, "flowkit and ours read different numbers"
    measured = bench.paired(
        {OURS: ours, "floor": floor, "numpy.fromfile": raw, "flowkit.Sample": flowkit}, rounds=7
    )
    measured.goals = [Goal("flowkit.Sample", at_least=100.0)]
    measured.note = "the same numbers, event by event"
    return measured


ROWS = (Row("integers", "odd-range integer file, 500k events x 16 channels", _integers),)
