"""Perfect play of connect four, by its solver."""

from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from agents.agent import AgentError
from games.arguments import flag
from games.boards.connect_four import ConnectFour
from games.boards.connect_four_solver import ConnectFourSolver
from games.draws import sample
from games.errors import GameError
from games.game import Game
from games.names import shorten
from games.turn import Turn

_ENTRIES = 2**23
"""Of the solver's table: 64 MiB."""


@dataclass(frozen=True)
class Perfect:
    """Plays the move of the best score: a win as soon, a loss as late as can be.

    Among several it draws by the game's own numbers, or plays the lowest column where it is `deterministic`.
    """

    deterministic: bool
    solver: ConnectFourSolver = field(default_factory=lambda: ConnectFourSolver(entries=_ENTRIES))

    def start(self, seats: Tensor, draws: object) -> None:
        """Begin nothing: the score of a position does not depend on how it came about."""

    def act(self, turn: Turn) -> Tensor:
        """Solve each position once, however many games have come to it: `[n]` int64."""
        answer = torch.zeros_like(turn.seats)
        rows = torch.arange(len(turn), device=answer.device) if turn.active is None else turn.active.nonzero()[:, 0]
        if len(rows):
            chosen = turn.select(rows, turn.memory[rows])
            boards = chosen.state.words[:, :2].cpu().numpy()  # pyright: ignore[reportAttributeAccessIssue]
            best = torch.from_numpy(self.best(boards))
            uniform = chosen.draws.uniform(chosen.seats).cpu()
            picked = best.int().argmax(1) if self.deterministic else sample(best.double(), uniform)
            answer[rows] = picked.to(answer.device)
        return answer

    def best(self, boards: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return which moves are best `[n, 7]` at `boards [n, 2]`, the marks of x and those of o."""
        distinct, inverse = np.unique(boards, axis=0, return_inverse=True)
        # the fullest first: what is found there helps with those before them
        order = np.argsort(-np.bitwise_count(distinct).sum(1).astype(np.int64), kind="stable")
        scores = np.empty((len(distinct), 7), np.int64)
        scores[order] = self.solver.scores(*distinct[order].T)
        return (scores == scores.max(1, keepdims=True))[inverse.reshape(-1)]


def perfect(game: Game, *, deterministic: bool = False) -> Perfect:
    """Return the perfect player of connect four.

    Every move is solved to the end of the game, without a book of openings: the first from the empty board takes some
    five minutes of one core, one with ten marks about a second, one with twenty some thousandths. Of moves of equal
    worth it draws one, or plays the lowest column where `deterministic`. Raises `AgentError` for other games.
    """
    try:
        flag("deterministic", deterministic)
    except GameError as error:
        raise AgentError(str(error)) from None
    if type(game) is not ConnectFour:
        raise AgentError(
            f"perfect plays connect_four, and {shorten(game.spec.name)} was given: name minimax, which is exact where "
            "a game has few positions"
        )
    return Perfect(deterministic)
