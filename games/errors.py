"""The one kind of exception that a user is meant to read."""

import difflib
from collections.abc import Iterable


class UserError(Exception):
    """Something the user gave cannot be used.

    The message is one sentence that says what was expected, what came and what to do next. The command prints it
    alone, without a traceback; every other exception is a bug.
    """


class GameError(UserError):
    """A game's name, arguments or rules cannot be used as asked."""


def nearest(name: str, known: Iterable[str]) -> str:
    """Return `"; did you mean 'x'?"` for the known name closest to `name`, or an empty string when none is close."""
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f"; did you mean '{close[0]}'?" if close else ""
