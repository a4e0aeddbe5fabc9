"""OpenSpiel as an independent judge of policies: expected returns, best responses, NashConv and exploitability.

A policy is a mapping `{(seat, information_state_string): {action: probability}}` over all information states, those of
the opponents included. Games with simultaneous moves are judged as OpenSpiel's turn-based form of them; their policies
are keyed by the strings of the simultaneous game.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import pyspiel

Policy = Mapping[tuple[int, str], Mapping[int, float]]


def expected_returns(name: str, policy: Policy) -> np.ndarray:
    """Return the players' expected returns `[P]` when all follow `policy`."""
    game, rename = _turn_based(name)
    seats = [pyspiel.TabularPolicy(_table(policy, rename, {seat})) for seat in range(game.num_players())]
    return np.array(pyspiel.expected_returns(game.new_initial_state(), seats, -1, True))


def best_response_values(name: str, policy: Policy) -> np.ndarray:
    """Return `[P]`: what each player is worth when it alone plays a best response to the others."""
    game, rename = _turn_based(name)
    table = _table(policy, rename, set(range(game.num_players())))
    root = game.new_initial_state()
    return np.array(
        [pyspiel.TabularBestResponse(game, seat, table).value_from_state(root) for seat in range(game.num_players())]
    )


def nash_conv(name: str, policy: Policy) -> float:
    """Return the sum of the players' gains from a best response."""
    return float((best_response_values(name, policy) - expected_returns(name, policy)).sum())


def exploitability(name: str, policy: Policy) -> float:
    """Return NashConv divided by the number of players."""
    return nash_conv(name, policy) / pyspiel.load_game(name).num_players()


def uniform_policy(name: str) -> Policy:
    """Return the policy that mixes all legal actions equally everywhere."""
    return {key: dict.fromkeys(actions, 1 / len(actions)) for key, actions in _information_states(name).items()}


def random_policy(name: str, generator: np.random.Generator) -> Policy:
    """Return a policy drawn uniformly from the simplex of every information state."""
    return {
        key: dict(zip(actions, map(float, generator.dirichlet(np.ones(len(actions)))), strict=True))
        for key, actions in _information_states(name).items()
    }


def _turn_based(name: str) -> tuple[Any, Callable[[int, str], str]]:
    """Return the game with one mover at a time, and how it renames the information states of a seat about to move."""
    game = pyspiel.load_game(name)
    if game.get_type().dynamics == pyspiel.GameType.Dynamics.SEQUENTIAL:
        return game, lambda seat, state: state
    return pyspiel.convert_to_turn_based(game), lambda seat, state: f"Current player: {seat}\n{state}"


def _table(policy: Policy, rename: Callable[[int, str], str], seats: set[int]) -> dict[str, list[tuple[int, float]]]:
    """Return the `seats`' part of `policy` as OpenSpiel wants it, where strings must not repeat between seats."""
    table = {}
    for (seat, state), chances in policy.items():
        if seat not in seats:
            continue
        if table.setdefault(rename(seat, state), list(chances.items())) != list(chances.items()):
            raise ValueError(f"two seats have different probabilities in one information state: {state!r}")
    return table


def _information_states(name: str) -> dict[tuple[int, str], list[int]]:
    """Return the legal actions of every information state, in order of first visit."""
    game, rename = _turn_based(name)
    found: dict[tuple[int, str], list[int]] = {}
    for state in _decisions(game.new_initial_state()):
        seat = state.current_player()
        own = state.information_state_string(seat).removeprefix(rename(seat, ""))
        found.setdefault((seat, own), state.legal_actions())
    return found


def _decisions(root: Any) -> Iterator[Any]:
    waiting = [root]
    while waiting:
        state = waiting.pop()
        if state.is_terminal():
            continue
        if not state.is_chance_node():
            yield state
        waiting.extend(state.child(action) for action in state.legal_actions())
