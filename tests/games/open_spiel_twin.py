"""Plays games of ours beside the same games of OpenSpiel, move by move."""

import random
from typing import Any

import numpy as np
import torch

from games import Draws, Game, State


def assert_same_as_open_spiel(
    game: Game, twin: Any, *, games: int, information: str = "information_state_string"
) -> None:
    """Play `games` random games on both sides, ours in one batch, and compare all that OpenSpiel tells.

    information: OpenSpiel's name for what our `information_state` says; `observation_string` for a game of perfect
    information that names the position and not how it came about.
    """
    generators = [random.Random(index) for index in range(games)]
    state = game.reset(Draws.of(0, "rules", torch.arange(games)))
    others = [twin.new_initial_state() for _ in range(games)]
    returns, live = torch.zeros(games, game.spec.players, dtype=torch.float64), list(range(games))
    while live:
        expected = _expected(game, others)
        _compare_positions(game, state, others, live, information)
        _compare_moves(game, state, others, expected)
        live = [row for row in live if not others[row].is_terminal()]
        chosen = [[0] * game.spec.seats for _ in others]
        for row in live:
            chosen[row] = [generators[row].choice(legal) if legal else 0 for legal in expected[row]]
            _apply(game, others[row], chosen[row], expected[row])
        state = game.step(state, torch.tensor(chosen))
        returns += state.rewards
    assert returns.tolist() == [other.returns() for other in others]


def assert_same_spec(game: Game, twin: Any) -> None:
    spec = game.spec
    assert spec.players == twin.num_players()
    assert spec.actions == twin.num_distinct_actions()
    assert spec.utility == (twin.min_utility(), twin.max_utility())
    assert spec.chance_outcomes == twin.max_chance_outcomes()
    assert spec.max_moves == twin.max_game_length() + twin.max_chance_nodes_in_history()


def _expected(game: Game, others: list[Any]) -> list[list[list[int]]]:
    """Return OpenSpiel's legal actions in every game of every seat, chance's last."""
    players = range(game.spec.players)
    return [
        [
            *([] if other.is_chance_node() else other.legal_actions(seat) for seat in players),
            [outcome for outcome, _ in other.chance_outcomes()] if other.is_chance_node() else [],
        ][: game.spec.seats]
        for other in others
    ]


def _compare_positions(game: Game, state: State, others: list[Any], live: list[int], information: str) -> None:
    assert state.terminated.tolist() == [other.is_terminal() for other in others]
    assert not state.truncated.any()
    for row in live:
        for seat in range(game.spec.players):
            assert game.information_state(state, row, seat) == getattr(others[row], information)(seat)


def _compare_moves(game: Game, state: State, others: list[Any], expected: list[list[list[int]]]) -> None:
    assert state.acting.tolist() == [[bool(legal) for legal in seats] for seats in expected]
    rows, seats = state.acting[:, : game.spec.players].nonzero().unbind(1)
    legal = np.zeros((len(rows), game.spec.actions), np.bool_)
    for index, (row, seat) in enumerate(zip(rows.tolist(), seats.tolist(), strict=True)):
        legal[index, expected[row][seat]] = True
    np.testing.assert_array_equal(game.legal(state, rows, seats).numpy(), legal)
    if game.spec.chance_outcomes:
        rows = state.acting[:, -1].nonzero()[:, 0]
        chances = np.zeros((len(rows), game.spec.chance_outcomes))
        for index, row in enumerate(rows.tolist()):
            for outcome, probability in others[row].chance_outcomes():
                chances[index, outcome] = probability
        np.testing.assert_array_equal(game.chance(state, rows).numpy(), chances)


def _apply(game: Game, other: Any, chosen: list[int], expected: list[list[int]]) -> None:
    """Make the chosen move in OpenSpiel's game, and hold its name to ours."""
    if other.is_simultaneous_node():
        other.apply_actions(chosen[: game.spec.players])
        return
    mover = next(seat for seat, legal in enumerate(expected) if legal)
    if mover < game.spec.players:
        assert game.action_name(mover, chosen[mover]) == other.action_to_string(mover, chosen[mover])
    other.apply_action(chosen[mover])
