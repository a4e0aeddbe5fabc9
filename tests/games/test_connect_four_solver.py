"""The solver is right against published scores, against plain minimax, and against itself."""

import numpy as np
import pytest
import torch
from hand import after

from games import ConnectFour
from games.boards import connect_four_solver
from games.boards.connect_four_solver import ILLEGAL, ConnectFourSolver, length
from games.draws import Draws, choose
from games.errors import GameError
from games.native import NativeState
from games.polling import polled

# Columns from 1 and the score, from the test sets of P. Pons, blog.gamesolver.org.
PUBLISHED = """
32751571231557 -3, 335662333565 -2, 2416615552 4, 157564142155 -5, 1616621455211 6, 2541266355551 -3, 5371555645 4,
23156612526 4, 13134411534775 -6, 23766176641753 2, 634766171 4, 55575766112413 4, 75734233473735 0, 13555111322723 -1,
4312134 6, 2374131 11, 6354232171361 2, 143575442645 -7, 341346651321 -8, 17333467411725 0, 42146321334262 0,
517376216621 -2, 7435544336456 -3, 36764255124711 7, 4455 18, 44455554221 -15
"""


def random_positions(marks: int, count: int, seed: int) -> NativeState:
    """Return open positions with so many marks, by random play."""
    game, games = ConnectFour(), torch.arange(600 * count if marks > 34 else 20 * count)
    state, draws = game.reset(Draws.of(seed, "test", games)), Draws.of(seed, "test", games)
    for move in range(marks):
        seats = torch.full((len(state),), move & 1)
        actions = choose(game.legal(state, torch.arange(len(state)), seats), draws.at(move), seats)
        state = game.step(state, actions[:, None].expand(-1, 2).contiguous())
        state, draws = state[~state.done], draws.rows((~state.done).nonzero()[:, 0])
    assert len(state) >= count
    return state[:count]


def boards(state: NativeState) -> tuple[np.ndarray, np.ndarray]:
    x, o = state.words[:, :2].numpy().T
    return x, o


def by_minimax(game: ConnectFour, state: NativeState) -> int:
    """Return a score without pruning, table, order or bit tricks: by the game's own rules."""
    marks, seat = sum(bin(word).count("1") for word in state.words[0, :2].tolist()), int(state.acting[0, 1])
    best = -100
    for column in game.legal(state, torch.tensor([0]), torch.tensor([seat]))[0].nonzero()[:, 0].tolist():
        reached = game.step(state, torch.tensor([[column, column]]))
        if bool(reached.done[0]):
            winners = (marks + 2) // 2
            score = 22 - winners if float(reached.rewards[0, seat]) > 0 else 0
        else:
            score = -by_minimax(game, reached)
        best = max(best, score)
    return best


def test_published_scores():
    rows = [row.split() for row in PUBLISHED.replace("\n", " ").split(",")]
    states = [after(ConnectFour(), *(int(column) - 1 for column in moves)) for moves, _ in rows]
    x, o = zip(*(state.words[0, :2].tolist() for state in states), strict=True)
    assert ConnectFourSolver().values(x, o).tolist() == [int(score) for _, score in rows]


@pytest.mark.parametrize("marks", [41, 38, 36, 35])
def test_the_same_as_plain_minimax_late_in_the_game(marks):
    state = random_positions(marks, 30, seed=marks)[: 12 if marks > 36 else 6]
    solved = ConnectFourSolver(entries=2**12).values(*boards(state))
    assert solved.tolist() == [by_minimax(ConnectFour(), state[row : row + 1]) for row in range(len(state))]


def test_the_worth_of_a_position_is_that_of_its_best_move_and_the_opponents_is_the_opposite():
    state, solver = random_positions(18, 60, seed=1), ConnectFourSolver()
    values, scores = solver.values(*boards(state)), solver.scores(*boards(state))
    assert (scores.max(1) == values).all()
    game, everyone = ConnectFour(), torch.arange(len(state))
    legal = game.legal(state, everyone, torch.zeros(len(state), dtype=torch.int64))
    assert ((scores != ILLEGAL) == legal.numpy()).all()
    row, column = legal.nonzero().unbind(1)
    reached = game.step(state[row], column[:, None].expand(-1, 2).contiguous())
    going = ~reached.done
    assert going.sum() > 300
    theirs = ConnectFourSolver(entries=2**10).values(*boards(reached[going]))
    assert (scores[row, column][going.numpy()] == -theirs).all()
    assert (scores[row, column][~going.numpy()] == (42 + 1 - 18) // 2).all()


def test_mirror_images_have_mirrored_scores():
    state, solver = random_positions(13, 6, seed=2), ConnectFourSolver()
    x, o = boards(state)

    def flipped(boards):
        return sum((boards >> 7 * column & 127) << 7 * (6 - column) for column in range(7))

    assert (solver.scores(x, o) == ConnectFourSolver().scores(flipped(x), flipped(o))[:, ::-1]).all()


def test_neither_the_table_nor_what_was_solved_before_changes_an_answer():
    state = random_positions(16, 30, seed=3)
    x, o = boards(state)
    large, small = ConnectFourSolver(), ConnectFourSolver(entries=2**10)
    scores = large.scores(x, o)
    assert (large.scores(x[::-1], o[::-1])[::-1] == scores).all()
    assert (small.scores(x, o) == scores).all()
    assert small.positions > large.positions / 2 > 0


@pytest.mark.parametrize("at_once", [1, 7, 300])
def test_pauses_change_nothing(monkeypatch, at_once):
    x, o = boards(random_positions(24, 8, seed=6))
    straight, paused = ConnectFourSolver(entries=2**12), ConnectFourSolver(entries=2**12)
    scores, values = straight.scores(x, o), straight.values(x, o)
    monkeypatch.setattr(connect_four_solver, "_AT_ONCE", at_once)
    assert (paused.scores(x, o) == scores).all()
    assert (paused.values(x, o) == values).all()
    assert paused.positions == straight.positions > 1000
    assert (paused._table == straight._table).all()


def test_a_search_of_minutes_can_be_ended():
    class Enough(Exception):
        pass

    def look():
        raise Enough

    with pytest.raises(Enough), polled(look):
        ConnectFourSolver().values([0], [0])


def test_scores_within_one_are_outcomes():
    state = random_positions(20, 50, seed=4)
    x, o = boards(state)
    exact, cut = ConnectFourSolver().scores(x, o), ConnectFourSolver().scores(x, o, within=1)
    legal = exact != ILLEGAL
    assert (cut[legal] == np.sign(exact[legal])).all()
    assert (cut[~legal] == ILLEGAL).all()
    assert {-1, 0, 1} <= set(cut[legal].tolist())


def test_the_42nd_move_that_wins_is_a_win_of_one():
    # o wins with the last mark of the board, in the corner
    state = random_positions(41, 100, seed=5)
    scores = ConnectFourSolver(entries=2**10).values(*boards(state))
    game = ConnectFour()
    column = game.legal(state, torch.arange(100), torch.ones(100, dtype=torch.int64)).int().argmax(1)
    reached = game.step(state, column[:, None].expand(-1, 2).contiguous())
    assert reached.done.all()
    assert torch.from_numpy(scores).tolist() == reached.rewards[:, 1].tolist()
    assert set(scores.tolist()) == {0, 1}


def test_length_counts_the_marks_at_the_end():
    # x wins at once with its 4th mark, o with its 4th; the rest of the board without a line; x loses to o's last mark
    assert length([6, 7, 20, 40], [18, 18, 0, -1]).tolist() == [7, 8, 42, 42]


@pytest.mark.parametrize(
    ("x", "o", "words"),
    [
        ([2], [0], "has a gap below a mark"),
        ([1 << 6], [0], "outside the board"),
        ([1], [1], "marked by both"),
        ([1], [2 | 1 << 7], "as many marks"),
        ([15], [7 << 7], "is over"),
        ([1, 1], [0], "as many boards"),
        ([-1], [0], "outside the board"),
    ],
)
def test_what_is_no_open_position_is_refused(x, o, words):
    with pytest.raises(GameError, match=words):
        ConnectFourSolver(entries=2**10).values(x, o)


@pytest.mark.parametrize("entries", [1000, 0, 2**30, 3.5, True])
def test_a_table_of_another_size_is_refused(entries):
    with pytest.raises(GameError, match="entries"):
        ConnectFourSolver(entries=entries)
