"""PPO's environment steps, rollout and update together; the ratio is the share of the time that the networks take."""

from collections.abc import Callable
from unittest.mock import patch

import numpy as np
import torch

from agents import ppo
from agents.learner import Task
from agents.ppo import PPO, PPOConfig
from agents.rollout import Played, play
from agents.stack import TabularMixture
from games import Turn, build_tree, make
from league.benching import Benchmark

UPDATES, MEMBERS = 4, 5


def kuhn_ppo(tiny: bool) -> Benchmark:
    """Training against a mixture of five tables, 1024 games an update; where there is a GPU, there and with 65,536."""
    return _training("kuhn_poker", tiny)


def leduc_ppo(tiny: bool) -> Benchmark:
    """The same in Leduc poker."""
    return _training("leduc_poker", tiny)


def tic_tac_toe_ppo(tiny: bool) -> Benchmark:
    """The same in tic-tac-toe."""
    return _training("tic_tac_toe", tiny)


def _training(name: str, tiny: bool) -> Benchmark:
    device = torch.device("cuda" if torch.cuda.is_available() and not tiny else "cpu")
    games = 32 if tiny else 65_536 if device.type == "cuda" else 1024
    game, tree = make(name, device=device), build_tree(make("kuhn_poker" if tiny else name))
    if tiny:
        game = make("kuhn_poker")
    generator = torch.Generator().manual_seed(0)
    tables = [torch.rand(tree.legal.shape, generator=generator) * tree.legal for _ in range(MEMBERS)]
    weights = np.full((tree.players, MEMBERS), 1 / MEMBERS)
    opponents = TabularMixture(tree, tables, weights, device=device)
    learner = PPO(Task("benchmark", game, (0,), opponents, seed=0), PPOConfig(updates=10_000, games=games))
    steps, evaluated = 0.0, []

    def counted(*arguments, **named) -> Played:
        nonlocal steps
        played = play(*arguments, **named)
        steps += float(played.moves.sum())
        return played

    def update() -> dict[str, float]:
        shown = learner.update()
        learner.done += 1
        return shown

    def ours() -> float:
        nonlocal steps
        steps = 0.0
        with patch.object(ppo, "play", counted):
            for _ in range(UPDATES):
                update()
        return steps

    def peer() -> float:
        for _ in range(UPDATES):
            _networks_alone(learner, evaluated)
        return steps

    def check() -> None:
        evaluated[:] = _evaluations(learner, update)
        assert ours() > UPDATES * games
        assert sum(evaluated) > games

    return Benchmark(
        unit="environment steps",
        ours=ours,
        peer=peer,
        peer_name=f"the networks' own evaluations and gradients ({device.type}, {games:,} games an update)",
        check=check,
    )


def _evaluations(learner: PPO, update: Callable[[], object]) -> list[int]:
    """Return how many rows each evaluation of the policy at play had in one update."""
    rows, act = [], learner.policy.act

    def noted(turn: Turn) -> torch.Tensor:
        rows.append(len(turn))
        return act(turn)

    with patch.object(learner.policy, "act", noted):
        update()
    return rows


def _networks_alone(learner: PPO, evaluated: list[int]) -> None:
    """Evaluate and differentiate the networks as one update does, on rows of the same number, and nothing else."""
    policy, config, total = learner.policy, learner.config, sum(evaluated)
    inputs = policy.architecture["inputs"]
    observation = torch.rand(total, inputs, device=learner.task.game.device)
    with torch.no_grad():
        for rows in evaluated:
            policy.policy(observation[:rows])
        policy.policy(observation)
        policy.value(observation)
    parameters = policy.parameters()
    for _ in range(config.epochs):
        for chunk in observation.split(max(1, total // config.minibatches)):
            logits, values = policy.policy(chunk), policy.value(chunk)
            torch.autograd.grad([logits, values], parameters, [logits.detach(), values.detach()])
    if observation.is_cuda:
        torch.cuda.synchronize()
