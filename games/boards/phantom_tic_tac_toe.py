"""Phantom tic-tac-toe: tic-tac-toe in which nobody sees the other's marks.

Cells are numbered as in tic-tac-toe. What a seat has tried is kept as nine times nine bits, one of nine for its first
try, one for its second and so on: six tries in one word and three in the next.
"""

import torch

from games import svg
from games.about import About
from games.bits import bit, popcount, rule, where
from games.boards.text import MARKS, lines
from games.boards.tic_tac_toe import TicTacToe
from games.entry import Entry
from games.game import GameSpec
from games.native import Layout, NativeGame, NativeState, Rules

_CELLS = 9
_FULL = (1 << _CELLS) - 1
_EARLY = 6
"""How many tries stand in a seat's first word."""


@rule
def _tried(early, late):
    """Return the cells among a seat's tries."""
    tries = early | early >> 3 * _CELLS | late
    return (tries | tries >> _CELLS | tries >> 2 * _CELLS) & _FULL


def _step(words, seat, action):
    x, o = words[0], words[1]
    early, late = where(seat == 0, words[2], words[4]), where(seat == 0, words[3], words[5])
    mark, tries = bit(action), popcount(early) + popcount(late)
    is_late = tries >= _EARLY
    written = mark << _CELLS * (tries - _EARLY * is_late)
    early, late = where(is_late, early, early | written), where(is_late, late | written, late)
    free = mark & ~(x | o)
    return (
        where(seat == 0, x | free, x),
        where(seat == 0, o, o | free),
        where(seat == 0, early, words[2]),
        where(seat == 0, late, words[3]),
        where(seat == 0, words[4], early),
        where(seat == 0, words[5], late),
    )


def _legal(words, seat):
    return (~_tried(where(seat == 0, words[2], words[4]), where(seat == 0, words[3], words[5])),)


def _observe(words, seat):
    x, o = words[0], words[1]
    early, late = where(seat == 0, words[2], words[4]), where(seat == 0, words[3], words[5])
    found = where(seat == 0, o, x) & _tried(early, late)
    return where(seat == 0, x, o), found, where(seat == 0, 0, _FULL), early, late


class PhantomTicTacToe(NativeGame):
    """Two players mark cells in turn, x first, and see only their own marks; a try at a taken cell is refused.

    Who is refused learns that the cell is taken and tries another one; the other learns nothing. The action is the
    cell. A seat sees twelve planes `[12, 3, 3]`: its marks, the other's marks that it has found, ones where it plays o,
    and the cell of its first try, of its second, ... up to the ninth. Words: the cells of x, those of o, the tries of x
    in two words and those of o in two.
    """

    rules = Rules(
        start=(0, 0, 0, 0, 0, 0),
        step=_step,
        acting=TicTacToe.rules.acting,
        returns=TicTacToe.rules.returns,
        legal=_legal,
        observe=_observe,
    )

    def __init__(self, *, device: torch.device | str = "cpu") -> None:
        self.device = torch.device(device)
        self.observation_layout = Layout.of(_CELLS, _CELLS, _CELLS, _EARLY * _CELLS, (_CELLS - _EARLY) * _CELLS)
        self.spec = GameSpec(
            name="phantom_tic_tac_toe",
            players=2,
            actions=_CELLS,
            observation_shape=(12, 3, 3),
            utility=(-1.0, 1.0),
            max_moves=2 * _CELLS - 1,
            zero_sum=True,
        )

    def draw(self, state: NativeState, row: int) -> str:
        """Return the board and, beside it, what x and what o knows of it."""
        boards = _boards(state, row)
        columns = [[part.ljust(len(head)) for part in (head, *board)] for head, board in boards.items()]
        return "\n".join("   ".join(parts).rstrip() for parts in zip(*columns, strict=True))

    def svg(self, state: NativeState, row: int) -> str:
        """Return the board and, beside it, what x and what o knows of it, as a picture."""
        return svg.boards(_boards(state, row), {"x": svg.CROSS, "o": svg.RING}, title=self.draw(state, row))

    def information_state(self, state: NativeState, row: int, seat: int) -> str:
        """Return what the seat knows of the board and, below, its tries as OpenSpiel writes them: `"0,4 0,8 "`."""
        board = list(_boards(state, row).values())[1 + seat]
        return "\n".join([*board, "".join(f"{seat},{cell} " for cell in _tries(state, row, seat))])

    def action_name(self, seat: int, action: int) -> str:
        """Name a move as OpenSpiel does: mark, row, column."""
        return f"{MARKS[seat]}({action // 3},{action % 3})"


def _tries(state: NativeState, row: int, seat: int) -> list[int]:
    """List the cells that a seat has tried, earliest first."""
    early, late = state.words[row, 2 + 2 * seat : 4 + 2 * seat].tolist()
    tries = early | late << _EARLY * _CELLS
    return [place % _CELLS for place in range(_CELLS * _CELLS) if tries >> place & 1]


def _boards(state: NativeState, row: int) -> dict[str, list[str]]:
    x, o = state.words[row, :2].tolist()
    tried = (sum(1 << cell for cell in _tries(state, row, seat)) for seat in (0, 1))
    known = zip(("board", "x knows", "o knows"), (_FULL, *tried), strict=True)
    return {name: lines(x & seen, o & seen, cells=range(_CELLS), width=3) for name, seen in known}


GAMES = {
    "phantom_tic_tac_toe": Entry(
        factory=PhantomTicTacToe,
        example="phantom_tic_tac_toe",
        about=About(
            summary="tic-tac-toe without seeing the other's marks",
            rules="x and o mark cells of a 3 x 3 board in turn, x first, and each sees only its own marks. Who tries a "
            "cell that the other has marked is told so and tries another one; the other is told nothing, not even that "
            "there was a try. Three marks in a row, column or diagonal win 1 and cost the other 1; a full board "
            "without them is a draw.",
            observation="twelve planes of 3 x 3: the seat's own marks, the other's marks that it has found, ones where "
            "the seat plays o, and nine planes for the cell of its first try, its second, and so on: all that it "
            "remembers",
            actions="the cell to try, 0 to 8, row by row from the top left; a cell can be tried once",
            known="9,829,101,024 games and 19,934,533,171 histories: too many for a tree",
            sources=("agrees with OpenSpiel's phantom_ttt, whose observations reveal nothing",),
        ),
    )
}
