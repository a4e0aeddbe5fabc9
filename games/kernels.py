"""What the CPU does row by row: random numbers, keys of observations, and lookups in tables, compiled.

Each says the same, bit for bit, as the torch expression beside its one caller, which serves the other devices.
"""

import numpy as np

from games.compiling import compiled

_MULTIPLY_1, _MULTIPLY_2 = np.array([0xBF58476D1CE4E5B9, 0x94D049BB133111EB], np.uint64).view(np.int64).tolist()
_MOVE, _SEAT = np.array([0xD1B54A32D192ED03, 0x8CB92BA72F3D8DD7], np.uint64).view(np.int64).tolist()
_MINUS_ZERO = -(1 << 31)
"""The bits of float32 -0.0."""


@compiled(inline="always")
def _mix(x):
    x = (x ^ (x >> 30 & 0x3FFFFFFFF)) * _MULTIPLY_1
    x = (x ^ (x >> 27 & 0x1FFFFFFFFF)) * _MULTIPLY_2
    return x ^ (x >> 31 & 0x1FFFFFFFF)


@compiled()
def mix(counters):
    """Scramble `counters [n]` int64: `[n]`."""
    out = np.empty_like(counters)
    for row in range(len(counters)):
        out[row] = _mix(counters[row])
    return out


@compiled(inline="always")
def draw(mixed, seat, move, rest):
    """Turn one counter, mixed + seat * _SEAT + move * _MOVE + rest, int64, into a float64 in [0, 1)."""
    return (_mix(mixed + seat * _SEAT + move * _MOVE + rest) >> 12 & 0xFFFFFFFFFFFFF) * 2.0**-52


@compiled()
def uniform(mixed, seats, moves, rest):
    """Turn the counters of `mixed`, `seats` and `moves [n]` into float64 in [0, 1): `[n]`."""
    out = np.empty(len(mixed))
    for row in range(len(mixed)):
        out[row] = draw(mixed[row], seats[row], moves[row], rest)
    return out


@compiled()
def choose(legal, mixed, seats, moves):
    """Draw one of the choices in each row of `legal [n, A]`, all equally likely: `[n]` int64."""
    rows, actions = legal.shape
    out = np.empty(rows, np.int64)
    for row in range(rows):
        count = 0
        for action in range(actions):
            count += legal[row, action]
        target, below, chosen = draw(mixed[row], seats[row], moves[row], 0) * count, 0, 0
        for action in range(actions):
            below += legal[row, action]
            chosen += below <= target
        out[row] = chosen
    return out


@compiled()
def sample(probabilities, uniform):
    """Invert the cumulative sums of `probabilities [n, A]` at `uniform [n]`: `[n]` int64."""
    rows, actions = probabilities.shape
    out = np.empty(rows, np.int64)
    for row in range(rows):
        total = 0.0
        for action in range(actions):
            total += probabilities[row, action]
        target, cumulative, below = uniform[row] * total, 0.0, 0
        for action in range(actions):
            cumulative += probabilities[row, action]
            below += cumulative <= target
        out[row] = below
    return out


@compiled()
def movers(acting, owner, agent):
    """Return the places (row, seat), each `[n]` int64, where `acting [B, S]` holds and `owner [B, P]` is `agent`."""
    rows, players = owner.shape
    places, count = np.empty((2, rows * players), np.int64), 0
    for row in range(rows):
        for seat in range(players):
            places[0, count], places[1, count] = row, seat
            count += acting[row, seat] & (owner[row, seat] == agent)
    return places[0, :count], places[1, :count]


@compiled()
def put(table, rows, seats, values):
    """Write `values [n]` into `table [B, S]` at the places (row, seat)."""
    for place in range(len(rows)):
        table[rows[place], seats[place]] = values[place]


@compiled()
def hash_rows(words, seats, weights):
    """Hash float32 rows given as their bits, `words [n, m]` int32, with their `seats [n]`: `[n]` int64."""
    rows, columns = words.shape
    out = np.empty(rows, np.int64)
    for row in range(rows):
        total = seats[row] * _SEAT
        for column in range(columns):
            word = words[row, column]
            total += (0 if word == _MINUS_ZERO else np.int64(word)) * weights[column]
        out[row] = _mix(total)
    return out


@compiled()
def index(keys):
    """Return the slots `[2^s]` int32 of an open-addressed hash table of distinct `keys [R]` int64: a row, or -1."""
    size = 4
    while size < 2 * len(keys):
        size *= 2
    slots = np.full(size, -1, np.int32)
    for row in range(len(keys)):
        slot = keys[row] & (size - 1)
        while slots[slot] >= 0:
            slot = slot + 1 & (size - 1)
        slots[slot] = row
    return slots


@compiled()
def find(slots, keys, wanted):
    """Return the row of each of `wanted [n]` among `keys [R]`, or -1: `[n]` int64. `slots` is `index(keys)`."""
    out = np.empty(len(wanted), np.int64)
    last = len(slots) - 1
    for position in range(len(wanted)):
        slot = wanted[position] & last
        row = slots[slot]
        while row >= 0 and keys[row] != wanted[position]:
            slot = slot + 1 & last
            row = slots[slot]
        out[position] = row
    return out


@compiled()
def sample_rows(cumulative, rows, uniform):
    """Invert the sums `cumulative [R, A]` of the given `rows [n]` at `uniform [n]`: `[n]` int64, -1 for a row of -1."""
    out = np.empty(len(rows), np.int64)
    actions = cumulative.shape[1]
    for position in range(len(rows)):
        row = rows[position]
        if row < 0:
            out[position] = -1
            continue
        target, below = uniform[position] * cumulative[row, actions - 1], 0
        for action in range(actions):
            below += cumulative[row, action] <= target
        out[position] = below
    return out
