"""Worker processes that are copies of this one: nothing is imported anew, and no kernel.

A worker that starts from nothing imports for a second and a half of a core before its first tube. A copy is there at
once, but only Linux makes one safely, and only of a process that has no thread of somebody else: a lock which that
thread held would stay locked in the copy.
"""

from __future__ import annotations

import ctypes
import gc
import multiprocessing
import os
import signal
import sys
import threading
import warnings
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from typing import Final

from bcelldepl.runtime.compiled import load_compiler
from bcelldepl.runtime.garbage_collector import without_collections
from bcelldepl.runtime.memory import keep_memory
from bcelldepl.runtime.threads import HELPER

__all__ = ["copies", "copies_at_hand"]

_WITH_PARENT: Final = 1  # PR_SET_PDEATHSIG of prctl(2)
_at_hand: list[ProcessPoolExecutor] = []


@contextmanager
def copies(processes: int) -> Iterator[None]:
    """Have so many copies of this process at hand for all jobs meanwhile, where copies can be made.

    What this process opens meanwhile, such as a store and its lock, they do not hold.

    Parameters
    ----------
    processes : int
        1 makes none.
    """
    if processes <= 1 or _at_hand or not _possible():
        yield
        return
    share = max((os.cpu_count() or 1) // processes, 1)
    with without_collections():
        load_compiler()
    context = multiprocessing.get_context("fork")
    pool = ProcessPoolExecutor(processes, context, _begin, (os.getpid(), share))
    thaws = gc.get_freeze_count() == 0
    gc.freeze()  # what is there stays shared with the workers for as long as no collection looks at it
    _at_hand.append(pool)
    try:
        with warnings.catch_warnings():  # Python 3.12 warns of any thread, also of those that may be there
            warnings.simplefilter("ignore", DeprecationWarning)
            pool.submit(os.getpid).result()  # now, before there are threads: all are made with the first job
        yield
    except BaseException:
        for process in list((pool._processes or {}).values()):  # they would finish what they are at otherwise
            process.kill()
        raise
    finally:
        _at_hand.remove(pool)
        pool.shutdown(cancel_futures=True)
        if thaws:
            gc.unfreeze()


def copies_at_hand() -> Executor | None:
    """Give the workers that `copies` made.

    Returns
    -------
    Executor or None
        None where there are none.
    """
    return _at_hand[-1] if _at_hand else None


def _possible() -> bool:
    others = [one for one in threading.enumerate() if one is not threading.current_thread()]
    # Threads that help the kernels wait for work, and hold nothing, while nobody calls a kernel.
    return sys.platform == "linux" and all(one.name.startswith(HELPER) for one in others)


def _begin(parent: int, threads: int) -> None:
    """Make a worker of a copy."""
    ctypes.CDLL(None).prctl(_WITH_PARENT, signal.SIGKILL)
    if os.getppid() != parent:  # killed before it was listened for
        os._exit(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C comes to all; the parent ends its workers
    _at_hand.clear()
    os.environ.setdefault("NUMBA_NUM_THREADS", str(threads))
    from threadpoolctl import threadpool_limits

    threadpool_limits(int(os.environ["NUMBA_NUM_THREADS"]), user_api="blas")
    keep_memory()
