"""How a game stands in the registry."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from games.about import About
from games.game import Game


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What makes a game, a name that `make` takes, and its page."""

    factory: Callable[..., Game[Any]]
    example: str
    about: About
