"""Files under 1 MB that are built to be slow: each is read or refused within 2 s of the processor."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from fcs_builder import fcs
from fuzz import read_all

EVENTS = [[1, 2], [3, 4]]
LIMIT_SECONDS = 2.0


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
