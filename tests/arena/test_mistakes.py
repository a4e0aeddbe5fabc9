"""Mistakes against perfect play: exact where all positions are at hand, right by hand, on labels that can be redone."""

import numpy as np
import pytest
import torch
from torch import Tensor

from agents.agent import Agent, AgentError, Random
from agents.registry import make as make_agent
from agents.zoo.minimax import minimax
from arena.mistakes import Mistakes, mistakes, positions_of, wilson_interval
from arena.positions import DIFFICULTIES, NO_MOVE, SETS, STAGES, Labelled, connect_four_positions, generate, solved
from arena.reachable import reachable_positions
from games import ConnectFour, make
from games.boards.connect_four_solver import ConnectFourSolver, length
from games.draws import Draws
from games.errors import GameError
from games.native import NativeState
from games.turn import Turn


class Fixed:
    """Chooses one action of each position, given beforehand."""

    def __init__(self, actions: np.ndarray) -> None:
        self.actions = torch.from_numpy(actions)

    def start(self, seats: Tensor, draws: Draws) -> None:
        pass

    def act(self, turn: Turn) -> Tensor:
        return self.actions[turn.memory]


@pytest.fixture(scope="module")
def connect_four() -> Labelled:
    return connect_four_positions()


@pytest.fixture(scope="module")
def tic_tac_toe() -> Labelled:
    return reachable_positions(make("tic_tac_toe"))


def words(positions: Labelled) -> np.ndarray:
    assert isinstance(positions.state, NativeState)
    return positions.state.words.numpy()


def total(agent: Agent, name: str, positions: Labelled, **given: bool) -> Mistakes:
    return mistakes(agent, make(name), positions, **given)[-1]


def test_all_positions_of_tic_tac_toe_that_are_not_over(tic_tac_toe):
    assert len(tic_tac_toe) == 5478 - 958  # reachable, and those that are over
    first = tic_tac_toe.scores[(words(tic_tac_toe)[:, :2] == 0).all(1)]
    assert first.tolist() == [[0] * 9]


def test_scores_of_a_position_of_tic_tac_toe_by_hand(tic_tac_toe):
    # x at 0, 1 and o at 3, 4; x to move: 2 wins at once, 5 stops o and o stops 2, whatever else is played loses to 5
    at = (words(tic_tac_toe)[:, :2] == [0b11, 0b11000]).all(1)
    (scores,) = tic_tac_toe.scores[at].tolist()
    assert scores[2] == 10 - 4
    assert scores[5] == 0
    assert [scores[cell] for cell in (6, 7, 8)] == [-(10 - 5)] * 3
    assert [scores[cell] for cell in (0, 1, 3, 4)] == [NO_MOVE] * 4


def test_minimax_makes_no_mistake_and_is_never_slow(tic_tac_toe):
    game = make("tic_tac_toe")
    found = total(minimax(game), "tic_tac_toe", tic_tac_toe, complete=True)
    assert (found.mistakes, found.slow, found.exact) == (0, 0, True)
    assert found.interval == (0, 0)


def test_random_play_errs_as_often_as_there_are_wrong_moves(tic_tac_toe):
    legal, outcome = tic_tac_toe.legal, np.sign(tic_tac_toe.scores)
    expected = 0.0
    for row in range(len(tic_tac_toe)):
        own = outcome[row, legal[row]]
        expected += (own < own.max()).mean()
    found = total(Random(), "tic_tac_toe", tic_tac_toe, complete=True)
    assert found.mistakes == pytest.approx(expected, rel=1e-6)  # its probabilities are float32
    assert found.exact
    assert found.decisive == sum(len(set(o[ok].tolist())) > 1 for o, ok in zip(outcome, legal, strict=True))


def test_a_sampled_agent_is_an_estimate_that_holds_the_truth(tic_tac_toe):
    class Sampled(Fixed):
        """Random play, but not known to be a policy."""

        def act(self, turn: Turn) -> Tensor:
            return Random().act(turn)

    exact = total(Random(), "tic_tac_toe", tic_tac_toe, complete=True)
    one, again, other = (
        mistakes(Sampled(np.zeros(1)), make("tic_tac_toe"), tic_tac_toe, complete=True, seed=seed)[-1]
        for seed in (0, 0, 1)
    )
    assert not one.exact
    assert one == again != other
    assert one.interval[0] < exact.rate < one.interval[1]


def test_a_slow_win_is_no_mistake_and_a_lost_win_is(tic_tac_toe):
    scores = np.where(tic_tac_toe.legal, tic_tac_toe.scores, -1000)
    worst_win = np.where(scores > 0, scores, 1000).argmin(1)
    winning = (scores > 0).any(1)
    found = total(Fixed(np.where(winning, worst_win, scores.argmax(1))), "tic_tac_toe", tic_tac_toe)
    assert found.mistakes == 0
    slower = winning & (np.where(scores > 0, scores, 1000).min(1) < scores.max(1))
    assert found.slow == slower.sum() > 100
    least = np.where(tic_tac_toe.legal, tic_tac_toe.scores, 1000).argmin(1)
    assert total(Fixed(least), "tic_tac_toe", tic_tac_toe).mistakes == found.decisive


def test_an_illegal_move_is_refused_with_the_position(tic_tac_toe):
    with pytest.raises(AgentError, match=r"chose 0[\s\S]*x"):
        total(Fixed(np.zeros(len(tic_tac_toe), np.int64)), "tic_tac_toe", tic_tac_toe)


@pytest.mark.parametrize("name", ["kuhn_poker", "othello", "rock_paper_scissors"])
def test_a_game_without_perfect_play_is_refused(name):
    with pytest.raises(GameError, match="leave --mistakes out"):
        positions_of(make(name))


def test_a_thousand_positions_in_their_sets_none_twice(connect_four):
    kinds = list(zip(connect_four.stage, connect_four.difficulty, strict=True))
    assert {kind: kinds.count(kind) for kind in kinds} == SETS
    assert len(connect_four) == 1000
    assert not connect_four.state.done.any()
    x, o = words(connect_four)[:, :2].T
    names = [tuple((board >> 7 * column & 127) for column in range(7)) for board in np.stack([x, o], 1)]
    same = {min(str(name), str(name[::-1])) for name in names}
    assert len(same) == 1000


def test_stage_and_difficulty_follow_from_marks_and_scores(connect_four):
    marks = np.bitwise_count(words(connect_four)[:, 0] | words(connect_four)[:, 1]).astype(np.int64)
    left = length(marks, connect_four.scores.max(1)) - marks
    for row, (stage, level) in enumerate(zip(connect_four.stage, connect_four.difficulty, strict=True)):
        assert STAGES[stage][0] <= marks[row] <= STAGES[stage][1]
        assert DIFFICULTIES[level][0] <= left[row] <= DIFFICULTIES[level][1]


@pytest.mark.parametrize(("late", "early"), [(20, 350), pytest.param(1, 40, marks=pytest.mark.slow)])
def test_labels_are_those_of_the_solver(connect_four, late, early):
    """Every `late`-th position of the middle and end, every `early`-th of the beginning; all take minutes."""
    begun = [stage == "beginning" for stage in connect_four.stage]
    rows = [row for row, first in enumerate(begun) if row % (early if first else late) == 0]
    assert 0 < sum(begun[row] for row in rows) < len(rows)
    state = connect_four.state[torch.tensor(rows)]
    assert isinstance(state, NativeState)
    assert (solved(state, ConnectFourSolver()) == connect_four.scores[rows]).all()


def test_positions_are_drawn_again_from_the_same_seed(connect_four, monkeypatch):
    """A few of each set that are quickly found are the first of those in the file."""
    few = {("end", "easy"): 2, ("middle", "easy"): 6, ("middle", "medium"): 2}
    stages = {("end", "easy"), ("middle", "easy"), ("middle", "medium")}
    monkeypatch.setattr("arena.positions.SETS", few)
    drawn = generate(seed=0, solver=ConnectFourSolver())
    kinds = list(zip(connect_four.stage, connect_four.difficulty, strict=True))
    for kind in stages:
        rows = [row for row, other in enumerate(kinds) if other == kind][: few[kind]]
        own = [row for row, other in enumerate(zip(drawn.stage, drawn.difficulty, strict=True)) if other == kind]
        assert (words(drawn)[own] == words(connect_four)[rows]).all()
        assert (drawn.scores[own] == connect_four.scores[rows]).all()


def test_counts_of_sets_add_up_and_perfect_play_has_none(connect_four):
    game = ConnectFour()
    counts = {(one.stage, one.difficulty): one for one in mistakes(Random(), game, connect_four)}
    every = counts["all", "all"]
    for field in ("positions", "decisive", "mistakes", "slow"):
        assert sum(getattr(counts[kind], field) for kind in SETS) == pytest.approx(getattr(every, field))
        levels = sum(getattr(counts["all", level], field) for level in DIFFICULTIES)
        assert levels == pytest.approx(getattr(every, field))
    assert not every.exact
    scores = np.where(connect_four.legal, connect_four.scores, -1000)
    perfect = mistakes(Fixed(scores.argmax(1)), game, connect_four)
    assert all(one.mistakes == one.slow == 0 for one in perfect)
    assert all(one.interval[0] == 0 < one.interval[1] for one in perfect)


def test_more_simulations_err_less(connect_four):
    game = ConnectFour()
    few, many = (
        mistakes(make_agent(f"mcts(simulations={count})", game), game, connect_four)[-1] for count in (10, 800)
    )
    assert many.interval[1] < few.interval[0] < few.interval[1] < mistakes(Random(), game, connect_four)[-1].interval[0]


def test_wilsons_interval():
    # 1 of 10: (0.1 + z^2/20 -+ z sqrt(0.009 + z^2/400)) / (1 + z^2/10), as in R. Newcombe, Stat. Med. 17, 1998
    assert wilson_interval(1, 10) == pytest.approx((0.017876213, 0.404150027), abs=1e-9)
    assert wilson_interval(0, 20) == pytest.approx((0, 0.161125), abs=1e-6)
    assert wilson_interval(20, 20)[1] == 1
