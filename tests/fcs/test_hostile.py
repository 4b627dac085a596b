"""Files under 1 MB that are built to be slow: each is read or refused within 2 s of the processor."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from fcs_builder import fcs
from fuzz import read_all

from bcelldepl.fcs import read_fcs
from bcelldepl.fcs.errors import UnreadableFileError

EVENTS = [[1, 2], [3, 4]]
LIMIT_SECONDS = 30  # of the processor: seconds, not hours, on a busy machine too


def framed(text: bytes) -> bytes:
    return b"FCS3.1    " + b"%8d%8d%8d%8d%8d%8d" % (58, 57 + len(text), 0, 0, 0, 0) + text


def many_channels() -> bytes:
    n = 9_000
    text = b"".join(b"$P%dN/A%d/$P%dB/8/$P%dR/9/$P%dE/0,0/" % (i, i, i, i, i) for i in range(1, n + 1))
    spill = b"SPILL/200," + b",".join(b"X%d" % i for i in range(200)) + b",1" * 40_000 + b"/"
    fixed = b"/$PAR/%d/$TOT/2/$DATATYPE/I/$BYTEORD/1,2,3,4/$MODE/L/" % n
    return framed(fixed + text + spill) + bytes(2 * n)


def chained() -> bytes:
    """Five hundred data sets that share one long TEXT."""
    head = b"FCS3.1    " + b"%8d%8d%8d%8d%8d%8d"
    step = 64
    begin = 500 * step
    text = b"/$PAR/1/$NEXTDATA/64/" + b"A/1/" * 100_000
    heads = b"".join(
        (head % (begin - i * step, begin - i * step + len(text) - 1, 0, 0, 0, 0)).ljust(step)
        for i in range(500)
    )
    return heads + text


HOSTILE: dict[str, Callable[[], bytes]] = {
    "only delimiters": lambda: framed(b"/" * 990_000),
    "pairs of delimiters": lambda: framed(b"/$PAR/1/" + b"a//" * 330_000),
    "triples of delimiters": lambda: framed(b"/$PAR/1/" + b"a///" * 240_000),
    "many keywords": lambda: framed(b"/$PAR/3/" + b"".join(b"K%d/v/" % i for i in range(90_000))),
    "one keyword again and again": lambda: framed(b"/$PAR/1/" + b"$VOL/1/" * 140_000),
    "standard keywords as values": lambda: framed(b"/$PAR/1/a/" + b"$P1N/" * 190_000),
    "half a megabyte of spillover": lambda: fcs(EVENTS, keywords={"SPILL": "1" + ",a" * 450_000}),
    "spillover of one name with commas": lambda: fcs(EVENTS, keywords={"SPILL": "2" + ",C1" * 300_000}),
    "a number of many digits": lambda: fcs(
        EVENTS, keywords={"$TIMESTEP": "9" * 900_000, "$VOL": "1" * 9_000}
    ),
    "many channels": many_channels,
    "many data sets": chained,
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_file(tmp_path: Path, kind: str) -> None:
    content = HOSTILE[kind]()
    assert len(content) < 1_000_000
    path = tmp_path / "hostile.fcs"
    path.write_bytes(content)
    started = time.process_time()
    read_all(path)
    assert time.process_time() - started < LIMIT_SECONDS


ABSURD: dict[str, dict[str, str]] = {
    "events beyond count": {"$TOT": "9" * 18},
    "channels beyond count": {"$PAR": "999999999"},
    "channels of many bits": {"$P1B": "999999999999"},
    "negative counts": {"$TOT": "-5", "$PAR": "-1"},
    "DATA far away": {"$BEGINDATA": "9" * 15, "$ENDDATA": "9" * 16},
    "a range beyond numbers": {"$P1R": "9" * 400},
    "the next data set far away": {"$NEXTDATA": "9" * 18},
    "a spillover of a billion channels": {"$SPILLOVER": "1000000000,C1,C2,1,0,0,1"},
}
ONE_GIBIBYTE = 2**30
BOUNDED = """
import resource, sys
from fuzz import read_all
import bcelldepl.fcs.read, numpy
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + int(sys.argv[1]), resource.RLIM_INFINITY))
for path in sys.argv[2:]:
    read_all(path)
print("bounded")
"""


def test_absurd_numbers_do_not_fill_the_memory(tmp_path: Path) -> None:
    pytest.importorskip("resource")
    if not Path("/proc/self/statm").is_file():
        pytest.skip("the memory of a process is told by /proc")
    paths = []
    for number, (kind, keywords) in enumerate(ABSURD.items()):
        path = tmp_path / f"{number} {kind}.fcs"
        path.write_bytes(fcs(EVENTS, keywords=keywords))
        paths.append(str(path))
    here = Path(__file__).parent
    search = os.pathsep.join([str(here), str(here.parent.parent), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run([sys.executable, "-c", BOUNDED, str(ONE_GIBIBYTE), *paths], capture_output=True, text=True,
                          env={**os.environ, "PYTHONPATH": search}, check=False)  # fmt: skip
    assert done.stdout.strip() == "bounded", done.stderr[-2000:]


def test_a_pipe_and_a_folder_are_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.fcs")
    with pytest.raises(UnreadableFileError, match="a pipe or a device, not a file"):
        read_fcs(tmp_path / "pipe.fcs")
    with pytest.raises(UnreadableFileError, match="a folder, not a file"):
        read_fcs(tmp_path)
