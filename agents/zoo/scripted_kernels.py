"""Strategies of the iterated prisoner's dilemma, compiled: over the rows of a batch, and over whole games.

A strategy's rule is written for one seat in one round. `compile_rules` makes one loop that asks whichever rule is
meant, so that a field of many strategies is played at once, and by the same machine code as every other field.
"""

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from games.bits import inlined, rule
from games.compiling import compiled
from games.kernels import draw

COOPERATE, DEFECT = 1.0, 0.0
"""The probabilities of cooperating of a rule that is sure."""
NOT_PLAYED = 255
"""Stands for the choices of rounds that a game did not come to."""
UNKNOWN = 1 << 40
"""How many rounds are left where nobody knows."""

RECORD = np.dtype(
    [
        *((name, np.int64) for name in ("own", "other", "meant", "own_defections", "other_defections")),
        ("words", np.int64, 4),
    ]
)
"""What a seat remembers: what `Past` tells, and the four words that its rule keeps. Numba counts no references to the
fields of such a record, as it does to every row of a plain array, at the price of the rule itself."""
NUMBERS = np.dtype([("values", np.float64, 5)])
"""The parameters of a rule."""

Rule = Callable[..., float]


class Past(NamedTuple):
    """What a seat knows when it chooses, in integers.

    rounds: how many have been played; left: how many will be, this one among them, or about `UNKNOWN`.
    own, other, meant: what it played, what the opponent played, and what it meant to play where its hand may slip: bit
    i is a one for a defection i rounds before the last, up to 63.
    own_defections, other_defections: how many there were in all.
    """

    rounds: int
    left: int
    own: int
    other: int
    meant: int
    own_defections: int
    other_defections: int


class Kernels(NamedTuple):
    """What `compile_rules` makes: each is described there."""

    act: Callable[..., Any]
    play: Callable[..., Any]
    replay: Callable[..., Any]


@inlined
def _nobody(kind, past, words, parameters):
    return DEFECT


def _either(number: int, own: Rule, others: Rule) -> Rule:
    """Return what asks `own` where the kind is `number`, and else `others`. Laid inline, the whole is one switch."""
    own = rule(own)

    @inlined
    def ask(kind, past, words, parameters):
        if kind == number:
            return own(past, words, parameters)
        return others(kind, past, words, parameters)

    return ask


@compiled(inline="always")
def _forget(record):
    """Begin a game."""
    record.own = record.other = record.meant = record.own_defections = record.other_defections = 0
    for place in range(4):
        record.words[place] = 0


@compiled(inline="always")
def _note(record, own, other):
    """Write down what was played."""
    record.own = record.own << 1 | own
    record.other = record.other << 1 | other
    record.own_defections += own
    record.other_defections += other


@compiled(inline="always")
def _defects(share, mixed, seat, move):
    """Draw whether to defect; a sure rule needs no number, and takes none from anyone."""
    if share <= DEFECT or share >= COOPERATE:
        return np.int64(share <= DEFECT)
    return np.int64(draw(mixed, seat, move, 0) >= share)


@compiled(inline="always")
def _drawn(weights, uniform):
    """Invert the cumulative sums of `weights [O]` as `games.kernels.sample` does."""
    total = 0.0
    for weight in weights:
        total += weight
    target, cumulative, below = uniform * total, 0.0, 0
    for weight in weights:
        cumulative += weight
        below += cumulative <= target
    return below


@cache
def compile_rules(rules: tuple[Rule, ...]) -> Kernels:
    """Compile the loops that ask `rules`, each a function `(past, words, parameters) -> float`.

    A rule returns the probability of cooperating. It may change its `words [4]`, int64, which begin as zeros; its
    `parameters [5]` are float64. It is asked once a round, in order.
    """
    chain = _nobody
    for number, own in enumerate(rules):
        chain = _either(number, own, chain)

    @rule  # not compiled by itself: a dispatcher in a closure has no lasting name, and what holds it is not kept
    def ask(kind, record, rounds, length, numbers):
        """Return the probability of cooperating after `rounds` rounds, of `length` in all."""
        past = Past(
            rounds,
            length - rounds,
            record.own,
            record.other,
            record.meant,
            record.own_defections,
            record.other_defections,
        )
        return chain(kind, past, record.words, numbers.values)

    @compiled(nogil=True, error_model="numpy")
    def act(records, kinds, numbers, pairs, active, rows, seats, rounds, played, in_a_word, length, mixed, moves):
        """Choose for the `pairs [n]` that are `active [n]`, at `rows [n]` and `seats [n]`: `[n]` int64, 1 to defect.

        records, kinds, numbers `[m]`: what each pair remembers, its rule and the parameters; `rounds [B]` have been
        played, which `played [B, W]` packs, two bits each; mixed, moves `[n]`: the counters of the random numbers.
        """
        out = np.zeros(len(pairs), np.int64)
        for place in range(len(pairs)):
            if not active[place]:
                continue
            pair, row, seat, count = pairs[place], rows[place], seats[place], rounds[rows[place]]
            record = records[pair]
            if count > 0:
                word, at = divmod(count - 1, in_a_word)
                joint = played[row, word] >> 2 * at & 3
                _note(record, joint >> 1 - seat & 1, joint >> seat & 1)
            share = ask(kinds[pair], record, count, length, numbers[pair])
            out[place] = _defects(share, mixed[place], seat, moves[place])
            record.meant = record.meant << 1 | out[place]
        return out

    @compiled(nogil=True, error_model="numpy")
    def play(records, kinds, numbers, rounds, length, payoffs, slips, another, mixed, chance):
        """Play whole games: returns `[m, 2]`, and what was chosen `[m, rounds, 2]` uint8, `NOT_PLAYED` after the end.

        records `[2]`: room to remember; kinds, numbers `[m, 2]`: whose game it is; payoffs `[4, 2]`; slips `[4, O]`:
        chance's outcomes where hands tremble, else `[4, 0]`; another `[O]`: those after a round, whose first behind the
        slips is to go on, else `[0]`; mixed, chance `[m]`: the games' halves of the counters of both streams.
        """
        games, trembles, stops = len(kinds), slips.shape[1] > 0, len(another) > 0
        returns, choices = np.zeros((games, 2)), np.full((games, rounds, 2), NOT_PLAYED, np.uint8)
        for game in range(games):
            for seat in range(2):
                _forget(records[seat])
            move, count, going = np.int64(0), np.int64(0), True
            while going:
                joint = np.int64(0)
                for seat in range(2):
                    record = records[seat]
                    share = ask(kinds[game, seat], record, count, length, numbers[game, seat])
                    defects = _defects(share, mixed[game], np.int64(seat), move)
                    record.meant = record.meant << 1 | defects
                    choices[game, count, seat] = defects
                    joint = joint << 1 | defects
                move += 1
                if trembles:
                    joint = np.int64(_drawn(slips[joint], draw(chance[game], np.int64(2), move, 0)))
                    move += 1
                for seat in range(2):
                    returns[game, seat] += payoffs[joint, seat]
                    _note(records[seat], joint >> 1 - seat & 1, joint >> seat & 1)
                count += 1
                going = count < rounds
                if stops and going:
                    going = _drawn(another, draw(chance[game], np.int64(2), move, 0)) == 4 * trembles
                    move += 1
        return returns, choices

    @compiled(nogil=True, error_model="numpy")
    def replay(records, kind, numbers, length, rounds, played):
        """Return the probabilities of cooperating `[n]` after the `rounds [n]` of `played [n, R, 3]`.

        records `[1]`: room to remember; played uint8: own, other and meant, 1 for a defection.
        """
        out = np.empty(len(rounds))
        for row in range(len(rounds)):
            record = records[0]
            _forget(record)
            for count in range(rounds[row]):
                ask(kind, record, count, length, numbers)
                own, other, meant = played[row, count, 0], played[row, count, 1], played[row, count, 2]
                _note(record, np.int64(own), np.int64(other))
                record.meant = record.meant << 1 | np.int64(meant)
            out[row] = ask(kind, record, rounds[row], length, numbers)
        return out

    return Kernels(act, play, replay)
