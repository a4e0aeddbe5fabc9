"""How large a payoff table may be."""

import math

from games.errors import GameError
from games.names import shorten

MOST_PAYOFFS = 1 << 25
"""Entries of a payoff table that is made from parameters: 256 MiB."""


def refuse_large(name: str, actions: list[int]) -> None:
    """Raise `GameError` when the payoffs of seats with so many actions would not fit."""
    if math.prod(actions) * len(actions) > MOST_PAYOFFS:
        table = " x ".join(map(str, actions))
        raise GameError(
            f"expected at most {MOST_PAYOFFS:,} payoffs but {name} would have {shorten(table)} joint actions for "
            f"{len(actions)} seats; ask for fewer"
        )
