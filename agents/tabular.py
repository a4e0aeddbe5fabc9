"""Policies as tables: by observation, by a seat's whole history, and many members' tables in one."""

import torch
from torch import Tensor

from agents.agent import Policy, Turn
from games.draws import Draws, sample
from games.hashing import History, hash_observations
from games.tree import Floats, GameTree, tabulate


def find(keys: Tensor, wanted: Tensor) -> Tensor:
    """Return where each of `wanted [n]` stands in the sorted `keys [R]`, or -1."""
    place = torch.searchsorted(keys, wanted).clamp(max=len(keys) - 1)
    return torch.where(keys[place] == wanted, place, -1)


class TabularPolicy(Policy):
    """One row of probabilities for each observation of a seat; uniform where an observation has no row.

    keys `[R]` int64, sorted: `hash_observations` of the rows; table `[R, A]` float64.
    """

    def __init__(self, keys: Tensor, table: Tensor) -> None:
        self.keys, self.table = keys, table

    @classmethod
    def of(cls, tree: GameTree, behaviour: Floats) -> "TabularPolicy":
        """Tabulate a behaviour `[K]` of a tree in which every information set has its own observation."""
        keys, order = hash_observations(tree.observations, tree.row_seat).sort()
        return cls(keys, tabulate(tree, behaviour)[order])

    def probabilities(self, observation: Tensor, legal: Tensor, seats: Tensor) -> Tensor:
        """Return the rows of the observations `[n, A]`."""
        row = find(self.keys, hash_observations(observation, seats))
        known = self.table[row]
        return torch.where((row >= 0)[:, None], known, legal / legal.sum(-1, keepdim=True))


class HistoryPolicy:
    """Probabilities for each action-observation history of a seat, followed while it plays.

    keys `[I]` int64, sorted: the information sets' keys; table `[I, A]` float64. Uniform in an unknown one.
    """

    def __init__(self, keys: Tensor, table: Tensor) -> None:
        self.keys, self.table = keys, table
        self._memory = torch.zeros(0, dtype=torch.int64)

    @classmethod
    def of(cls, tree: GameTree, behaviour: Floats) -> "HistoryPolicy":
        """Tabulate a behaviour `[K]` by information set."""
        table = torch.zeros(tree.infosets, tree.legal.shape[1], dtype=torch.float64)
        table[torch.from_numpy(tree.slot_infoset).long(), torch.from_numpy(tree.slot_action).long()] = (
            torch.from_numpy(behaviour)
        )
        keys, order = torch.from_numpy(tree.infoset_key).sort()
        return cls(keys, table[order])

    def start(self, seats: Tensor, draws: Draws) -> None:
        """Forget every history."""
        self._memory = History.start(seats)

    def act(self, turn: Turn) -> Tensor:
        """Sample from the row of each seat's history, and remember what was done."""
        observed = hash_observations(turn.observation, turn.seats)
        infoset = History.observe(self._memory[turn.memory], observed)
        row = find(self.keys, infoset)
        uniform = turn.legal / turn.legal.sum(-1, keepdim=True)
        actions = sample(torch.where((row >= 0)[:, None], self.table[row], uniform), turn.draws.uniform(turn.seats))
        after = History.act(infoset, actions)
        if turn.active is not None:
            after = torch.where(turn.active, after, self._memory[turn.memory])
        self._memory[turn.memory] = after
        return actions

    def behaviour(self, tree: GameTree) -> Floats:
        """Return the rows of the tree's information sets as a behaviour `[K]`."""
        row = find(self.keys, torch.from_numpy(tree.infoset_key)).numpy()[tree.slot_infoset]
        known = self.table.numpy()[row, tree.slot_action]
        known[row < 0] = 1.0
        return tree.normalised(known)


def tabular(tree: GameTree, behaviour: Floats) -> TabularPolicy | HistoryPolicy:
    """Return the agent that plays a behaviour `[K]`: by observation where that tells information sets apart."""
    kind = TabularPolicy if len(tree.observations) == tree.infosets else HistoryPolicy
    return kind.of(tree, behaviour)
