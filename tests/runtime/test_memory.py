"""What a process has freed it uses again."""

from __future__ import annotations

import subprocess
import sys

import pytest

ALLOCATE = """
import resource, sys
from bcelldepl.runtime.memory import keep_memory

kept = keep_memory()
large, small = 24 << 20, 9 << 20
blocks = {n: bytearray(n) for n in (large, small)}
blocks.clear()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(3):
    blocks = {n: bytearray(n) for n in (large, small)}
    blocks.clear()
print(kept, resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only glibc is asked")
def test_freed_memory_is_not_asked_of_the_system_again():
    done = subprocess.run([sys.executable, "-c", ALLOCATE], capture_output=True, text=True, check=True)
    kept, faults = done.stdout.split()
    if kept == "False":
        pytest.skip("another C library than glibc")
    assert int(faults) < 3 * (24 << 20) / 4096 / 20  # a twentieth of what fresh pages would be
