"""Alpha-beta search of connect four to the end of the game, compiled.

D. E. Knuth and R. W. Moore, "An analysis of alpha-beta pruning", Artificial Intelligence 6, 1975; the table with two
places a bucket is that of D. M. Breuker, J. W. H. M. Uiterwijk and H. J. van den Herik, "Replacement schemes for
transposition tables", ICCA Journal 17, 1994. A position is two boards, laid out as in `games.boards.connect_four`: the
marks of whoever moves, `own`, and all marks, `taken`.
"""

import numpy as np

from games.bits import popcount, rule
from games.boards.connect_four import _CELLS, _COLUMNS, _FILE, _HEIGHT, _four
from games.compiling import compiled

ILLEGAL = -100
"""Stands for the score of a full column."""

_FEET = sum(1 << column * _HEIGHT for column in range(_COLUMNS))
_WELLS = _FEET * _FILE
"""The lowest cells, and all cells."""
_FIRST = (_CELLS + 1) // 2
"""The score of a win with the first mark, were there one: no score is as large."""
_MOVE = (1 << _HEIGHT * _COLUMNS) - 1
_NO_KEY = -1
_MIRRORED, _KEPT = 14, 32
"""Up to so many marks a position shares its entry with its mirror image, and has an entry at all: small trees are
searched again before the memory has answered."""
_HASH, _HASHED = 0x1E3779B97F4A7C15, 35
"""Odd; and the lowest bit of the product that is used, for those below it know little of the last columns."""


@rule
def _threats(own):
    """Return the cells, taken or not, that make a line of four with three of `own`."""
    cells = own << 1 & own << 2 & own << 3
    for by in (_HEIGHT - 1, _HEIGHT, _HEIGHT + 1):
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
    for column in range(_COLUMNS):
        out |= (board >> column * _HEIGHT & (1 << _HEIGHT) - 1) << (_COLUMNS - 1 - column) * _HEIGHT
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
        return -((_CELLS - marks) // 2), True
    if marks >= _CELLS - 2:  # the last two marks win nothing
        return 0, True
    rival = own if alpha >= 0 else own ^ taken
    return 0, _four(rival | _WELLS & ~taken) == 0  # who has no line left does not win


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
        column = popcount(move - 1) // _HEIGHT
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
def _search(own, taken, alpha, table, levels, moves):
    """Return a bound of the score of a position where nobody has won and whoever moves cannot at once.

    A bound above `alpha` is a least score, another a greatest one. table `[entries]` int64; levels `[43, 9]`, moves
    `[43, 8]` int64: a row for each position on the way to the one that is looked at. The second number counts
    positions.
    """
    level, positions = -1, 0
    while True:
        positions += 1
        marks = popcount(taken)
        options = _safe(own, taken)
        value, known = _settle(own, taken, alpha, marks, options)
        key, least, most = _NO_KEY, -((_CELLS - 2 - marks) // 2), (_CELLS - 1 - marks) // 2
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
                    return value, positions
                levels[level, 8] = max(levels[level, 8], -value)
            alpha, at = levels[level, 2], levels[level, 7]
            move = moves[level, at] & _MOVE
            if levels[level, 8] <= alpha and move:
                break
            value, known = _leave(levels, level, table, positions), True
            level -= 1
        levels[level, 7] = at + 1
        own, taken = levels[level, 0] ^ levels[level, 1], levels[level, 1] | move
        alpha = -alpha - 1


@rule
def _solve(own, taken, low, high, table, levels, moves):
    """Return the score of an unfinished position, cut to [low, high], and how many positions were looked at.

    The window is halved, or where 0 lies in it, tried half-way to its end first: far scores are soon refuted.
    """
    marks, positions = popcount(taken), 1
    if _threats(own) & _playable(taken):
        return min(max((_CELLS + 1 - marks) // 2, low), high), positions
    if marks == _CELLS - 1:
        return min(max(0, low), high), positions
    least, most = -((_CELLS - marks) // 2), (_CELLS - 1 - marks) // 2
    least, most = min(max(least, low), high), max(min(most, high), low)
    while least < most:
        alpha = least + (most - least) // 2
        if alpha <= 0 and -(-least // 2) < alpha:
            alpha = -(-least // 2)
        elif alpha >= 0 and most // 2 > alpha:
            alpha = most // 2
        bound, looked = _search(own, taken, alpha, table, levels, moves)
        positions += looked
        if bound > alpha:
            least = min(bound, high)
        else:
            most = max(bound, low)
    return least, positions


@compiled(nogil=True, error_model="numpy")
def values(own, taken, low, high, table):
    """Return the scores `[n]` of unfinished positions, cut to [low, high], and how many positions were looked at."""
    levels, moves = np.zeros((_CELLS + 1, 9), np.int64), np.zeros((_CELLS + 1, 8), np.int64)
    out, total = np.zeros(len(own), np.int64), 0
    for row in range(len(own)):
        out[row], positions = _solve(own[row], taken[row], low, high, table, levels, moves)
        total += positions
    return out, total


@compiled(nogil=True, error_model="numpy")
def scores(own, taken, low, high, table):
    """Return the scores `[n, 7]` of the moves of unfinished positions, likewise."""
    levels, moves = np.zeros((_CELLS + 1, 9), np.int64), np.zeros((_CELLS + 1, 8), np.int64)
    out, total = np.full((len(own), _COLUMNS), ILLEGAL), 0
    for row in range(len(own)):
        for column in range(_COLUMNS):
            move = _playable(taken[row]) & _FILE << column * _HEIGHT
            marks = popcount(taken[row]) + 1
            if move == 0:
                continue
            if _four(own[row] | move):
                out[row, column] = min(max((_CELLS + 2 - marks) // 2, low), high)
            elif marks == _CELLS:
                out[row, column] = min(max(0, low), high)
            else:
                other, after = own[row] ^ taken[row], taken[row] | move
                score, positions = _solve(other, after, -high, -low, table, levels, moves)
                out[row, column] = -score
                total += positions
    return out, total
