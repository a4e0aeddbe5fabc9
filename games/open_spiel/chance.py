"""Chance in OpenSpiel's games: outcomes that are listed, and those that only a seeded game draws."""

from bisect import bisect_right
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyspiel

SEED = "rng_seed"
"""The parameter that seeds a game's own generator."""

_MOST_SEED = 0x7FFFFFFF
"""OpenSpiel's seeds are int32, and -1 asks for the time of day."""


def drawn(states: "Sequence[pyspiel.State]", uniform: Sequence[float]) -> list[int]:
    """Return a listed outcome of each of `states [n]`, where chance moves, at `uniform [n]` in [0, 1).

    They are those that `draws.sample` takes from a table of the probabilities.
    """
    found, latest, outcomes, cumulative = [], None, [], []
    for state, number in zip(states, uniform, strict=True):
        if state is not latest:
            latest, outcomes, cumulative, total = state, sorted(state.chance_outcomes()), [], 0.0
            for _, probability in outcomes:
                total += probability
                cumulative.append(total)
        found.append(outcomes[bisect_right(cumulative, number * cumulative[-1])][0])
    return found


def is_seeded(game: "pyspiel.Game") -> bool:
    """Chance is drawn inside OpenSpiel, by a generator that an argument seeds."""
    return is_sampled(game) and SEED in game.get_parameters()


def is_sampled(game: "pyspiel.Game") -> bool:
    """Chance is drawn inside OpenSpiel, without a list of outcomes."""
    kind = game.get_type()
    return kind.chance_mode == kind.ChanceMode.SAMPLED_STOCHASTIC


def settle(game: "pyspiel.Game", state: "pyspiel.State", bits: int) -> "pyspiel.State":
    """Return `state`, where chance moves, after the moves that `bits` draw; `state` itself stays as it is.

    The generator belongs to the game, which all its states share, so the state is moved to a game of its own.
    """
    import pyspiel

    kind = game.get_type()
    own = pyspiel.load_game(kind.short_name, {**game.get_parameters(), SEED: bits & _MOST_SEED})
    after = own.new_initial_state() if state.is_initial_state() else own.deserialize_state(state.serialize())
    while after.is_chance_node():
        after.apply_action(after.legal_actions()[0])
    return after
