import random

import pytest
import torch
from hand import after, children, legal, start
from open_spiel_twin import assert_same_as_open_spiel, assert_same_spec
from pictures import shapes

from games import GameError, Othello, check_game, svg

NUMBERS = {size: {Othello(size).action_name(0, action): action for action in range(size**2 + 1)} for size in (6, 8)}


def played(game: Othello, moves: str):
    return after(game, *[NUMBERS[game.size][move] for move in moves.split()])


def test_the_first_move_turns_over_one_disc():
    game = Othello()
    assert legal(game, start(game)) == [NUMBERS[8][move] for move in ("d3", "c4", "f5", "e6")]
    state = played(game, "d3")
    assert game.draw(state, 0).splitlines()[4:7] == [
        "3 - - - x - - - - 3",
        "4 - - - x x - - - 4",
        "5 - - - x o - - - 5",
    ]
    assert legal(game, state) == [NUMBERS[8][move] for move in ("c3", "e3", "c5")]


def test_the_shortest_win_leaves_the_other_without_discs():
    state = played(Othello(), "e6 f4 e3 f6 g5 d6 e7 f5 c5")
    assert state.terminated.item()
    assert state.rewards.tolist() == [[1, -1]]
    assert state.words[0, 1].item() == 0


def test_who_cannot_move_passes_and_nothing_else():
    game = Othello(6)
    state = played(game, "c2 b2 a2 a1 e4 c5 c6 a3")
    assert game.draw(state, 0) == (
        "Black (x) to play:\n"
        "  a b c d e f  \n"
        "1 o - - - - - 1\n"
        "2 o o x - - - 2\n"
        "3 o - x x - - 3\n"
        "4 - - x x x - 4\n"
        "5 - - x - - - 5\n"
        "6 - - x - - - 6\n"
        "  a b c d e f  "
    )
    assert legal(game, state) == [NUMBERS[6]["pass"]]
    passed = played(game, "c2 b2 a2 a1 e4 c5 c6 a3 pass")
    assert torch.equal(passed.words[:, :2], state.words[:, :2])
    assert passed.acting.tolist() == [[False, True]]


def test_each_seat_sees_its_own_discs_first():
    game = Othello(6)
    state = played(game, "c2")
    x, o = game.observe(state, torch.tensor([0, 0]), torch.tensor([0, 1]))
    assert x.nonzero().tolist() == [[0, 1, 2], [0, 2, 2], [0, 2, 3], [0, 3, 2], [1, 3, 3]]
    assert torch.equal(o, x.flip(0))


def test_counts_of_games_by_length():
    """The numbers of ways to play n moves on 8 x 8, as the literature counts them (perft)."""
    game, counts = Othello(), []
    state = start(game)
    for _ in range(8):
        state, _, _ = children(game, state)
        counts.append(len(state))
    assert counts == [4, 12, 56, 244, 1396, 8200, 55092, 390216]


def test_same_as_open_spiel():
    twin = pytest.importorskip("pyspiel").load_game("othello")
    assert_same_spec(Othello(), twin)
    assert_same_as_open_spiel(Othello(), twin, games=1000, information="observation_string")


@pytest.mark.parametrize("size", [6, 8])
def test_same_as_rules_written_cell_by_cell(size):
    game, generator = Othello(size), random.Random(size)
    for _ in range(10):
        state, board, seat = start(game), _first_board(size), 0
        while True:
            moves = {cell: turned for cell in board if (turned := _turned(board, size, cell, seat))}
            others = [cell for cell in board if _turned(board, size, cell, 1 - seat)]
            assert state.done.item() == (not moves and not others)
            if state.done.item():
                break
            assert state.acting.tolist() == [[seat == 0, seat == 1]]
            assert legal(game, state) == ([row * size + column for row, column in moves] or [size * size])
            action = generator.choice(legal(game, state))
            cell = divmod(action, size)
            board.update(dict.fromkeys([cell, *moves[cell]], seat) if moves else {})
            state, seat = game.step(state, torch.tensor([[action, action]])), 1 - seat
        lead = sum((1, -1, 0)[holder] for holder in board.values())
        assert state.rewards.tolist() == [[(lead > 0) - (lead < 0), (lead < 0) - (lead > 0)]]


def _first_board(size: int) -> dict[tuple[int, int], int]:
    """Who holds each cell, 2 for nobody."""
    board = {(row, column): 2 for row in range(size) for column in range(size)}
    low, high = size // 2 - 1, size // 2
    return board | {(low, low): 1, (high, high): 1, (low, high): 0, (high, low): 0}


def _turned(board: dict[tuple[int, int], int], size: int, cell: tuple[int, int], seat: int) -> list[tuple[int, int]]:
    """The discs that a move turns over; none where it is not legal."""
    turned = []
    for down, right in [(a, b) for a in (-1, 0, 1) for b in (-1, 0, 1) if (a, b) != (0, 0)]:
        line = [(cell[0] + down * step, cell[1] + right * step) for step in range(1, size)]
        holders = [board.get(place, 2) for place in line]
        length = next((step for step, holder in enumerate(holders) if holder != 1 - seat), size)
        if length < len(holders) and holders[length] == seat:
            turned += line[:length]
    return turned if board[cell] == 2 else []


@pytest.mark.parametrize("size", [6, 8])
def test_both_sizes_conform(size):
    report = check_game(Othello(size))
    assert report.passed, str(report)


@pytest.mark.parametrize("size", [4, 7, 10, "8", 8.0, True, None])
def test_another_size_is_refused(size):
    with pytest.raises(GameError, match="expected othello's size to be 6 or 8 but got"):
        Othello(size)


def test_the_picture_shows_every_disc():
    game = Othello(6)
    state = played(game, "c2")
    assert shapes(game, state, "rect", fill=svg.GREEN) == 36
    assert shapes(game, state, "circle", fill=svg.BLACK) == 4
    assert shapes(game, state, "circle", fill=svg.WHITE) == 1
