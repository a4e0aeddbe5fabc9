import numpy as np
import pytest
import torch

from agents.agent import Random
from agents.learner import Interrupted, Task, TrainingError, train
from agents.ppo import PPO, PPOConfig
from games import build_tree, make

CONFIG = PPOConfig(updates=12, games=256, hidden=(16,))


def silent(done, values):
    pass


def never():
    return False


def weights(policy):
    return torch.cat([tensor.flatten() for tensor in policy.tensors().values()])


def kuhn(seed=0, seat=0, config=CONFIG):
    return PPO(Task("job", make("kuhn_poker"), (seat,), Random(), seed), config)


@pytest.mark.parametrize("game", ["kuhn_poker", "leduc_poker", "rock_paper_scissors", "tic_tac_toe"])
def test_training_against_random_play_gains_most_of_what_can_be_gained(game, tmp_path):
    made = make(game)
    tree = build_tree(made)
    uniform = tree.plan(tree.uniform())
    opponents = Random() if game != "rock_paper_scissors" else Rock()
    if game == "rock_paper_scissors":
        uniform = tree.plan(tree.read(opponents.probabilities))
    learner = PPO(Task("job", made, (0,), opponents, seed=1), PPOConfig(updates=60, games=512))
    policy = train(learner, tmp_path / "c", task="job", stop=never, report=silent)
    own = tree.plan(policy.behaviour(tree))
    now, gained = tree.returns(uniform)[0], tree.returns(tree.seated([own, uniform]))[0]
    possible = tree.gains(uniform)[0]
    assert gained - now > 0.75 * possible


class Rock(Random):
    def probabilities(self, observation, legal, seats):
        return torch.tensor([1.0, 0.0, 0.0]).expand(len(seats), -1)


def test_the_same_task_gives_the_same_weights_and_another_seed_others(tmp_path):
    one, same, other = (
        train(kuhn(seed), tmp_path / f"c{index}", task="job", stop=never, report=silent)
        for index, seed in enumerate((0, 0, 1))
    )
    assert torch.equal(weights(one), weights(same))
    assert not torch.equal(weights(one), weights(other))


@pytest.mark.parametrize("stops", [(3,), (1, 2, 7), (11,)])
def test_an_interrupted_training_ends_with_the_same_weights(tmp_path, stops):
    whole = train(kuhn(), tmp_path / "whole", task="job", stop=never, report=silent)
    for stop_at in stops:
        learner = kuhn()
        with pytest.raises(Interrupted):
            train(
                learner,
                tmp_path / "cut",
                task="job",
                stop=lambda learner=learner, stop_at=stop_at: learner.done >= stop_at,
                report=silent,
            )
    resumed = train(kuhn(), tmp_path / "cut", task="job", stop=never, report=silent)
    assert torch.equal(weights(whole), weights(resumed))


def test_a_finished_checkpoint_is_not_trained_again(tmp_path):
    first = train(kuhn(), tmp_path / "c", task="job", stop=never, report=silent)
    seen = []
    again = train(kuhn(), tmp_path / "c", task="job", stop=never, report=lambda *told: seen.append(told))
    assert seen == []
    assert torch.equal(weights(first), weights(again))


def test_a_training_that_is_no_longer_finite_says_so(tmp_path):
    learner = kuhn()
    learner.update()
    with torch.no_grad():
        learner.policy.parameters()[0].fill_(torch.nan)
    with pytest.raises(TrainingError, match="not finite"):
        train(learner, tmp_path / "c", task="job", stop=never, report=silent)


def test_a_damaged_or_foreign_checkpoint_is_refused_by_name(tmp_path):
    path = tmp_path / "job.checkpoint"
    train(kuhn(), path, task="job", stop=never, report=silent)
    with pytest.raises(TrainingError, match=r"job\.checkpoint belongs to job"):
        train(kuhn(), path, task="another", stop=never, report=silent)
    good = path.read_bytes()
    for place in (0, 40, len(good) // 2, len(good) - 1):
        path.write_bytes(good[:place] + bytes([good[place] ^ 4]) + good[place + 1 :])
        with pytest.raises(TrainingError, match=r"job\.checkpoint is damaged"):
            train(kuhn(), path, task="job", stop=never, report=silent)


def test_advantages_are_those_of_the_definition():
    learner = PPO(
        Task("job", make("leduc_poker"), (0,), Random(), 0), PPOConfig(updates=1, games=32, trace=0.8, discount=0.9)
    )
    observation, _, _, _, advantage, target = learner._collect()[0]
    with torch.no_grad():
        values = learner.policy.values(observation)
    assert torch.allclose(target, advantage + values, atol=1e-6)
    assert np.isfinite(advantage.numpy()).all()


def test_all_pairs_and_movers_only_learn_the_same(monkeypatch):
    """The two schedules of the loop give the same decisions, so the same batch up to their order."""
    from agents import ppo
    from agents.rollout import play

    batches = []
    for dense in (False, True):
        monkeypatch.setattr(ppo, "play", lambda *a, dense=dense, **k: play(*a, **k, dense=dense))
        learner = PPO(Task("job", make("leduc_poker"), (1,), Random(), 0), PPOConfig(updates=1, games=64))
        batches.append(
            torch.cat(
                [column.flatten(1) if column.ndim > 1 else column[:, None] for column in learner._collect()[0]], 1
            )
        )
    one, other = (batch[np.lexsort(batch.detach().double().numpy().round(5).T)] for batch in batches)
    assert torch.allclose(one, other, atol=1e-5)


def test_an_update_of_few_decisions_learns_from_them():
    learner = PPO(Task("job", make("rock_paper_scissors"), (0,), Random(), 0), PPOConfig(updates=1, games=3))
    before = weights(learner.policy)
    learner.update()
    assert not torch.equal(before, weights(learner.policy))


def test_an_update_without_a_decision_changes_nothing(monkeypatch):
    learner = kuhn()
    monkeypatch.setattr(learner, "_play", lambda numbers: ([], torch.zeros(len(numbers)).double()))
    before = weights(learner.policy)
    assert learner.update()["return"] == 0.0
    assert torch.equal(before, weights(learner.policy))
