import pytest
import torch
from hand import after, children, legal, start
from open_spiel_twin import assert_same_as_open_spiel, assert_same_spec
from pictures import shapes

from games import Draws, TicTacToe


def test_x_wins_the_top_row_and_takes_the_point():
    state = after(TicTacToe(), 0, 3, 1, 4, 2)
    assert state.terminated.tolist() == [True]
    assert state.rewards.tolist() == [[1.0, -1.0]]
    assert not state.acting.any()


@pytest.mark.parametrize(
    "line", [(0, 1, 2), (3, 4, 5), (6, 7, 8), (0, 3, 6), (1, 4, 7), (2, 5, 8), (0, 4, 8), (2, 4, 6)]
)
def test_o_wins_every_line(line):
    elsewhere = [cell for cell in range(9) if cell not in line]
    x = next([a, b, c] for a in elsewhere for b in elsewhere for c in elsewhere if a < b < c and not _in_line(a, b, c))
    state = after(TicTacToe(), x[0], line[0], x[1], line[1], x[2], line[2])
    assert state.rewards.tolist() == [[-1.0, 1.0]]


def _in_line(*cells: int) -> bool:
    return cells in {(0, 1, 2), (3, 4, 5), (6, 7, 8), (0, 3, 6), (1, 4, 7), (2, 5, 8), (0, 4, 8), (2, 4, 6)}


def test_a_full_board_without_a_line_is_a_draw():
    state = after(TicTacToe(), 0, 1, 2, 4, 3, 5, 7, 6, 8)
    assert state.terminated.item()
    assert state.rewards.tolist() == [[0.0, 0.0]]


def test_a_win_with_the_last_cell_is_a_win():
    state = after(TicTacToe(), 0, 1, 2, 3, 4, 5, 7, 6, 8)
    assert state.rewards.tolist() == [[1.0, -1.0]]


def test_marked_cells_are_not_legal_and_the_board_is_drawn():
    game = TicTacToe()
    state = after(game, 4, 0, 8)
    assert legal(game, state) == [1, 2, 3, 5, 6, 7]
    assert game.draw(state, 0) == "o..\n.x.\n..x"
    assert game.information_state(state, 0, 0) == "4, 0, 8"


def test_each_seat_sees_its_own_marks_first():
    game = TicTacToe()
    state = after(game, 4, 0, 8)
    x, o = game.observe(state, torch.tensor([0, 0]), torch.tensor([0, 1]))
    assert x.tolist() == [[[0, 0, 0], [0, 1, 0], [0, 0, 1]], [[1, 0, 0], [0, 0, 0], [0, 0, 0]]]
    assert torch.equal(o, x.flip(0))


def test_counts_of_all_games_by_length_and_result():
    """The numbers of ways to play n moves, and of the 255168 games by winner."""
    game, counts, results = TicTacToe(), [], torch.zeros(3, dtype=torch.int64)
    state = start(game)
    while len(state):
        state, _, _ = children(game, state)
        counts.append(len(state))
        results += torch.bincount(state.rewards[state.done, 0].long() + 1, minlength=3)
        state = state[~state.done]
    assert counts == [9, 72, 504, 3024, 15120, 54720, 148176, 200448, 127872]
    assert results.tolist() == [77904, 46080, 131184]


def test_count_of_positions():
    """5,478 boards that a game can pass through, the empty and the full ones included."""
    game = TicTacToe()
    state, boards = start(game), torch.zeros(0, 2, dtype=torch.int64)
    while len(state):
        boards = torch.cat([boards, state.words[:, :2]]).unique(dim=0)
        state, _, _ = children(game, state)
    assert len(boards) == 5478


def test_the_picture_shows_every_mark():
    game = TicTacToe()
    state = after(game, 4, 0, 8)
    assert shapes(game, state, "rect") == 1 + 9
    assert shapes(game, state, "path") == 2
    assert shapes(game, state, "circle") == 1


def test_same_as_open_spiel():
    twin = pytest.importorskip("pyspiel").load_game("tic_tac_toe")
    assert_same_spec(TicTacToe(), twin)
    assert_same_as_open_spiel(TicTacToe(), twin, games=1000)


def test_an_empty_batch_is_a_batch():
    game = TicTacToe()
    state = game.reset(Draws.of(0, "rules", torch.arange(0)))
    assert len(game.step(state, torch.zeros(0, 2, dtype=torch.int64))) == 0
