"""Every position of a small game, with the exact worth of every move."""

import numpy as np
import torch
from numpy.typing import NDArray

from agents.agent import AgentError
from agents.zoo.lookahead import first_state, refuse_unfit
from arena.positions import NO_MOVE, Labelled
from games.errors import GameError
from games.game import Game, State, concatenate
from games.hashing import hash_observations
from games.names import shorten

LIMIT = 50_000
"""Up to so many positions a game is solved."""
_UNFIT = (
    "mistakes against perfect play are counted in connect_four, and in turn-based zero-sum games of two with perfect "
    f"information, no chance and at most {LIMIT:,} positions, but {{}} {{}}: leave --mistakes out"
)


def reachable_positions(game: Game) -> Labelled:
    """Return every position that is not over, with the scores of its moves by backward induction.

    Positions that look the same are one. A move that wins counts one more than the moves that the game could last
    longer, so a sooner win counts more; a loss likewise, negative; a draw is 0.

    Raises:
        GameError: where the game is no such game of two with perfect information, or has more than `LIMIT` positions.
    """
    try:
        refuse_unfit(game, "perfect play")
    except AgentError:
        raise GameError(_UNFIT.format(shorten(game.spec.name), "is not")) from None
    levels = _forward(game)
    scores, value = [], np.zeros(0, np.int64)
    most = game.spec.max_moves + 1
    for depth, (state, row, action, paid, after) in reversed(list(enumerate(levels))):
        over, sign = after < 0, np.where(state.acting[:, 0].numpy(), 1, -1)[row]
        ended = np.sign(paid).astype(np.int64) * (most - depth)
        worth = np.where(over, ended, np.append(value, 0)[after])
        table = np.full((len(state), game.spec.actions), NO_MOVE)
        table[row, action] = sign * worth
        best = table.max(1)
        value = np.where(state.acting[:, 0].numpy(), 1, -1) * best
        scores.append(table)
    states = concatenate([level[0] for level in levels])
    every = ("all",) * len(states)
    return Labelled(every, every, states, np.concatenate(scores[::-1]))


_Level = tuple[State, NDArray[np.int64], NDArray[np.int64], NDArray[np.float64], NDArray[np.int64]]


def _forward(game: Game) -> list[_Level]:
    """Return the distinct open positions move by move, each with its moves: row, action, payment and where it leads."""
    state, levels, total = first_state(game), [], 0
    while True:
        total += len(state)
        if total > LIMIT:
            raise GameError(_UNFIT.format(shorten(game.spec.name), "has more"))
        everyone = torch.arange(len(state))
        row, action = game.legal(state, everyone, state.acting.int().argmax(1)).nonzero().unbind(1)
        reached = game.step(state[row], action[:, None].expand(-1, state.acting.shape[1]).contiguous())
        going = (~reached.done).nonzero()[:, 0]
        after = np.full(len(row), -1)
        levels.append((state, row.numpy(), action.numpy(), reached.rewards[:, 0].numpy(), after))
        if not len(going):
            return levels
        state = reached[going]
        seats = state.acting.int().argmax(1)
        seen = game.observe(state, torch.arange(len(state)), seats)
        _, first, inverse = np.unique(hash_observations(seen, seats).numpy(), return_index=True, return_inverse=True)
        after[going.numpy()] = inverse
        state = state[torch.from_numpy(first)]
