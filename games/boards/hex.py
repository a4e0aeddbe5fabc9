"""Hex on bitboards of two words: who connects two opposite sides wins.

Beside each player's stones stand those that are already connected to the player's first side, the top or the left. A
stone that joins them brings in the stones that it touches, and theirs, so each is visited once in a game, and a game is
over when the other side is among them.
"""

from collections.abc import Iterable

import torch

from games import svg
from games.about import About
from games.arguments import usual, whole
from games.bits import bit, popcount, rule, some, where
from games.boards.text import letter, lines
from games.entry import Entry
from games.game import GameSpec
from games.native import Layout, NativeGame, NativeState, Rules
from games.symmetry import HALF_TURN, SAME, Symmetries

WORD = 61
"""How many cells the low word of a board holds: half of the largest board's 121."""
_LOW = (1 << WORD) - 1


@rule
def _later(low, high, by):
    """Move the bits of a board up by `by` cells; those that leave the board stay in the high word."""
    return low << by & _LOW, high << by | low >> WORD - by


@rule
def _earlier(low, high, by):
    """Move the bits of a board down by `by` cells; those that leave the board are lost."""
    return low >> by | high << WORD - by & _LOW, high >> by


@rule
def neighbours(low, high, size, left_low, left_high, right_low, right_high):
    """Return the cells beside those of a board: to the right and below, then to the left and above."""
    next_low, next_high = _later(low, high, 1)
    below_low, below_high = _later(next_low | low & ~left_low, next_high | high & ~left_high, size - 1)
    last_low, last_high = _earlier(low, high, 1)
    above_low, above_high = _earlier(last_low | low & ~right_low, last_high | high & ~right_high, size - 1)
    return (
        next_low & ~left_low | below_low | last_low & ~right_low | above_low,
        next_high & ~left_high | below_high | last_high & ~right_high | above_high,
    )


def _step(words, seat, action, size, top, left_low, left_high, bottom_low, bottom_high, right_low, right_high):
    mark_low, mark_high = bit(where(action < WORD, action, -1)), bit(where(action < WORD, -1, action - WORD))
    own_low = where(seat == 0, words[0], words[2]) | mark_low
    own_high = where(seat == 0, words[1], words[3]) | mark_high
    joined_low, joined_high = where(seat == 0, words[4], words[6]), where(seat == 0, words[5], words[7])
    near_low, near_high = neighbours(mark_low, mark_high, size, left_low, left_high, right_low, right_high)
    touches = near_low & joined_low | mark_low & where(seat == 0, top, left_low)
    touches = touches | near_high & joined_high | mark_high & where(seat == 0, 0, left_high)
    new_low, new_high = where(touches != 0, mark_low, 0), where(touches != 0, mark_high, 0)
    while some(new_low | new_high != 0):
        joined_low, joined_high = joined_low | new_low, joined_high | new_high
        near_low, near_high = neighbours(new_low, new_high, size, left_low, left_high, right_low, right_high)
        new_low, new_high = near_low & own_low & ~joined_low, near_high & own_high & ~joined_high
    return (
        where(seat == 0, own_low, words[0]),
        where(seat == 0, own_high, words[1]),
        where(seat == 0, words[2], own_low),
        where(seat == 0, words[3], own_high),
        where(seat == 0, joined_low, words[4]),
        where(seat == 0, joined_high, words[5]),
        where(seat == 0, words[6], joined_low),
        where(seat == 0, words[7], joined_high),
    )


@rule
def _winner(words, bottom_low, bottom_high, right_low, right_high):
    """Return 1 where x has won, -1 where o has, and 0 elsewhere."""
    x = words[4] & bottom_low | words[5] & bottom_high
    o = words[6] & right_low | words[7] & right_high
    return (x != 0) * 1 - (o != 0) * 1


def _acting(words, size, top, left_low, left_high, bottom_low, bottom_high, right_low, right_high):
    over = _winner(words, bottom_low, bottom_high, right_low, right_high) != 0
    stones = words[0] ^ words[1] ^ words[2] ^ words[3]
    return where(over, 0, 1 + (popcount(stones) & 1))


def _returns(words, size, top, left_low, left_high, bottom_low, bottom_high, right_low, right_high):
    x = _winner(words, bottom_low, bottom_high, right_low, right_high)
    return x, -x


def _legal(words, seat, *sides):
    return ~(words[0] | words[2]), ~(words[1] | words[3])


def _observe(words, seat, *sides):
    x_low, x_high, o_low, o_high = words[0], words[1], words[2], words[3]
    return (
        where(seat == 0, x_low, o_low),
        where(seat == 0, x_high, o_high),
        where(seat == 0, o_low, x_low),
        where(seat == 0, o_high, x_high),
        where(seat == 0, 0, -1),
        where(seat == 0, 0, -1),
    )


class Hex(NativeGame):
    """Two players place stones in turn, x first: x connects the top with the bottom, o the left with the right.

    The action is the cell, row by row from the top left. Row r stands half a cell to the right of the row above, so
    that cell (r, c) touches (r, c ± 1), (r ± 1, c), (r - 1, c + 1) and (r + 1, c - 1). A seat sees three planes
    `[3, size, size]`: its stones, the other's, and ones where it is the seat that connects left and right. Words, low
    and high: the stones of x, those of o, those of x connected to the top, and those of o connected to the left.
    Raises `GameError` when `size` is not from 2 to 11.
    """

    rules = Rules(start=(0,) * 8, step=_step, acting=_acting, returns=_returns, legal=_legal, observe=_observe)

    def __init__(self, size: int = 11, *, device: torch.device | str = "cpu") -> None:
        self.size = whole("size", size, least=2, most=11)
        self.device = torch.device(device)
        cells = size * size
        top, bottom = range(size), range(cells - size, cells)
        left, right = range(0, cells, size), range(size - 1, cells, size)
        self.parameters = size, _words(top)[0], *_words(left), *_words(bottom), *_words(right)
        plane = min(cells, WORD), max(cells - WORD, 0)
        self.actions_layout = Layout.of(*plane)
        self.observation_layout = Layout.of(*plane, *plane, *plane)
        self.spec = GameSpec(
            name=usual("hex", Hex, {"size": size}),
            players=2,
            actions=cells,
            observation_shape=(3, size, size),
            utility=(-1.0, 1.0),
            max_moves=cells,
            zero_sum=True,
            perfect_information=True,
        )

    @property
    def symmetries(self) -> Symmetries:
        """Half a turn leaves everybody's sides opposite each other."""
        return Symmetries.of_board((SAME, HALF_TURN), self.spec.observation_shape)

    def draw(self, state: NativeState, row: int) -> str:
        """Return the board as a rhombus of `x`, `o` and `.`, as OpenSpiel does."""
        return "\n".join(
            " " * index + "".join(f"{cell} " for cell in cells) for index, cells in enumerate(self._board(state, row))
        )

    def svg(self, state: NativeState, row: int) -> str:
        """Return the board as a picture, red for x and blue for o."""
        return svg.hexagons(
            self._board(state, row),
            {"x": svg.disc(svg.RED), "o": svg.disc(svg.BLUE)},
            title=self.draw(state, row),
            edges=(svg.RED, svg.BLUE),
            labels=([letter(column) for column in range(self.size)], [str(index + 1) for index in range(self.size)]),
        )

    def information_state(self, state: NativeState, row: int, seat: int) -> str:
        """Return the position, which is all that matters, and not how it came about."""
        return self.draw(state, row)

    def action_name(self, seat: int, action: int) -> str:
        """Name a cell as OpenSpiel does: `c2` is in the third column of the second row."""
        return f"{letter(action % self.size)}{action // self.size + 1}"

    def _board(self, state: NativeState, row: int) -> list[str]:
        x, o = (low | high << WORD for low, high in state.words[row, :4].view(2, 2).tolist())
        return lines(x, o, cells=range(self.size**2), width=self.size)


def _words(cells: Iterable[int]) -> tuple[int, int]:
    """Return the low and the high word of a board that has these cells."""
    board = sum(1 << cell for cell in cells)
    return board & _LOW, board >> WORD


GAMES = {
    "hex": Entry(
        factory=Hex,
        example="hex",
        about=About(
            summary="connect your two sides of a rhombus of hexagons",
            rules="x and o in turn place a stone on an empty cell of a rhombus of size x size hexagons, x first. x "
            "wins by a chain of stones from the top to the bottom, o by one from the left to the right; the winner "
            "takes 1 from the other. There is no draw and no swap. size is 2 to 11.",
            observation="three planes of size x size: the seat's own stones, the other's, and ones where the seat is "
            "o, who connects left and right",
            actions="the cell, row by row from the top left",
            known="a win for x on every size, since a second player who could win could be imitated by the first "
            "(J. Nash); a full board always connects exactly one player",
            sources=(
                'D. Gale, "The game of Hex and the Brouwer fixed-point theorem", Amer. Math. Monthly 86, 1979',
                "agrees with OpenSpiel's hex",
            ),
        ),
    )
}
