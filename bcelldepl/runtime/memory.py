"""Memory that is used again: fresh pages of the system cost more than most of what is done in them."""

from __future__ import annotations

import ctypes
import sys
from functools import cache
from typing import Final

__all__ = ["keep_memory"]

_MMAP_THRESHOLD, _TRIM_THRESHOLD = -3, -1  # of mallopt(3)
_LARGEST_BLOCK: Final = 32 << 20  # bytes; the largest that glibc lets lie in its heap
_KEPT: Final = 512 << 20  # bytes


@cache
def keep_memory() -> bool:
    """Have this process keep what it frees, up to half a gibibyte, for what it asks for next.

    For the program's own processes, which gate tube after tube: a page that the system hands out is zeroed first, and
    the arrays of a tube take tens of thousands of them. Elsewhere than with glibc nothing changes. A worker of joblib
    is not replaced for it either: loky takes 300 MB more than at first for a leak, and a pool whose workers all leave
    at once was seen to hang.

    Returns
    -------
    bool
        Whether the C library could be asked for it.
    """
    loky = sys.modules.get("joblib.externals.loky.process_executor")
    if loky is not None and "_MAX_MEMORY_LEAK_SIZE" in vars(loky):
        vars(loky)["_MAX_MEMORY_LEAK_SIZE"] = sys.maxsize
    if not sys.platform.startswith("linux"):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return False
    return bool(mallopt(_MMAP_THRESHOLD, _LARGEST_BLOCK) and mallopt(_TRIM_THRESHOLD, _KEPT))
