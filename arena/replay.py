"""A recorded game, gone through again move by move."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from games.export.match import Match
from games.game import Game, State


@dataclass(frozen=True)
class Step:
    """A position, a state of one row, and what was chosen in it: `seats [m]` and `actions [m, *action_shape]`.

    The last one of a game holds no choices: its position is where the game ended, or where a fault ended it.
    """

    state: State
    seats: tuple[int, ...]
    actions: NDArray
    paid: tuple[float, ...]


def replay(game: Game, choices: Sequence | NDArray, *, seed: int, deal: int) -> Iterator[Step]:
    """Yield the steps of the game numbered `deal` in which players made `choices [m, *action_shape]`.

    Chance moves as it did: its numbers come from `seed` and `deal`.
    """
    match = Match(game, seed, range(deal, deal + 1))
    made, left = torch.from_numpy(np.array(choices)).to(game.spec.action_type), 0
    row = torch.zeros(1, dtype=torch.int64, device=game.device)
    while not bool(match.over[0]):
        seats = match.acting[0].nonzero()[:, 0]
        if left + len(seats) > len(made):
            break
        chosen = made[left : left + len(seats)].to(game.device)
        left += len(seats)
        yield Step(match.state, tuple(seats.tolist()), chosen.cpu().numpy(), tuple(match.paid[0].tolist()))
        actions = match.blank()
        actions[0, seats] = chosen
        match.proceed(row, actions)
    yield Step(match.state, (), made[:0].numpy(), tuple(match.paid[0].tolist()))
