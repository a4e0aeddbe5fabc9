"""What is written out by hand for speed is what autograd and torch's Adam make of the textbook's formulas."""

import pytest
import torch

from agents.adam import Adam
from agents.agent import Random
from agents.heads import Choice
from agents.learner import Task
from agents.network import NetworkPolicy
from agents.ppo import PPO, PPOConfig, surrogate
from games import make

CLIP, WEIGHT = 0.2, 0.07


def decisions(actions, count=500):
    """Return logits with some actions forbidden, and legal actions taken under a somewhat different policy."""
    generator = torch.Generator().manual_seed(actions)
    legal = torch.rand(count, actions, generator=generator) < 0.7
    legal[:, 0] = True
    raw = torch.randn(count, actions, generator=generator) * 2
    before = (raw + 0.4 * torch.randn(count, actions, generator=generator)).masked_fill(~legal, -1e30).log_softmax(1)
    action = before.exp().multinomial(1, generator=generator)[:, 0]
    old = before.gather(1, action[:, None])[:, 0]
    return raw, legal, action, old, torch.randn(count, generator=generator)


@pytest.mark.parametrize("actions", [2, 3, 9])
def test_the_gradient_of_the_surrogate_is_autograds(actions):
    raw, legal, action, old, advantage = decisions(actions)
    raw.requires_grad_()
    log_probability = raw.masked_fill(~legal, -torch.inf).log_softmax(1)
    ratio = (log_probability.gather(1, action[:, None])[:, 0] - old).exp()
    loss = -torch.minimum(ratio * advantage, ratio.clamp(1 - CLIP, 1 + CLIP) * advantage).mean()
    entropy = -(log_probability.exp() * log_probability.masked_fill(~legal, 0.0)).sum(1).mean()
    (expected,) = torch.autograd.grad(loss - WEIGHT * entropy, raw)
    assert ((ratio < 1 - CLIP) | (ratio > 1 + CLIP)).float().mean() > 0.1

    logits = raw.detach().masked_fill(~legal, -1e30).t().contiguous()
    head = Choice(actions)
    ours = surrogate(head, logits, action=action, old=old, advantage=advantage, clip=CLIP, entropy_weight=WEIGHT)
    for mine, theirs in zip(ours, (loss, entropy, expected.t()), strict=True):
        assert torch.allclose(mine, theirs, atol=1e-7)
    assert (ours[2].t()[~legal] == 0).all()


def test_adam_is_torchs():
    generator = torch.Generator().manual_seed(0)
    weights = torch.randn(200, generator=generator)
    theirs = torch.nn.Parameter(weights.clone())
    ours, reference = Adam(weights), torch.optim.Adam([theirs], lr=1e-2, eps=1e-5)
    for step in range(50):
        gradient = torch.randn(200, generator=generator) * 10.0 ** -(step % 5)
        theirs.grad, rate = gradient.clone(), 1e-2 / (1 + step)
        reference.param_groups[0]["lr"] = rate
        reference.step()
        ours.step(gradient, rate)
    assert torch.allclose(weights, theirs, rtol=1e-5, atol=1e-6)


def test_adam_goes_on_from_its_tensors():
    generator = torch.Generator().manual_seed(1)
    start, gradients = torch.randn(30, generator=generator), torch.randn(9, 30, generator=generator)
    whole, first, second = (Adam(start.clone()) for _ in range(3))
    for gradient in gradients:
        whole.step(gradient, 0.1)
    for gradient in gradients[:4]:
        first.step(gradient, 0.1)
    second.load({name: tensor.clone() for name, tensor in first.tensors().items()})
    for gradient in gradients[4:]:
        second.step(gradient, 0.1)
    assert torch.equal(whole.weights, second.weights)


def test_a_step_moves_the_networks_themselves_and_a_response_shares_nothing_with_them():
    learner = PPO(Task("job", make("kuhn_poker"), (0,), Random(), 0), PPOConfig(updates=2, games=64))
    response = learner.response()
    before = [parameter.detach().clone() for parameter in learner.policy.parameters()]
    learner.update()
    assert all(not torch.equal(a, b) for a, b in zip(before, learner.policy.parameters(), strict=True))
    assert all(torch.equal(a, b) for a, b in zip(before, response.parameters(), strict=True))


def test_inference_in_chunks_is_inference_at_once():
    policy = NetworkPolicy({"inputs": 12, "actions": 4, "hidden": [32]}, seed=3)
    observation = torch.randn(1300, 3, 4, generator=torch.Generator().manual_seed(0))
    legal = torch.rand(1300, 4, generator=torch.Generator().manual_seed(1)) < 0.5
    legal[:, 2] = True
    at_once = policy.outputs(observation, legal).log_softmax(0).t()
    with torch.no_grad():
        in_chunks, values = policy.outputs(observation, legal).log_softmax(0).t(), policy.values(observation)
        probabilities = policy.probabilities(observation, legal, torch.zeros(1300).long())
    assert torch.allclose(in_chunks, at_once, atol=1e-6)
    assert torch.allclose(values, policy.values(observation), atol=1e-6)
    assert torch.allclose(probabilities, at_once.exp(), atol=1e-6)
    assert (probabilities[~legal] == 0).all()
