"""Moves in words."""

import re

from torch import Tensor

from games.game import Game, State

_SEAT_MARK = re.compile(r"^\[P\d+\]")
"""How OpenSpiel begins the names of some moves: with the seat, which is told apart from them here."""


def action_name(game: Game, state: State, seat: int, action: Tensor) -> str:
    """Name what `seat` chose, `action [*action_shape]`, in the only row of `state`."""
    if seat == game.spec.players or game.spec.discrete:
        return choice_name(game, state, seat, int(action))
    return " ".join(f"{value:g}" for value in action.tolist())


def choice_name(game: Game, state: State, seat: int, action: int) -> str:
    """Name an action that is one choice, legal in the only row of `state`."""
    name = _SEAT_MARK.sub("", game.move_name(state, 0, seat, action))
    return " ".join(name.split()) or str(action)
