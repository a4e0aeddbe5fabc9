"""Networks that are seated together are asked together, and the games are those that each plays by itself."""

from typing import Any

import numpy as np
import pytest
import torch

from agents import pool
from agents.agent import Agent, Random
from agents.networks.policy_value import PolicyValueNetwork
from agents.networks.stack import Stack
from agents.pool import Pool, pooled
from agents.profile import Mixture, Profile
from agents.rollout import play
from games import make

GAME = make("connect_four")


def network(seed: int, **changes: Any) -> PolicyValueNetwork:
    architecture = {"kind": "dense", "observation": [2, 6, 7], "actions": 7, "layers": 1, "width": 16, **changes}
    net = PolicyValueNetwork(architecture, seed=seed)
    net.weights.mul_(20)
    return net


def played(agents: list[Agent], seating: torch.Tensor) -> tuple[list[list[float]], list[int]]:
    numbers = torch.arange(len(seating))
    result = play(GAME, agents, seating=seating, games=numbers, seed=3, record=True)
    assert result.choices is not None
    return result.returns.tolist(), result.choices.actions.tolist()


def pairs(agents: int, games: int) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(0).integers(0, agents, (games, 2)))


@pytest.mark.parametrize("temperature", [1.0, 0.5])
def test_the_games_are_those_of_each_by_itself(temperature):
    nets: list[Agent] = [Profile([net, net]) for net in (network(seed, temperature=temperature) for seed in range(6))]
    seating = pairs(7, 60)
    agents = [*nets, Random()]
    together, places = pooled(agents, seating)
    assert [type(agent) for agent in together] == [Random, Pool]
    assert played(together, places) == played(agents, seating)


def test_they_are_asked_once_a_step(monkeypatch):
    calls, infer = [], Stack.infer

    def counted(self, observation, owner, **rest):
        calls.append(len(owner))
        return infer(self, observation, owner, **rest)

    monkeypatch.setattr(Stack, "infer", counted)
    agents, seating = pooled([network(seed) for seed in range(5)], pairs(5, 40))
    _, actions = played(agents, seating)
    assert len(calls) <= 42
    assert sum(calls) == len(actions)


def test_only_networks_of_one_architecture_and_temperature_are_pooled():
    nets: list[Agent] = [network(seed, temperature=heat) for heat in (0.0, 1.0) for seed in range(3)]
    odd: list[Agent] = [network(7, width=8), Profile([network(8), network(9)])]
    agents, seating = pooled([*nets, *odd], pairs(8, 30))
    assert [type(agent).__name__ for agent in agents] == ["Profile", "Pool", "Pool", "PolicyValueNetwork"]
    assert played(agents, seating) == played([*nets, *odd], pairs(8, 30))


def test_few_networks_or_many_games_each_are_asked_one_by_one(monkeypatch):
    nets: list[Agent] = [network(seed) for seed in range(4)]
    assert pooled(nets[:2], pairs(2, 10))[0] == nets[:2]
    monkeypatch.setattr(pool, "_MOST_ROWS", 4)
    agents, seating = pooled(nets, pairs(4, 10))
    assert agents == nets
    assert torch.equal(seating, pairs(4, 10))


def test_a_mixture_asks_its_members_together():
    weights = np.full((2, 5), 0.2)
    mixture = Mixture([network(seed) for seed in range(5)], weights)
    seating = torch.zeros(50, 2, dtype=torch.int64)
    found = played([mixture], seating)
    assert [type(agent) for agent in mixture._seated] == [Pool]
    assert len(mixture.drawn.unique()) == 5
    alone = Mixture([_Alone(network(seed)) for seed in range(5)], weights)
    assert played([alone], seating) == found


class _Alone:
    """An agent that is no network to look at."""

    def __init__(self, net: PolicyValueNetwork) -> None:
        self._net = net

    def start(self, seats, draws) -> None:
        self._net.start(seats, draws)

    def act(self, turn):
        return self._net.act(turn)
