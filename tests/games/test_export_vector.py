"""Many games at once as a Gymnasium vector environment: the same games as one by one."""

import numpy as np
import pytest
from export_samples import BOUNDS, EVERY_GAME, PARTS, Aim
from scripted import Remembering, Scripted, mixture

from agents import Random
from games import GameError, TicTacToe, make, to_gymnasium, to_pettingzoo
from games.pettingzoo.make import from_pettingzoo

pytest.importorskip("pettingzoo")
from gymnasium.vector import AutoresetMode, VectorEnv

ROWS = 7


class Undivided(Random):
    """A policy that shows how many pairs it is asked at once."""

    asked = 0

    def act(self, turn):
        type(self).asked = max(self.asked, len(turn))
        return super().act(turn)


def one_by_one(game, seat, opponents, seed):
    """Play as the vector environment does, with an environment and opponents for each row."""
    envs = [to_gymnasium(game, seat=seat, opponents=opponents()) for _ in range(ROWS)]
    numbers, ended = list(range(ROWS)), [False] * ROWS
    shown = [env.reset(seed=seed, options={"game": row}) for row, env in enumerate(envs)]

    def step(actions):
        out = []
        for row, env in enumerate(envs):
            if ended[row]:
                numbers[row] += ROWS
                seen, info = env.reset(options={"game": numbers[row]})
                out.append((seen, 0.0, False, False, info))
            else:
                out.append(env.step(actions[row]))
            ended[row] = out[-1][2] or out[-1][3]
        return out

    return shown, step


@EVERY_GAME
@pytest.mark.parametrize("opponents", [lambda: None, Remembering, mixture], ids=["policy", "remembering", "mixture"])
def test_every_row_plays_the_games_of_a_single_environment(name, opponents):
    game, rng = make(name), np.random.default_rng(1)
    for seat in range(min(game.spec.players, 2)):
        envs = to_gymnasium(game, seat=seat, opponents=opponents(), num_envs=ROWS)
        shown, step = one_by_one(game, seat, opponents, seed=3)
        seen, info = envs.reset(seed=3)
        assert np.array_equal(seen, [one for one, _ in shown])
        for move in range(25):
            mask = info["action_mask"]
            actions = (rng.random(mask.shape) * (mask if move % 9 else 1)).argmax(1)  # now and then an illegal one
            seen, rewards, terminated, truncated, info = envs.step(actions)
            singles = step(actions)
            assert np.array_equal(seen, [one[0] for one in singles])
            assert rewards.tolist() == [one[1] for one in singles]
            assert terminated.tolist() == [one[2] for one in singles]
            assert truncated.tolist() == [one[3] for one in singles]
            assert np.array_equal(info["action_mask"], [one[4]["action_mask"] for one in singles])


@pytest.mark.parametrize("kind", [PARTS, BOUNDS], ids=["parts", "bounds"])
def test_actions_of_every_kind_are_stepped_at_once(kind):
    envs = to_gymnasium(Aim(**kind), num_envs=5)
    seen, info = envs.reset(seed=0)
    assert seen in envs.observation_space
    if "parts" in kind:
        assert [part.shape for part in info["action_mask"]] == [(5, 3), (5, 5)]
    actions = np.tile(np.array(kind["target"], envs.single_action_space.dtype), (5, 1))
    assert actions in envs.action_space
    _, rewards, terminated, *_ = envs.step(actions)
    assert rewards.tolist() == [0.0] * 5
    assert terminated.all()


def test_games_that_cannot_be_copied_are_stepped_together_too():
    live = from_pettingzoo(lambda: to_pettingzoo("tic_tac_toe"))
    ours, theirs = (to_gymnasium(game, opponents=Scripted(), num_envs=ROWS) for game in (TicTacToe(), live))
    _, info = ours.reset(seed=0)
    theirs.reset(seed=0)
    for _ in range(20):
        actions = info["action_mask"].argmax(1)
        (seen, *step, info), (again, *same, shown) = ours.step(actions), theirs.step(actions)
        assert all(np.array_equal(one, other) for one, other in zip(step, same, strict=True))
        assert np.array_equal(info["action_mask"], shown["action_mask"])
        going = ~step[1]  # what is seen of a live world that is over is nothing
        assert np.array_equal(seen[going], again[going])
    theirs.reset(seed=0)
    theirs.step(np.zeros(ROWS, dtype=np.int64))
    with pytest.raises(GameError, match="does not tell its least utility"):
        theirs.step(np.zeros(ROWS, dtype=np.int64))


def test_it_is_a_vector_environment_of_gymnasium():
    envs = to_gymnasium("tic_tac_toe", num_envs=4, render_mode="ansi")
    assert isinstance(envs, VectorEnv)
    assert envs.metadata["autoreset_mode"] is AutoresetMode.NEXT_STEP
    seen, info = envs.reset(seed=0)
    assert seen in envs.observation_space
    assert info["_action_mask"].all()
    envs.action_space.seed(0)
    seen, rewards, terminated, truncated, _ = envs.step(envs.action_space.sample())
    assert seen in envs.observation_space
    assert [column.dtype for column in (rewards, terminated, truncated)] == [np.float64, np.bool_, np.bool_]
    assert [str(frame).count("x") for frame in envs.render() or ()] == [1, 1, 1, 1]
    envs.close()


def test_what_was_returned_does_not_change_later():
    envs = to_gymnasium("leduc_poker", num_envs=8)
    seen, info = envs.reset(seed=0)
    returned = [seen, info["action_mask"]]
    for _ in range(6):
        kept = [column.copy() for column in returned]
        *step, info = envs.step(info["action_mask"].argmax(1))
        assert all(np.array_equal(before, now) for before, now in zip(kept, returned, strict=True))
        returned = [*step, info["action_mask"]]


def test_a_reset_without_a_seed_goes_on_to_games_not_yet_played():
    envs = to_gymnasium("kuhn_poker", num_envs=ROWS)
    _, info = envs.reset(seed=5)
    assert info["game"].tolist() == list(range(ROWS))
    last = max(envs.step(np.zeros(ROWS, dtype=np.int64))[-1]["game"].max() for _ in range(10))
    _, info = envs.reset()
    assert info["game"].tolist() == list(range(last + 1, last + 1 + ROWS))
    _, info = envs.reset(options={"game": 70})
    assert info["game"].tolist() == list(range(70, 70 + ROWS))


def test_a_policy_is_asked_for_all_rows_at_once():
    Undivided.asked = 0
    envs = to_gymnasium("tic_tac_toe", opponents=Undivided(), num_envs=64)
    _, info = envs.reset(seed=0)
    for _ in range(30):
        _, _, _, _, info = envs.step(info["action_mask"].argmax(1))
    assert Undivided.asked == 64


class Counted(Remembering):
    """An agent that counts its copies."""

    copies = 0

    def __deepcopy__(self, memo):
        type(self).copies += 1
        return Counted()


def test_copies_for_games_that_start_together_are_passed_on():
    Counted.copies = 0
    envs = to_gymnasium("tic_tac_toe", opponents=Counted(), num_envs=50)
    _, info = envs.reset(seed=0)
    for _ in range(100):
        _, _, _, _, info = envs.step(info["action_mask"].argmax(1))
    assert 1 <= Counted.copies <= 6  # a game takes five steps at most


class Uncopyable(Remembering):
    def __deepcopy__(self, memo):
        raise TypeError("a running program")


def test_what_cannot_be_is_refused():
    with pytest.raises(GameError, match="expected num_envs to be 1 or more but got 0"):
        to_gymnasium("tic_tac_toe", num_envs=0)
    envs = to_gymnasium("tic_tac_toe", num_envs=3, opponents=Uncopyable())
    with pytest.raises(GameError, match="call reset first"):
        envs.step(np.zeros(3, dtype=np.int64))
    envs.reset(seed=0)
    with pytest.raises(GameError, match="expected 3 actions, one a row, but got 2"):
        envs.step(np.zeros(2, dtype=np.int64))
    envs.step(np.array([0, 4, 8]))
    envs.step(np.array([0, 0, 0]))  # an illegal action ends the first game
    with pytest.raises(GameError, match="copying Uncopyable raised TypeError: a running program"):
        envs.step(np.zeros(3, dtype=np.int64))
