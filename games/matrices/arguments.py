"""The numbers that games in normal form are made from, checked and written in one way."""

import inspect
import math
from collections.abc import Callable, Mapping
from typing import Any

from games.errors import GameError
from games.names import Name, shorten

MOST_PAYOFFS = 1 << 25
"""Entries of a payoff table that is made from parameters: 256 MiB."""
_GREATEST = 1e15
"""Up to here a float64 tells whole numbers apart."""


def number(key: str, value: object) -> float:
    """Return a finite number, an int where it is whole; raises `GameError` for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= _GREATEST:
        raise GameError(
            f"expected {key} to be a number from {-_GREATEST:g} to {_GREATEST:g} but got {shorten(repr(value))}; "
            f"write {key}=1"
        )
    return int(value) if value == int(value) else value


def whole(key: str, value: object, *, least: int, most: int) -> int:
    """Return an int from `least` to `most`; raises `GameError` for anything else."""
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise GameError(
            f"expected {key} to be a whole number from {least} to {most} but got {shorten(repr(value))}; "
            f"write {key}={max(least, 1)}"
        )
    return value


def share(key: str, value: object) -> float:
    """Return a probability; raises `GameError` for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise GameError(
            f"expected {key} to be a probability from 0 to 1 but got {shorten(repr(value))}; write {key}=0.5"
        )
    return number(key, value)


def refuse_large(name: str, actions: list[int]) -> None:
    """Raise `GameError` when the payoffs of seats with so many actions would not fit."""
    if math.prod(actions) * len(actions) > MOST_PAYOFFS:
        table = " x ".join(map(str, actions))
        raise GameError(
            f"expected at most {MOST_PAYOFFS:,} payoffs but {name} would have {shorten(table)} joint actions for "
            f"{len(actions)} seats; ask for fewer"
        )


def usual(name: str, factory: Callable[..., Any], arguments: Mapping[str, Any]) -> str:
    """Return the name of a game, with those `arguments` of its `factory` that are not the defaults."""
    known = inspect.signature(factory).parameters
    told = {key: value for key, value in arguments.items() if value != known[key].default}
    return str(Name(name, arguments=told))
