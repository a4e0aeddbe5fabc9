"""Minimax: exact where a game has few positions, else alpha-beta to a depth over the rules of a native game."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from agents.agent import AgentError
from agents.tabular import TabularPolicy
from agents.zoo.levels import LIMIT, Level, levels_of
from agents.zoo.lookahead import (
    Moves,
    Positions,
    behaviour_of,
    bounded,
    finite_scale,
    on_host,
    refuse_unfit,
    words_of,
)
from agents.zoo.minimax_kernels import Stack, alpha_beta, estimate_of
from games.draws import Draws, sample
from games.extensive.tree import Floats, GameTree
from games.game import Game
from games.hashing import hash_observations
from games.names import shorten
from games.native import NativeGame
from games.polling import poll
from games.turn import Turn

_MOVES = 4 * LIMIT
"""Up to so many moves are looked at from the positions that are as many moves from the start."""
_DEPTH = 4
_AT_ONCE = 1 << 16
"""Moves that are looked at without a pause: tenths of a second's in the slowest game."""


def _solved(game: Game, levels: list[Level]) -> TabularPolicy:
    """Go through the levels backwards: the best actions of every position, those of equal worth equally likely."""
    value, length, keys, tables = np.zeros(0), np.zeros(0, np.int64), [], []
    for level in reversed(levels):
        count = len(level.seats)
        over = level.after < 0
        worth = level.paid + np.where(over, 0.0, np.append(value, 0.0)[level.after])
        away = 1 + np.where(over, 0, np.append(length, 0)[level.after])
        sign = np.where(level.seats == 0, 1, -1)
        best = np.full(count, -np.inf)
        np.maximum.at(best, level.row, sign[level.row] * worth)
        # of equals a win soon and a loss late; draws are alike
        haste = np.where(best > 0, -1, np.where(best < 0, 1, 0))[level.row] * away
        equal = sign[level.row] * worth == best[level.row]
        soonest = np.full(count, np.iinfo(np.int64).min)
        np.maximum.at(soonest, level.row[equal], haste[equal])
        chosen = equal & (haste == soonest[level.row])
        table = np.zeros((count, game.spec.actions))
        table[level.row[chosen], level.action[chosen]] = 1.0
        value, length = sign * best, np.zeros(count, np.int64)
        np.maximum.at(length, level.row[chosen], away[chosen])
        keys.append(level.keys)
        tables.append(table / table.sum(1, keepdims=True))
    known, first = np.unique(np.concatenate(keys), return_index=True)
    table = torch.from_numpy(np.concatenate(tables)[first])
    return TabularPolicy(torch.from_numpy(known).to(game.device), table.to(game.device))


@dataclass(frozen=True)
class AlphaBeta:
    """Plays a move that is best as far as it looks, drawn from those of equal worth by the game's own numbers."""

    game: NativeGame
    depth: int

    def start(self, seats: Tensor, draws: Draws) -> None:
        """Begin nothing: every move is searched anew."""

    def act(self, turn: Turn) -> Tensor:
        """Search each position once, however many games have come to it: `[n]` int64."""
        answer = torch.zeros_like(turn.seats)
        rows = torch.arange(len(turn)) if turn.active is None else turn.active.nonzero()[:, 0].cpu()
        if len(rows):
            place = rows.to(turn.rows.device)
            chosen = turn.select(place, turn.memory[place])
            keys = hash_observations(chosen.observation, chosen.seats).cpu().numpy()
            _, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
            positions = Positions(on_host(chosen.state), chosen.seats.cpu(), torch.from_numpy(keys))
            best = self.best(positions.rows(torch.from_numpy(first)))[inverse]
            uniform = chosen.draws.uniform(chosen.seats).cpu()
            answer[place] = sample(torch.from_numpy(best).double(), uniform).to(answer.device)
        return answer

    def best(self, positions: Positions) -> NDArray[np.bool_]:
        """Return which actions are best `[m, A]`."""
        game, moves = self.game, Moves.of(self.game)
        roots, order = words_of(positions.state), _order(game)
        stack = Stack.begin(self.depth, roots.shape[1], len(moves.masks))
        best, done = np.zeros((len(roots), len(order)), np.bool_), False
        search, scale = alpha_beta(game.rules, estimate_of(game)), 1 / finite_scale(game)
        while not done:
            done = search(
                roots,
                positions.seats.numpy(),
                best,
                stack,
                _AT_ONCE,
                scale,
                (order, moves.part, moves.place),
                game.parameters,
            )
            poll()
        return best

    def behaviour(self, tree: GameTree) -> Floats:
        """Return its behaviour `[K]`: one search for each observation."""
        keys = hash_observations(tree.observations, tree.row_seat)
        return behaviour_of(self.game, tree, keys, lambda positions: self.best(positions).astype(np.float64))


def _order(game: NativeGame) -> NDArray[np.int64]:
    """Return the actions in the order in which they are tried: where they are cells, the middle of the board first."""
    height, width = game.spec.observation_shape[-2:] if len(game.spec.observation_shape) == 3 else (1, 1)
    cells = np.arange(game.spec.actions)
    if game.spec.actions == width:
        distance = np.abs(2 * cells - width + 1)
    elif height * width <= game.spec.actions <= height * width + 1:
        distance = np.abs(2 * (cells // width) - height + 1) + np.abs(2 * (cells % width) - width + 1)
    else:
        distance = cells
    return np.argsort(distance, kind="stable")


def minimax(game: Game, *, depth: int | None = None) -> TabularPolicy | AlphaBeta:
    """Return the minimax player of a game.

    Without a `depth` a game of at most `LIMIT` positions is solved: the policy plays a best move of every position,
    those that win soonest or lose latest among them, and draws from what is left. Other native games, and all of them
    with a `depth`, are searched by alpha-beta, four moves deep unless told, and unfinished positions are worth what a
    rule of the game says: open lines in connect four and tic-tac-toe, mobility and corners in othello, missing stones
    in hex; in games that are not ours they are all alike. Again it draws from the moves of equal worth.

    Raises:
        AgentError: where the game is not turn-based, zero-sum, for two, with perfect information and without chance, or
            is neither small nor native.
    """
    refuse_unfit(game, "minimax")
    finite_scale(game)
    if depth is not None:
        bounded("depth", depth, least=1, most=64)
    elif (levels := levels_of(game, moves=_MOVES)) is not None:
        return _solved(game, levels)
    if not isinstance(game, NativeGame):
        raise AgentError(
            f"minimax solves games of at most {LIMIT:,} positions and looks ahead to a depth in our own boards, and "
            f"{shorten(game.spec.name)} is neither: name mcts, or leave depth out where the game is small"
        )
    return AlphaBeta(game, depth or _DEPTH)
