"""Upsets and rings: claimed where games show them, and where nothing shows them not."""

from math import comb

import numpy as np
import pytest

from arena.ratings import fit
from arena.ratings.results import Results
from arena.ratings.upsets import Upsets, exact_upsets, upsets

RING = np.array([[0, 40, 10], [10, 0, 40], [40, 10, 0]])


def found(wins: np.ndarray, draws: np.ndarray | None = None, strengths: list[float] | None = None) -> Upsets:
    results = Results.without_seats(
        [f"p{k}" for k in range(len(wins))], wins, np.zeros_like(wins) if draws is None else draws
    )
    return upsets(results, fit(results).elo if strengths is None else np.array(strengths))


def test_a_ring_of_equals_is_a_ring_and_no_upset() -> None:
    told = found(RING)
    assert told.ring is not None
    one, two, three = told.ring
    assert all(RING[a, b] > RING[b, a] for a, b in ((one, two), (two, three), (three, one)))
    assert told.found == ()  # rounding alone ranks the three


def test_margins_that_do_not_add_up_are_no_upset() -> None:
    """The first beats all, by margins that depend on the opponent: a cyclic share, and nobody beats one above it."""
    wins = np.array([[0, 260, 380, 390], [140, 0, 390, 260], [20, 10, 0, 210], [10, 140, 190, 0]])
    assert found(wins) == Upsets((), None)


def test_the_clearest_upset_comes_first_with_its_games_and_points() -> None:
    wins = np.array([[0, 90, 30, 35], [10, 0, 95, 95], [70, 5, 0, 50], [65, 5, 50, 0]])
    told = found(wins, strengths=[100.0, 50.0, -50.0, -100.0])
    assert [(one.first, one.second) for one in told.found] == [(2, 0), (3, 0)]
    assert (told.found[0].games, told.found[0].score) == (100, 0.7)
    assert told.ring in ((0, 1, 2), (0, 1, 3))


def test_draws_count_in_the_points_and_not_in_the_test() -> None:
    wins, draws = np.array([[0, 0], [20, 0]]), np.array([[0, 60], [60, 0]])
    (upset,) = found(wins, draws, [10.0, 0.0]).found
    assert (upset.first, upset.games, upset.score) == (1, 80, 50 / 80)


@pytest.mark.parametrize("pairs", [1, 3, 10])
def test_the_level_is_that_of_holm_over_all_pairs_that_met(pairs: int) -> None:
    """One pair is lopsided, the others are level: it counts if its two-sided p times the pairs is below 5 %."""
    for lost in range(25):
        n, decided = 2 * pairs, 50
        wins = np.zeros((n, n), dtype=np.int64)
        for k in range(1, pairs):
            wins[2 * k, 2 * k + 1] = wins[2 * k + 1, 2 * k] = 25
        wins[0, 1], wins[1, 0] = decided - lost, lost
        p = 2 * sum(comb(decided, k) for k in range(lost + 1)) / 2**decided
        shown = found(wins, strengths=list(range(n))).found
        assert bool(shown) == (p * pairs <= 0.05), lost


def test_fields_that_chance_alone_orders_are_rarely_contradicted() -> None:
    random, told = np.random.default_rng(0), 0
    for _ in range(300):
        first = np.triu(random.binomial(30, 0.5, (6, 6)), 1)
        wins = first + np.triu(30 - first, 1).T
        shown = found(wins, strengths=[0.0] * 6)
        higher = found(wins, strengths=list(random.permutation(6)))
        told += bool(shown.ring or higher.found)
    assert told <= 24  # of 300 at most 5 %, and 2.3 standard errors


def test_exact_payoffs_need_no_test_and_know_no_rounding() -> None:
    payoffs = np.array([[0, 0.5, -0.01], [-0.5, 0, 0.2], [0.01, -0.2, 0]])
    told = exact_upsets(payoffs, payoffs.mean(1))
    # The means are 0.163, -0.1 and -0.063, and each of the last two earns from the next above it.
    assert [(one.first, one.second, one.games, one.score) for one in told.found] == [
        (1, 2, None, 0.2),
        (2, 0, None, 0.01),
    ]
    assert told.ring is not None
    strengths = np.array([0.3, 0.1, -0.4])
    additive = strengths[:, None] - strengths
    additive[2, 0] += 1e-15
    additive[0, 1] = -additive[1, 0]
    assert exact_upsets(additive, strengths) == Upsets()
    level = np.array([[0, 1e-14, -1e-14], [-1e-14, 0, 1.0], [1e-14, -1.0, 0]])
    assert exact_upsets(level, np.array([0.0, 1.0, -1.0])).ring is None
