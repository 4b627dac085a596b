"""How many threads this process may use: all its cores alone, its share of them among workers."""

from __future__ import annotations

import os

__all__ = ["threads"]


def threads() -> int:
    """Threads for one tube.

    Returns
    -------
    int
        ``NUMBA_NUM_THREADS`` where it is set, by the user or by joblib, which gives each of its workers its share;
        else the cores that this process may run on. So workers and threads never fight over the cores.
    """
    share = os.environ.get("NUMBA_NUM_THREADS", "")
    if share.isdecimal() and int(share) > 0:
        return int(share)
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on every system
        return os.cpu_count() or 1
