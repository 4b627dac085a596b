"""Damages small FCS files in every segment and reads them: nothing but an `FcsError` may come out.

    python tests/fcs/fuzz.py 200000 [SEED]

prints the number of mutants read, refused and crashed, the slowest and the memory; ends with 1 after a crash.
"""

from __future__ import annotations

import random
import resource
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from fcs_builder import fcs

from bcelldepl.errors import FcsError
from bcelldepl.fcs import read_fcs

LIMIT_BYTES = 1 << 30
LIMIT_SECONDS = 2.0
NASTY = (
    b"",
    b"0",
    b"-1",
    b"1",
    b"2",
    b"7",
    b"99999999",
    b"4294967296",
    b"9" * 30,
    b"1e309",
    b"nan",
    b"inf",
    b" ",
    b"*",
    b",",
    b"4,0",
    b"0,1",
    b"-4,1",
    b"308,1e300",
    b"1,2",
    b"4,3,2,1",
    b"3,4,1,2",
    b"2,1,4,3",
    b"I",
    b"F",
    b"D",
    b"A",
    b"C",
    b"\xff\xfe",
    b"$TOT",
    b"64",
    b"24",
    b"10",
    b"63",
    b"500,A,B,1",
    b"2,C1,C2,1,0,0,1",
    b"23:59:59",
    b"31-FEB-2020",
    b"01-JAN-9999999999",
    b"0001-01-01T00:00:00+23:59",
    b"FL1/FL2",
    b"\xd9\xa3",
)


def seeds() -> list[bytes]:
    """Valid files, each of another kind."""
    events = [[n % 7, (3 * n) % 250, n] for n in range(40)]
    spill = {"SPILL": "2,C1,C2,1,0.1,0,1", "$TIMESTEP": "0.01", "$VOL": "30000", "$CYT": "Accuri C6"}
    clock = {"$BTIM": "10:00:00", "$ETIM": "10:01:00", "$DATE": "01-JAN-2020"}
    files = [
        fcs(events),
        fcs(events, datatype="D", order="4,3,2,1", keywords=spill),
        fcs(
            events,
            datatype="I",
            order="1,2",
            version="FCS2.0",
            keywords={**clock, "$P1E": "4,0", "$P2G": "2"},
        ),
        fcs(events, datatype="I", bits=[8, 16, 24], names=["A", "B", "TIME"], keywords={**spill, **clock}),
        fcs(events, datatype="I", bits=[32, 64, 10], ranges=[1000, 1 << 40, 1024]),
        fcs(
            events,
            kinds=["I", "F", "D"],
            bits=[32, 32, 64],
            version="FCS3.2",
            keywords={"$P1DATATYPE": "I", "$P2DATATYPE": "F", "$P3DATATYPE": "D"},
        ),
        fcs(events, header_data=(0, 0), delimiter=b"\x0c", keywords={"$FIL": "a.fcs", "$P1S": ""}),
        fcs(events, supplement=b"/$P1S/CD19/MORE/x/", names=["HDR-T", "HDR-V", "CD3"], keywords=spill),
        fcs(
            events,
            datatype="A",
            bits=[4, 4, 4],
            data=b"".join(b"%4d" % int(v) for event in events for v in event),
        ),
        fcs(
            events,
            datatype="I",
            bits=[32] * 3,
            order="3,4,1,2",
            keywords={"$DFC1TO2": "5"},
            names=["FS", "FL1", "FL2"],
        ),
    ]
    off_scale = [[5000, 7, 0], *events]
    files.append(
        fcs(off_scale, datatype="I", ranges=[4096, 256, 256], keywords={**clock, "NOTE": "a/b", **spill})
    )
    first = fcs(events, datatype="I", keywords={"$NEXTDATA": "0000"})
    files.append(first.replace(b"/$NEXTDATA/0000/", b"/$NEXTDATA/%04d/" % len(first)) + files[1])
    return files


def mutant(content: bytes, rng: random.Random) -> bytes:
    """A file with one to four wounds, most of them in HEADER and TEXT."""
    data = bytearray(content)
    for _ in range(rng.randint(1, 4)):
        wound = rng.randrange(10)
        if wound == 0 and len(data) > 58:  # an offset of HEADER
            start = 10 + 8 * rng.randrange(6)
            data[start : start + 8] = (
                str(rng.choice((0, 1, 57, 58, 99999999, rng.randrange(4000)))).rjust(8).encode()
            )
        elif wound in (1, 2, 3):  # a whole value of TEXT
            delimiter = bytes(data[58:59]) or b"/"
            tokens = bytes(data).split(delimiter)
            at = rng.randrange(len(tokens))
            tokens[at] = rng.choice(NASTY) if rng.random() < 0.8 else rng.choice(tokens)
            data = bytearray(delimiter.join(tokens))
        elif wound == 4:  # any bytes
            for _ in range(rng.randint(1, 8)):
                if data:
                    data[rng.randrange(len(data))] = rng.randrange(256)
        elif wound == 5:  # bytes of HEADER and TEXT
            data[rng.randrange(min(len(data), 700) or 1) : 0] = b""
            if data:
                data[rng.randrange(min(len(data), 700))] = rng.randrange(256)
        elif wound == 6:  # cut
            data = data[: rng.randrange(len(data) + 1)]
        elif wound == 7:  # a slice gone
            start = rng.randrange(len(data) + 1)
            del data[start : start + rng.randint(1, 40)]
        elif wound == 8:  # a slice twice
            start = rng.randrange(len(data) + 1)
            data[start:start] = data[start : start + rng.randint(1, 200)]
        else:  # something in between
            start = rng.randrange(len(data) + 1)
            data[start:start] = rng.choice((*NASTY, b"/", b"//", b"///", b"\0" * 50, b"FCS3.0"))
    return bytes(data)


def read_all(path: Path) -> bool:
    """Read every value of every data set; False where the file is refused."""
    try:
        acquisition = read_fcs(path)
        for dataset in range(acquisition.n_datasets):
            try:
                one = read_fcs(path, dataset=dataset)
                one.raw()
                one.columns()
            except FcsError:
                if dataset == acquisition.dataset:
                    raise
    except FcsError as error:
        if "\n" in str(error):
            raise AssertionError(f"a refusal of more than one line: {error!r}") from error
        return False
    return True


def main(count: int, seed: int) -> int:
    resource.setrlimit(resource.RLIMIT_DATA, (2 * LIMIT_BYTES, 2 * LIMIT_BYTES))
    rng = random.Random(seed)
    contents = seeds()
    outcomes: Counter[str] = Counter()
    slowest = 0.0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "mutant.fcs"
        for content in contents:
            path.write_bytes(content)
            if not read_all(path):
                raise AssertionError("a seed is refused")
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        for number in range(count):
            content = mutant(rng.choice(contents), rng)
            path.write_bytes(content)
            started = time.perf_counter()
            try:
                outcomes["read" if read_all(path) else "refused"] += 1
            except Exception as error:
                outcomes["crashed"] += 1
                kept = Path(tempfile.gettempdir()) / f"crash-{seed}-{number}.fcs"
                kept.write_bytes(content)
                print(f"{kept}: {type(error).__name__}: {error}")
            slowest = max(slowest, time.perf_counter() - started)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(f"{count} mutants, seed {seed}: {dict(outcomes)}; slowest {slowest:.3f} s; ", end="")
    print(f"memory {peak / 2**20:.0f} MiB, {(peak - before) / 2**20:.0f} MiB above the start")
    return int(bool(outcomes["crashed"]) or slowest > LIMIT_SECONDS or peak > LIMIT_BYTES)


if __name__ == "__main__":
    sys.exit(
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 2000, int(sys.argv[2]) if len(sys.argv) > 2 else 0)
    )
