"""Random openings: the first moves of a game are drawn with its number, whoever plays it."""

import torch
from torch import Tensor

from agents.agent import Agent
from games.choices import uniform_actions
from games.draws import Draws
from games.game import Game
from games.turn import Turn


class Opened:
    """An agent whose moves before move `plies` of a game, chance's counted, are drawn instead.

    drawn `[m]` int64: how many of its choices were, in each of the pairs that `start` was given.
    """

    def __init__(self, agent: Agent, plies: int, seed: int) -> None:
        self.agent, self.plies, self.seed = agent, plies, seed
        self.drawn = torch.zeros(0, dtype=torch.int64)

    def start(self, seats: Tensor, draws: Draws) -> None:
        """Begin the agent's games."""
        self.drawn = torch.zeros_like(seats)
        self.agent.start(seats, draws)

    def act(self, turn: Turn) -> Tensor:
        """Draw the opening's moves and ask the agent for the others: `[n, *action_shape]`."""
        move = turn.draws.move
        moves = torch.full_like(turn.rows, move) if isinstance(move, int) else move
        early = moves < self.plies
        if not early.any():
            return self.agent.act(turn)
        moving = early if turn.active is None else early & turn.active
        self.drawn[turn.memory[moving]] += 1
        drawn = Draws.of(self.seed, "opening", turn.draws.games).at(moves)
        actions = uniform_actions(turn.game.spec, turn.legal, drawn, turn.seats)
        late = (~early).nonzero()[:, 0]
        if len(late):
            actions[late] = self.agent.act(turn.select(late, turn.memory[late]))
        return actions


def takes_openings(game: Game) -> bool:
    """Whether drawn first moves can lead to positions that agents go on from: players move one at a time, and often.

    In a matrix game, repeated or not, they would be nothing but drawn rounds.
    """
    games = torch.zeros(1, dtype=torch.int64, device=game.device)
    state, _ = game.deal(game.reset(Draws.of(0, "reset", games)), Draws.of(0, "chance", games), torch.zeros_like(games))
    return game.spec.max_moves > 2 and int(state.acting[0, : game.spec.players].sum()) == 1
