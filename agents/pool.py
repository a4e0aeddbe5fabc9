"""Networks of one architecture that play in one batch are one agent: a product a layer for all of them."""

from collections.abc import Sequence

import torch
from torch import Tensor

from agents.agent import Agent
from agents.heads import FORBIDDEN, Choice
from agents.networks.policy_value import PolicyValueNetwork
from agents.networks.stack import Stack
from games.draws import Draws, sample
from games.turn import Turn

_LEAST, _MOST_ROWS = 3, 128
"""So many networks are asked together from which on, and up to how many rows each: else they are as fast one by one."""


class Pool:
    """Several networks, of which `owner [m]` says whose each of the pairs is that it will be started with."""

    def __init__(self, networks: Sequence[PolicyValueNetwork], owner: Tensor) -> None:
        self._stack, self._owner = Stack(networks), owner
        self._choice, self._temperature = Choice(networks[0].actions), networks[0].temperature

    def start(self, seats: Tensor, draws: Draws) -> None:
        """Begin nothing: networks do not remember."""

    def act(self, turn: Turn) -> Tensor:
        """Sample an action in each pair, as its network would: `[n]` int64."""
        logits, _ = self._stack.infer(turn.observation, self._owner[turn.memory])
        masked = torch.add(logits.t(), ~turn.legal.t(), alpha=FORBIDDEN)
        return sample(self._choice.probabilities(masked, self._temperature), turn.draws.uniform(turn.seats))


def pooled(agents: Sequence[Agent], owner: Tensor) -> tuple[list[Agent], Tensor]:
    """Return the agents with pools in place of networks that are better asked together, and `owner` by their numbers.

    owner: which of the agents each pair is, in the order in which `start` is given an agent's pairs.
    """
    kept: list[Agent] = []
    groups: dict[str, list[int]] = {}
    number = torch.empty(len(agents), dtype=torch.int64)
    for index, agent in enumerate(agents):
        network = sitting(agent)
        if isinstance(network, PolicyValueNetwork):
            groups.setdefault(repr(sorted(network.architecture.items())), []).append(index)
        else:
            number[index] = len(kept)
            kept.append(agent)
    rows = torch.bincount(owner.flatten().cpu(), minlength=len(agents))
    pools: list[tuple[int, list[int]]] = []
    for members in groups.values():
        together = len(members) >= _LEAST and int(rows[members].sum()) <= _MOST_ROWS * len(members)
        if together:
            pools.append((len(kept), members))
        number[members] = len(kept) + (torch.zeros(len(members)) if together else torch.arange(len(members))).long()
        kept += [agents[members[0]]] if together else [agents[index] for index in members]
    whose = number.to(owner.device)[owner]
    for place, members in pools:
        local = torch.zeros(len(agents), dtype=torch.int64)
        local[members] = torch.arange(len(members))
        networks = [network for index in members if isinstance(network := sitting(agents[index]), PolicyValueNetwork)]
        kept[place] = Pool(networks, local.to(owner.device)[owner[whose == place]])
    return kept, whose


def sitting(agent: Agent) -> Agent:
    """Return the agent that sits in all seats of a profile where it is one agent, else `agent` itself."""
    return getattr(agent, "alone", None) or agent
