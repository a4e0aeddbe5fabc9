"""Random openings: the first moves of a game are drawn with its number, whoever plays it."""

import torch
from torch import Tensor

from agents.agent import Agent
from games.choices import uniform_actions
from games.draws import Draws
from games.turn import Turn


class Opened:
    """An agent whose moves before move `plies` of a game, chance's counted, are drawn instead."""

    def __init__(self, agent: Agent, plies: int, seed: int) -> None:
        self.agent, self.plies, self.seed = agent, plies, seed

    def start(self, seats: Tensor, draws: Draws) -> None:
        """Begin the agent's games."""
        self.agent.start(seats, draws)

    def act(self, turn: Turn) -> Tensor:
        """Draw the opening's moves and ask the agent for the others: `[n, *action_shape]`."""
        move = turn.draws.move
        moves = torch.full_like(turn.rows, move) if isinstance(move, int) else move
        early = moves < self.plies
        if not early.any():
            return self.agent.act(turn)
        drawn = Draws.of(self.seed, "opening", turn.draws.games).at(moves)
        actions = uniform_actions(turn.game.spec, turn.legal, drawn, turn.seats)
        late = (~early).nonzero()[:, 0]
        if len(late):
            actions[late] = self.agent.act(turn.select(late, turn.memory[late]))
        return actions
