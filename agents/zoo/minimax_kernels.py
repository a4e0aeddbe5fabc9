"""Alpha-beta search over the rules of native games, compiled, and what unfinished positions of each are worth.

D. E. Knuth and R. W. Moore, "An analysis of alpha-beta pruning", Artificial Intelligence 6, 1975. Values are integers,
all from the view of seat 0, who maximises them; the other seat minimises.

A search may take minutes, and compiled code answers to nobody meanwhile: it returns now and then, and goes on where the
`Stack` says that it stands.
"""

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from games.bits import popcount, rule, some
from games.boards.connect_four import COLUMNS, FILE, HEIGHT, ConnectFour
from games.boards.hex import WORD, Hex, neighbours
from games.boards.othello import Othello, moves_of
from games.boards.tic_tac_toe import TicTacToe
from games.compiling import compiled
from games.game import Game
from games.native import Rule, Rules

_WIN = 1 << 40
"""The value of the greatest return; whatever is estimated is much smaller."""
_INFINITE = 1 << 60

_WELLS = sum(FILE << column * HEIGHT for column in range(COLUMNS))
_CORNERS = 1 | 1 << 7 | 1 << 56 | -(1 << 63), 1 << 9 | 1 << 14 | 1 << 49 | 1 << 54
"""Othello's, of the large and of the small board."""


@rule
def _unknown(words, *parameters):
    """Nothing is known of a position but that it is not over."""
    return 0


@rule
def _open_lines(own, other):
    """Return the worth of the lines without a mark of the other's: 1, and twice the square of the own marks."""
    worth = 0
    for line in (0o7, 0o70, 0o700, 0o111, 0o222, 0o444, 0o421, 0o124):
        marks = popcount(own & line)
        worth += (1 + 2 * marks * marks) * (other & line == 0)
    return worth


@rule
def _tic_tac_toe(words):
    return _open_lines(words[0], words[1]) - _open_lines(words[1], words[0])


@rule
def _open_fours(own, other):
    """Return the worth of the lines of four without a mark of the other's: 1 for each own mark, 8 more for three."""
    free, worth = _WELLS & ~other, 0
    for by in (1, HEIGHT - 1, HEIGHT, HEIGHT + 1):
        first, second, third, fourth = own, own >> by, own >> 2 * by, own >> 3 * by
        line = free & free >> by & free >> 2 * by & free >> 3 * by
        three = first & second & (third | fourth) | (first | second) & third & fourth
        worth += popcount(line & first) + popcount(line & second) + popcount(line & third) + popcount(line & fourth)
        worth += 8 * popcount(line & three)
    return worth


@rule
def _connect_four(words):
    return _open_fours(words[0], words[1]) - _open_fours(words[1], words[0])


@rule
def _othello(words, size, corner, board):
    """Return 2 for each move more, 20 for each corner more."""
    x, o, corners = words[0], words[1], _CORNERS[0] if size == 8 else _CORNERS[1]
    moves = popcount(moves_of(x, o, board)) - popcount(moves_of(o, x, board))
    return 2 * moves + 20 * (popcount(x & corners) - popcount(o & corners))


@rule
def _gap(own, other, reached, first, last, size, left_low, left_high, right_low, right_high):
    """Return how many stones are missing between two sides of hex; all boards are (low, high) words.

    Outwards from what is `reached` from the first side: by one empty cell, then along the own stones it touches.
    """
    cells = size * size
    board_low, board_high = (1 << min(cells, WORD)) - 1, (1 << max(cells - WORD, 0)) - 1
    low, high = reached
    for missing in range(1, cells + 1):
        near_low, near_high = neighbours(low, high, size, left_low, left_high, right_low, right_high)
        new_low = (near_low | first[0]) & board_low & ~(other[0] | low)
        new_high = (near_high | first[1]) & board_high & ~(other[1] | high)
        while some(new_low | new_high != 0):
            low, high = low | new_low, high | new_high
            near_low, near_high = neighbours(new_low, new_high, size, left_low, left_high, right_low, right_high)
            new_low, new_high = near_low & own[0] & ~low, near_high & own[1] & ~high
        if low & last[0] | high & last[1]:
            return missing
    return cells


@rule
def _hex(words, size, top, left_low, left_high, bottom_low, bottom_high, right_low, right_high):
    """Return how many stones more o is missing than x."""
    x, o, sides = (words[0], words[1]), (words[2], words[3]), (left_low, left_high, right_low, right_high)
    for_x = _gap(x, o, (words[4], words[5]), (top, top * 0), (bottom_low, bottom_high), size, *sides)
    for_o = _gap(o, x, (words[6], words[7]), (left_low, left_high), (right_low, right_high), size, *sides)
    return for_o - for_x


_ESTIMATES: tuple[tuple[type[Game], Callable[..., Any]], ...] = (
    (TicTacToe, _tic_tac_toe),
    (ConnectFour, _connect_four),
    (Othello, _othello),
    (Hex, _hex),
)


def estimate_of(game: Game) -> Callable[..., Any]:
    """Return the rule that says what an unfinished position is worth: nothing where the game is not one of ours."""
    return next((estimate for kind, estimate in _ESTIMATES if type(game) is kind), _unknown)


class Stack(NamedTuple):
    """The positions on the way from the root to where a search stands, a row for each level; all int64.

    position `[depth, W]`: words; seats `[depth]`: who moves; following `[depth]`: the next move to try; options
    `[depth, parts]`: the legal moves; bounds `[depth, 3]`: the best value so far, alpha and beta; at `[2]`: the row of
    the root and the level, -1 before the root is entered.
    """

    position: NDArray[np.int64]
    seats: NDArray[np.int64]
    following: NDArray[np.int64]
    options: NDArray[np.int64]
    bounds: NDArray[np.int64]
    at: NDArray[np.int64]

    @classmethod
    def begin(cls, depth: int, words: int, parts: int) -> "Stack":
        """Return the stack of a search that has not begun."""
        shapes = (depth, words), (depth,), (depth,), (depth, parts), (depth, 3)
        return cls(*(np.empty(shape, np.int64) for shape in shapes), at=np.array([0, -1]))


@rule
def _enter(legal, position, seats, following, options, bounds, level, words, seat, parameters):
    """Begin to look at the position in `words`."""
    position[level], seats[level], following[level] = words, seat, 0
    bounds[level, 0] = -_INFINITE if seat == 0 else _INFINITE
    masks = legal(words, np.int64(seat), *parameters)
    for part in range(options.shape[1]):
        options[level, part] = masks[part]


@rule
def _judge(ends, estimate, words, mask, left, scale, parameters):
    """Return the value of a position that is not searched further; a win is worth more with more moves `left`."""
    if mask != 0:
        return np.int64(estimate(words, *parameters))
    paid = np.int64(np.rint(ends(words, *parameters)[0] * scale * _WIN))
    return paid + left * (np.int64(paid > 0) - np.int64(paid < 0))


@rule
def _next(options, order, part, place, level, at):
    """Return the first legal move in the order of moves from `at` on, or how many moves there are."""
    while at < len(order) and not options[level, part[order[at]]] >> place[order[at]] & 1:
        at += 1
    return at


@rule
def _improve(bounds, level, seat, value):
    """Take note of the value of a move; return whether it is better than those before it, and whether it is as good.

    At the root the bounds leave room for equals, whose values then are exact.
    """
    best = bounds[level, 0]
    better, slack = value > best if seat == 0 else value < best, np.int64(level == 0)
    if better:
        bounds[level, 0] = value
        if seat == 0:
            bounds[level, 1] = max(bounds[level, 1], value - slack)
        else:
            bounds[level, 2] = min(bounds[level, 2], value + slack)
    return better, value == best


@cache
def alpha_beta(rules: Rules, estimate: Callable[..., Any]) -> Rule:
    """Compile the search over the rules of a native game."""
    advance, movers, ends, legal = map(rule, (rules.step, rules.acting, rules.returns, rules.legal))

    @compiled(nogil=True, error_model="numpy")
    def search(roots, movers_there, out, stack, steps, scale, moves, parameters):
        """Write into `out [m, A]` bool which actions are best at `roots [m, W]`, all those of equal value.

        Returns whether it is done: if not, it has taken so many `steps` and is called again with the same arguments.
        """
        order, part, place = moves
        position, seats, following, options, bounds, at_hand = stack
        actions, depth, words = len(order), len(seats), np.empty(roots.shape[1], np.int64)
        level = at_hand[1]
        while at_hand[0] < len(roots):
            row = at_hand[0]
            if level < 0:
                words[:] = roots[row]
                level, bounds[0, 1], bounds[0, 2] = 0, -_INFINITE, _INFINITE
                seat = movers_there[row]
                _enter(legal, position, seats, following, options, bounds, 0, words, seat, parameters)
            while True:
                if steps == 0:
                    at_hand[1] = level
                    return False
                steps -= 1
                at = _next(options, order, part, place, level, following[level])
                following[level] = at + 1
                if at == actions or bounds[level, 1] >= bounds[level, 2]:
                    if level == 0:
                        break
                    value, level = bounds[level, 0], level - 1
                    at = following[level] - 1
                else:
                    moved = advance(position[level], seats[level], np.int64(order[at]), *parameters)
                    for index in range(len(moved)):
                        words[index] = moved[index]
                    mask = np.int64(movers(words, *parameters))
                    if mask != 0 and level + 1 < depth:
                        level += 1
                        bounds[level] = bounds[level - 1]
                        seat = mask >> 1
                        _enter(legal, position, seats, following, options, bounds, level, words, seat, parameters)
                        continue
                    value = _judge(ends, estimate, words, mask, depth - level - 1, scale, parameters)
                better, equal = _improve(bounds, level, seats[level], value)
                if level == 0 and better:
                    out[row] = False
                if level == 0 and (better or equal):
                    out[row, order[at]] = True
            at_hand[0], level = row + 1, -1
        return True

    return search
