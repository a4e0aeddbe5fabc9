"""Agents made of agents: a profile has one for each seat, a mixture draws one for each game."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from agents.agent import Agent, AgentError, Evaluable
from agents.pool import pooled
from games.draws import Draws, sample
from games.extensive.tree import Floats, GameTree
from games.turn import Turn


def _evaluable(agents: Sequence[Agent]) -> Sequence[Evaluable]:
    known = [agent for agent in agents if isinstance(agent, Evaluable)]
    if len(known) < len(agents):
        raise AgentError(
            "exact evaluation needs policies, and one of the agents can only be played: play games instead"
        )
    return known


class _Company:
    """Agents that share the pairs of a batch.

    `_seated` are those that are asked, `_owner [m]` says which of them each started pair is, `_place` where it lies.
    """

    agents: Sequence[Agent]

    @property
    def batched(self) -> bool:
        """Whether all of them can play many games at once."""
        return all(getattr(agent, "batched", True) for agent in self.agents)

    def _divide(self, owner: Tensor, seats: Tensor, draws: Draws) -> None:
        self._seated, self._owner = pooled(self.agents, owner)
        self._place = torch.zeros_like(owner)
        self._pairs = [(self._owner == index).nonzero()[:, 0] for index in range(len(self._seated))]
        for agent, mine in zip(self._seated, self._pairs, strict=True):
            self._place[mine] = torch.arange(len(mine), device=mine.device)
            if len(mine):
                agent.start(seats[mine], draws.rows(mine))

    def act(self, turn: Turn) -> Tensor:
        """Pass each pair on to the agent that owns it: `[n, *action_shape]`."""
        pairs = self._pairs
        if turn.active is None:  # else every pair that was started answers, in the same order
            owner, order = self._owner[turn.memory].sort(stable=True)
            pairs = order.split(torch.bincount(owner, minlength=len(self._seated)).tolist())
        spec = turn.game.spec
        actions = torch.empty((len(turn), *spec.action_shape), dtype=spec.action_type, device=turn.rows.device)
        for agent, chosen in zip(self._seated, pairs, strict=True):
            if len(chosen):
                actions[chosen] = agent.act(turn.select(chosen, self._place[turn.memory[chosen]]))
        return actions


class Profile(_Company):
    """An agent for each seat."""

    def __init__(self, agents: Sequence[Agent]) -> None:
        self.agents = tuple(agents)

    @property
    def alone(self) -> Agent | None:
        """The agent that sits in all seats, where it is one."""
        return self.agents[0] if len({id(agent) for agent in self.agents}) == 1 else None

    def start(self, seats: Tensor, draws: Draws) -> None:
        """Seat each agent in its own seat."""
        self._divide(seats, seats, draws)

    def behaviour(self, tree: GameTree) -> Floats:
        """Return each seat's slots from its own agent: `[K]`."""
        out = np.empty(tree.slots)
        for seat, agent in enumerate(_evaluable(self.agents)):
            out[tree.seat_slots(seat)] = agent.behaviour(tree)[tree.seat_slots(seat)]
        return out


class Mixture(_Company):
    """One of several agents, drawn for each game and seat when it starts, and kept until the game ends.

    weights `[P, n]`: each seat's distribution over the n agents; drawn `[m]` int64: which plays each started pair.
    """

    def __init__(self, agents: Sequence[Agent], weights: Floats) -> None:
        self.agents, self.weights = tuple(agents), torch.from_numpy(np.asarray(weights, dtype=np.float64))

    def start(self, seats: Tensor, draws: Draws) -> None:
        """Draw the member of each pair from its game's numbers."""
        self.drawn = sample(self.weights.to(seats.device)[seats], draws.uniform(seats))
        self._divide(self.drawn, seats, draws)

    def behaviour(self, tree: GameTree) -> Floats:
        """Return the behaviour `[K]` that is realization-equivalent to the mixture."""
        plans = [tree.plan(agent.behaviour(tree)) for agent in _evaluable(self.agents)]
        return tree.behaviour(tree.mixture(plans, self.weights.numpy()))
