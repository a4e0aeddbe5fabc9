"""A search step, compiled: choose a way down, make a node of a network's answer, count what a simulation was worth.

The functions see a tree's records as one flat array of words, twice: `records` int32 and `values` float32 are the same
memory, and `at` is where a node's record begins. All are compiled for a layout and a rule of selection.
"""

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agents.search.arithmetic import exp
from agents.search.edges import choosable
from agents.search.tree import CHANCE, ILLEGAL, LANES, LOST, Layout
from agents.search.vectors import choose, floats, greatest, ints, load_floats, store, total
from games.bits import rule
from games.native import Rule

LEAST_PRIOR = np.float32(1e-30)
"""Of a legal action: a probability that a float32 cannot hold would leave the sums over visited edges at zero."""

_NEVER = np.float32(-1e30)

COUNT, LEND, REPAY = 0, 1, 2
"""A simulation's return is counted; a loss is counted in its place, for now; and the return takes that loss's place."""

WAITING = -1
"""What a node says came through it while its network's answer is awaited."""


class Books(NamedTuple):
    """What is done with a tree, as functions for use in compiled ones."""

    attach: Rule
    answer: Rule
    count: Rule
    at_root: Rule
    below: Rule


class Plan(NamedTuple):
    """What the simulations of B trees are to do.

    done, budget `[B]` int32: how many simulations a tree has had in this search, and is to have; schedule `[kinds, S]`
    int32 and kind `[B]` int64: the visits among whose edges the root chooses, by simulation; settings `[k]` float32: of
    the rule of selection; drawn `[B, A]` float32: what the root adds to sigma(q), Gumbel noise and logits; begun
    `[B, A]` int32: the root's visits when the search began; best `[2]` float32: the greatest return of each seat.
    """

    done: NDArray[np.int32]
    budget: NDArray[np.int32]
    schedule: NDArray[np.int32]
    kind: NDArray[np.int64]
    settings: NDArray[np.float32]
    drawn: NDArray[np.float32]
    begun: NDArray[np.int32]
    best: NDArray[np.float32]


@cache
def books(layout: Layout, rules: tuple[Rule, Rule, Rule, Rule]) -> Books:
    """Return the bookkeeping for a layout and a rule of selection."""
    width, size = layout.width, layout.size
    prior, mean, visits, child, length = layout.prior, layout.mean, layout.visits, layout.child, layout.length
    raw, weighted, seen, mixed = layout.raw, layout.weighted, layout.seen, layout.mixed
    through, heaviest, seat, edge = layout.through, layout.heaviest, layout.seat, layout.edge
    at_root, below, part, mix = rules

    @rule
    def attach(records, values, at, leading, mover):
        """Begin a node's record; it has no legal edges yet."""
        for place in range(0, width, LANES):
            store(values, at + mean + place, floats(np.float32(0.0)))
            store(records, at + visits + place, ints(np.int32(0)))
            store(records, at + child + place, ints(np.int32(ILLEGAL)))
            store(records, at + length + place, ints(np.int32(0)))
        values[at + weighted] = values[at + seen] = np.float32(0.0)
        records[at + through], records[at + heaviest] = WAITING, 0
        records[at + seat], records[at + edge] = mover, leading

    @rule
    def answer(records, values, at, logits, start, value):
        """Write what a network said of a node: `logits` from `start` on, and the value for whoever moves.

        Returns whether these are numbers.
        """
        most, whole = _NEVER, np.float32(0.0)
        for place in range(0, width, LANES):
            legal = choosable(records, at + child + place)
            most = max(most, greatest(choose(legal, load_floats(logits, start + place), floats(_NEVER))))
        for place in range(0, width, LANES):
            legal = choosable(records, at + child + place)
            own = exp(choose(legal, load_floats(logits, start + place) - floats(most), floats(_NEVER)))
            store(values, at + prior + place, own)
            whole += total(own)
        for place in range(0, width, LANES):
            legal = choosable(records, at + child + place)
            own = load_floats(values, at + prior + place) / floats(whole)
            own = choose(own > floats(LEAST_PRIOR), own, floats(LEAST_PRIOR))
            store(values, at + prior + place, choose(legal, own, floats(np.float32(0.0))))
        records[at + through], values[at + raw] = 0, value
        values[at + mixed] = mix(value, np.float32(0.0), LEAST_PRIOR, 0, np.float32(0.0))
        return whole >= np.float32(1.0) and abs(value) <= np.float32(2.0)

    @rule
    def proven(records, values, at, best):
        """Return how many moves away a node's end is and its value for whoever moves; 0 where it is not proven.

        Of equal returns a win comes soon and a loss late.
        """
        away, value = 0, np.float32(-np.inf)
        for action in range(width):
            if records[at + child + action] == ILLEGAL:
                continue
            here, q = records[at + length + action], values[at + mean + action]
            if here == 0:
                continue
            if q > value or (q == value and (here > away if q < 0 else here < away)):
                away, value = here, q
        if away == 0 or value >= best:
            return away, value
        for action in range(width):
            if records[at + child + action] != ILLEGAL and records[at + length + action] == 0:
                return 0, value
        return away, value

    @rule
    def close(records, at, action):
        """Let a lost edge be chosen no more, unless it is the last."""
        for other in range(width):
            if other != action and records[at + child + other] > ILLEGAL:
                records[at + child + action] = LOST
                break

    @rule
    def count(records, values, root, at, action, value, away, kind, setting, best):
        """Count a simulation that left the tree by an edge and was worth `value` to seat 0; `away` if that is proven.

        A loss that is lent is one for whoever moves, all the way up. setting: the rule's first; best: of both seats.
        """
        while True:
            mover = records[at + seat]
            own = -value if mover == 1 else value
            p, old = values[at + prior + action], values[at + mean + action]
            n = records[at + visits + action] + (kind != REPAY)
            before = part(p, n - (kind != REPAY), old)
            if n == 1 and kind != REPAY:
                before = np.float32(0.0)
                values[at + seen] += p
            known = records[at + length + action]
            if away > 0:
                q = own
            elif known > 0:
                q = old
            elif kind == COUNT:
                q = old + (own - old) / np.float32(n)
            elif kind == LEND:
                q = old + (np.float32(-1.0) - old) / np.float32(n)
            else:
                q = old + (own + np.float32(1.0)) / np.float32(n)
            records[at + visits + action], values[at + mean + action] = n, q
            values[at + weighted] += part(p, n, q) - before
            records[at + through] += kind != REPAY
            records[at + heaviest] = max(records[at + heaviest], n)
            values[at + mixed] = mix(
                values[at + raw], values[at + weighted], values[at + seen], records[at + through], setting
            )
            if away > 0:
                records[at + length + action] = away
                if known == 0 and mover != CHANCE:
                    if own <= (-best[0] if mover == 1 else -best[1]):
                        close(records, at, action)
                    away, sure = proven(records, values, at, best[1] if mover == 1 else best[0])
                    if away > 0:
                        value, away = -sure if mover == 1 else sure, away + 1
                else:
                    away = 0
            if at == root:
                return
            leading = records[at + edge]
            at, action = root + leading // width * size, leading % width

    return Books(attach, answer, count, at_root, below)
