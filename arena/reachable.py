"""Every position of a small game, with the exact worth of every move."""

import numpy as np

from agents.agent import AgentError
from agents.zoo.levels import LIMIT, levels_of
from agents.zoo.lookahead import refuse_unfit
from arena.positions import NO_MOVE, Labelled
from games.errors import GameError
from games.game import Game, concatenate
from games.names import shorten

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
    levels = levels_of(game)
    if levels is None:
        raise GameError(_UNFIT.format(shorten(game.spec.name), "has more"))
    scores, value = [], np.zeros(0, np.int64)
    most = game.spec.max_moves + 1
    for depth, level in reversed(list(enumerate(levels))):
        sign = np.where(level.seats == 0, 1, -1)
        ended = np.sign(level.paid).astype(np.int64) * (most - depth)
        worth = np.where(level.after < 0, ended, np.append(value, 0)[level.after])
        table = np.full((len(level.state), game.spec.actions), NO_MOVE)
        table[level.row, level.action] = sign[level.row] * worth
        value = sign * table.max(1)
        scores.append(table)
    states = concatenate([level.state for level in levels])
    every = ("all",) * len(states)
    return Labelled(every, every, states, np.concatenate(scores[::-1]))
