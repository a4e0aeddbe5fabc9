"""Agents that search: alike in every batch, with or without what they remember; deterministic ones to the letter."""

import pytest
import torch

from agents import check_agent
from agents.agent import AgentError, Drawing, Evaluable, Random
from agents.networks.policy_value import PolicyValueNetwork
from agents.rollout import play
from agents.search.agent import NetworkSearch, alphazero
from agents.zoo.minimax import minimax
from arena.evaluate import estimated, exploitability
from games import build_tree, make
from games.game import Game


def network(game: Game, seed: int = 0) -> PolicyValueNetwork:
    shape = list(game.spec.observation_shape)
    return PolicyValueNetwork(
        {"kind": "dense", "layers": 1, "width": 16, "observation": shape, "actions": game.spec.actions}, seed=seed
    )


def agent(name: str = "tic_tac_toe", **settings) -> NetworkSearch:
    game = make(name)
    return alphazero(game, network(game), **{"simulations": 16, **settings})


@pytest.mark.parametrize("rule", ["gumbel", "puct"])
@pytest.mark.parametrize("deterministic", [False, True])
def test_search_agents_conform(rule, deterministic):
    report = check_agent(make("tic_tac_toe"), lambda: agent(rule=rule, deterministic=deterministic))
    assert report.passed, str(report)


def test_a_game_is_the_same_in_any_batch():
    game, games = make("connect_four"), torch.arange(40)
    player = agent("connect_four")
    seating = torch.tensor([[0, 1], [1, 0]]).repeat(20, 1)
    whole = play(game, [player, Random()], seating=seating, games=games, seed=3, record=True)
    alone = play(game, [player, Random()], seating=seating[7:8], games=games[7:8], seed=3, record=True)
    assert whole.returns[7].equal(alone.returns[0])
    assert whole.moves[7] == alone.moves[0]


def test_with_many_simulations_it_does_not_lose_to_perfect_play_whatever_its_network_says():
    game = make("tic_tac_toe")
    result = play(
        game,
        [agent(simulations=3000, rule="puct"), minimax(game)],
        seating=torch.tensor([[0, 1], [1, 0]]).repeat(3, 1),
        games=torch.arange(6),
        seed=0,
    )
    assert result.returns.abs().sum() == 0


def test_a_deterministic_agent_is_measured_exactly_and_another_run_by_run():
    game = make("tic_tac_toe")
    tree = build_tree(game)
    fixed, same, drawing = agent(deterministic=True), agent(deterministic=True), agent(gumbel_scale=1.0)
    assert isinstance(fixed, Evaluable)
    assert isinstance(same, Evaluable)
    assert not isinstance(drawing, Evaluable)
    assert isinstance(drawing, Drawing)
    assert exploitability(tree, fixed) == exploitability(tree, same)
    told = estimated(tree, drawing, runs=5, seed=0)
    assert told == estimated(tree, drawing, runs=5, seed=0)
    assert told.interval[0] <= told.exploitability <= told.interval[1]
    assert told.runs == 5


def test_a_deterministic_agent_plays_what_its_behaviour_says():
    game = make("tic_tac_toe")
    tree = build_tree(game)
    fixed = agent(deterministic=True, seed=5)
    assert isinstance(fixed, Evaluable)
    behaviour = fixed.behaviour(tree)
    expected = tree.returns(tree.plan(behaviour))
    result = play(game, [fixed], seating=torch.zeros(3, 2, dtype=torch.int64), games=torch.arange(3), seed=9)
    assert result.returns.mean(0).tolist() == pytest.approx(expected.tolist())


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"simulations": 0}, "simulations"),
        ({"rule": "uct"}, "'gumbel' or 'puct'"),
        ({"c_scale": -1}, "c_scale"),
        ({"leaves": 1.5}, "leaves"),
        ({"considered": True}, "considered"),
        ({"depth": 3}, "no setting 'depth'"),
        ({"deterministic": 1}, "deterministic"),
    ],
)
def test_settings_that_are_none_are_refused(settings, says):
    with pytest.raises(AgentError, match=says):
        agent(**settings)


def test_games_that_cannot_be_searched_are_refused():
    game = make("kuhn_poker")
    with pytest.raises(AgentError, match="hides information"):
        alphazero(game, network(game))
    with pytest.raises(AgentError, match="has none"):
        alphazero(make("tic_tac_toe"), Random())
