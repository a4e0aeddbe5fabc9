"""The judge itself: known values, and OpenSpiel's own totals."""

from typing import Any

import numpy as np
import openspiel_truth as truth
import pyspiel
import pytest
from open_spiel.python import policy as open_spiel_policy
from open_spiel.python.algorithms import exploitability as open_spiel_exploitability

GOOFSPIEL = "goofspiel(num_cards=3,points_order=descending)"
OSHI_ZUMO = "oshi_zumo(coins=3,size=1,horizon=3)"


@pytest.mark.parametrize(
    ("name", "nash_conv"),
    [("kuhn_poker", 0.916667), ("leduc_poker", 4.747222), ("matrix_rps", 0.0), ("matrix_pd", 3.0)],
)
def test_uniform_policies_have_their_known_nash_conv(name: str, nash_conv: float) -> None:
    uniform = truth.uniform_policy(name)
    assert truth.nash_conv(name, uniform) == pytest.approx(nash_conv, abs=1e-6)
    assert truth.exploitability(name, uniform) == pytest.approx(nash_conv / 2, abs=1e-6)


def test_leduc_has_its_information_states() -> None:
    assert len(truth.uniform_policy("kuhn_poker")) == 12
    assert len(truth.uniform_policy("leduc_poker")) == 936


def test_kuhns_equilibrium_is_unexploitable() -> None:
    """Bet a third of the jacks and all kings, call with a third more queens (Kuhn 1950, alpha = 1/3)."""
    bets = {
        (0, "0"): 1 / 3, (0, "1"): 0.0, (0, "2"): 1.0, (0, "0pb"): 0.0, (0, "1pb"): 2 / 3, (0, "2pb"): 1.0,
        (1, "0p"): 1 / 3, (1, "1p"): 0.0, (1, "2p"): 1.0, (1, "0b"): 0.0, (1, "1b"): 1 / 3, (1, "2b"): 1.0,
    }  # fmt: skip
    policy = {key: {0: 1 - bet, 1: bet} for key, bet in bets.items()}
    assert truth.expected_returns("kuhn_poker", policy) == pytest.approx([-1 / 18, 1 / 18])
    assert truth.best_response_values("kuhn_poker", policy) == pytest.approx([-1 / 18, 1 / 18])
    assert truth.nash_conv("kuhn_poker", policy) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize(
    "name", ["kuhn_poker", "kuhn_poker(players=3)", GOOFSPIEL, "oshi_zumo(coins=3,size=1,horizon=3)"]
)
def test_random_policies_agree_with_openspiels_python(name: str) -> None:
    policy = truth.random_policy(name, np.random.default_rng(0))
    game = pyspiel.load_game(name)
    simultaneous = game.get_type().dynamics == pyspiel.GameType.Dynamics.SIMULTANEOUS
    if simultaneous:
        game = pyspiel.convert_to_turn_based(game)
    table = open_spiel_policy.TabularPolicy(game)
    for (seat, state), chances in policy.items():
        row = table.action_probability_array[
            table.state_lookup[f"Current player: {seat}\n{state}" if simultaneous else state]
        ]
        row[:] = 0
        row[list(chances)] = list(chances.values())
    theirs: Any = open_spiel_exploitability.nash_conv(game, table, return_only_nash_conv=False)
    gains = truth.best_response_values(name, policy) - truth.expected_returns(name, policy)
    assert gains == pytest.approx(theirs.player_improvements)
    assert truth.nash_conv(name, policy) == pytest.approx(theirs.nash_conv)
    assert gains.min() > 0


def test_random_policies_are_distributions_and_repeat() -> None:
    first, again, other = (truth.random_policy("leduc_poker", np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert first == again
    assert first != other
    for chances in first.values():
        assert sum(chances.values()) == pytest.approx(1)
        assert min(chances.values()) >= 0


def test_seats_that_share_a_string_must_share_its_probabilities() -> None:
    policy = {(0, "same"): {0: 1.0}, (1, "same"): {1: 1.0}}
    with pytest.raises(ValueError, match="two seats have different probabilities"):
        truth.best_response_values("kuhn_poker", policy)
