"""All positions of a small game with perfect information, by how many moves they are from the start."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from agents.zoo.lookahead import first_state
from games.game import Game, State
from games.hashing import hash_observations

LIMIT = 50_000
"""Up to so many positions a game is solved."""


@dataclass(frozen=True)
class Level:
    """The n distinct open positions that are as many moves from the start, and the e moves that lead on from them.

    state: n rows; keys, seats `[n]`: the hash of what whoever moves observes, and who that is; row, action `[e]`: the
    moves; paid `[e]`: what seat 0 is paid at once; after `[e]`: the position of the next level, or -1 where the game is
    over.
    """

    state: State
    keys: NDArray[np.int64]
    seats: NDArray[np.int64]
    row: NDArray[np.int64]
    action: NDArray[np.int64]
    paid: NDArray[np.float64]
    after: NDArray[np.int64]


def levels_of(game: Game, *, moves: int | None = None) -> list[Level] | None:
    """Return all positions of a game, level by level; those that look the same to whoever moves are one.

    None where there are more than `LIMIT`, or on one level more than so many `moves`.
    """
    state, levels, total = first_state(game), [], 0
    keys, seats = _names(game, state)
    while True:
        total += len(state)
        if total > LIMIT:
            return None
        legal = game.legal(state, torch.arange(len(state), device=state.device), seats)
        row, action = legal.nonzero().unbind(1)
        if moves is not None and len(row) > moves:
            return None
        reached = game.step(state[row], action[:, None].expand(-1, state.acting.shape[1]).contiguous())
        going = (~reached.done).nonzero()[:, 0]
        after = np.full(len(row), -1)
        here, leading = (keys.cpu().numpy(), seats.cpu().numpy()), (row.cpu().numpy(), action.cpu().numpy())
        levels.append(Level(state, *here, *leading, reached.rewards[:, 0].cpu().numpy(), after))
        if not len(going):
            return levels
        state = reached[going]
        keys, seats = _names(game, state)
        _, first, inverse = np.unique(keys.cpu().numpy(), return_index=True, return_inverse=True)
        after[going.cpu().numpy()] = inverse
        rows = torch.from_numpy(first).to(state.device)
        state, keys, seats = state[rows], keys[rows], seats[rows]


def _names(game: Game, state: State) -> tuple[Tensor, Tensor]:
    """Return keys and seats `[n]` of whoever moves: with perfect information, equal observations are one position."""
    seats = state.acting.int().argmax(1)
    return hash_observations(game.observe(state, torch.arange(len(state), device=state.device), seats), seats), seats
