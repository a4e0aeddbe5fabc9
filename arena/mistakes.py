"""Strength against perfect play: how often an agent chooses a move that gives away what was to be had.

A move is a *mistake* where another one has a better outcome, of win, draw and loss, when both sides play perfectly from
then on: what AlphaZero.jl counts in connect four. A move that keeps the outcome but wins later or loses sooner than
another is *slow*.
"""

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from agents.agent import Agent, AgentError, Policy
from arena.positions import DIFFICULTIES, SETS, Labelled, connect_four_positions
from arena.reachable import reachable_positions
from games import ConnectFour
from games.draws import Draws
from games.game import Game, State
from games.turn import Turn


@dataclass(frozen=True)
class Mistakes:
    """What an agent did in a set of positions.

    stage, difficulty: of the set, "all" where it is not told apart; positions: how many there are; decisive: in how
    many of them a mistake is possible; mistakes, slow: how many of its moves were that, or for a policy how many are
    expected; exact: the positions are all that the game has, and nothing was drawn.
    """

    stage: str
    difficulty: str
    positions: int
    decisive: int
    mistakes: float
    slow: float
    exact: bool

    @property
    def rate(self) -> float:
        """Mistakes a position."""
        return self.mistakes / self.positions

    @property
    def slow_rate(self) -> float:
        """Slow moves a position."""
        return self.slow / self.positions

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of the rate, for positions drawn as these are; of an exact rate the rate itself."""
        return (self.rate, self.rate) if self.exact else wilson_interval(self.mistakes, self.positions)


def wilson_interval(count: float, total: int, *, level: float = 0.95) -> tuple[float, float]:
    """Return Wilson's score interval of a proportion (E. B. Wilson, JASA 22, 1927); `count` may be an expected one."""
    z = NormalDist().inv_cdf((1 + level) / 2)
    rate, spread = count / total, z * z / total
    middle = (rate + spread / 2) / (1 + spread)
    width = math.sqrt(spread * (rate * (1 - rate) + spread / 4)) / (1 + spread)
    return max(0.0, middle - width), min(1.0, middle + width)


def positions_of(game: Game) -> tuple[Labelled, bool]:
    """Return the positions in which mistakes are counted, and whether these are all that the game has.

    Those of `arena.positions` in connect four, all of a game with few. Raises `UserError` where there are neither.
    """
    return (connect_four_positions(), False) if type(game) is ConnectFour else (reachable_positions(game), True)


def mistakes(
    agent: Agent, game: Game, positions: Labelled, *, complete: bool = False, draws: bool = True, seed: int = 0
) -> list[Mistakes]:
    """Let an agent choose once in every position, and count: for each set, for each difficulty, and for all.

    A policy is asked for its probabilities, so that nothing is drawn; any other agent for a move, all positions being
    one batch, with random numbers that `seed` and the position's number name. complete: the positions are all that the
    game has; draws: an agent that is no policy may choose by chance.

    Raises:
        AgentError: where the agent chooses what is not legal.
    """
    chosen = _choices(agent, game, positions, seed)
    outcome, legal = np.sign(positions.scores), positions.legal
    best, best_outcome = _greatest(positions.scores, legal), _greatest(outcome, legal)
    wrong = legal & (outcome < best_outcome)
    slow = legal & ~wrong & (positions.scores < best)
    columns: tuple[Any, ...] = (wrong.any(1), (chosen * wrong).sum(1), (chosen * slow).sum(1))
    exact = complete and (isinstance(agent, Policy) or not draws)

    def count(stage: str, difficulty: str) -> Mistakes:
        own = zip(positions.stage, positions.difficulty, strict=True)
        rows = np.array([stage in ("all", one) and difficulty in ("all", other) for one, other in own], np.bool_)
        decisive, mistaken, slowly = (column[rows].sum() for column in columns)
        return Mistakes(stage, difficulty, int(rows.sum()), int(decisive), float(mistaken), float(slowly), exact)

    kinds = [*SETS, *(("all", name) for name in DIFFICULTIES)] if "all" not in positions.stage else []
    return [count(*kind) for kind in (*kinds, ("all", "all"))]


def _greatest(scores: NDArray[np.int64], legal: NDArray[np.bool_]) -> NDArray[np.int64]:
    return np.where(legal, scores, np.iinfo(np.int64).min).max(1, keepdims=True)


def _choices(agent: Agent, game: Game, positions: Labelled, seed: int) -> NDArray[np.float64]:
    """Return how probable each move is `[n, A]`: of a policy by its own word, else 1 for the move that it chose."""
    state = _moved(positions.state, game.device)
    rows, seats = torch.arange(len(state), device=game.device), state.acting.int().argmax(1)
    legal = game.legal(state, rows, seats)
    with torch.no_grad():
        if isinstance(agent, Policy):
            return agent.probabilities(game.observe(state, rows, seats), legal, seats).double().cpu().numpy()
        agent.start(seats, Draws.of(seed, "mistakes start", rows))
        payments = torch.zeros(len(state), game.spec.players, dtype=torch.float64, device=game.device)
        turn = Turn(game, state, rows, seats, Draws.of(seed, "mistakes", rows), rows, payments)
        actions = agent.act(turn)
    if not bool(legal[rows, actions].all()):
        row = int((~legal[rows, actions]).int().argmax())
        raise AgentError(
            f"expected a legal move but the agent chose {int(actions[row])} in this position:\n"
            f"{game.draw(state, row)}\ncorrect it; `redqueen check-agent` checks all its answers"
        )
    return np.eye(game.spec.actions)[actions.cpu().numpy()]


def _moved(state: State, device: torch.device) -> State:
    """Return a state on a device."""
    return type(state)(**{name: value.to(device) for name, value in state._columns()})
