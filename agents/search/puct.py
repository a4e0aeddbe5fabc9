"""AlphaZero's choice of actions: predictor + upper confidence bound, PUCT.

D. Silver et al., "A general reinforcement learning algorithm that masters chess, shogi and Go through self-play",
Science 2018. An edge without a visit is taken to be worth the mean of its node less `reduction` times the root of the
probability that its visited edges have together (first-play urgency as in KataGo and Leela Chess Zero): the less is
left of the policy, the less is expected of the rest.
"""

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agents.search.edges import choosable
from agents.search.tree import LANES, Layout
from agents.search.vectors import choose, first, floats, greatest, ints, load_floats, load_ints
from games.bits import inlined, rule


@cache
def puct(layout: Layout) -> tuple[Any, Any, Any, Any]:
    """Return the rules for a layout: at the root, below it, what an edge adds to the weighted sum, the first value."""
    width, prior, mean, visits, child = layout.width, layout.prior, layout.mean, layout.visits, layout.child
    mixed, through = layout.mixed, layout.through

    @inlined
    def below(records, values, at, settings):
        """Return the edge of the greatest q + bonus(N) * p / (1 + n)."""
        chosen, score = 0, np.float32(-np.inf)
        bonus = settings[1 + records[at + through]]
        for place in range(0, width, LANES):
            count = load_ints(records, at + visits + place)
            known = count > ints(np.int32(0))
            q = choose(known, load_floats(values, at + mean + place), floats(values[at + mixed]))
            legal = choosable(records, at + child + place)
            own = load_floats(values, at + prior + place) * floats(bonus) / floats(count + ints(np.int32(1)))
            own = choose(legal, q + own, floats(np.float32(-np.inf)))
            here = greatest(own)
            if here > score:
                chosen, score = place + first(own == floats(here)), here
        return chosen

    @rule
    def at_root(records, values, at, settings, drawn, begun, row, considered):
        return below(records, values, at, settings)

    @rule
    def part(probability, count, q):
        return np.float32(count) * q

    @rule
    def mix(raw, weighted, seen, count, setting):
        return (raw + weighted) / np.float32(count + 1) - setting * np.sqrt(seen)

    return at_root, below, part, mix


def bonuses(visits: int, *, c_init: float, c_base: float) -> NDArray[np.float32]:
    """Return what weighs p / (1 + n) at a node of N visits, for N up to `visits` `[visits + 1]`.

    (log((1 + N + c_base) / c_base) + c_init) * sqrt(N), with N at least one, so that the first choice follows p.
    """
    count = np.arange(visits + 1)
    return ((np.log((1 + count + c_base) / c_base) + c_init) * np.sqrt(np.maximum(count, 1))).astype(np.float32)
