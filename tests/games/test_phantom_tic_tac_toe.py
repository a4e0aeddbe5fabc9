import numpy as np
import pytest
import torch
from hand import after, children, legal, start
from open_spiel_twin import assert_same_as_open_spiel, assert_same_spec
from pictures import shapes

from games import PhantomTicTacToe, svg


def test_who_is_refused_moves_again_and_the_other_learns_nothing():
    game = PhantomTicTacToe()
    before, state = after(game, 4), after(game, 4, 4)
    assert state.acting.tolist() == [[False, True]]
    assert legal(game, state) == [0, 1, 2, 3, 5, 6, 7, 8]
    assert game.information_state(state, 0, 0) == game.information_state(before, 0, 0) == "...\n.x.\n...\n0,4 "
    assert game.information_state(state, 0, 1) == "...\n.x.\n...\n1,4 "
    row, seat = torch.tensor([0]), torch.tensor([0])
    assert torch.equal(game.observe(state, row, seat), game.observe(before, row, seat))


def test_three_in_a_row_win():
    assert after(PhantomTicTacToe(), 0, 0, 3, 1, 4, 2).rewards.tolist() == [[1, -1]]
    assert after(PhantomTicTacToe(), 0, 0, 3, 1, 4, 8, 5).rewards.tolist() == [[-1, 1]]


def test_the_longest_game_takes_seventeen_tries_and_is_a_draw():
    game = PhantomTicTacToe()
    state = after(game, 0, 0, 1, 1, 2, 2, 4, 4, 3, 3, 5, 5, 7, 7, 6, 6, 8)
    assert state.done.item()
    assert state.rewards.tolist() == [[0, 0]]
    assert game.information_state(state, 0, 0) == "xox\nxoo\noxx\n0,0 0,1 0,2 0,4 0,3 0,5 0,7 0,6 0,8 "


def test_the_order_of_tries_and_whether_they_were_refused_show():
    game = PhantomTicTacToe()
    state = after(game, 8, 3, 0, 8, 0, 5)
    seen = game.observe(state, torch.tensor([0, 0]), torch.tensor([0, 1]))
    assert seen.shape == (2, 12, 3, 3)
    own, found, plays_o, *tries = seen[1].flatten(1)
    assert own.nonzero()[:, 0].tolist() == [3, 5]
    assert found.nonzero()[:, 0].tolist() == [0, 8]
    assert plays_o.tolist() == [1] * 9
    assert [one.nonzero()[:, 0].tolist() for one in tries] == [[3], [8], [0], [5], [], [], [], [], []]
    assert seen[0, 2].tolist() == [[0] * 3] * 3


def test_the_board_and_what_each_seat_knows_are_drawn():
    game = PhantomTicTacToe()
    state = after(game, 4, 4, 0, 8)
    assert (
        game.draw(state, 0)
        == "board   x knows   o knows\no..     ...       o..\n.x.     .x.       .x.\n..x     ..x       ..."
    )
    assert shapes(game, state, "rect", fill=svg.PAPER) == 1 + 27
    assert shapes(game, state, "path") == 2 + 2 + 1
    assert shapes(game, state, "circle") == 2


def test_counts_of_histories_and_games():
    """As a recursion over the marks and the cells tried counts them; histories that differ in order alone are one."""
    game, count, histories, games = PhantomTicTacToe(), np.ones(1, np.int64), 1, 0
    state = start(game)
    while len(state):
        state, parents, _ = children(game, state)
        count = count[parents]
        histories, games = histories + count.sum(), games + count[state.done].sum()
        state, count = state[~state.done], count[~state.done]
        x, o, *tries = state.words.unbind(1)
        tried = [
            sum(word >> shift & 511 for word in words for shift in range(0, 54, 9)) for words in (tries[:2], tries[2:])
        ]
        _, first, kind = np.unique(x | o << 9 | tried[0] << 18 | tried[1] << 27, return_index=True, return_inverse=True)
        state, count = state[torch.from_numpy(first)], np.bincount(kind, count).astype(np.int64)
    assert (histories, games) == (19_934_533_171, 9_829_101_024)


def test_same_as_open_spiel():
    twin = pytest.importorskip("pyspiel").load_game("phantom_ttt")
    assert_same_spec(PhantomTicTacToe(), twin)
    assert_same_as_open_spiel(PhantomTicTacToe(), twin, games=1000)
