"""A solver of connect four: the exact score of any position and of each of its moves.

The score is positive where whoever moves wins, negative where it loses and 0 for a draw. A win counts 22 less the
winner's marks at the end, so that it is the larger the sooner it comes: 1 for a win with the 21st and last mark, 18 for
the soonest there is. This is the scale of P. Pons, "Solving connect 4: how to build a perfect AI", blog.gamesolver.org.

The search is alpha-beta with null windows that halve the range of the score, a table of positions already searched, and
moves in the order of the threats they make, see `games.boards.connect_four_kernels`.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from games.arguments import whole
from games.boards import connect_four_kernels as kernels
from games.boards.connect_four import CELLS, COLUMNS, FILE, HEIGHT, four
from games.boards.connect_four_kernels import ILLEGAL
from games.errors import GameError
from games.polling import poll

__all__ = ["ILLEGAL", "ConnectFourSolver", "length"]

Scores = NDArray[np.int64]

_WIN = CELLS // 2 + 1
_AT_ONCE = 1 << 21
"""Positions that are looked at without a pause: about a tenth of a second's."""


class ConnectFourSolver:
    """Solves positions, and remembers parts of them in a table of `entries`, a power of two, eight bytes each.

    Bounds stay true, so one solver is quicker at positions that resemble each other. What it answers depends on
    neither the table's size nor what it solved before. `positions` counts the positions that it has looked at. Where it
    takes long it comes by `games.polling` some ten times a second.

    Raises:
        GameError: where `entries` is no power of two from 2^10 to 2^28.
    """

    def __init__(self, *, entries: int = 2**22) -> None:
        whole("entries", entries, least=2**10, most=2**28)
        if entries & entries - 1:
            raise GameError(
                f"expected entries to be a power of two but got {entries}; write {1 << entries.bit_length()}"
            )
        self._table = np.full(entries, -1, np.int64)
        self.positions = 0

    def values(self, x: ArrayLike, o: ArrayLike, *, within: int = _WIN) -> Scores:
        """Return the scores `[n]` of positions for whoever moves.

        x, o `[n]` int64: the marks of each seat, as in a state's first two words. Scores beyond -within or within are
        cut to it, which is quicker: with 1 they are outcomes.

        Raises:
            GameError: where a board is no position of the game, or the game is over there.
        """
        return self._solve(kernels.values, x, o, within, ())

    def scores(self, x: ArrayLike, o: ArrayLike, *, within: int = _WIN) -> Scores:
        """Return the scores `[n, 7]` of the moves of positions, likewise; `ILLEGAL` for a full column."""
        return self._solve(kernels.scores, x, o, within, (COLUMNS,))

    def _solve(
        self, kernel: Callable[..., Any], x: ArrayLike, o: ArrayLike, within: int, shape: tuple[int, ...]
    ) -> Scores:
        whole("within", within, least=1, most=_WIN)
        own, taken = _boards(x, o)
        out, search, known = np.empty((len(own), *shape), np.int64), kernels.Search.begin(), False
        while not known:
            search.allow(_AT_ONCE)
            known = kernel(own, taken, -within, within, self._table, out, search)
            poll()
        self.positions += search.total
        return out


def length(marks: ArrayLike, scores: ArrayLike) -> Scores:
    """Return how many marks lie on the board when a game ends that is played perfectly from a position.

    marks `[n]`: those that lie there; scores `[n]`: its score.
    """
    marks, scores = np.asarray(marks), np.asarray(scores)
    seat = marks + (scores < 0) & 1  # of the winner
    return np.where(scores == 0, CELLS, 2 * (_WIN - abs(scores)) - 1 + seat)


def _boards(x: ArrayLike, o: ArrayLike) -> tuple[Scores, Scores]:
    """Return the marks of whoever moves and all marks `[n]`; raises `GameError` where they are no open position."""
    x, o = np.atleast_1d(np.asarray(x, np.int64)), np.atleast_1d(np.asarray(o, np.int64))
    if x.shape != o.shape or x.ndim != 1:
        raise GameError(f"expected as many boards of x as of o, but got shapes {x.shape} and {o.shape}; give one a row")
    taken, seat = x | o, _count(x | o) & 1
    feet = sum(1 << column * HEIGHT for column in range(COLUMNS))
    faults = {
        "has cells outside the board": taken & ~(feet * FILE) != 0,
        "has a cell marked by both": x & o != 0,
        "has a gap below a mark": taken & taken + feet != 0,
        "has not as many marks of o as of x, or one less": _count(x) - _count(o) != seat,
        "is over": (four(x) | four(o) != 0) | (_count(taken) == CELLS),
    }
    for fault, where in faults.items():
        if where.any():
            row = int(np.argmax(where))
            raise GameError(
                f"expected open positions of connect four, but row {row}, x {x[row]} and o {o[row]}, {fault}: "
                "give the words of a state that is not done"
            )
    return np.where(seat == 0, x, o), taken


def _count(boards: Scores) -> Scores:
    return np.bitwise_count(boards).astype(np.int64)
