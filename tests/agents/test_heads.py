"""Actions of every kind: their densities are torch's, and PPO learns to choose the best one."""

import math

import numpy as np
import pytest
import torch
from export_samples import BOUNDS, PARTS, Aim
from torch.distributions import AffineTransform, Categorical, Normal, TanhTransform, TransformedDistribution

from agents import PPO, Mixture, PPOConfig, Random, Task, play
from agents.guard import Misplay, guarded
from agents.heads import Choices, Squashed
from agents.network import NetworkPolicy
from games import build_tree, check_game
from games.draws import Draws
from games.errors import GameError


def random(*shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("kind", [PARTS, BOUNDS], ids=["parts", "bounds"])
def test_games_with_such_actions_conform_and_have_no_tree(kind):
    assert check_game(Aim(**kind)).passed
    with pytest.raises(GameError, match="one choice"):
        build_tree(Aim(**kind))


@pytest.mark.parametrize(("kind", "least"), [(PARTS, -0.2), (BOUNDS, -0.8)], ids=["parts", "bounds"])
def test_ppo_learns_the_target(kind, least):
    game = Aim(**kind)
    learner = PPO(Task("aim", game, (0,), Random(), 0), PPOConfig(updates=80, games=256, entropy=0.001))
    shown = {"return": -20.0}
    while learner.done < learner.updates:
        shown = learner.update()
        learner.done += 1
    random = play(game, [Random()], seating=torch.zeros(2000, 1).long(), games=torch.arange(2000), seed=1)
    assert random.returns.mean() < 2 * least
    assert shown["return"] > least


def test_several_choices_have_the_product_of_their_probabilities():
    outputs, actions = random(7, 50), torch.stack([torch.arange(50) % 3, torch.arange(50) % 4], 1)
    log_probability, entropy = Choices((3, 4)).evaluate(outputs, actions)
    theirs = [Categorical(logits=part.t()) for part in outputs.split((3, 4))]
    expected = torch.stack([part.log_prob(actions[:, i]) for i, part in enumerate(theirs)]).sum(0)
    assert torch.allclose(log_probability, expected, atol=1e-5)
    assert torch.allclose(entropy, torch.stack([part.entropy() for part in theirs]).sum(0), atol=1e-5)


def test_a_squashed_normal_has_torchs_density():
    head, outputs = Squashed(((-2.0, 2.0), (0.0, 10.0))), random(4, 60)
    draws, seats = Draws.of(0, "test", torch.arange(60)), torch.zeros(60).long()
    actions = head.sample(outputs, temperature=1.0, draws=draws, seats=seats)
    mean, log_deviation, middle, reach = head._read(outputs)
    squashed = [TanhTransform(cache_size=1), AffineTransform(middle, reach)]
    theirs = TransformedDistribution(Normal(mean, log_deviation.exp()), squashed).log_prob(actions).sum(1)
    inside = ((actions - middle) / reach).abs().amax(1) < 0.999
    assert inside.float().mean() > 0.7
    assert torch.allclose(head.evaluate(outputs, actions)[0][inside], theirs[inside], rtol=1e-3, atol=1e-2)


def test_samples_of_a_squashed_normal_are_normal_before_they_are_squashed():
    head, count = Squashed(((-1.0, 1.0),)), 40_000
    outputs = torch.tensor([[0.3], [0.0]]).expand(2, count)
    draws, seats = Draws.of(5, "test", torch.arange(count)), torch.zeros(count).long()
    drawn = head.sample(outputs, temperature=1.0, draws=draws, seats=seats)[:, 0].atanh().double()
    deviation = head._read(outputs)[1].exp()[0, 0].item()
    assert abs(drawn.mean().item() - 0.3) < 4 * deviation / math.sqrt(count)
    assert abs(drawn.std().item() / deviation - 1) < 4 / math.sqrt(2 * count)
    at_zero = head.sample(outputs, temperature=0.0, draws=draws, seats=seats)
    assert torch.allclose(at_zero, torch.tensor(0.3).tanh())


@pytest.mark.parametrize("kind", [PARTS, BOUNDS], ids=["parts", "bounds"])
def test_mixtures_pass_such_actions_on(kind):
    game = Aim(**kind)
    mixture = Mixture([Random(), Random()], np.array([[0.5, 0.5]]))
    returns = [
        play(game, [agent], seating=torch.zeros(64, 1).long(), games=torch.arange(64), seed=3).returns
        for agent in (mixture, Random())
    ]
    assert torch.equal(*returns)


@pytest.mark.parametrize(
    ("kind", "answer", "sentence"),
    [
        (PARTS, torch.tensor([[2, 5]]), r"chose \[2, 5\] where only"),
        (PARTS, torch.tensor([2]), r"int64 actions of shape \[1, 2\]"),
        (BOUNDS, torch.tensor([[0.0, 10.5]]), r"numbers within \[-2, 2\], \[0, 10\]"),
        (BOUNDS, torch.tensor([[0.0, float("nan")]]), "numbers within"),
        (BOUNDS, torch.tensor([[0, 1]]), "float32 actions"),
    ],
)
def test_what_is_not_such_an_action_is_refused(kind, answer, sentence):
    class Wrong:
        def start(self, seats, draws): ...

        def act(self, turn):
            return answer

    with pytest.raises(Misplay, match=sentence):
        play(Aim(**kind), [guarded(Wrong(), "it")], seating=torch.zeros(1, 1).long(), games=torch.arange(1), seed=0)


def test_weights_depend_on_the_kind_of_action():
    assert NetworkPolicy({"inputs": 1, "actions": 8, "parts": [3, 5], "hidden": []}).head.outputs == 8
    assert NetworkPolicy({"inputs": 1, "actions": 2, "bounds": [[0, 1], [0, 1]], "hidden": []}).head.outputs == 4
