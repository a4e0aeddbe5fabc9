"""One seat of a game as a Gymnasium environment, held to Gymnasium's own check and to the games themselves."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from export_samples import BOUNDS, EVERY_GAME, OPEN_SPIEL, PARTS, Aim
from scripted import Remembering, Scripted, mixture, scripted

from agents import Random, play
from games import GameError, KuhnPoker, MatrixGame, TicTacToe, make, to_gymnasium

pytest.importorskip("gymnasium")
from gymnasium.utils.env_checker import check_env

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")  # the check warns of matters of taste


@EVERY_GAME
def test_every_seat_of_every_game_passes_the_check_of_gymnasium(name):
    game = make(name)
    for seat in range(game.spec.players):
        check_env(to_gymnasium(game, seat=seat))


@OPEN_SPIEL
def test_games_of_open_spiel_pass_too(name):
    pytest.importorskip("pyspiel")
    check_env(to_gymnasium(name, seat=1))


@pytest.mark.parametrize("kind", [PARTS, BOUNDS], ids=["parts", "bounds"])
@pytest.mark.parametrize("render_mode", [None, "human", "ansi", "svg"])
def test_actions_and_renderings_of_every_kind_pass_too(kind, render_mode):
    check_env(to_gymnasium(Aim(**kind), render_mode=render_mode))


def episode(env, choose, **reset):
    """Play one game and return what it paid."""
    observation, info = env.reset(**reset)
    total, over = 0.0, False
    while not over:
        observation, reward, terminated, truncated, info = env.step(choose(observation, info["action_mask"]))
        total, over = total + reward, terminated or truncated
    return total


@EVERY_GAME
@pytest.mark.parametrize("opponent", [Random, Scripted, Remembering, mixture])
def test_the_games_are_those_of_our_own_loop(name, opponent):
    game, games = make(name), torch.arange(12)
    for seat in range(game.spec.players):
        seating = torch.ones(len(games), game.spec.players).long()
        seating[:, seat] = 0
        expected = play(game, [Scripted(), opponent()], seating=seating, games=games, seed=9).returns[:, seat]
        env = to_gymnasium(game, seat=seat, opponents=None if opponent is Random else opponent())
        returns = [episode(env, scripted, seed=9)] + [episode(env, scripted) for _ in games[1:]]
        assert returns == pytest.approx(expected.tolist())
        assert episode(env, scripted, options={"game": 3}) == pytest.approx(returns[3])


def test_each_other_seat_can_have_an_agent_of_its_own():
    pytest.importorskip("pyspiel")
    game, games = make("open_spiel:kuhn_poker(players=3)"), torch.arange(20)
    agents = [Scripted(0), Remembering(), Scripted(2)]
    seating = torch.tensor([[1, 0, 2]]).repeat(len(games), 1)
    expected = play(game, agents, seating=seating, games=games, seed=2).returns[:, 1].tolist()
    env = to_gymnasium(game, seat=1, opponents=[Remembering(), Scripted(2)])
    assert [episode(env, scripted, seed=2), *(episode(env, scripted) for _ in games[1:])] == expected


def test_the_first_seat_of_tic_tac_toe_wins_as_often_at_random_as_is_known():
    """Under uniformly random play x wins 737/1260 of the games, and loses 121/420."""
    rows, each = 2000, 8
    envs, rng = to_gymnasium("tic_tac_toe", num_envs=rows), np.random.default_rng(0)
    _, info = envs.reset(seed=1)
    results = []
    for _ in range(6 * each):  # x marks five cells at most, and a game's start is a step
        uniform = rng.random(info["action_mask"].shape) * info["action_mask"]
        _, rewards, terminated, _, info = envs.step(uniform.argmax(1))
        results.append(rewards[terminated & (info["game"] < rows * each)])
    results = np.concatenate(results)
    assert len(results) == rows * each
    for value, share in ((1.0, 737 / 1260), (-1.0, 121 / 420)):
        assert abs((results == value).mean() - share) < 4 * np.sqrt(share * (1 - share) / len(results))


def test_an_illegal_action_is_a_lost_game():
    env = to_gymnasium("leduc_poker")
    _, info = env.reset(seed=0)
    assert info["action_mask"].tolist() == [0, 1, 1]
    assert env.unwrapped.action_masks().tolist() == [False, True, True]  # pyright: ignore[reportAttributeAccessIssue]
    _, reward, terminated, truncated, info = env.step(0)
    assert (reward, terminated, truncated) == (-13.0, True, False)
    assert info["action_mask"].tolist() == [1, 0, 0]
    with pytest.raises(GameError, match="call reset first"):
        env.step(1)


def test_an_illegal_choice_of_one_part_is_a_lost_game():
    env = to_gymnasium(Aim(**PARTS))
    _, info = env.reset()
    assert [part.tolist() for part in info["action_mask"]] == [[0, 1, 1], [1, 1, 1, 1, 1]]
    assert env.step(np.array([0, 1]))[1] == -20.0
    env.reset()
    assert env.step(np.array([2, 1]))[1] == 0.0


def test_continuous_actions_are_clipped_and_no_numbers_lose():
    env = to_gymnasium(Aim(**BOUNDS))
    assert env.reset()[1] == {"game": 0}
    assert env.step(np.array([9.0, 7.0]))[1] == -1.5
    env.reset()
    assert env.step(np.array([np.nan, 7.0]))[1] == -20.0


class EndsAtOnce(MatrixGame):
    """Half of the games are over before anybody has moved, and pay 7."""

    def reset(self, draws):
        state = super().reset(draws)
        over = draws.uniform() < 0.5
        rewards = state.rewards.masked_fill(over[:, None], 7.0)
        return replace(state, terminated=over, acting=state.acting & ~over[:, None], rewards=rewards)


def test_a_game_that_is_over_before_the_first_move_pays_with_the_first_step():
    env = to_gymnasium(EndsAtOnce([[1.0, -1.0], [-1.0, 1.0]]))
    paid = [episode(env, scripted, options={"game": number}) for number in range(30)]
    assert 5 < paid.count(7.0) < 25
    assert set(paid) <= {7.0, 1.0, -1.0}
    envs = to_gymnasium(EndsAtOnce([[1.0, -1.0], [-1.0, 1.0]]), num_envs=30)
    envs.reset(seed=env.np_random_seed)
    _, rewards, terminated, *_ = envs.step(np.zeros(30, dtype=np.int64))
    assert ((rewards == 7.0) == (np.array(paid) == 7.0)).all()
    assert terminated.all()
    _, rewards, terminated, *_ = envs.step(np.zeros(30, dtype=np.int64))
    assert not rewards.any()
    assert not terminated.any()
    _, rewards, terminated, *_ = envs.step(np.zeros(30, dtype=np.int64))
    assert 5 < (rewards == 7.0).sum() < 25
    assert terminated.all()


def test_a_seat_or_opponents_that_cannot_be_are_refused():
    with pytest.raises(GameError, match="expected a seat of kuhn_poker, 0 to 1, but got 2"):
        to_gymnasium("kuhn_poker", seat=2)
    with pytest.raises(GameError, match="expected 1 opponents, one for each other seat"):
        to_gymnasium(KuhnPoker(), opponents=[Random(), Random()])
    with pytest.raises(GameError, match="expected opponents with start"):
        to_gymnasium(KuhnPoker(), opponents=["random"])  # pyright: ignore[reportArgumentType]
    with pytest.raises(GameError, match="call reset first"):
        to_gymnasium(TicTacToe()).step(0)
