"""Tables play what they say, whether or not they know what they see."""

import numpy as np
import pytest
import torch

from agents.agent import Policy, Random
from agents.rollout import play
from agents.tabular import HistoryPolicy, TabularPolicy
from games import build_tree, make
from games.hashing import hash_observations

GAMES = ("kuhn_poker", "leduc_poker", "tic_tac_toe")
COUNT = 600
UNSEEN = torch.tensor([0.0, 1.0, *[0.0] * 7], dtype=torch.float64)


@pytest.fixture(scope="module", params=GAMES)
def world(request):
    game = make(request.param)
    return game, build_tree(game)


class Plain(Policy):
    """Samples from a policy's probabilities, row by row, as any policy does."""

    def __init__(self, policy):
        self.policy = policy

    def probabilities(self, observation, legal, seats):
        return self.policy.probabilities(observation, legal, seats)


def table(tree, seed=0, *, share=1.0):
    """Return a random policy over a share of the observations, and over something that is never seen."""
    generator = torch.Generator().manual_seed(seed)
    rows = torch.rand(tree.legal.shape, generator=generator).double() * tree.legal
    keys, order = hash_observations(tree.observations, tree.row_seat).sort()
    kept = torch.rand(len(keys), generator=generator) < share
    keys = torch.cat([torch.tensor([-(2**63)]), keys[kept]])
    return TabularPolicy(
        keys, torch.cat([UNSEEN[: rows.shape[1]][None], (rows / rows.sum(1, keepdim=True))[order][kept]])
    )


def games_of(game, *agents, dense=False):
    seating = torch.tensor([[0, 1], [1, 0]]).repeat(COUNT // 2, 1)
    return play(game, agents, seating=seating, games=torch.arange(COUNT), seed=7, dense=dense)


@pytest.mark.parametrize("share", [1.0, 0.5, 0.0])
@pytest.mark.parametrize("dense", [False, True])
def test_the_fast_way_to_act_plays_the_games_of_the_plain_way(world, share, dense):
    game, tree = world
    policy = table(tree, share=share)
    fast, plain = (games_of(game, agent, Random(), dense=dense) for agent in (policy, Plain(policy)))
    assert torch.equal(fast.returns, plain.returns)
    assert torch.equal(fast.moves, plain.moves)


def test_an_unknown_observation_is_answered_uniformly_among_the_legal_actions(world):
    game, tree = world
    policy = table(tree, share=0.0)
    read = policy.probabilities(tree.observations, tree.legal, tree.row_seat)
    assert torch.equal(read.float(), Random().probabilities(tree.observations, tree.legal, tree.row_seat))
    empty, random = (games_of(game, agent, Random()) for agent in (policy, Random()))
    assert torch.equal(empty.returns, random.returns)


def test_known_and_unknown_observations_are_told_apart(world):
    _, tree = world
    whole, half = table(tree), table(tree, share=0.5)
    known = half.probabilities(tree.observations, tree.legal, tree.row_seat)
    keys = hash_observations(tree.observations, tree.row_seat)
    inside = torch.isin(keys, half.keys)
    assert 0 < inside.sum() < len(keys)
    assert torch.equal(known[inside], whole.probabilities(tree.observations, tree.legal, tree.row_seat)[inside])
    uniform = tree.legal / tree.legal.sum(1, keepdim=True)
    assert torch.allclose(known[~inside], uniform[~inside].double(), atol=1e-7)


def test_histories_that_are_unknown_are_played_uniformly(world):
    game, tree = world
    behaviour = tree.normalised(np.random.default_rng(0).random(tree.slots))
    whole = HistoryPolicy.of(tree, behaviour)
    half = HistoryPolicy(whole.keys[::2], whole.table[::2])
    read = half.behaviour(tree)
    missing = ~np.isin(tree.infoset_key, half.keys.numpy())[tree.slot_infoset]
    assert np.allclose(read[~missing], behaviour[~missing], atol=1e-15)
    assert np.allclose(read[missing], tree.uniform()[missing], atol=1e-15)
    none = HistoryPolicy(torch.tensor([-(2**63)]), whole.table[:1])
    assert torch.equal(games_of(game, none, Random()).returns, games_of(game, Random(), Random()).returns)


@pytest.mark.parametrize("kind", [TabularPolicy, HistoryPolicy])
@pytest.mark.parametrize("shape", [(3, 2), (2,), (2, 2, 2), (0, 2)])
def test_a_table_that_does_not_fit_its_keys_is_refused(kind, shape):
    with pytest.raises(ValueError, match="a row for each"):
        kind(torch.arange(2), torch.ones(shape))
