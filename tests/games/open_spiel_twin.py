"""Plays one game of ours beside the same game of OpenSpiel, move by move."""

import random
from typing import Any

import torch

from games import Draws, Game, State


def assert_same_as_open_spiel(game: Game, twin: Any, *, games: int) -> None:
    """Play random games on both sides and compare all that OpenSpiel tells about each position."""
    for index in range(games):
        _play(game, twin, random.Random(index))


def assert_same_spec(game: Game, twin: Any) -> None:
    spec = game.spec
    assert spec.players == twin.num_players()
    assert spec.actions == twin.num_distinct_actions()
    assert spec.utility == (twin.min_utility(), twin.max_utility())
    assert spec.chance_outcomes == twin.max_chance_outcomes()
    assert spec.max_moves == twin.max_game_length() + twin.max_chance_nodes_in_history()


def _play(game: Game, twin: Any, generator: random.Random) -> None:
    state, other = game.reset(Draws.of(0, "rules", torch.tensor([0]))), twin.new_initial_state()
    returns = torch.zeros(game.spec.players, dtype=torch.float64)
    while not other.is_terminal():
        _compare(game, state, other)
        chosen = [generator.choice(legal) if legal else 0 for legal in _legal(game, other)]
        state = game.step(state, torch.tensor([chosen]))
        returns += state.rewards[0]
        if other.is_simultaneous_node():
            other.apply_actions(chosen)
        else:
            other.apply_action(chosen[-1] if other.is_chance_node() else chosen[other.current_player()])
    _compare(game, state, other)
    assert returns.tolist() == other.returns()


def _legal(game: Game, other: Any) -> list[list[int]]:
    """Return OpenSpiel's legal actions of every seat, chance's last."""
    players = [[] if other.is_chance_node() else other.legal_actions(seat) for seat in range(game.spec.players)]
    chance = [outcome for outcome, _ in other.chance_outcomes()] if other.is_chance_node() else []
    return [*players, chance][: game.spec.seats]


def _compare(game: Game, state: State, other: Any) -> None:
    row, expected = torch.tensor([0]), _legal(game, other)
    assert state.terminated.item() == other.is_terminal()
    assert not state.truncated.item()
    assert state.acting[0].tolist() == [bool(legal) for legal in expected]
    for seat in range(game.spec.players):
        assert game.information_state(state, 0, seat) == other.information_state_string(seat)
        if expected[seat]:
            assert game.legal(state, row, torch.tensor([seat]))[0].nonzero()[:, 0].tolist() == expected[seat]
        if not other.is_simultaneous_node():
            for action in expected[seat]:
                assert game.action_name(seat, action) == other.action_to_string(seat, action)
    if other.is_chance_node():
        chances = dict(other.chance_outcomes())
        listed = [chances.get(outcome, 0.0) for outcome in range(game.spec.chance_outcomes)]
        assert game.chance(state, row)[0].tolist() == listed
