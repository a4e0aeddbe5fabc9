import pytest
import torch

from agents import check_agent
from agents.agent import Policy, Random
from games import make


def outcome(report, name):
    return next(check.outcome for check in report.checks if check.name == name)


@pytest.mark.parametrize("game", ["rock_paper_scissors", "kuhn_poker", "leduc_poker", "tic_tac_toe"])
def test_random_play_conforms(game):
    report = check_agent(make(game), Random)
    assert report.passed, str(report)


class Illegal(Random):
    def act(self, turn):
        return torch.zeros(len(turn), dtype=torch.int64)


class Floats(Random):
    def act(self, turn):
        return super().act(turn).double()


class Global(Random):
    def act(self, turn):
        return turn.legal.double().multinomial(1)[:, 0]


class Meddler(Random):
    def act(self, turn):
        turn.observation.zero_()
        return super().act(turn)


class Rememberer(Random):
    games = 0

    def start(self, seats, draws):
        self.games += len(seats)

    def act(self, turn):
        return super().act(turn) if self.games < 100 else turn.legal.int().argmax(1)


class Unsure(Policy):
    def probabilities(self, observation, legal, seats):
        return legal * 0.4


class Raises(Random):
    def act(self, turn):
        raise ValueError("no idea")


@pytest.mark.parametrize(
    ("agent", "broken"),
    [
        (Illegal, "legal actions"),
        (Floats, "answers"),
        (Global, "repeatable"),
        (Meddler, "no mutation"),
        (Rememberer, "fresh start"),
        (Unsure, "probabilities"),
        (Raises, "runs"),
    ],
)
def test_a_broken_agent_is_caught_and_the_rule_is_named(agent, broken):
    report = check_agent(make("tic_tac_toe"), agent)
    assert not report.passed
    assert outcome(report, broken) == "failed"
