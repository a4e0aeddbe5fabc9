"""Minimax: exact where a game has few positions, else alpha-beta to a depth over the rules of a native game."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from agents.agent import AgentError
from agents.tabular import TabularPolicy
from agents.zoo.lookahead import (
    Moves,
    Positions,
    behaviour_of,
    bounded,
    finite_scale,
    first_state,
    on_host,
    refuse_unfit,
    words_of,
)
from agents.zoo.minimax_kernels import alpha_beta, estimate_of
from games.draws import Draws, sample
from games.extensive.tree import Floats, GameTree
from games.game import Game, State
from games.hashing import hash_observations
from games.names import shorten
from games.native import NativeGame
from games.turn import Turn

LIMIT = 50_000
"""Up to so many positions a game is solved."""
_MOVES = 4 * LIMIT
"""Up to so many moves are looked at from the positions that are as many moves from the start."""
_DEPTH = 4


@dataclass(frozen=True)
class _Level:
    """The n distinct positions that are as many moves from the start, and the e moves that lead on from them.

    keys, seats `[n]`: the hash of what whoever moves observes, and who that is; row, action `[e]`: the moves; paid
    `[e]`: what seat 0 is paid at once; after `[e]`: the position of the next level, or -1 where the game is over.
    """

    keys: NDArray[np.int64]
    seats: NDArray[np.int64]
    row: NDArray[np.int64]
    action: NDArray[np.int64]
    paid: NDArray[np.float64]
    after: NDArray[np.int64]


def _levels(game: Game) -> list[_Level] | None:
    """Return all positions of a game, level by level, or None where there are more than `LIMIT`."""
    state, levels, total = first_state(game), [], 0
    keys, seats = _names(game, state)
    while True:
        total += len(state)
        legal = game.legal(state, torch.arange(len(state), device=state.device), seats)
        row, action = legal.nonzero().unbind(1)
        if total > LIMIT or len(row) > _MOVES:
            return None
        reached = game.step(state[row], action[:, None].expand(-1, state.acting.shape[1]).contiguous())
        going = (~reached.done).nonzero()[:, 0]
        after = np.full(len(row), -1)
        here, moves = (keys.cpu().numpy(), seats.cpu().numpy()), (row.cpu().numpy(), action.cpu().numpy())
        levels.append(_Level(*here, *moves, reached.rewards[:, 0].cpu().numpy(), after))
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


def _solved(game: Game, levels: list[_Level]) -> TabularPolicy:
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
        return alpha_beta(game.rules, estimate_of(game))(
            words_of(positions.state),
            positions.seats.numpy(),
            self.depth,
            1 / finite_scale(game),
            (_order(game), moves.part, moves.place),
            game.parameters,
        )

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
    elif (levels := _levels(game)) is not None:
        return _solved(game, levels)
    if not isinstance(game, NativeGame):
        raise AgentError(
            f"minimax solves games of at most {LIMIT:,} positions and looks ahead to a depth in our own boards, and "
            f"{shorten(game.spec.name)} is neither: name mcts, or leave depth out where the game is small"
        )
    return AlphaBeta(game, depth or _DEPTH)
