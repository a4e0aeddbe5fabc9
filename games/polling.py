"""Long work that comes by here now and then, so that whoever waits for it can look after other things, or end it.

Compiled code answers no signal until it returns, so a search that may take minutes returns after some tenths of a
second, polls, and goes on where it was. What it finds does not depend on that.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_PAUSE = 0.1
"""Seconds between two looks: work may come by much more often."""

_LOOK: ContextVar[Callable[[], None] | None] = ContextVar("look", default=None)


def poll() -> None:
    """Let whoever waits for this work look after other things; raises what they raise to end it."""
    look = _LOOK.get()
    if look is not None:
        look()


@contextmanager
def polled(look: Callable[[], None]) -> Iterator[None]:
    """Call `look`, about ten times a second at most, whenever the work within comes by `poll`."""
    due = time.monotonic() + _PAUSE

    def now_and_then() -> None:
        nonlocal due
        if time.monotonic() >= due:
            look()
            due = time.monotonic() + _PAUSE

    token = _LOOK.set(now_and_then)
    try:
        yield
    finally:
        _LOOK.reset(token)
