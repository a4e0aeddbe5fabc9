"""What the rules of native games are written with: each works on one integer, compiled, and on a column of them.

A rule is a function of integers without branches that depend on them: numba compiles it for one row, and torch runs it
on whole columns, so that the rules of a game stand once and play on every device.
"""

from collections.abc import Callable
from typing import Any

import torch
from numba import types
from numba.extending import intrinsic, overload, register_jitable
from torch import Tensor

from games.compiling import named


def rule(function: Callable[..., Any]) -> Any:
    """Mark a function that other rules call."""
    return register_jitable(named(function))


def inlined(function: Callable[..., Any]) -> Any:
    """Mark a rule that is too large for LLVM to put where it is called unasked, and called too often not to be."""
    return register_jitable(forceinline=True)(named(function))


def where(condition: Any, yes: Any, no: Any) -> Any:
    """Return `yes` where `condition` holds and `no` elsewhere."""
    condition = torch.as_tensor(condition)
    plain = [x if isinstance(x, Tensor) else torch.full((), x, device=condition.device) for x in (yes, no)]
    return torch.where(condition, *plain)


def some(condition: Any) -> bool:
    """Return whether `condition` holds anywhere: what a loop until nothing changes asks."""
    return bool(condition.any()) if isinstance(condition, Tensor) else bool(condition)


def popcount(x: Any) -> Any:
    """Count the ones of an int64, the sign among them."""
    x = x - (x >> 1 & 0x5555555555555555)
    x = (x & 0x3333333333333333) + (x >> 2 & 0x3333333333333333)
    x = x + (x >> 4) & 0x0F0F0F0F0F0F0F0F
    x = x + (x >> 8)
    x = x + (x >> 16)
    return x + (x >> 32) & 0x7F


@rule
def bit(index: Any) -> Any:
    """Return the int64 with one bit, the `index` from 0 to 61, or with none where `index` is -1."""
    return (1 << index + 1) >> 1


@overload(where)
def _where_of_one(condition, yes, no):
    return lambda condition, yes, no: yes if condition else no


@overload(some)
def _some_of_one(condition):
    return lambda condition: types.boolean(condition)


@overload(popcount)
def _popcount_of_one(x):
    return lambda x: _ctpop(x)  # pyright: ignore[reportCallIssue]


@intrinsic
def _ctpop(context, x):
    def generate(context, builder, signature, arguments):
        return builder.ctpop(arguments[0])

    return x(x), generate
