"""The arguments of games, checked where they come in."""

from collections.abc import Sequence
from typing import Any

from games.errors import GameError, nearest
from games.names import shorten


def whole(game: str, key: str, value: Any, *, least: int, most: int) -> int:
    """Return `value` where it is a whole number from `least` to `most`, or raise `GameError`."""
    if type(value) is not int or not least <= value <= most:
        raise GameError(
            f"{game} expected {key} to be a whole number from {least} to {most} but got {shorten(repr(value))}; "
            f"write for example {key}={least}"
        )
    return value


def flag(game: str, key: str, value: Any) -> bool:
    """Return `value` where it is True or False, or raise `GameError`."""
    if type(value) is not bool:
        raise GameError(f"{game} expected {key} to be True or False but got {shorten(repr(value))}; write {key}=True")
    return value


def choice(game: str, key: str, value: Any, choices: Sequence[str]) -> int:
    """Return the place of `value` among `choices`, or raise `GameError`."""
    if value not in choices:
        hint = nearest(str(value), choices) or f"; write for example {key}={choices[0]!r}"
        raise GameError(f"{game} expected {key} to be {' or '.join(choices)} but got {shorten(repr(value))}{hint}")
    return choices.index(value)
