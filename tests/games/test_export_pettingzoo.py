"""Games as PettingZoo environments, held to PettingZoo's own tests and to the games themselves."""

import copy
import doctest
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
import torch
from export_samples import BOUNDS, CHANCELESS, EVERY_GAME, OPEN_SPIEL, PARTS, Aim
from scripted import Scripted, scripted

from agents import play
from games import GameError, KuhnPoker, MatrixGame, TicTacToe, make, repeated, rock_paper_scissors
from games.export import convert
from games.pettingzoo.make import from_pettingzoo

pytest.importorskip("pettingzoo")
from pettingzoo.test import api_test, parallel_api_test, parallel_seed_test, render_test, seed_test
from pettingzoo.utils import turn_based_aec_to_parallel

to_pettingzoo: Any = convert.to_pettingzoo
"""PettingZoo's own types leave open what an observation is."""

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")  # PettingZoo's tests warn of matters of taste


@EVERY_GAME
def test_every_game_passes_the_tests_of_pettingzoo(name):
    api_test(to_pettingzoo(name))
    seed_test(lambda: to_pettingzoo(name))


@EVERY_GAME
def test_every_game_passes_the_parallel_tests_of_pettingzoo(name):
    parallel_api_test(to_pettingzoo(name, parallel=True))
    parallel_seed_test(lambda: to_pettingzoo(name, parallel=True))


@OPEN_SPIEL
def test_games_of_open_spiel_pass_too(name):
    pytest.importorskip("pyspiel")
    api_test(to_pettingzoo(name))
    seed_test(lambda: to_pettingzoo(name))
    parallel_api_test(to_pettingzoo(name, parallel=True))


@pytest.mark.parametrize("kind", [PARTS, BOUNDS], ids=["parts", "bounds"])
def test_actions_of_every_kind_pass_too(kind):
    api_test(to_pettingzoo(Aim(**kind)))
    seed_test(lambda: to_pettingzoo(Aim(**kind)))
    parallel_api_test(to_pettingzoo(Aim(**kind), parallel=True))


def test_every_render_mode_passes_the_test_of_pettingzoo(capsys):
    render_test(lambda render_mode=None: to_pettingzoo("tic_tac_toe", render_mode=render_mode))
    assert "...\n...\n..." in capsys.readouterr().out
    env = to_pettingzoo("tic_tac_toe", parallel=True, render_mode="svg")
    env.reset()
    assert env.render().startswith("<svg")


def cycle(env, choose):
    """Play one game of an AEC environment and return each agent's return."""
    returns = dict.fromkeys(env.possible_agents, 0.0)
    for agent in env.agent_iter():
        seen, reward, terminated, truncated, _ = env.last()
        returns[agent] += reward
        env.step(None if terminated or truncated else choose(agent, seen))
    return [returns[agent] for agent in env.possible_agents]


def parallel_cycle(env, observations, infos, choose):
    """Play one game of a parallel environment; agents that do not move give no action."""
    returns = dict.fromkeys(env.possible_agents, 0.0)
    while env.agents:
        actions = {agent: choose(agent, observations[agent]) for agent in env.agents if infos[agent]["moves"]}
        observations, rewards, _, _, infos = env.step(actions)
        for agent, reward in rewards.items():
            returns[agent] += reward
    return [returns[agent] for agent in env.possible_agents]


def choose(agent, seen):
    return scripted(seen["observation"], seen["action_mask"], salt=int(agent[-1]))


def played(game, games, seed):
    agents = [Scripted(salt) for salt in range(game.spec.players)]
    seating = torch.arange(game.spec.players).repeat(len(games), 1)
    return play(game, agents, seating=seating, games=games, seed=seed).returns.tolist()


@EVERY_GAME
def test_the_games_are_those_of_our_own_loop(name):
    game, seed = make(name), 5
    expected = played(game, torch.arange(8), seed)
    aec, parallel = to_pettingzoo(game), to_pettingzoo(game, parallel=True)
    for number, returns in enumerate(expected):
        first = {"seed": seed} if number == 0 else {}
        aec.reset(**first)
        assert cycle(aec, choose) == pytest.approx(returns)
        observations, infos = parallel.reset(**first)
        assert parallel_cycle(parallel, observations, infos, choose) == pytest.approx(returns)


@CHANCELESS
@pytest.mark.parametrize("parallel", [False, True])
def test_a_game_given_back_through_our_own_adapter_is_the_same_game(name, parallel):
    game, games = make(name), torch.arange(4)
    back = from_pettingzoo(lambda: to_pettingzoo(game, parallel=parallel), utility=game.spec.utility)
    assert played(back, games, 3) == played(game, games, 3)


def test_a_game_of_chance_given_back_deals_every_hand():
    """The adapter seeds each environment with other numbers, so the deals come in another order."""
    back = from_pettingzoo(lambda: to_pettingzoo("kuhn_poker"))
    assert {*map(tuple, played(back, torch.arange(60), 0))} == {*map(tuple, played(KuhnPoker(), torch.arange(60), 0))}


def test_a_game_can_be_called_by_its_number():
    game, env = KuhnPoker(), to_pettingzoo("kuhn_poker")
    (expected,) = played(game, torch.tensor([4711]), 3)
    env.reset(seed=3, options={"game": 4711})
    assert cycle(env, choose) == expected
    env.reset(options={"game": 4711})
    assert cycle(env, choose) == expected
    with pytest.raises(GameError, match="number of a game"):
        env.reset(options={"game": "first"})


def test_resets_without_a_seed_go_on_to_other_deals():
    env, deals = to_pettingzoo("kuhn_poker"), set()
    env.reset(seed=0)
    for _ in range(60):
        deals.add(tuple(np.concatenate([env.observe(agent)["observation"] for agent in env.possible_agents])))
        env.reset()
    assert len(deals) == 6
    unseeded = to_pettingzoo("kuhn_poker").unwrapped, to_pettingzoo("kuhn_poker").unwrapped
    for one in unseeded:
        one.reset()
    assert unseeded[0].match.seed != unseeded[1].match.seed  # pyright: ignore[reportAttributeAccessIssue]


def test_in_a_simultaneous_move_earlier_choices_are_hidden_and_the_last_pays():
    env = to_pettingzoo(rock_paper_scissors())
    env.reset()
    before = env.observe("player_1")
    env.step(1)
    after = env.observe("player_1")
    assert env.agent_selection == "player_1"
    assert all(np.array_equal(before[key], after[key]) for key in before)
    assert env.rewards == {"player_0": 0.0, "player_1": 0.0}
    assert not env.observe("player_0")["action_mask"].any()
    env.step(0)
    assert env.rewards == {"player_0": 1.0, "player_1": -1.0}
    assert all(env.terminations.values())


def test_in_the_parallel_form_who_does_not_move_has_one_choice_which_is_ignored():
    env = to_pettingzoo("tic_tac_toe", parallel=True)
    observations, infos = env.reset(seed=0)
    assert observations["player_0"]["action_mask"].all()
    assert observations["player_1"]["action_mask"].tolist() == [1, 0, 0, 0, 0, 0, 0, 0, 0]
    assert infos == {"player_0": {"game": 0, "moves": True}, "player_1": {"game": 0, "moves": False}}
    observations, _, _, _, infos = env.step({"player_0": 4, "player_1": 4})
    assert observations["player_1"]["action_mask"].tolist() == [1, 1, 1, 1, 0, 1, 1, 1, 1]
    assert [info["moves"] for info in infos.values()] == [False, True]
    with pytest.raises(GameError, match="an action of player_1"):
        env.step({"player_0": 0})


def test_the_parallel_form_of_a_turn_based_game_is_that_of_pettingzoos_converter():
    ours, theirs = to_pettingzoo("leduc_poker", parallel=True), turn_based_aec_to_parallel(to_pettingzoo("leduc_poker"))
    (seen, _), (expected, _) = ours.reset(seed=4), theirs.reset(seed=4)
    while ours.agents:
        assert ours.agents == theirs.agents
        mover = theirs.unwrapped.agent_selection  # pyright: ignore[reportAttributeAccessIssue]
        for agent in ours.agents:
            assert np.array_equal(seen[agent]["observation"], expected[agent]["observation"])
        assert np.array_equal(seen[mover]["action_mask"], expected[mover]["action_mask"])
        action = {mover: choose(mover, seen[mover])}
        (seen, rewards, ended, *_), (expected, awaited, over, *_) = ours.step(action), theirs.step(action)
        assert (rewards, ended) == (awaited, over)
    assert not theirs.agents


def test_an_illegal_action_loses():
    env = to_pettingzoo("leduc_poker")
    env.reset()
    assert env.observe("player_0")["action_mask"].tolist() == [0, 1, 1]
    env.step(0)
    assert env.rewards == {"player_0": -13.0, "player_1": 0.0}
    assert env.terminations == {"player_0": True, "player_1": True}
    assert cycle(env, None) == [-13.0, 0.0]
    parallel = to_pettingzoo("leduc_poker", parallel=True)
    parallel.reset()
    _, rewards, terminated, truncated, _ = parallel.step({"player_0": 0})
    assert rewards == {"player_0": -13.0, "player_1": 0.0}
    assert all(terminated.values())
    assert not any(truncated.values())
    assert parallel.agents == []


def test_of_a_joint_move_whoever_is_illegal_loses():
    payoffs = np.ones((3, 2, 2))
    payoffs[0, 0] = -4.0
    for actions, expected in (((1, 2), (0.0, -4.0)), ((1, 1), (1.0, 1.0)), ((0, 0), (-4.0, -4.0))):
        env = to_pettingzoo(MatrixGame(payoffs), parallel=True)
        env.reset()
        _, rewards, *_ = env.step(dict(zip(env.agents, actions, strict=True)))
        assert tuple(rewards.values()) == expected
    aec = to_pettingzoo(MatrixGame(payoffs))
    aec.reset()
    aec.step(1)
    aec.step(2)
    assert aec.rewards == {"player_0": 0.0, "player_1": -4.0}


def test_an_illegal_action_takes_back_what_was_paid_before():
    payoffs = np.ones((2, 3, 2))
    payoffs[0, 0] = 0.0
    env = to_pettingzoo(repeated(MatrixGame(payoffs), rounds=3), parallel=True)
    env.reset()
    _, rewards, *_ = env.step({"player_0": 1, "player_1": 2})
    assert rewards == {"player_0": 1.0, "player_1": 1.0}
    _, rewards, *_ = env.step({"player_0": 2, "player_1": 2})
    assert rewards == {"player_0": -1.0, "player_1": 0.0}


def test_a_copy_made_in_the_middle_of_a_game_goes_on_alike_and_alone():
    env = to_pettingzoo("leduc_poker")
    env.reset(seed=1)
    env.step(1)
    twin, before = copy.deepcopy(env), env.observe("player_0")["observation"]
    returns = cycle(twin, choose)
    assert np.array_equal(env.observe("player_0")["observation"], before)
    assert cycle(env, choose) == returns


@pytest.mark.parametrize("action", [9, -1, 0.5, "a", None, [1, 2]])
def test_what_is_no_action_at_all_is_refused(action):
    env = to_pettingzoo(TicTacToe())
    env.reset()
    with pytest.raises(GameError, match=r"expected an action of Discrete\(9\) for tic_tac_toe but got"):
        env.step(action)


def test_continuous_actions_are_clipped_to_their_bounds():
    env = to_pettingzoo(Aim(**BOUNDS), parallel=True)
    env.reset()
    _, rewards, *_ = env.step({"player_0": np.array([9.0, 7.0])})
    assert rewards == {"player_0": -1.5}


def test_a_step_before_the_first_reset_is_refused():
    with pytest.raises(GameError, match="call reset first"):
        to_pettingzoo("tic_tac_toe", parallel=True).step({})
    with pytest.raises(GameError, match="render_mode to be None or one of"):
        to_pettingzoo("tic_tac_toe", render_mode="rgb_array")


def test_a_missing_library_is_named_with_its_command(monkeypatch):
    monkeypatch.setitem(sys.modules, "pettingzoo", None)
    with pytest.raises(GameError, match=r"to_pettingzoo needs PettingZoo.*pip install 'redqueen\[pettingzoo\]'"):
        to_pettingzoo("tic_tac_toe")
    monkeypatch.setitem(sys.modules, "gymnasium", None)
    with pytest.raises(GameError, match=r"to_gymnasium needs Gymnasium.*pip install 'redqueen\[pettingzoo\]'"):
        convert.to_gymnasium("tic_tac_toe")


def test_importing_games_imports_neither_library():
    code = "import sys, games; games.to_pettingzoo; print({'gymnasium', 'pettingzoo'} & set(sys.modules))"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert shown.strip() == "set()"


def test_the_documented_examples_run():
    failed, attempted = doctest.testmod(convert)
    assert (failed, attempted > 0) == (0, True)
