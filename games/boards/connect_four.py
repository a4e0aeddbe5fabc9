"""Connect four on bitboards: four in a row wins.

Cells, and the bits of a board; above each column is a bit that stays empty, so that no line runs on in the next one:

    5 12 19 26 33 40 47
    4 11 18 25 32 39 46
    3 10 17 24 31 38 45
    2  9 16 23 30 37 44
    1  8 15 22 29 36 43
    0  7 14 21 28 35 42
"""

import torch

from games import svg
from games.about import About
from games.bits import popcount, rule, where
from games.boards.text import MARKS, lines
from games.entry import Entry
from games.game import GameSpec
from games.native import Layout, NativeGame, NativeState, Rules
from games.symmetry import MIRRORED, SAME, Symmetries

ROWS, COLUMNS = 6, 7
CELLS = ROWS * COLUMNS
HEIGHT = ROWS + 1
"""Bits of a column: the highest is of no cell."""
FILE = (1 << ROWS) - 1
"""The cells of the first column."""
_PLANE = [column * HEIGHT + row for row in reversed(range(ROWS)) for column in range(COLUMNS)]
_MOVES_A_WORD = 21


@rule
def four(board):
    """Return the cells from which a line of four goes on: 0 where there is none."""
    upright, level = board & board >> 1, board & board >> HEIGHT
    falling, rising = board & board >> HEIGHT - 1, board & board >> HEIGHT + 1
    lines = upright & upright >> 2 | level & level >> 2 * HEIGHT
    return lines | falling & falling >> 2 * (HEIGHT - 1) | rising & rising >> 2 * (HEIGHT + 1)


def _step(words, seat, action):
    x, o, early, late = words[0], words[1], words[2], words[3]
    foot = action * HEIGHT
    mark = (x | o) + (1 << foot) & FILE << foot
    move = popcount(x | o)
    is_late = move >= _MOVES_A_WORD
    written = action << 3 * (move - _MOVES_A_WORD * is_late)
    return (
        x | mark * (seat == 0),
        o | mark * (seat == 1),
        where(is_late, early, early | written),
        where(is_late, late | written, late),
    )


def _acting(words):
    x, o = words[0], words[1]
    move = popcount(x | o)
    seat = move & 1
    over = (four(where(seat == 0, o, x)) != 0) | (move == CELLS)
    return where(over, 0, 1 + seat)


def _returns(words):
    x = where(four(words[0]) != 0, 1, where(four(words[1]) != 0, -1, 0))
    return x, -x


def _legal(words, seat):
    return (~(words[0] | words[1]),)


def _observe(words, seat):
    x, o = words[0], words[1]
    return where(seat == 0, x, o), where(seat == 0, o, x)


class ConnectFour(NativeGame):
    """Two players drop marks into seven columns in turn, x first; the action is the column.

    A seat sees two planes `[2, 6, 7]`, the top row first: its own marks and the other's. Words: the cells of x, those
    of o, and the columns of the first 21 and of the last 21 moves, three bits each, the earliest lowest.
    """

    rules = Rules(start=(0, 0, 0, 0), step=_step, acting=_acting, returns=_returns, legal=_legal, observe=_observe)

    def __init__(self, *, device: torch.device | str = "cpu") -> None:
        self.device = torch.device(device)
        self.actions_layout = Layout.of(_PLANE[:COLUMNS])
        self.observation_layout = Layout.of(_PLANE, _PLANE)
        self.spec = GameSpec(
            name="connect_four",
            players=2,
            actions=COLUMNS,
            observation_shape=(2, ROWS, COLUMNS),
            utility=(-1.0, 1.0),
            max_moves=CELLS,
            zero_sum=True,
            perfect_information=True,
        )

    @property
    def symmetries(self) -> Symmetries:
        """Left and right may be exchanged."""
        columns = lambda board: board[0].tolist()  # noqa: E731
        return Symmetries.of_board((SAME, MIRRORED), self.spec.observation_shape, actions=columns)

    def draw(self, state: NativeState, row: int) -> str:
        """Return the board as six lines of `x`, `o` and `.`."""
        return "\n".join(_board(state, row))

    def svg(self, state: NativeState, row: int) -> str:
        """Return the board as a picture."""
        holes = {"x": svg.disc(svg.RED), "o": svg.disc(svg.YELLOW), ".": svg.disc(svg.PAPER)}
        labels = [str(column) for column in range(COLUMNS)], ()
        title = self.draw(state, row)
        return svg.board(_board(state, row), holes, title=title, fill=svg.BLUE, grid=svg.BLUE, labels=labels)

    def information_state(self, state: NativeState, row: int, seat: int) -> str:
        """List the columns chosen so far, earliest first: `"3, 3, 4"`."""
        x, o, early, late = state.words[row].tolist()
        moves = early | late << 3 * _MOVES_A_WORD
        return ", ".join(str(moves >> 3 * move & 7) for move in range((x | o).bit_count()))

    def action_name(self, seat: int, action: int) -> str:
        """Name a move as OpenSpiel does: mark and column."""
        return f"{MARKS[seat]}{action}"


def _board(state: NativeState, row: int) -> list[str]:
    x, o = state.words[row, :2].tolist()
    return lines(x, o, cells=_PLANE, width=COLUMNS)


GAMES = {
    "connect_four": Entry(
        factory=ConnectFour,
        example="connect_four",
        about=About(
            summary="four in a row, dropped into seven columns",
            rules="x and o in turn drop a mark into one of seven columns, x first; it falls onto the lowest of six "
            "cells that is empty. Four marks in a row, column or diagonal win 1 and cost the other 1; a full board "
            "without them is a draw.",
            observation="two planes of 6 x 7, the top row first: the seat's own marks, then the other's",
            actions="the column to drop into, 0 to 6 from the left",
            known="a win for x, who must begin in the middle column; 4,531,985,219,092 reachable positions",
            sources=(
                'L. V. Allis, "A knowledge-based approach of connect-four", Vrije Universiteit Amsterdam, 1988',
                "J. Tromp, tromp.github.io/c4/c4.html, for the number of positions",
                "agrees with OpenSpiel's connect_four",
            ),
        ),
    )
}
