"""Tic-tac-toe on bitboards: three in a row wins.

Cells, and the bits of a board:

    0 1 2
    3 4 5
    6 7 8
"""

import torch

from games import svg
from games.about import About
from games.bits import bit, popcount, rule, where
from games.boards.text import MARKS, lines
from games.entry import Entry
from games.game import GameSpec
from games.native import NativeGame, NativeState, Rules
from games.symmetry import SQUARE, Symmetries

_CELLS = 9
_FULL = (1 << _CELLS) - 1


@rule
def _three(board):
    rows, columns = board & board >> 1 & board >> 2 & 0o111, board & board >> 3 & board >> 6
    return rows | columns | board & board >> 4 & board >> 8 & 1 | board & board >> 2 & board >> 4 & 4


def _step(words, seat, action):
    x, o, history = words[0], words[1], words[2]
    mark = bit(action)
    return x | mark * (seat == 0), o | mark * (seat == 1), history << 4 | action + 1


def _acting(words):
    x, o = words[0], words[1]
    turn = popcount(x | o) & 1
    over = (_three(where(turn == 1, x, o)) != 0) | (x | o == _FULL)  # only who moved last can have made a line
    return where(over, 0, bit(turn))


def _returns(words):
    x = where(_three(words[0]) != 0, 1, where(_three(words[1]) != 0, -1, 0))
    return x, -x


def _legal(words, seat):
    return (_FULL & ~(words[0] | words[1]),)


def _observe(words, seat):
    x, o = words[0], words[1]
    return (where(seat == 0, x | o << _CELLS, o | x << _CELLS),)


class TicTacToe(NativeGame):
    """Two players mark cells in turn, x first; the action is the cell.

    A seat sees two planes `[2, 3, 3]`: its own marks and the other's. Words: the cells of x, those of o, and the moves
    made, latest in the low nibble, each as cell + 1.
    """

    rules = Rules(start=(0, 0, 0), step=_step, acting=_acting, returns=_returns, legal=_legal, observe=_observe)

    def __init__(self, *, device: torch.device | str = "cpu") -> None:
        self.device = torch.device(device)
        self.spec = GameSpec(
            name="tic_tac_toe",
            players=2,
            actions=_CELLS,
            observation_shape=(2, 3, 3),
            utility=(-1.0, 1.0),
            max_moves=_CELLS,
            zero_sum=True,
            perfect_information=True,
        )

    @property
    def symmetries(self) -> Symmetries:
        """Those of a square."""
        return Symmetries.of_board(SQUARE, self.spec.observation_shape)

    def draw(self, state: NativeState, row: int) -> str:
        """Return the board as three lines of `x`, `o` and `.`."""
        return "\n".join(_board(state, row))

    def svg(self, state: NativeState, row: int) -> str:
        """Return the board as a picture."""
        return svg.board(_board(state, row), {"x": svg.CROSS, "o": svg.RING}, title=self.draw(state, row))

    def information_state(self, state: NativeState, row: int, seat: int) -> str:
        """List the cells marked so far, earliest first: `"4, 0, 8"`."""
        history = int(state.words[row, 2])
        nibbles = [history >> shift & 15 for shift in range(4 * (_CELLS - 1), -1, -4)]
        return ", ".join(str(nibble - 1) for nibble in nibbles if nibble)

    def action_name(self, seat: int, action: int) -> str:
        """Name a move as OpenSpiel does: mark, row, column."""
        return f"{MARKS[seat]}({action // 3},{action % 3})"


def _board(state: NativeState, row: int) -> list[str]:
    x, o, _ = state.words[row].tolist()
    return lines(x, o, cells=range(_CELLS), width=3)


GAMES = {
    "tic_tac_toe": Entry(
        factory=TicTacToe,
        example="tic_tac_toe",
        about=About(
            summary="three in a row on nine cells",
            rules="x and o mark empty cells of a 3 x 3 board in turn, x first. Three marks in a row, column or "
            "diagonal win 1 and cost the other 1; a full board without them is a draw.",
            observation="two planes of 3 x 3: the seat's own marks, then the other's",
            actions="the cell to mark, 0 to 8, row by row from the top left",
            known="a draw under perfect play; 5,478 reachable positions, 255,168 games, 549,946 histories",
            sources=("agrees with OpenSpiel's tic_tac_toe",),
        ),
    )
}
