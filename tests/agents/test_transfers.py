"""Between its moves a rollout waits for nothing that the device has not done yet: no number is read back."""

from contextlib import contextmanager

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

import agents.rollout
from agents.learner import Task
from agents.network import NetworkPolicy
from agents.ppo import PPO, PPOConfig
from agents.profile import Mixture, Profile
from agents.rollout import play
from agents.stack import TabularMixture
from games import build_tree, make

WAITING = ("_local_scalar_dense", "nonzero", "is_nonzero", "equal", "masked_select", "_unique2", "bincount")


class Refusing(TorchDispatchMode):
    """Refuses what would wait for a device, on a machine that has none."""

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        name = func._schema.name.removeprefix("aten::")
        masks = [index for index in (args[1] if name in ("index", "index_put_") else []) if index is not None]
        assert name not in WAITING, f"{name} reads a number back"
        assert all(index.dtype != torch.bool for index in masks), "a mask's count is read back"
        return func(*args, **(kwargs or {}))


@contextmanager
def refused_on_cuda():
    torch.cuda.set_sync_debug_mode("error")
    try:
        yield
    finally:
        torch.cuda.set_sync_debug_mode("default")


def opponents(game, device):
    tree, weights = build_tree(make(game.spec.name)), np.array([[0.5, 0.2, 0.3], [0.1, 0.1, 0.8]])
    tables = [torch.rand(tree.legal.shape) * tree.legal for _ in range(3)]
    inputs = tree.observations[0].numel()
    architecture = {"inputs": inputs, "actions": game.spec.actions, "hidden": [8]}
    networks = [NetworkPolicy(architecture, seed=seed, device=device) for seed in range(4)]
    return {
        "a mixture of tables": TabularMixture(tree, tables, weights, device=device),
        "a mixture of networks and a profile": Mixture([*networks[:2], Profile(networks[2:])], weights),
    }


@pytest.mark.parametrize("name", ["kuhn_poker", "leduc_poker", "tic_tac_toe"])
@pytest.mark.parametrize("kind", ["a mixture of tables", "a mixture of networks and a profile"])
@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_nothing_is_read_back_inside_a_rollout(name, kind, device, monkeypatch):
    if device == "cuda" and not torch.cuda.is_available():
        pytest.skip("no GPU here: on the CPU, operations that would wait for one are refused instead")
    game = make(name, device=device)
    company, steps, step = opponents(game, torch.device(device))[kind], 0, agents.rollout._Table.step_all

    def guarded(table, move):
        nonlocal steps
        steps += 1
        with refused_on_cuda() if device == "cuda" else Refusing():
            step(table, move)

    monkeypatch.setattr(agents.rollout._Table, "step_all", guarded)
    monkeypatch.setattr("agents.ppo.play", lambda *a, **k: play(*a, **k, dense=True))
    shown = PPO(Task("job", game, (0, 1), company, 0), PPOConfig(updates=1, games=64)).update()
    assert np.isfinite(shown["return"])
    assert steps == game.spec.max_moves
