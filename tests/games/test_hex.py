import pytest
import torch
from hand import after, children, legal, start
from open_spiel_twin import assert_same_as_open_spiel, assert_same_spec
from pictures import shapes

from games import GameError, Hex, check_game, svg


def interleaved(x: list[int], o: list[int]) -> list[int]:
    """The moves of both seats in turn, x first."""
    return [move for pair in zip(x, o, strict=False) for move in pair] + x[len(o) :]


def test_x_connects_the_top_with_the_bottom():
    game = Hex(3)
    state = after(game, 2, 1, 4, 0, 7)
    assert state.rewards.tolist() == [[1, -1]]
    assert game.draw(state, 0) == "o o x \n . x . \n  . x . "


def test_o_connects_the_left_with_the_right_and_x_does_not_win_so():
    moves = interleaved([3, 4, 5, 8], [0, 1, 2])
    state = after(Hex(3), *moves[:6])
    assert state.rewards.tolist() == [[-1, 1]]


def test_cells_on_a_falling_diagonal_do_not_touch():
    state = after(Hex(3), 0, 1, 4, 2, 8)
    assert not state.done.item()


@pytest.mark.parametrize("order", [range(11), range(10, -1, -1), [5, 4, 6, 3, 7, 2, 8, 1, 9, 10, 0]])
@pytest.mark.parametrize("size", [7, 8, 11])
def test_a_chain_is_found_in_whatever_order_it_is_laid(order, size):
    rows = [row for row in order if row < size]
    x, o = [row * size for row in rows], [row * size + 2 * (1 + row % 2) for row in range(size - 1)]
    game = Hex(size)
    state = after(game, *interleaved(x, o))
    assert state.rewards.tolist() == [[1, -1]]
    assert not after(game, *interleaved(x, o)[:-2]).done.item()


def test_the_longest_chain_is_followed_to_its_end():
    """A snake over half of the largest board, from side to side in every other row, that the last stone joins."""
    rows = [11 * row + column for row in range(1, 11, 2) for column in range(11)]
    snake = [*rows, *(11 * row + (10 if row % 4 == 2 else 0) for row in range(2, 11, 2))]
    others = [cell for cell in range(1, 121) if cell not in snake]
    moves = interleaved(snake, others)
    assert not after(Hex(11), *moves).done.item()
    assert after(Hex(11), *moves, 0).rewards.tolist() == [[1, -1]]


def test_the_first_player_wins_every_small_board():
    """Nash's argument, by looking at every game."""
    for size in (2, 3):
        game, levels = Hex(size), []
        state = start(game)
        while len(state):
            following, parents, _ = children(game, state)
            levels.append((state, parents))
            state = following
        value = torch.zeros(0, dtype=torch.float64)
        for state, parents in reversed(levels):
            seat = state.acting[:, 1].long()
            best = torch.full((len(state),), -2.0, dtype=torch.float64)
            best = best.scatter_reduce(0, parents, value * (1 - 2 * seat[parents]), "amax") * (1 - 2 * seat)
            value = torch.where(state.done, state.rewards[:, 0], best)
        assert value.tolist() == [1.0]


def test_each_seat_sees_its_own_stones_first_and_which_sides_are_its_own():
    game = Hex(3)
    state = after(game, 2, 3, 4)
    x, o = game.observe(state, torch.tensor([0, 0]), torch.tensor([0, 1]))
    assert x.nonzero().tolist() == [[0, 0, 2], [0, 1, 1], [1, 1, 0]]
    assert torch.equal(o[:2], x[:2].flip(0))
    assert o[2].all()


def test_taken_cells_are_not_legal():
    game = Hex(11)
    state = after(game, 0, 60, 61, 120)
    assert legal(game, state) == [cell for cell in range(121) if cell not in (0, 60, 61, 120)]
    assert game.action_name(0, 61) == "g6"


@pytest.mark.parametrize("size", [2, 3, 4, 5, 6, 7, 8, 9, 10])
def test_same_as_open_spiel(size):
    twin = pytest.importorskip("pyspiel").load_game("hex", {"board_size": size})
    assert_same_spec(Hex(size), twin)
    assert_same_as_open_spiel(Hex(size), twin, games=100, information="observation_string")


@pytest.mark.slow
def test_same_as_open_spiel_on_the_largest_board():
    twin = pytest.importorskip("pyspiel").load_game("hex")
    assert_same_spec(Hex(), twin)
    assert_same_as_open_spiel(Hex(), twin, games=1000, information="observation_string")


@pytest.mark.parametrize("size", [2, 8])
def test_other_sizes_conform(size):
    report = check_game(Hex(size), games=16)
    assert report.passed, str(report)


@pytest.mark.parametrize("size", [1, 12, 0, -3, "5", 5.0, True, None])
def test_another_size_is_refused(size):
    with pytest.raises(GameError, match="expected size to be a whole number from 2 to 11 but got"):
        Hex(size)


def test_the_picture_shows_every_cell_and_stone():
    game = Hex(4)
    state = after(game, 0, 5, 10)
    assert shapes(game, state, "polygon") == 16
    assert shapes(game, state, "circle", fill=svg.RED) == 2
    assert shapes(game, state, "circle", fill=svg.BLUE) == 1
