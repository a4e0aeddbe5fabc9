"""Alpha-beta search of connect four to the end of the game, compiled.

D. E. Knuth and R. W. Moore, "An analysis of alpha-beta pruning", Artificial Intelligence 6, 1975; the table with two
places a bucket is that of D. M. Breuker, J. W. H. M. Uiterwijk and H. J. van den Herik, "Replacement schemes for
transposition tables", ICCA Journal 17, 1994. A position is two boards, laid out as in `games.boards.connect_four`: the
marks of whoever moves, `own`, and all marks, `taken`.

A search may take minutes, and compiled code answers to nobody meanwhile. So `values` and `scores` return when they have
looked at as many positions as they were allowed; where they stand is in a `Search`, with which they go on.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from games.bits import popcount, rule
from games.boards.connect_four import CELLS, COLUMNS, FILE, HEIGHT, four
from games.compiling import compiled

ILLEGAL = -100
"""Stands for the score of a full column."""

_FEET = sum(1 << column * HEIGHT for column in range(COLUMNS))
_WELLS = _FEET * FILE
"""The lowest cells, and all cells."""
_FIRST = (CELLS + 1) // 2
"""The score of a win with the first mark, were there one: no score is as large."""
_MOVE = (1 << HEIGHT * COLUMNS) - 1
_NO_KEY = -1
_MIRRORED, _KEPT = 14, 32
"""Up to so many marks a position shares its entry with its mirror image, and has an entry at all: small trees are
searched again before the memory has answered."""
_HASH, _HASHED = 0x1E3779B97F4A7C15, 35
"""Odd; and the lowest bit of the product that is used, for those below it know little of the last columns."""

_ROW, _COLUMN, _LEAST, _MOST, _OWN, _TAKEN, _ALPHA, _LEVEL, _LOOKED, _LEFT, _TOTAL = range(11)
"""Places in `Search.at`."""
_NO_SEARCH = -2
"""A level that no search is at: -1 is that of its root."""


class Search(NamedTuple):
    """Where the solution of positions stands; levels `[43, 9]`, moves `[43, 8]`, at `[11]`, all int64.

    A row of levels and of moves is a position on the way to the one that is looked at. at: the row and the column that
    are being solved, the bounds of the score so far, then of the search with a null window that is under way the
    position, alpha, level and how many positions it has looked at; how many are left until it pauses, and how many were
    looked at in all.
    """

    levels: NDArray[np.int64]
    moves: NDArray[np.int64]
    at: NDArray[np.int64]

    @classmethod
    def begin(cls) -> "Search":
        """Return where every solution begins."""
        at = np.zeros(11, np.int64)
        at[_LEVEL] = _NO_SEARCH
        return cls(np.zeros((CELLS + 1, 9), np.int64), np.zeros((CELLS + 1, 8), np.int64), at)

    def allow(self, positions: int) -> None:
        """Let it look at so many positions until it pauses."""
        self.at[_LEFT] = positions

    @property
    def total(self) -> int:
        """How many positions were looked at in all."""
        return int(self.at[_TOTAL])


@rule
def _threats(own):
    """Return the cells, taken or not, that make a line of four with three of `own`."""
    cells = own << 1 & own << 2 & own << 3
    for by in (HEIGHT - 1, HEIGHT, HEIGHT + 1):
        ahead, behind = own << by & own << 2 * by, own >> by & own >> 2 * by
        cells |= ahead & (own << 3 * by | own >> by) | behind & (own >> 3 * by | own << by)
    return cells & _WELLS


@rule
def _playable(taken):
    """Return the lowest empty cell of each column that has one."""
    return taken + _FEET & _WELLS


@rule
def _safe(own, taken):
    """Return the moves after which the opponent cannot win at once."""
    moves, danger = _playable(taken), _threats(own ^ taken) & ~taken
    forced = moves & danger
    if forced:
        moves = forced if forced & forced - 1 == 0 else 0
    return moves & ~(danger >> 1)


@rule
def _mirror(board):
    out = 0
    for column in range(COLUMNS):
        out |= (board >> column * HEIGHT & (1 << HEIGHT) - 1) << (COLUMNS - 1 - column) * HEIGHT
    return out


@rule
def _key(own, taken, marks):
    """Name a position by the sum of its boards: a column with h marks adds 2^h - 1 to 2^(h + 1) - 2."""
    key = own + taken
    return min(key, _mirror(key)) if marks <= _MIRRORED else key


@rule
def _settle(own, taken, alpha, marks, options):
    """Return a bound of the score that needs no search and whether it lies outside (alpha, alpha + 1)."""
    if options == 0:
        return -((CELLS - marks) // 2), True
    if marks >= CELLS - 2:  # the last two marks win nothing
        return 0, True
    rival = own if alpha >= 0 else own ^ taken
    return 0, four(rival | _WELLS & ~taken) == 0  # who has no line left does not win


@rule
def _look_up(table, key):
    """Return the least and the greatest score that the table knows a position to have, and whether it knows it."""
    bucket = (key * _HASH >> _HASHED) & len(table) - 2
    for slot in range(2):
        entry = table[bucket + slot]
        if entry >> 14 == key:
            return (entry >> 8 & 63) - _FIRST, (entry >> 2 & 63) - _FIRST, True
    return 0, 0, False


@rule
def _store(table, key, least, most, positions):
    """Write bounds into the table: the first place of a bucket is for large trees, the second for the latest.

    An entry is the key and, from its lowest bit, the size of the tree in two bits and the bounds in six each.
    """
    size = 3 if positions >= 4096 else 2 if positions >= 256 else 1 if positions >= 16 else 0
    bucket = (key * _HASH >> _HASHED) & len(table) - 2
    entry = key << 14 | (least + _FIRST) << 8 | (most + _FIRST) << 2 | size
    old = table[bucket]
    if old >> 14 == key:
        table[bucket] = entry
    elif old & 3 <= size or old < 0:
        table[bucket + 1] = old
        table[bucket] = entry
    else:
        table[bucket + 1] = entry


@rule
def _order(own, taken, moves, row):
    """List `moves` in `row [8]`, those that make most threats first, then those nearest the middle, and 0 at the end.

    Each is its worth above its bit.
    """
    count = 0
    while moves:
        move = moves & -moves
        moves ^= move
        column = popcount(move - 1) // HEIGHT
        worth = 8 * popcount(_threats(own | move) & ~taken) + 3 - abs(column - 3)
        place, entry = count, worth * (_MOVE + 1) + move
        while place > 0 and row[place - 1] < entry:
            row[place] = row[place - 1]
            place -= 1
        row[place] = entry
        count += 1
    row[count] = 0


@rule
def _enter(levels, moves, level, own, taken, alpha, key, least, most, positions):
    """Begin to try the moves of a position at one level of the stack."""
    row = levels[level]
    row[0], row[1], row[2], row[3] = own, taken, alpha, key
    row[4], row[5], row[6], row[7], row[8] = least, most, positions, 0, -_FIRST


@rule
def _leave(levels, level, table, positions):
    """Return the bound that a position's moves gave, and keep it in the table."""
    alpha, key, least, most = levels[level, 2], levels[level, 3], levels[level, 4], levels[level, 5]
    best = levels[level, 8]
    if key != _NO_KEY:
        below = positions - levels[level, 6]
        _store(table, key, best if best > alpha else least, most if best > alpha else best, below)
    return best


@compiled(nogil=True, error_model="numpy")
def _search(own, taken, alpha, table, levels, moves, at):
    """Return a bound of the score of a position where nobody has won and whoever moves cannot at once.

    A bound above `alpha` is a least score, another a greatest one. table `[entries]` int64. The second answer is
    whether the search has come to its end: if not it pauses, and is called again with the same arguments.
    """
    level, began = -1, at[_LOOKED]
    if at[_LEVEL] != _NO_SEARCH:
        own, taken, alpha, level = at[_OWN], at[_TAKEN], at[_ALPHA], at[_LEVEL]
    positions, pause = began, began + at[_LEFT]
    while True:
        if positions >= pause:
            at[_OWN], at[_TAKEN], at[_ALPHA], at[_LEVEL], at[_LOOKED] = own, taken, alpha, level, positions
            return 0, False
        positions += 1
        marks = popcount(taken)
        options = _safe(own, taken)
        value, known = _settle(own, taken, alpha, marks, options)
        key, least, most = _NO_KEY, -((CELLS - 2 - marks) // 2), (CELLS - 1 - marks) // 2
        if not known:
            if marks <= _KEPT and options & options - 1:
                key = _key(own, taken, marks)
                lower, upper, found = _look_up(table, key)
                if found:
                    least, most = lower, upper
            value = least if least > alpha else most
            known = least > alpha or most <= alpha
        if not known:
            level += 1
            _enter(levels, moves, level, own, taken, alpha, key, least, most, positions)
            _order(own, taken, options, moves[level])
        while True:  # hand the value up to where a move is left to try
            if known:
                if level < 0:
                    at[_LEVEL], at[_LOOKED] = _NO_SEARCH, 0
                    at[_LEFT], at[_TOTAL] = pause - positions, at[_TOTAL] + positions
                    return value, True
                levels[level, 8] = max(levels[level, 8], -value)
            alpha, place = levels[level, 2], levels[level, 7]
            move = moves[level, place] & _MOVE
            if levels[level, 8] <= alpha and move:
                break
            value, known = _leave(levels, level, table, positions), True
            level -= 1
        levels[level, 7] = place + 1
        own, taken = levels[level, 0] ^ levels[level, 1], levels[level, 1] | move
        alpha = -alpha - 1


@rule
def _solve(own, taken, low, high, table, levels, moves, at):
    """Return the score of an unfinished position, cut to [low, high], and whether it is known or the search pauses.

    The window is halved, or where 0 lies in it, tried half-way to its end first: far scores are soon refuted.
    """
    marks = popcount(taken)
    if at[_LEVEL] == _NO_SEARCH:
        at[_TOTAL] += 1
        if _threats(own) & _playable(taken):
            return min(max((CELLS + 1 - marks) // 2, low), high), True
        if marks == CELLS - 1:
            return min(max(0, low), high), True
        least, most = -((CELLS - marks) // 2), (CELLS - 1 - marks) // 2
        at[_LEAST], at[_MOST] = min(max(least, low), high), max(min(most, high), low)
    least, most = at[_LEAST], at[_MOST]
    while least < most:
        alpha = least + (most - least) // 2
        if alpha <= 0 and -(-least // 2) < alpha:
            alpha = -(-least // 2)
        elif alpha >= 0 and most // 2 > alpha:
            alpha = most // 2
        bound, ended = _search(own, taken, alpha, table, levels, moves, at)
        if not ended:
            at[_LEAST], at[_MOST] = least, most
            return 0, False
        if bound > alpha:
            least = min(bound, high)
        else:
            most = max(bound, low)
    return least, True


@compiled(nogil=True, error_model="numpy")
def values(own, taken, low, high, table, out, search):
    """Write the scores of unfinished positions, cut to [low, high], into `out [n]`; return whether all are there."""
    levels, moves, at = search
    while at[_ROW] < len(own):
        row = at[_ROW]
        score, known = _solve(own[row], taken[row], low, high, table, levels, moves, at)
        if not known:
            return False
        out[row] = score
        at[_ROW] += 1
    return True


@compiled(nogil=True, error_model="numpy")
def scores(own, taken, low, high, table, out, search):
    """Write the scores of the moves of unfinished positions into `out [n, 7]`, likewise."""
    levels, moves, at = search
    while at[_ROW] < len(own):
        row, column = at[_ROW], at[_COLUMN]
        move = _playable(taken[row]) & FILE << column * HEIGHT
        marks = popcount(taken[row]) + 1
        if move == 0:
            out[row, column] = ILLEGAL
        elif four(own[row] | move):
            out[row, column] = min(max((CELLS + 2 - marks) // 2, low), high)
        elif marks == CELLS:
            out[row, column] = min(max(0, low), high)
        else:
            other, after = own[row] ^ taken[row], taken[row] | move
            score, known = _solve(other, after, -high, -low, table, levels, moves, at)
            if not known:
                return False
            out[row, column] = -score
        at[_COLUMN] += 1
        if at[_COLUMN] == COLUMNS:
            at[_ROW], at[_COLUMN] = row + 1, 0
    return True
