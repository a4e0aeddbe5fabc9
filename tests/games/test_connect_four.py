from itertools import combinations

import numpy as np
import pytest
import torch
from hand import after, children, legal, start
from open_spiel_twin import assert_same_as_open_spiel, assert_same_spec
from pictures import shapes

from games import ConnectFour, svg


@pytest.mark.parametrize(
    ("moves", "returns"),
    [
        ((3, 2, 3, 2, 3, 2, 3), [1, -1]),
        ((0, 0, 1, 1, 2, 2, 3), [1, -1]),
        ((6, 0, 6, 1, 6, 2, 5, 3), [-1, 1]),
        ((0, 1, 1, 2, 2, 3, 2, 3, 3, 6, 3), [1, -1]),
        ((6, 5, 5, 4, 4, 3, 4, 3, 3, 0, 3), [1, -1]),
    ],
    ids=["column", "row", "row of o", "rising", "falling"],
)
def test_four_in_a_row_win(moves, returns):
    state = after(ConnectFour(), *moves)
    assert state.terminated.item()
    assert state.rewards.tolist() == [returns]
    assert not state.acting.any()


def test_exactly_69_of_the_ways_to_place_four_marks_win():
    """24 rows, 21 columns and 12 diagonals each way: no line runs over the edge of the board."""
    cells = torch.tensor([7 * column + row for column in range(7) for row in range(6)])
    fours = cells[torch.tensor(list(combinations(range(42), 4)))]
    board = (1 << fours).sum(1)
    nothing = torch.zeros_like(board)
    for words, winner in (((board, nothing), 1), ((nothing, board), -1)):
        won = ConnectFour.rules.returns(words)[0]
        assert won.unique().tolist() == sorted([0, winner])
        assert int((won != 0).sum()) == 69


def test_a_full_column_is_not_legal_and_the_board_is_drawn():
    game = ConnectFour()
    state = after(game, 3, 3, 3, 3, 3, 3, 0)
    assert legal(game, state) == [0, 1, 2, 4, 5, 6]
    assert game.draw(state, 0) == "...o...\n...x...\n...o...\n...x...\n...o...\nx..x..."
    assert game.information_state(state, 0, 1) == "3, 3, 3, 3, 3, 3, 0"


def test_a_full_board_without_a_line_is_a_draw():
    columns = [0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 4, 3, 3, 3, 3, 3, 3, 4, 4, 4, 4, 4]
    state = after(ConnectFour(), *columns, 5, 5, 5, 5, 5, 5, 6, 6, 6, 6, 6, 6)
    assert state.terminated.item()
    assert state.rewards.tolist() == [[0, 0]]


def test_each_seat_sees_its_own_marks_first_and_the_top_row_first():
    game = ConnectFour()
    state = after(game, 0, 6, 0)
    x, o = game.observe(state, torch.tensor([0, 0]), torch.tensor([0, 1]))
    assert x.nonzero().tolist() == [[0, 4, 0], [0, 5, 0], [1, 5, 6]]
    assert torch.equal(o, x.flip(0))


def test_counts_of_positions_by_ply():
    """The numbers of distinct positions after n moves, OEIS A212693."""
    game, counts = ConnectFour(), []
    state = start(game)
    for _ in range(9):
        counts.append(len(state))
        state, _, _ = children(game, state)
        x, o, *_ = state.words.numpy().T
        _, first = np.unique(2 * x + o, return_index=True)  # in each column x + 2 ** height - 1
        state = state[torch.from_numpy(first)]
    assert counts == [1, 7, 49, 238, 1120, 4263, 16422, 54859, 184275]


def test_same_as_open_spiel():
    twin = pytest.importorskip("pyspiel").load_game("connect_four")
    assert_same_spec(ConnectFour(), twin)
    assert_same_as_open_spiel(ConnectFour(), twin, games=1000)


def test_the_picture_shows_every_mark_in_its_hole():
    game = ConnectFour()
    state = after(game, 3, 3, 4)
    assert shapes(game, state, "circle") == 42
    assert shapes(game, state, "circle", fill=svg.RED) == 2
    assert shapes(game, state, "circle", fill=svg.YELLOW) == 1
