"""Gumbel AlphaZero's choice of actions: sequential halving at the root, the improved policy's shares below it.

I. Danihelka, A. Guez, J. Schrittwieser and D. Silver, "Policy improvement by planning with Gumbel", ICLR 2022. A value
that an edge without a visit is taken to have is that of appendix D, the mixed value; its sums are kept as simulations
come back. `q` in [-1, 1] is transformed by sigma(q) = (c_visit + max N) * c_scale * (q + 1) / 2, equation 8.
"""

from functools import cache, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agents.search.arithmetic import exp
from agents.search.edges import choosable
from agents.search.tree import LANES, Layout
from agents.search.vectors import choose, first, floats, greatest, ints, load_floats, load_ints, total
from games.bits import inlined, rule

_NEVER = np.float32(-1e30)


@cache
def gumbel(layout: Layout) -> tuple[Any, Any, Any, Any]:
    """Return the rules for a layout: at the root, below it, what an edge adds to the weighted sum, the mixed value."""
    width, prior, mean, visits, child = layout.width, layout.prior, layout.mean, layout.visits, layout.child
    mixed, through, heaviest = layout.mixed, layout.through, layout.heaviest

    @rule
    def completed(records, values, at, place):
        """Return eight edges' visits and means, those without a visit taken to be worth the mixed value."""
        count = load_ints(records, at + visits + place)
        known = count > ints(np.int32(0))
        return count, choose(known, load_floats(values, at + mean + place), floats(values[at + mixed]))

    @rule
    def least_zero(x):
        """Keep what is above zero, which only edges that cannot be chosen are, within what `exp` takes."""
        return choose(x > floats(np.float32(0.0)), floats(np.float32(0.0)), x)

    @rule
    def scaled(records, at, settings):
        return (settings[0] + np.float32(records[at + heaviest])) * settings[1]

    @inlined
    def below(records, values, at, settings):
        """Return the edge whose share of the visits falls shortest of the improved policy, equation 14."""
        scale, most = scaled(records, at, settings), _NEVER
        for place in range(0, width, LANES):
            _, q = completed(records, values, at, place)
            legal = choosable(records, at + child + place)
            most = max(most, greatest(choose(legal, q, floats(_NEVER))))
        whole = np.float32(0.0)
        for place in range(0, width, LANES):
            _, q = completed(records, values, at, place)
            legal = choosable(records, at + child + place)
            share = load_floats(values, at + prior + place) * exp(floats(scale) * least_zero(q - floats(most)))
            whole += total(choose(legal, share, floats(np.float32(0.0))))
        chosen, score = 0, np.float32(-np.inf)
        times = np.float32(1 + records[at + through])
        for place in range(0, width, LANES):
            count, q = completed(records, values, at, place)
            legal = choosable(records, at + child + place)
            share = load_floats(values, at + prior + place) * exp(floats(scale) * least_zero(q - floats(most)))
            short = choose(legal, share * floats(times) - floats(count) * floats(whole), floats(_NEVER))
            here = greatest(short)
            if here > score:
                chosen, score = place + first(short == floats(here)), here
        return chosen

    @inlined
    def at_root(records, values, at, settings, drawn, begun, row, considered):
        """Return, of the edges with `considered` visits in this search, that of the greatest g + logit + sigma(q).

        Of all edges where none has so many: those that had were proven to lose.
        """
        scale, chosen, score = scaled(records, at, settings), -1, np.float32(-np.inf)
        substitute, most = -1, np.float32(-np.inf)
        for place in range(0, width, LANES):
            count, q = completed(records, values, at, place)
            fresh = (count - load_ints(begun, row * width + place)) == ints(np.int32(considered))
            legal = choosable(records, at + child + place)
            own = load_floats(drawn, row * width + place) + floats(scale) * q
            own = choose(legal, own, floats(np.float32(-np.inf)))
            here = greatest(own)
            if here > most:
                substitute, most = place + first(own == floats(here)), here
            own = choose(fresh, own, floats(np.float32(-np.inf)))
            here = greatest(own)
            if here > score:
                chosen, score = place + first(own == floats(here)), here
        return chosen if chosen >= 0 else substitute

    @rule
    def part(probability, count, q):
        return probability * q

    @rule
    def mix(raw, weighted, seen, count, setting):
        return (raw + np.float32(count) * (weighted / seen)) / np.float32(count + 1)

    return at_root, below, part, mix


@lru_cache(maxsize=256)
def considered_visits(simulations: int, actions: int) -> NDArray[np.int32]:
    """Return how many visits the edges have among which each simulation chooses `[simulations]`: sequential halving.

    Z. Karnin, T. Koren and O. Somekh, "Almost optimal exploration in multi-armed bandits", ICML 2013, as algorithm 2 of
    Danihelka et al. says: each of ceil(log2 m) phases spends the same, and halves the m actions; what is left over goes
    to further phases of the last two.
    """
    if actions <= 1:
        return np.arange(simulations, dtype=np.int32)
    phases, left = (actions - 1).bit_length(), actions
    spent, out = [0] * actions, []
    while len(out) < simulations:
        for _ in range(max(1, simulations // (phases * left))):
            out += spent[:left]
            spent[:left] = [count + 1 for count in spent[:left]]
        left = max(2, left // 2)
    return np.array(out[:simulations], np.int32)
