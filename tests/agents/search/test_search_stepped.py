"""Search in games that are stepped by their own `step`: as the compiled search where both can, and beyond it."""

from functools import cache
from typing import Any

import numpy as np
import pytest
import torch
from searches import equal, hashed, indifferent, native, noise
from test_search_reference import mixed

from agents.networks.policy_value import PolicyValueNetwork
from agents.rollout import play
from agents.search.agent import alphazero
from agents.search.native_search import NativeSearch
from agents.search.search import SearchConfig
from agents.search.stepped_search import SteppedSearch
from agents.zoo.lookahead import Deterministic, Positions
from games import build_tree, make
from games.draws import Draws
from games.game import Game, State


@pytest.mark.parametrize("rule", ["gumbel", "puct"])
@pytest.mark.parametrize("leaves", [1, 3])
@pytest.mark.parametrize("name", ["tic_tac_toe", "connect_four", "hex(size=4)"])
def test_it_searches_as_the_compiled_search_does(name, rule, leaves):
    game, positions = native(name), mixed(name, 3)
    config, evaluate = SearchConfig(simulations=40, rule=rule, leaves=leaves), hashed(game.spec.actions)
    compiled, stepped = (kind(game, evaluate, config) for kind in (NativeSearch, SteppedSearch))
    equal(compiled.search(positions, noise(positions)), stepped.search(positions, noise(positions)))


@cache
def worth(game: Game, history: tuple[tuple[int, int], ...]) -> tuple[float, tuple[float, ...]]:
    """Return what seat 0 has of best play after moves of (seat, action), and of each action."""
    state = reached(game, history)
    if bool(state.done[0]):
        return float(state.rewards[0, 0]), ()
    seat, row = int(state.acting[0].int().argmax()), torch.tensor([0])
    if seat == game.spec.players:
        chances = game.chance(state, row)[0].tolist()
        return sum(p * worth(game, (*history, (seat, o)))[0] for o, p in enumerate(chances) if p), ()
    legal = game.legal(state, row, torch.tensor([seat]))[0].tolist()
    each = tuple(worth(game, (*history, (seat, a)))[0] if can else np.nan for a, can in enumerate(legal))
    return float((np.nanmin if seat == 1 else np.nanmax)(each)), each


@cache
def reached(game: Game, history: tuple[tuple[int, int], ...]) -> State:
    if not history:
        return game.reset(Draws.of(0, "start", torch.zeros(1, dtype=torch.int64)))
    before, (_, action) = reached(game, history[:-1]), history[-1]
    return game.step(before, torch.full(before.acting.shape, action))


def at(state: State) -> Positions:
    return Positions(state, state.acting.int().argmax(1), torch.zeros(1, dtype=torch.int64))


@pytest.mark.parametrize("rule", ["gumbel", "puct"])
def test_with_chance_it_comes_to_what_best_play_is_worth(rule):
    game = make("open_spiel:pig(winscore=4,diceoutcomes=2,horizon=8)")
    config = SearchConfig(simulations=600, rule=rule, c_scale=1.0, noise=0.0)
    for history in ((), ((0, 0), (2, 1)), ((0, 0), (2, 1), (0, 1))):
        state, (value, each) = reached(game, history), worth(game, history)
        seat = int(state.acting[0].int().argmax())
        found = SteppedSearch(game, indifferent(game.spec.actions), config).search(at(state), None)
        assert each[int(found.actions)] == pytest.approx(value, abs=1e-9)
        mean = float(found.means[0, int(found.actions)])
        assert mean == pytest.approx(value if seat == 0 else -value, abs=0.15)


def test_a_game_for_one_is_searched():
    game = make("open_spiel:catch(rows=5,columns=3)")
    architecture = {"kind": "dense", "observation": list(game.spec.observation_shape), "actions": 3}
    network = PolicyValueNetwork({**architecture, "layers": 1, "width": 8})
    agent = alphazero(game, network, simulations=100)
    games = torch.arange(20)
    played = play(game, [agent], seating=torch.zeros(20, 1, dtype=torch.int64), games=games, seed=0)
    assert played.returns.tolist() == [[1.0]] * 20


def test_a_deterministic_search_in_a_game_of_openspiels_is_measured_exactly():
    game: Any = make("open_spiel:tic_tac_toe")
    architecture = {"kind": "dense", "observation": list(game.spec.observation_shape), "actions": 9}
    network = PolicyValueNetwork({**architecture, "layers": 1, "width": 8, "temperature": 0.0})
    agent = alphazero(game, network, simulations=16, deterministic=True)
    assert isinstance(agent, Deterministic)
    tree = build_tree(game)
    behaviour = agent.behaviour(tree)
    assert set(behaviour.tolist()) == {0.0, 1.0}
    again: Any = alphazero(game, network, simulations=16, deterministic=True)
    assert (behaviour == again.behaviour(tree)).all()
    for history, wins in (((0, 3, 1, 4), 2), ((0, 3, 1, 4, 8), 5)):
        found = agent.search(at(reached(game, tuple((turn % 2, cell) for turn, cell in enumerate(history)))))
        assert (int(found.actions), float(found.value)) == (wins, 1.0)
