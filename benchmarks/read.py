"""Reading the panel's channels of a large file, beside `numpy.fromfile` of the whole of it.

    python benchmarks/read.py [EVENTS] [ROUNDS]

Both are asked in turn in one process, with a warm page cache and after a warm-up. Prints medians and the
median of the ratios of each round, twice: with the memory of each result fresh from the system, as a single
read finds it, and recycled, as a long batch finds it (a process of its own, in which the allocator keeps what
is freed).
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from bcelldepl.fcs import read_fcs

N_CHANNELS = 16
KEEP_FREED = {"MALLOC_MMAP_THRESHOLD_": str(1 << 33), "MALLOC_TRIM_THRESHOLD_": str(1 << 35)}
PANELS = {"4 of 16": 4, "8 of 16": 8, "10 of 16": 10, "16 of 16": 16}


def write_tube(path: Path, n_events: int, dtype: str) -> int:
    """A float file with random values; gives where DATA begins."""
    order = "1,2,3,4" if dtype.startswith("<") else "4,3,2,1"
    pairs = {
        "$PAR": N_CHANNELS,
        "$TOT": n_events,
        "$MODE": "L",
        "$DATATYPE": "F",
        "$BYTEORD": order,
        "$NEXTDATA": 0,
    }
    for n in range(1, N_CHANNELS + 1):
        pairs |= {f"$P{n}N": f"C{n}", f"$P{n}B": 32, f"$P{n}R": 262144, f"$P{n}E": "0,0"}
    pairs |= {"$BEGINDATA": 4096, "$ENDDATA": 4095 + 4 * N_CHANNELS * n_events}
    text = "|" + "|".join(f"{key}|{value}" for key, value in pairs.items()) + "|"
    header = "FCS3.1    " + "".join(f"{offset:>8}" for offset in (58, 57 + len(text), 0, 0, 0, 0))
    values = np.random.default_rng(0).normal(1000, 300, (n_events, N_CHANNELS)).astype(dtype)
    with path.open("wb") as file:
        file.write((header + text).encode().ljust(4096))
        values.tofile(file)
    return 4096


def seconds(work: Callable[[], object]) -> float:
    """Wall-clock time of one call."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def main(n_events: int, rounds: int) -> None:
    """Measure every panel for both byte orders."""
    pages = "recycled" if KEEP_FREED.items() <= os.environ.items() else "fresh"
    with tempfile.TemporaryDirectory() as folder:
        for dtype in ("<f4", ">f4"):
            path = Path(folder) / f"tube{dtype[0] == '<'}.fcs"
            begin = write_tube(path, n_events, dtype)
            count = n_events * N_CHANNELS
            for panel, n_asked in PANELS.items():
                names = [f"C{1 + k * N_CHANNELS // n_asked}" for k in range(n_asked)]

                def raw_read(path: Path = path, count: int = count, begin: int = begin) -> object:
                    return np.fromfile(path, np.float32, count, offset=begin)

                def ours(path: Path = path, names: list[str] = names) -> object:
                    return read_fcs(path).columns(names)

                for work in (raw_read, ours) * 2:
                    work()
                times = [(seconds(raw_read), seconds(ours)) for _ in range(rounds)]
                fromfile_ms = 1e3 * statistics.median(raw for raw, _ in times)
                ours_ms = 1e3 * statistics.median(own for _, own in times)
                ratio = statistics.median(own / raw for raw, own in times)
                print(
                    f"{pages} pages, {n_events:,} events x {N_CHANNELS} {dtype}, panel of {panel}: "
                    f"numpy.fromfile {fromfile_ms:.1f} ms, columns(panel) {ours_ms:.1f} ms, ratio {ratio:.2f}"
                )
            path.unlink()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2_000_000, int(sys.argv[2]) if len(sys.argv) > 2 else 15)
    if not KEEP_FREED.items() <= os.environ.items():
        subprocess.run([sys.executable, *sys.argv], env={**os.environ, **KEEP_FREED}, check=True)
