"""How kernels are compiled, and kept: machine code is never taken for that of other sources or another signature.

Numba by itself keeps the code of a function until the file of that function changes; those of the kernels that it
calls, and of their constants, it does not look at. And it numbers the signatures of a function in the order in which
they come: two processes that each add one at the same time give both the same number, and a third is then handed the
code of the one for the other, which reads its arrays wrongly. It also tells the parts of a function apart, such as
those of `np.sort` and `np.argsort`, by a number that each process counts from 1: of kernels that two processes have
compiled, one may be linked to the parts of the other, and sorts wrongly or crashes.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, Final, TypeVar, cast

from numba import njit
from numba.core.bytecode import FunctionIdentity
from numba.core.caching import FunctionCache, IndexDataCacheFile
from numba.core.registry import cpu_target

__all__ = ["compiled_before", "kernel", "kernel_without_errors", "load_compiler"]

Function = TypeVar("Function", bound=Callable[..., Any])
FOLDER: Final = Path(__file__).parents[1] / "kernels"

_numbers = itertools.count(secrets.randbits(48))  # of what this process compiles for kernels
_NUMBERS_OF_NUMBA: Final = FunctionIdentity._unique_ids  # of all else
_NONE_YET: Final = repr(itertools.count(1))


def kernel(function: Function) -> Function:
    """Compile a function at its first call with each signature; other threads run meanwhile.

    Parameters
    ----------
    function : Function
        On plain arrays and numbers.

    Returns
    -------
    callable
        A dispatcher of Numba's (or the function, where ``NUMBA_DISABLE_JIT`` is set), which raises what Python would.
    """
    return cast("Function", _kept(njit(nogil=True)(function)))


def kernel_without_errors(function: Function) -> Function:
    """Compile a function as `kernel` does; a number divided by zero is infinite or NaN, as in NumPy.

    Parameters
    ----------
    function : Function
        On plain arrays and numbers.

    Returns
    -------
    Function
        As for `kernel`.
    """
    return cast("Function", _kept(njit(nogil=True, error_model="numpy")(function)))


def _renumber() -> None:
    """Begin elsewhere in a copy of the process, which compiles for itself."""
    global _numbers
    _numbers = itertools.count(secrets.randbits(48))


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renumber)


def _kept(dispatcher: Any) -> object:
    """Have a dispatcher keep its machine code, as ``cache=True`` does; where no folder can be written, it does not."""
    if hasattr(dispatcher, "enable_caching"):
        with suppress(RuntimeError):  # Numba's word for it
            dispatcher._cache = _KernelCache(dispatcher.py_func)
            dispatcher._compiler.compile = _with_own_numbers(dispatcher._compiler.compile)
    return dispatcher


def _with_own_numbers(compile_function: Callable[..., Any]) -> Callable[..., Any]:
    """Number what is compiled meanwhile by `_numbers`. Numba holds its lock: nothing else is compiled meanwhile."""

    def compiled(*arguments: Any) -> Any:
        numbers = FunctionIdentity._unique_ids
        FunctionIdentity._unique_ids = _numbers
        try:
            return compile_function(*arguments)
        finally:
            FunctionIdentity._unique_ids = numbers

    return compiled


class _KernelCache(FunctionCache):
    """Code that is good for as long as no kernel's source changes."""

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__(function)
        self._cache_file = _SignatureFiles(self._cache_path, self._impl.filename_base, sources())


class _SignatureFiles(IndexDataCacheFile):
    """Files of machine code whose names follow from sources, signature and processor alone."""

    def save(self, key: object, data: object) -> None:
        """Save code, then its name: of two processes that save at once one may be forgotten, and compiles again.

        Where this process has compiled other functions before, a kernel may hold parts of theirs, by Numba's own count:
        it is not kept.
        """
        if repr(_NUMBERS_OF_NUMBA) != _NONE_YET:
            return
        digest = hashlib.sha256(repr((self._source_stamp, self._version, key)).encode())
        name = self._data_name(int.from_bytes(digest.digest()[:8]))
        if not self._load_index():
            self._remove_all()
        self._save_data(name, data)
        self._save_index({**self._load_index(), key: name})

    def _remove_all(self) -> None:
        """Remove what is left of other sources."""
        first, last = self._data_name_pattern.split("{number:d}")
        for path in Path(self._cache_path).iterdir():
            if path.name.startswith(first) and path.name.endswith(last):
                path.unlink(missing_ok=True)


@cache
def sources() -> str:
    """Digest of the sources of all kernels, and of how they are compiled."""
    digest = hashlib.sha256()
    for path in (Path(__file__), *sorted(FOLDER.glob("*.py"))):
        source = path.read_bytes()
        digest.update(f"{path.name} {len(source)} ".encode() + source)
    return digest.hexdigest()


def load_compiler() -> None:
    """Have Numba import now what it imports with the first kernel that is called: a sixth of a second."""
    cpu_target.typing_context.refresh()
    cpu_target.target_context.refresh()


@cache
def compiled_before() -> bool:
    """Whether there are kernels of an earlier run.

    Returns
    -------
    bool
    """
    folder = os.environ.get("NUMBA_CACHE_DIR") or FOLDER / "__pycache__"
    return any(Path(folder).rglob("*.nbi"))
