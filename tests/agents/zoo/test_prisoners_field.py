"""However the strategies of the iterated prisoner's dilemma are seated, the games are the same, bit for bit."""

import itertools

import pytest
import torch

from agents import Agent, AgentError, Policy, Random, check_agent, play
from agents.zoo import FIELDS, ZOO
from agents.zoo.scripted import Field, Scripted, play_field, strategy_of
from agents.zoo.scripted_kernels import NOT_PLAYED
from games import Draws, Turn, make
from games.game import Game

NAMES = list(dict.fromkeys(FIELDS["prisoners"]))
VARIANTS = [
    "iterated_prisoners_dilemma(rounds=75)",
    "iterated_prisoners_dilemma(rounds=1)",
    "iterated_prisoners_dilemma(rounds=70, noise=0.1)",
    "iterated_prisoners_dilemma(rounds=90, continuation=0.97)",
    "iterated_prisoners_dilemma(rounds=80, continuation=0.98, noise=0.05)",
    "iterated_prisoners_dilemma(rounds=3, continuation=0)",
    "repeated(game='prisoners_dilemma(temptation=0.7, reward=0.6, punishment=0.1, sucker=-0.3)', rounds=72, noise=1)",
]


def lineup_of(game: Game) -> list[Agent]:
    return [Random() if name == "random" else ZOO[name].load()(game) for name in NAMES]


def every_pair() -> torch.Tensor:
    return torch.tensor(list(itertools.product(range(len(NAMES)), repeat=2)))


@pytest.mark.parametrize("name", VARIANTS)
def test_whole_games_are_those_of_the_loop(name):
    """Every strategy meets every one; returns and choices are equal, in one loop and in lockstep."""
    game, pairs = make(name), every_pair()
    lineup, games = lineup_of(game), torch.arange(len(pairs)) + 1000
    fused = play_field(game, lineup, pairs, seed=3, games=games)
    assert fused is not None
    returns, choices = fused
    played = play(game, lineup, seating=pairs, games=games, seed=3, record=True)
    assert played.choices is not None
    assert torch.equal(returns, played.returns)
    assert torch.equal(choices[choices != NOT_PLAYED].long(), played.choices.actions)
    assert torch.equal((choices != NOT_PLAYED).sum((1, 2)), played.choices.counts)
    assert 0 < int(choices[choices != NOT_PLAYED].sum()) < len(played.choices.actions)


@pytest.mark.parametrize(("name", "dense"), [(VARIANTS[0], True), (VARIANTS[3], False), (VARIANTS[4], True)])
def test_a_field_as_one_agent_plays_the_games_of_its_strategies(name, dense):
    game, pairs = make(name), every_pair()[::3]
    lineup, games = lineup_of(game), torch.arange(len(pairs))
    strategies = [strategy for strategy in map(strategy_of, lineup) if strategy is not None]
    field = Field(game, strategies, pairs.reshape(-1))
    expected = play_field(game, lineup, pairs, seed=8, games=games)
    assert expected is not None
    for _ in range(2):  # what it remembers of one tournament does not enter the next
        alone = torch.zeros_like(pairs)
        returns = play(game, [field], seating=alone, games=games, seed=8, dense=dense).returns
        assert torch.equal(returns, expected[0])


class Read(Policy):
    """Plays by the probabilities that a policy tells, and remembers nothing."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy

    def probabilities(self, observation, legal, seats):
        return self.policy.probabilities(observation, legal, seats)


@pytest.mark.parametrize("name", [VARIANTS[0], VARIANTS[4]])
def test_what_a_strategy_tells_of_itself_is_what_it_plays(name):
    """The probabilities, read from what a seat sees, lead to the games that its memory leads to."""
    game, pairs = make(name), every_pair()
    lineup, games = lineup_of(game), torch.arange(len(pairs))
    readers = [Read(agent) if isinstance(agent, Scripted) else agent for agent in lineup]
    expected = play_field(game, lineup, pairs, seed=5, games=games)
    assert expected is not None
    assert torch.equal(play(game, readers, seating=pairs, games=games, seed=5).returns, expected[0])


@pytest.mark.parametrize("name", [name for name in NAMES if name != "random"])
def test_every_strategy_conforms(name):
    rounds = 62 if name == "graaskamp" else 20  # it begins to draw in round 57
    game = make(f"iterated_prisoners_dilemma(rounds={rounds}, continuation=0.99, noise=0.05)")
    report = check_agent(game, lambda: ZOO[name].load()(game), games=8)
    assert report.passed, str(report)


def test_a_game_is_the_same_in_whatever_company():
    game, pairs = make("iterated_prisoners_dilemma(rounds=60, noise=0.05)"), every_pair()
    lineup, games = lineup_of(game), torch.arange(len(pairs))
    together = play_field(game, lineup, pairs, seed=1, games=games)
    backwards = play_field(game, lineup, pairs.flip(0), seed=1, games=games.flip(0))
    some = play_field(game, lineup, pairs[40:43], seed=1, games=games[40:43])
    other = play_field(game, lineup, pairs, seed=2, games=games)
    assert together is not None
    assert backwards is not None
    assert some is not None
    assert other is not None
    assert torch.equal(together[1], backwards[1].flip(0))
    assert torch.equal(together[1][40:43], some[1])
    assert not torch.equal(together[1], other[1])


def test_an_inactive_pair_remembers_nothing():
    """Asked about rows that do not move, a strategy answers, and goes on as if it had not been asked."""
    game = make("iterated_prisoners_dilemma(rounds=9)")
    agent = ZOO["shubik"].load()(game)
    rows = torch.arange(2)
    draws = Draws.of(0, "action", rows)
    agent.start(torch.zeros_like(rows), draws)
    state, answers = game.reset(draws), []
    for _ in range(6):
        active = torch.tensor([True, False])
        turn = Turn(game, state, rows, torch.zeros_like(rows), draws, rows, torch.zeros(2, 2), active)
        answers.append(agent.act(turn).tolist())
        state = game.step(state, torch.tensor([[answers[-1][0], 1]] * 2))
    assert [first for first, _ in answers] == [0, 1, 0, 1, 1, 0]


def test_what_is_no_field_is_left_to_the_loop():
    dilemma, pairs = make("iterated_prisoners_dilemma(rounds=5)"), torch.tensor([[0, 1]])
    lineup, games = [ZOO["davis"].load()(dilemma), Random()], torch.arange(1)

    class Own(Random):
        """Not the random agent, though derived from it."""

    assert play_field(dilemma, lineup, pairs, seed=0, games=games) is not None
    assert play_field(dilemma, [lineup[0], Own()], pairs, seed=0, games=games) is None
    assert play_field(make("repeated(game='stag_hunt', rounds=5)"), [Random()] * 2, pairs, seed=0, games=games) is None
    assert play_field(make("tic_tac_toe"), [Random()] * 2, pairs, seed=0, games=games) is None


def test_a_field_of_other_pairs_is_refused():
    game = make("iterated_prisoners_dilemma(rounds=5)")
    davis = strategy_of(ZOO["davis"].load()(game))
    assert davis is not None
    field = Field(game, [davis], torch.zeros(3, dtype=torch.int64))
    with pytest.raises(AgentError, match="as many pairs as the field has owners, 3, but got 2"):
        play(game, [field], seating=torch.zeros(1, 2, dtype=torch.int64), games=torch.arange(1), seed=0)
