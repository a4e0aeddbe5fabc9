"""What the CPU does row by row: random numbers, keys of observations, and lookups in tables, compiled.

Each says the same, bit for bit, as the torch expression beside its one caller, which serves the other devices.
"""

import numpy as np

from games.bits import popcount
from games.compiling import compiled

_MULTIPLY_1, _MULTIPLY_2 = np.array([0xBF58476D1CE4E5B9, 0x94D049BB133111EB], np.uint64).view(np.int64).tolist()
_MOVE, _SEAT = np.array([0xD1B54A32D192ED03, 0x8CB92BA72F3D8DD7], np.uint64).view(np.int64).tolist()
_BYTES, _TOPS = np.uint64(0x0101010101010101), np.uint64(0x8080808080808080)
"""One in each byte, and the top bit of each."""
_MINUS_ZERO = -(1 << 31)
"""The bits of float32 -0.0."""


@compiled(inline="always")
def mix_one(x):
    """Scramble one counter, int64."""
    x = (x ^ (x >> 30 & 0x3FFFFFFFF)) * _MULTIPLY_1
    x = (x ^ (x >> 27 & 0x1FFFFFFFFF)) * _MULTIPLY_2
    return x ^ (x >> 31 & 0x1FFFFFFFF)


@compiled()
def mix(counters):
    """Scramble `counters [n]` int64: `[n]`."""
    out = np.empty_like(counters)
    for row in range(len(counters)):
        out[row] = mix_one(counters[row])
    return out


@compiled(inline="always")
def draw(mixed, seat, move, rest):
    """Turn one counter, mixed + seat * _SEAT + move * _MOVE + rest, int64, into a float64 in [0, 1)."""
    return (mix_one(mixed + seat * _SEAT + move * _MOVE + rest) >> 12 & 0xFFFFFFFFFFFFF) * 2.0**-52


@compiled()
def uniform(rows, seats, mixed, moves, rest):
    """Turn the counters of `mixed` and `moves [B]` at `rows [n]`, with `seats [n]`, into float64 in [0, 1): `[n]`."""
    out = np.empty(len(rows))
    for place in range(np.uint64(len(rows))):
        row = rows[place]
        out[place] = draw(mixed[row], seats[place], moves[row], rest)
    return out


@compiled(inline="always")
def _eight(flags, at):
    """Return eight flags, one a byte, as one word; the compiler loads it at once."""
    word = np.uint64(0)
    for place in range(8):
        word |= np.uint64(flags[at + np.uint64(place)]) << np.uint64(8 * place)
    return word


@compiled(inline="always")
def _reached(counts, target):
    """Return how many bytes of `counts`, each below 128, are at most `target`, -1 to 127."""
    return popcount(np.int64(np.uint64(target + 128) * _BYTES - counts & _TOPS))


@compiled(inline="always")
def select(word, target):
    """Return the place of the one in `word`, uint64, that has `target` ones below it.

    Its byte first, by the bytes' running counts of ones, then its place there: no loop whose length is random.
    """
    start = np.uint64(0)
    if word >> np.uint64(8):  # few games have more than eight outcomes
        ones = word - (word >> np.uint64(1) & np.uint64(0x5555555555555555))
        ones = (ones & np.uint64(0x3333333333333333)) + (ones >> np.uint64(2) & np.uint64(0x3333333333333333))
        counts = (ones + (ones >> np.uint64(4)) & np.uint64(0x0F0F0F0F0F0F0F0F)) * _BYTES
        start = np.uint64(8 * _reached(counts, target))
        target -= np.int64(counts << np.uint64(8) >> start & np.uint64(255))
    spread = (word >> start & np.uint64(255)) * _BYTES & np.uint64(0x8040201008040201)
    flags = spread + np.uint64(0x7F7F7F7F7F7F7F7F) >> np.uint64(7) & _BYTES
    return np.int64(start) + _reached(flags * _BYTES, target)


@compiled()
def choose(legal, rows, seats, mixed, moves):
    """Draw one of the choices in each row of `legal [n, A]`, all equally likely, by counters as `uniform` reads them.

    Eight choices at a time: a product with _BYTES turns their bytes into running counts, and a byte's top bit then
    says whether its count is at most the target.
    """
    actions = legal.shape[1]
    flags, out = legal.reshape(-1).view(np.uint8), np.empty(len(rows), np.int64)
    width, whole = np.uint64(actions), np.uint64(actions & ~7)
    for place in range(np.uint64(len(rows))):
        row, first, count = rows[place], place * width, 0
        for action in range(np.uint64(0), whole, np.uint64(8)):
            count += np.int64(popcount(np.int64(_eight(flags, first + action))))
        for action in range(whole, width):
            count += flags[first + action]
        target, below, chosen = int(draw(mixed[row], seats[place], moves[row], 0) * count), 0, 0
        for action in range(np.uint64(0), whole, np.uint64(8)):
            counts = _eight(flags, first + action) * _BYTES
            chosen += _reached(counts, min(max(target - below, -1), 8))
            below += np.int64(counts >> np.uint64(56))
        for action in range(whole, width):
            below += flags[first + action]
            chosen += below <= target
        out[place] = chosen
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
    places, seats = np.empty(rows * players, np.int64), np.empty(rows * players, np.int64)
    count = np.uint64(0)
    for row in range(np.uint64(rows)):
        for seat in range(np.uint64(players)):
            places[count], seats[count] = row, seat
            count += np.uint64(acting[row, seat] & (owner[row, seat] == agent))
    return places[:count], seats[:count]


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
        out[row] = mix_one(total)
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
