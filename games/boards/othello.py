"""Othello on bitboards, by shifts along the eight directions.

A board of 8 x 8 fills a word, row by row from the top left; one of 6 x 6 stands in its middle, so that every cell has
its eight neighbours at the same distances on both.
"""

import torch

from games import svg
from games.about import About
from games.arguments import usual
from games.bits import popcount, rule, where
from games.boards.text import letter, lines
from games.entry import Entry
from games.errors import GameError
from games.game import GameSpec
from games.names import shorten
from games.native import Layout, NativeGame, NativeState, Rules
from games.symmetry import DIAGONALS, Symmetries

_SIDE = 8
_SIZES = (6, 8)

# Where a disc can stand between two others, in a row, in a column and in a diagonal. Each leaves out the bits that an
# arithmetic shift to the right along its axis, by 1, by 8, and by 7 or 9, fills with copies of the sign.
_WITHIN_ROW = 0x7E7E7E7E7E7E7E7E
_WITHIN_COLUMN = 0x00FFFFFFFFFFFF00
_WITHIN_BOTH = _WITHIN_ROW & _WITHIN_COLUMN


@rule
def _upward(start, between, shift):
    """Return the cells of `between` that lead in unbroken lines from `start` to higher bits."""
    line = between & start << shift
    line = line | between & line << shift
    pairs = between & between << shift
    line = line | pairs & line << 2 * shift
    return line | pairs & line << 2 * shift


@rule
def _downward(start, between, shift):
    """Return the cells of `between` that lead in unbroken lines from `start` to lower bits."""
    line = between & start >> shift
    line = line | between & line >> shift
    pairs = between & between >> shift
    line = line | pairs & line >> 2 * shift
    return line | pairs & line >> 2 * shift


@rule
def _ends(own, other, shift, within):
    """Return the cells just beyond the lines of `other` that start at `own`, along one axis."""
    between = other & within
    return _upward(own, between, shift) << shift | _downward(own, between, shift) >> shift


@rule
def moves_of(own, other, board):
    """Return the cells of `board` where whoever has the stones `own` may put one."""
    ends = _ends(own, other, 1, _WITHIN_ROW) | _ends(own, other, 8, _WITHIN_COLUMN)
    ends = ends | _ends(own, other, 7, _WITHIN_BOTH) | _ends(own, other, 9, _WITHIN_BOTH)
    return ends & board & ~(own | other)


@rule
def _flips(mark, own, other, shift, within):
    """Return the lines of `other` between `mark` and `own` along one axis."""
    between = other & within
    up, down = _upward(mark, between, shift), _downward(mark, between, shift)
    return where(own & up << shift != 0, up, 0) | where(own & down >> shift != 0, down, 0)


def _step(words, seat, action, size, corner, board):
    own, other = where(seat == 0, words[0], words[1]), where(seat == 0, words[1], words[0])
    cell = corner + action // size * _SIDE + action % size
    mark = where(action < size * size, 1 << (cell & 63), 0)
    flips = _flips(mark, own, other, 1, _WITHIN_ROW) | _flips(mark, own, other, 8, _WITHIN_COLUMN)
    flips = flips | _flips(mark, own, other, 7, _WITHIN_BOTH) | _flips(mark, own, other, 9, _WITHIN_BOTH)
    own, other = own | mark | flips, other & ~flips
    return where(seat == 0, own, other), where(seat == 0, other, own), 1 - seat


def _acting(words, size, corner, board):
    x, o, turn = words[0], words[1], words[2]
    over = moves_of(x, o, board) | moves_of(o, x, board) == 0
    return where(over, 0, 1 + turn)


def _returns(words, size, corner, board):
    lead = popcount(words[0]) - popcount(words[1])
    x = (lead > 0) * 1 - (lead < 0) * 1
    return x, -x


def _legal(words, seat, size, corner, board):
    x, o = words[0], words[1]
    moves = moves_of(where(seat == 0, x, o), where(seat == 0, o, x), board)
    return moves, where(moves == 0, 1, 0)


def _observe(words, seat, size, corner, board):
    x, o = words[0], words[1]
    return where(seat == 0, x, o), where(seat == 0, o, x)


class Othello(NativeGame):
    """Two players place discs in turn, x first, and turn over those that they enclose; more discs at the end win.

    The action is the cell, row by row from the top left, and the number of cells is a pass. A seat sees two planes
    `[2, size, size]`: its own discs and the other's. Words: the discs of x, those of o, and the seat whose turn it is.
    Raises `GameError` when `size` is neither 6 nor 8.
    """

    rules = Rules(
        start=(1 << 28 | 1 << 35, 1 << 27 | 1 << 36, 0),
        step=_step,
        acting=_acting,
        returns=_returns,
        legal=_legal,
        observe=_observe,
    )

    def __init__(self, size: int = 8, *, device: torch.device | str = "cpu") -> None:
        if type(size) is not int or size not in _SIZES:
            raise GameError(f"expected othello's size to be 6 or 8 but got {shorten(repr(size))}; choose one of these")
        self.device = torch.device(device)
        self.size = size
        corner = (_SIDE - size) // 2 * (_SIDE + 1)
        self._cells = [corner + row * _SIDE + column for row in range(size) for column in range(size)]
        self.parameters = size, corner, _signed(self._cells)
        self.actions_layout = Layout.of(self._cells, 1)
        self.observation_layout = Layout.of(self._cells, self._cells)
        self.spec = GameSpec(
            name=usual("othello", Othello, {"size": size}),
            players=2,
            actions=size * size + 1,
            observation_shape=(2, size, size),
            utility=(-1.0, 1.0),
            max_moves=2 * size * size,
            zero_sum=True,
            perfect_information=True,
        )

    @property
    def symmetries(self) -> Symmetries:
        """The four of a square that leave the first discs alike; passing stays what it is."""
        cells = self.spec.actions - 1
        every = lambda board: [*board.reshape(-1).tolist(), cells]  # noqa: E731
        return Symmetries.of_board(DIAGONALS, self.spec.observation_shape, actions=every)

    def draw(self, state: NativeState, row: int) -> str:
        """Return the board with its coordinates, below whose turn it is, as OpenSpiel does."""
        *_, turn = state.words[row].tolist()
        head = "Terminal State" if state.terminated[row] else f"{('Black (x)', 'White (o)')[turn]} to play"
        files = "".join(f" {letter(column)}" for column in range(self.size))
        numbered = [f"{index} {' '.join(cells)} {index}" for index, cells in enumerate(self._board(state, row), 1)]
        return "\n".join([f"{head}:", f" {files}  ", *numbered, f" {files}  "])

    def svg(self, state: NativeState, row: int) -> str:
        """Return the board as a picture, black for x and white for o."""
        names = [letter(column) for column in range(self.size)], [str(index + 1) for index in range(self.size)]
        discs = {"x": svg.disc(svg.BLACK), "o": svg.disc(svg.WHITE)}
        title = self.draw(state, row)
        return svg.board(self._board(state, row), discs, title=title, fill=svg.GREEN, grid=svg.INK, labels=names)

    def information_state(self, state: NativeState, row: int, seat: int) -> str:
        """Return the position, which is all that matters, and not how it came about."""
        return self.draw(state, row)

    def action_name(self, seat: int, action: int) -> str:
        """Name a move as OpenSpiel does: `c4` or `pass`."""
        row, column = divmod(action, self.size)
        return "pass" if action == self.size**2 else f"{letter(column)}{row + 1}"

    def _board(self, state: NativeState, row: int) -> list[str]:
        x, o, _ = state.words[row].tolist()
        return lines(x, o, cells=self._cells, width=self.size, empty="-")


def _signed(cells: list[int]) -> int:
    """Return the int64 with these bits."""
    return sum(-(1 << cell) if cell == 63 else 1 << cell for cell in cells)


GAMES = {
    "othello": Entry(
        factory=Othello,
        example="othello",
        about=About(
            summary="enclose and turn over, on 8 x 8 cells or 6 x 6",
            rules="x and o in turn place a disc on an empty cell, x first, so that at least one line of the other's "
            "discs, along a row, column or diagonal, stands between it and another disc of the same player; all "
            "discs of all such lines turn over. Who cannot move passes. When neither can, the player with more discs "
            "wins 1 and costs the other 1; equal numbers are a draw. size is 8, or 6 for a smaller board.",
            observation="two planes of size x size: the seat's own discs, then the other's; the seat that acts is to "
            "move",
            actions="the cell, row by row from the top left; the last number, size x size, is a pass, legal only when "
            "nothing else is",
            known="8 x 8 is a draw and 6 x 6 a win for o, by 20 to 16, under perfect play",
            sources=(
                'H. Takizawa, "Othello is solved", arXiv:2310.19387, 2023',
                'J. Feinstein, "Amenor Wins World 6x6 Championships!", British Othello Federation newsletter, 1993',
                "agrees with OpenSpiel's othello",
            ),
        ),
    )
}
