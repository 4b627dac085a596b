"""Where the program runs: versions, platform, and what it needs of them."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement

from bcelldepl.qualification.check import SelfTestCheck
from bcelldepl.store.versions import versions

__all__ = ["check_environment", "describe_environment"]

GROUP = "environment"


def describe_environment() -> dict[str, str]:
    """Return what a reader of the record needs to set the same thing up again.

    Returns
    -------
    dict of str to str
    """
    return {
        **versions(),
        "implementation": platform.python_implementation(),
        "platform": platform.platform(),
        "processor": platform.machine(),
        "cores": str(os.cpu_count() or 1),
    }


def check_environment() -> Iterator[SelfTestCheck]:
    """Check libraries against what the package asks for, and that compiled kernels are kept between runs.

    Yields
    ------
    SelfTestCheck
    """
    yield from _libraries()
    yield _cache()


def _libraries() -> Iterator[SelfTestCheck]:
    try:
        wanted = [Requirement(line) for line in requires("bcelldepl") or ()]
    except PackageNotFoundError:
        yield SelfTestCheck(
            GROUP, "bcelldepl is installed as a package", "installed", "run from its source", True
        )
        return
    for one in wanted:
        if one.marker is not None:
            continue  # of an extra, which need not be there
        try:
            found = version(one.name)
        except PackageNotFoundError:
            yield SelfTestCheck(GROUP, f"{one.name} is installed", str(one.specifier), "not there", False)
            continue
        passed = one.specifier.contains(found, prereleases=True)
        yield SelfTestCheck(GROUP, f"version of {one.name}", str(one.specifier) or "any", found, passed)


def _cache() -> SelfTestCheck:
    """A kernel that is compiled anew in every process costs each run half a minute, yet moves no number."""
    import numpy as np

    from bcelldepl.kernels.histogram import histogram_1d

    dispatcher: Any = histogram_1d
    dispatcher(np.zeros(1, np.float32), 0.0, 1.0, np.zeros(1, np.uint32))
    name, expected = "compiled kernels are kept between runs", "a folder that can be written"
    if dispatcher.stats.cache_path is None:
        return SelfTestCheck(GROUP, name, expected, "none: set NUMBA_CACHE_DIR to one", False)
    folder = Path(dispatcher.stats.cache_path)
    usable = folder.is_dir() and (
        os.access(folder, os.W_OK) or any(folder.glob("histogram.histogram_1d*.nbi"))
    )
    return SelfTestCheck(GROUP, name, expected, "usable" if usable else f"{folder}: not usable", usable)
