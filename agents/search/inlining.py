"""Functions that compiled code calls, made anew for each layout of trees: their names, and which are taken in whole."""

import hashlib
from collections.abc import Callable
from typing import Any

from numba.core.serialize import dumps
from numba.extending import register_jitable


def _named(function: Callable[..., Any]) -> Callable[..., Any]:
    """Name a function by what it closes over too.

    Machine code that is kept on disk is linked by name, and numba tells functions of one text apart only by when their
    process came to them: one that was made for other trees would be called in its place, and count in wrong fields.
    """
    if function.__closure__:
        enclosed = dumps(tuple(cell.cell_contents for cell in function.__closure__))
        function.__qualname__ += f"_{hashlib.blake2b(enclosed, digest_size=8).hexdigest()}"
    return function


def enclosing(function: Callable[..., Any]) -> Any:
    """Mark a function that compiled code calls, and that closes over what it is made for."""
    return register_jitable(_named(function))


def inlined(function: Callable[..., Any]) -> Any:
    """Mark a function that is too large for LLVM to put where it is called, and called too often not to be.

    Where it is called it must have one way out: what returns in several places is left where it is.
    """
    return register_jitable(inline="always")(_named(function))
