"""AlphaZero learns, goes on from its checkpoint as if nothing had happened, and keeps honest lessons."""

from dataclasses import replace

import pytest
import torch

from agents.agent import AgentError, Random
from agents.learner import Interrupted, Task, train
from agents.search.learner import AlphaZero, AlphaZeroConfig
from agents.search.lessons import Lessons, window
from agents.search.selfplay import play_against, self_play
from games import build_tree, make

TINY = AlphaZeroConfig(updates=4, games=24, simulations=8, fast=4, full=0.5, width=16, batch=64, window=200)


def silent(done, values):
    pass


def never():
    return False


def learner(config: AlphaZeroConfig = TINY, seed: int = 0, game: str = "tic_tac_toe") -> AlphaZero:
    return AlphaZero(Task("job", make(game), (0, 1), Random(), seed), config)


def weights(policy):
    return torch.cat([tensor.flatten() for tensor in policy.tensors().values()])


def test_the_same_task_gives_the_same_weights_and_another_seed_others(tmp_path):
    one, same, other = (
        train(learner(seed=seed), tmp_path / f"c{index}", task="job", stop=never, report=silent)
        for index, seed in enumerate((0, 0, 1))
    )
    assert weights(one).equal(weights(same))
    assert not weights(one).equal(weights(other))


@pytest.mark.parametrize("stops", [(1,), (1, 2, 3)])
def test_an_interrupted_training_ends_with_the_same_weights(tmp_path, stops):
    whole = train(learner(), tmp_path / "whole", task="job", stop=never, report=silent)
    for stop_at in stops:
        part = learner()
        with pytest.raises(Interrupted):
            train(part, tmp_path / "part", task="job", stop=lambda: part.done >= stop_at, report=silent)  # noqa: B023
    rest = train(learner(), tmp_path / "part", task="job", stop=never, report=silent)
    assert weights(whole).equal(weights(rest))


def test_what_breaks_off_in_the_middle_of_self_play_is_played_again_alike(tmp_path):
    whole = learner()
    for _ in range(2):
        whole.update()
        whole.done += 1
    broken = learner()
    broken.update()
    broken.done += 1
    saved = {name: tensor.clone() for name, tensor in broken.tensors().items()}
    broken._play()  # and is killed before it has learned
    resumed = learner()
    resumed.load(saved)
    resumed.done = 1
    resumed.update()
    assert resumed.network.weights.equal(whole.network.weights)


@pytest.mark.slow
@pytest.mark.parametrize("rule", ["gumbel", "puct"])
def test_it_learns_tic_tac_toe(rule):
    config = AlphaZeroConfig(
        updates=50,
        games=256,
        simulations=24,
        fast=8,
        full=0.5,
        opening=0.5,
        width=32,
        batch=256,
        window=8000,
        rule=rule,
    )
    trained = learner(config)
    tree = build_tree(make("tic_tac_toe"))
    uniform = tree.plan(tree.uniform())

    def earned() -> float:
        """Return what the network alone earns against random play, both seats together."""
        policy = trained.response()
        policy.architecture["temperature"] = 0.0
        own = tree.plan(policy.behaviour(tree))
        return sum(
            float(tree.returns(tree.seated(seats))[seat]) for seat, seats in enumerate(([own, uniform], [uniform, own]))
        )

    before, shown = earned(), {"return": 0.0}
    for _ in range(config.updates):
        shown = trained.update()
        trained.done += 1
    assert earned() > max(1.5, before)
    assert shown["return"] > 0.3


def test_lessons_say_what_came_of_the_game():
    trained = learner(replace(TINY, opening=0.0))
    part = trained._parts[0]
    part.learn(trained.network)
    games = torch.arange(30)
    session = self_play(part.search, trained.config, games=games, seed=1)
    lessons = session.lessons
    assert len(lessons) == session.moves
    assert set(lessons.outcome.tolist()) <= {-1.0, 0.0, 1.0}
    taught = lessons.policy.sum(1) > 0
    assert 0.3 < float(taught.float().mean()) < 0.7
    assert lessons.policy[taught].sum(1).allclose(torch.ones(int(taught.sum())), atol=1e-5)
    assert not bool((lessons.policy[~lessons.legal] > 0).any())
    assert session.simulations == int(taught.sum()) * 8 + int((~taught).sum()) * 4
    first = lessons.observation.flatten(1).sum(1) == 0
    assert int(first.sum()) == 30
    assert float(lessons.outcome[first].mean()) == pytest.approx(float(session.returns[:, 0].mean()))


def test_against_opponents_only_its_own_moves_are_lessons():
    trained = learner(replace(TINY, opening=0.0))
    part = trained._parts[0]
    part.learn(trained.network)
    seats = torch.tensor([0, 1]).repeat(10)
    session = play_against(part.search, trained.config, Random(), seats, games=torch.arange(20), seed=1)
    marks = session.lessons.observation.flatten(1).sum(1)
    assert len(session.lessons) < session.moves
    assert set((marks % 2).tolist()) == {0, 1}


def test_openings_are_random_and_teach_nothing():
    trained = learner(replace(TINY, opening=1.0, opening_moves=3))
    part = trained._parts[0]
    part.learn(trained.network)
    session = self_play(part.search, trained.config, games=torch.arange(60), seed=1)
    marks = session.lessons.observation.flatten(1).sum(1)
    assert int(marks.min()) >= 1
    assert len(session.lessons) < session.moves


def test_games_are_given_up_and_audited():
    config = replace(TINY, games=200, resign=-0.01, audited=0.5, against=0.0, opening=0.0)
    trained = learner(config)
    shown = trained.update()
    assert shown["given_up"] + shown["audited"] <= 200
    assert shown["given_up"] > 10
    assert shown["audited"] > 10
    assert 0 <= shown["wrongly"] <= shown["audited"]


def test_the_window_grows_ever_more_slowly_and_never_beyond_what_there_is():
    sizes = [window(total, least=1000) for total in (10, 1000, 2000, 10_000, 100_000)]
    assert sizes[:2] == [10, 1000]
    assert sizes == sorted(sizes)
    shares = [size / total for size, total in zip(sizes[1:], (1000, 2000, 10_000, 100_000), strict=True)]
    assert shares == sorted(shares, reverse=True)


def test_lessons_are_joined_in_order():
    part = Lessons(
        torch.zeros(2, 3), torch.ones(2, 4).bool(), torch.zeros(2, 4), torch.tensor([1.0, 2.0]), torch.zeros(2)
    )
    joined = Lessons.join([part, part]).rows(slice(-3, None))
    assert joined.outcome.tolist() == [2.0, 1.0, 2.0]


def test_games_that_it_cannot_learn_are_refused():
    with pytest.raises(AgentError, match="hides information"):
        learner(game="kuhn_poker")
    with pytest.raises(AgentError, match="is for 3"):
        learner(game="open_spiel:pig(players=3)")


@pytest.mark.parametrize("game", ["open_spiel:tic_tac_toe", "open_spiel:pig(winscore=4)", "open_spiel:catch(rows=4)"])
def test_it_learns_in_games_of_python_objects_with_chance_and_for_one(tmp_path, game):
    config = replace(TINY, updates=2, games=8)
    task = Task("job", make(game), tuple(range(make(game).spec.players)), Random(), 0)
    one, same = (
        train(AlphaZero(task, config), tmp_path / name, task="job", stop=never, report=silent) for name in "ab"
    )
    assert weights(one).equal(weights(same))
    assert not weights(one).equal(weights(AlphaZero(task, config).response()))


def test_now_and_then_the_search_is_measured_on_a_ladder_and_learns_the_same():
    told = []
    for every in (0, 2):
        one = learner(replace(TINY, ladder=every))
        rungs = []
        for _ in range(4):
            values = one.update()
            one.done += 1
            rungs.append({name: value for name, value in values.items() if name.startswith("against ")})
        told.append((weights(one.response()), rungs))
    (unmeasured, none), (measured, some) = told
    assert measured.equal(unmeasured)
    assert not any(none)
    names = ["against random", "against mcts(10)", "against mcts(100)", "against mcts(1000)"]
    assert [list(rungs) for rungs in some] == [[], names, [], names]
    assert all(-1 <= value <= 1 for rungs in some for value in rungs.values())
    assert some[1]["against random"] > 0 > some[1]["against mcts(1000)"] - 0.5
