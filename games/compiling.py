"""numba's compiler with a cache on disk that several processes can fill at once, and whose keys are alike in all."""

import fcntl
import hashlib
import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np
from numba import njit
from numba.core.caching import FunctionCache, IndexDataCacheFile
from numba.core.dispatcher import Dispatcher
from numba.core.extending import _Intrinsic as Intrinsic

_LIBRARIES = frozenset(("numba", "numpy", "torch"))
"""Whose functions are what their names say."""


def fingerprint(function: Callable[..., Any]) -> str:
    """Return what tells a function from every other, in every process: its code, and all that it calls or encloses.

    The files that these are written in count too, for what numba finds there without a name: overloads, operators.
    """
    hasher, seen = hashlib.blake2b(digest_size=16), {}
    for told in _told(function, seen):
        hasher.update(f"{told}\0".encode())
    return hasher.hexdigest()


def _told(value: Any, seen: dict[int, Any]) -> Iterator[str]:
    """Tell a value in words that do not depend on where it lies in memory; `seen` are those that were told before."""
    if isinstance(value, Dispatcher):
        yield f"compiled {sorted(value.targetoptions.items())}"
    if isinstance(value, Dispatcher | Intrinsic):
        value = inspect.unwrap(value)
    if isinstance(value, FunctionType):
        yield f"{value.__module__} {value.__code__.co_qualname}"
        if value.__module__.partition(".")[0] in _LIBRARIES or id(value) in seen:
            return
        seen[id(value)] = value
        yield _written(value.__code__.co_filename)
        yield from _told(value.__code__, seen)
        yield from _told(value.__defaults__, seen)
        enclosed = inspect.getclosurevars(value)
        for name, each in sorted({**enclosed.globals, **enclosed.nonlocals}.items()):
            yield name
            yield from _told(each, seen)
    elif isinstance(value, CodeType):
        yield f"{value.co_code.hex()} {value.co_names}"
        yield from _told(value.co_consts, seen)
    elif isinstance(value, tuple | list):
        yield f"{type(value).__qualname__} {len(value)}"
        for each in value:
            yield from _told(each, seen)
    elif isinstance(value, np.ndarray):
        yield f"{value.dtype} {value.shape} {value.tobytes().hex()}"
    elif isinstance(value, ModuleType):
        yield value.__name__
    elif isinstance(value, type):
        yield f"{value.__module__} {value.__qualname__} {getattr(value, '_fields', '')}"
    elif type(value).__repr__ is object.__repr__:
        yield f"{type(value).__module__} {type(value).__qualname__}"
    else:
        yield repr(value)


@cache
def _written(file: str) -> str:
    try:
        return hashlib.blake2b(Path(file).read_bytes(), digest_size=16).hexdigest()
    except OSError:  # written at a prompt, or packed
        return ""


def named(function: Callable[..., Any]) -> Callable[..., Any]:
    """Name a function by what it encloses too, where it encloses something.

    Machine code that is kept on disk is linked by name, and numba tells functions of one text apart only by when their
    process came to them: one that was made for something else would be called in its place.
    """
    if function.__closure__:
        function.__qualname__ = f"{function.__code__.co_qualname}_{fingerprint(function)}"
    return function


class _Cache(FunctionCache):
    """One function's cache, whose key is the function's fingerprint.

    numba's own key pickles what is enclosed, in other bytes where two equal strings are one object than where they are
    two, and does not see a change in another file.
    """

    def _index_key(self, sig: Any, codegen: Any) -> tuple[Any, ...]:
        return sig, codegen.magic_tuple(), fingerprint(self._py_func)


class _Locked(IndexDataCacheFile):
    """One function's cache, written and read by one process at a time.

    numba numbers the files of a function's signatures by what stands in its index, and writes the index before the
    file: of two processes that compile at the same time, one's code would come to stand under the other's key.
    """

    def save(self, key: Any, data: Any) -> None:
        with self._alone(fcntl.LOCK_EX):
            super().save(key, data)

    def load(self, key: Any) -> Any:
        with self._alone(fcntl.LOCK_SH):
            return super().load(key)

    @contextmanager
    def _alone(self, kind: int) -> Iterator[None]:
        try:
            file = open(f"{self._index_path}.lock", "a")  # noqa: SIM115
        except OSError:  # a cache that cannot be locked cannot be written either
            yield
            return
        with file:
            fcntl.flock(file, kind)
            yield


def compiled(**options: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Compile a function with `njit` and its `options`, and keep the machine code on disk."""

    def compile_(function: Callable[..., Any]) -> Callable[..., Any]:
        dispatcher: Any = njit(cache=True, **options)(named(function))
        dispatcher._cache.__class__ = _Cache
        dispatcher._cache._cache_file.__class__ = _Locked
        return dispatcher

    return compile_
