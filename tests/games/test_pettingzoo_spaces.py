"""Actions and observations of every kind of space, and PPO that learns in each of them."""

import numpy as np
import pytest
import torch

from agents import PPO, PPOConfig, Random, Task, play
from games import from_pettingzoo, make
from games.draws import Draws
from games.playout import play as record

pytest.importorskip("pettingzoo")
import pettingzoo_worlds as worlds
from gymnasium import spaces

ZEROS = torch.zeros(1, dtype=torch.int64)


def watched(kind, **arguments):
    """Return a game and the environments that it made."""
    made = []

    def factory():
        made.append(kind(**arguments))
        return made[-1]

    return from_pettingzoo(factory), made


def start(game, count=1):
    return game.reset(Draws.of(0, "test", torch.arange(count)))


def look(game, state, seat):
    return game.observe(state, ZEROS, ZEROS + seat)[0]


def legal(game, state, seat):
    return game.legal(state, ZEROS, ZEROS + seat)[0].tolist()


def test_several_choices_are_laid_end_to_end_padded_and_masked():
    game, made = watched(worlds.Buttons)
    assert (game.spec.parts, game.spec.actions, game.spec.action_shape) == ((4, 2), 6, (2,))
    state = start(game)
    assert legal(game, state, 0) == [True, True, True, False, True, True]  # x has three of four, and both of two
    assert legal(game, state, 1) == [True, False, True, False, True, False]  # y is masked, and lacks the second part
    state = game.step(state, torch.tensor([[[2, 1], [2, 0]]]))
    assert state.rewards.tolist() == [[1, 1]]
    assert made[0].done[0]["x"].tolist() == [7, 1]  # counted from the space's start
    assert made[0].done[0]["y"].tolist() == [2]
    state = game.step(state, torch.tensor([[[0, 0], [0, 0]]]))
    assert legal(game, state, 1) == [True] * 4 + [True, False]  # a mask that is no longer given no longer holds


def test_continuous_actions_have_common_bounds_where_the_agents_agree():
    game, made = watched(worlds.Dials, alike=True)
    assert game.spec.bounds == ((-2.0, 2.0), (0.0, 1.0))
    assert (game.spec.actions, game.spec.action_shape, game.spec.action_type) == (2, (2,), torch.float32)
    state = start(game)
    assert legal(game, state, 0) == legal(game, state, 1) == [True, True]
    game.step(state, torch.tensor([[[-2.0, 1.0], [1.5, 0.3]]]))
    assert made[0].done[0]["x"].tolist() == [-2.0, 1.0]
    assert made[0].done[0]["y"].tolist() == [[1.5]]  # in its space's shape, and without the number that it lacks


def test_continuous_actions_of_agents_that_differ_are_shares_of_each_ones_range():
    game, made = watched(worlds.Dials)
    assert game.spec.bounds == ((-1.0, 1.0), (-1.0, 1.0))
    state = game.step(start(game), torch.tensor([[[0.0, 1.0], [-1.0, 0.0]]]))
    assert made[0].done[0]["x"].tolist() == [0.0, 1.0]
    assert made[0].done[0]["y"].tolist() == [[0.0]]
    game.step(state, torch.tensor([[[1.0, -1.0], [1.0, 0.0]]]))
    assert made[0].done[1]["x"].tolist() == [2.0, 0.0]
    assert made[0].done[1]["y"].tolist() == [[0.1]]  # the float64 bound itself, not the float32 above it


def test_dictionaries_are_flattened_as_gymnasium_does_and_padded_with_zeros():
    game, _ = watched(worlds.Nested)
    assert game.spec.observation_shape == (7,)
    state = start(game)
    for seat, size in ((0, 3), (1, 5)):
        inside = spaces.Dict({"where": spaces.Box(-1.0, 1.0, (2,)), "what": spaces.Discrete(size)})
        flat = np.asarray(spaces.flatten(inside, {"where": [0.5, -0.5], "what": 1})).tolist()
        assert look(game, state, seat).tolist() == [*flat, *[0] * (7 - len(flat))]
    assert legal(game, state, 0) == [False, True, False]
    assert legal(game, state, 1) == [True, True, False]


def test_images_are_shares_of_255_and_keep_their_shape_where_the_agents_agree():
    game, made = watched(worlds.Pictures)
    assert game.spec.observation_shape == (2, 3, 3)
    state = start(game)
    made[0].random = None  # nothing more is drawn
    again = worlds.Pictures()
    drawn, _ = again.reset(seed=int(Draws.of(0, "test", torch.arange(1)).bits() & 0x7FFFFFFF))
    for seat, agent in enumerate("xy"):
        seen = look(game, state, seat)
        assert seen.dtype == torch.float32
        assert torch.equal(seen, torch.from_numpy(drawn[agent]).float() / 255)
    differing, _ = watched(worlds.Pictures, alike=False)
    assert differing.spec.observation_shape == (18,)
    assert look(differing, start(differing), 1)[6:].eq(0).all()


def test_images_beside_other_observations_are_shares_too():
    game, _ = watched(worlds.Mixed)
    state = start(game)
    assert look(game, state, 0).eq(0.2).all()
    assert look(game, state, 1).eq(51).all()


@pytest.mark.parametrize("kind", [worlds.Buttons, worlds.Dials, worlds.Nested, worlds.Pictures, worlds.Mixed])
def test_random_games_stay_within_their_spaces(kind):
    game, made = watched(kind)  # the environments themselves hold every action against its space
    for _ in range(2):
        assert record(game, torch.arange(4), seed=1, limit=10).last.terminated.all()
    assert len(made) == 4
    assert all(len(one.done) == 3 for one in made)


@pytest.mark.parametrize(
    ("name", "least"),
    [
        ("pettingzoo:classic/rps-v2(max_cycles=5)", 3.0),
        (f"pettingzoo:{worlds.FILE}:Buttons", 2.0),
        (f"pettingzoo:{worlds.FILE}:Dials(alike=True)", -1.5),
    ],
)
def test_ppo_learns_actions_of_every_kind(name, least):
    game = make(name)

    class First(Random):
        """Always takes its first choice, which a response can learn to beat."""

        def act(self, turn):
            return torch.zeros(len(turn), *game.spec.action_shape, dtype=game.spec.action_type)

    def mean(agent):
        seating = torch.tensor([[0, 1]]).expand(64, -1).contiguous()
        return float(play(game, [agent, First()], seating=seating, games=torch.arange(64), seed=9).returns[:, 0].mean())

    config = PPOConfig(updates=25, games=64, hidden=(16,), learning_rate=1e-2)
    learner = PPO(Task("response", game, (0,), First(), seed=1), config)
    assert mean(Random()) < least
    for _ in range(config.updates):
        learner.update()
        learner.done += 1
    assert mean(learner.response()) > least
