"""A mixture of policies that share a game tree's observations: all their tables in one, so that a move is one lookup."""

from collections.abc import Sequence

import torch
from torch import Tensor

from agents.agent import Turn
from agents.tabular import find
from games.draws import Draws, sample
from games.hashing import hash_observations
from games.tree import Floats, GameTree


class TabularMixture:
    """Plays as `Mixture` does: a member drawn for each game and seat when it starts, and kept.

    tables `[n, R, A]`: the members' probabilities on the tree's observation rows; weights `[P, n]`.
    """

    def __init__(self, tree: GameTree, tables: Sequence[Tensor], weights: Floats, *, device: torch.device) -> None:
        self.keys, order = hash_observations(tree.observations, tree.row_seat).to(device).sort()
        self.tables = torch.stack([table.to(device, torch.float64)[order] for table in tables])
        self.weights = torch.from_numpy(weights).to(device)
        self._drawn = torch.zeros(0, dtype=torch.int64, device=device)

    def start(self, seats: Tensor, draws: Draws) -> None:
        """Draw the member of each pair from its game's numbers."""
        self._drawn = sample(self.weights[seats], draws.uniform(seats))

    def act(self, turn: Turn) -> Tensor:
        """Sample from the row of each pair's member: `[n]` int64."""
        row = find(self.keys, hash_observations(turn.observation, turn.seats))
        return sample(self.tables[self._drawn[turn.memory], row], turn.draws.uniform(turn.seats))
