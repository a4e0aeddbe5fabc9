"""Ratings against closed forms, an independent optimiser and simulated tournaments."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq, minimize
from scipy.special import expit
from scipy.stats import binom

from arena.ratings import ELO, Floats, rate


def tournament(strengths: Floats, games: int, *, seed: int, draw: float = 0.0) -> tuple[Floats, Floats]:
    """Play a round robin by the model; a share `draw` of the games is split into a win half and a loss half."""
    random, n = np.random.default_rng(seed), len(strengths)
    wins, draws = np.zeros((2, n, n))
    for i in range(n):
        for j in range(i):
            tied = random.binomial(games, draw)
            won = random.binomial(games - tied, expit(strengths[i] - strengths[j]))
            wins[i, j], wins[j, i] = won, games - tied - won
            draws[i, j] = draws[j, i] = tied
    return wins, draws


def negative_log_posterior(strengths: Floats, wins: Floats, draws: Floats) -> float:
    """The objective written out pair by pair, the virtual opponent at the mean of all."""
    total, mean = 0.0, strengths.mean()
    for i in range(len(strengths)):
        for j in range(len(strengths)):
            if i != j:
                total += (wins[i, j] + draws[i, j] / 2) * np.log1p(np.exp(strengths[j] - strengths[i]))
        total += (np.log1p(np.exp(mean - strengths[i])) + np.log1p(np.exp(strengths[i] - mean))) / 2
    return total


counts = st.integers(2, 6).flatmap(
    lambda n: st.tuples(
        st.lists(st.lists(st.integers(0, 30), min_size=n, max_size=n), min_size=n, max_size=n),
        st.lists(st.lists(st.integers(0, 9), min_size=n, max_size=n), min_size=n, max_size=n),
        st.permutations(range(n)),
    )
)


def matrices(wins: list, draws: list) -> tuple[Floats, Floats]:
    below = np.tril(np.array(draws, dtype=float), -1)
    return np.array(wins, dtype=float), below + below.T


@pytest.mark.parametrize(
    ("won", "drawn", "lost"), [(7, 2, 1), (0, 0, 5), (1, 0, 0), (500, 100, 480), (0, 8, 0), (10**6, 0, 0)]
)
def test_two_players_solve_the_equation_in_one_unknown(won: int, drawn: int, lost: int):
    ratings = rate([[0, won], [lost, 0]], [[0, drawn], [drawn, 0]])
    score, conceded = won + drawn / 2, lost + drawn / 2

    # Half the difference is r: the derivative of score log s(2r) + conceded log s(-2r) + log s(r) + log s(-r).
    def slope(r: float) -> float:
        return 2 * score * expit(-2 * r) - 2 * conceded * expit(2 * r) + 1 - 2 * expit(r)

    half = brentq(slope, -40, 40, xtol=1e-13)
    assert isinstance(half, float)
    np.testing.assert_allclose(ratings.elo, [half * ELO, -half * ELO], rtol=1e-9, atol=1e-9)
    curvature = 4 * (score + conceded) * expit(2 * half) * expit(-2 * half) + 2 * expit(half) * expit(-half)
    np.testing.assert_allclose(ratings.covariance, ELO**2 / curvature * np.array([[1, -1], [-1, 1]]), rtol=1e-7)
    np.testing.assert_allclose(ratings.high - ratings.elo, 1.959963984540054 * ELO / np.sqrt(curvature), rtol=1e-7)
    assert ratings.converged


def test_a_player_without_games_is_rated_at_the_mean_with_the_interval_of_one_draw():
    # Many equal players fix the mean, and a virtual draw has information 1/4.
    n = 400
    wins = np.full((n, n), 100.0)
    wins[0] = wins[:, 0] = 0
    ratings = rate(wins, np.zeros((n, n)))
    assert abs(ratings.elo[0]) < 1e-6
    np.testing.assert_allclose(ratings.high[0] - ratings.low[0], 2 * 1.96 * 2 * ELO, rtol=0.01)
    assert ratings.high[1] - ratings.low[1] < 10


@settings(max_examples=40, deadline=None)
@given(counts)
def test_the_posterior_is_greatest_there_by_another_optimiser(drawn: tuple[list, list, list]):
    wins, draws = matrices(*drawn[:2])
    ratings = rate(wins, draws)
    assert ratings.converged
    found = ratings.elo / ELO
    objective = negative_log_posterior(found, wins, draws)
    other = minimize(negative_log_posterior, np.zeros(len(wins)), args=(wins, draws), options={"gtol": 1e-7})
    np.testing.assert_allclose(found, other.x - other.x.mean(), atol=2e-5)
    assert objective <= other.fun + 1e-9
    for k in range(len(wins)):
        step = np.eye(len(wins))[k] * 1e-5
        slope = negative_log_posterior(found + step, wins, draws) - negative_log_posterior(found - step, wins, draws)
        assert abs(slope / 2e-5) < 1e-5


@settings(max_examples=40, deadline=None)
@given(counts)
def test_relabelling_the_players_relabels_their_ratings_and_the_mean_is_zero(drawn: tuple[list, list, list]):
    wins, draws = matrices(*drawn[:2])
    order = np.array(drawn[2])
    ratings, relabelled = rate(wins, draws), rate(wins[np.ix_(order, order)], draws[np.ix_(order, order)])
    np.testing.assert_allclose(relabelled.elo, ratings.elo[order], atol=1e-6)
    np.testing.assert_allclose(relabelled.low, ratings.low[order], atol=1e-5)
    np.testing.assert_allclose(relabelled.covariance, ratings.covariance[np.ix_(order, order)], atol=1e-4)
    assert abs(ratings.elo.mean()) < 1e-9
    np.testing.assert_allclose(ratings.covariance.sum(axis=1), 0, atol=1e-6)
    assert (ratings.low <= ratings.elo).all()
    assert (ratings.elo <= ratings.high).all()


def test_the_covariance_is_the_inverse_of_the_curvature_taken_by_differences():
    wins, draws = tournament(np.array([0.8, 0.1, -0.2, -0.7]), 50, seed=3, draw=0.2)
    ratings = rate(wins, draws)
    at, h, n = ratings.elo / ELO, 1e-3, 4
    basis = np.linalg.svd(np.eye(n) - 1 / n)[0][:, : n - 1]  # of the plane of mean 0

    def f(x: Floats) -> float:
        return negative_log_posterior(at + basis @ x, wins, draws)

    steps = np.eye(n - 1) * h
    curvature = np.array([[(f(a + b) - f(a - b) - f(b - a) + f(-a - b)) / (4 * h * h) for a in steps] for b in steps])
    expected = basis @ np.linalg.inv(curvature) @ basis.T * ELO**2
    np.testing.assert_allclose(ratings.covariance, expected, rtol=1e-4, atol=1e-3)


def test_ratings_recover_the_strengths_and_cover_them_as_often_as_they_say():
    strengths = np.linspace(-1.5, 1.5, 8)
    repeats, covered, errors = 250, 0, []
    for seed in range(repeats):
        ratings = rate(*tournament(strengths, 40, seed=seed))
        truth = strengths * ELO
        covered += int(((ratings.low <= truth) & (truth <= ratings.high)).sum())
        errors.append(ratings.elo - truth)
    # The 8 ratings of a tournament depend on each other, so the interval of the coverage is that of 250 independent
    # trials at the very least, of 2000 at most: 95 % of all, give or take three standard errors of the former.
    wide = 3 * np.sqrt(0.95 * 0.05 / repeats)
    assert abs(covered / (8 * repeats) - 0.95) < wide
    low, high = binom.interval(0.999, 8 * repeats, 0.95)
    assert low - 10 <= covered <= high + 10
    assert np.abs(np.mean(errors, axis=0)).max() < 12


def test_draws_are_half_points():
    wins, draws = np.array([[0, 8, 3], [2, 0, 5], [3, 1, 0]]), np.array([[0, 4, 0], [4, 0, 2], [0, 2, 0]])
    plain = rate(wins, draws)
    halved = rate(wins + draws / 2, np.zeros((3, 3)))
    np.testing.assert_array_equal(plain.elo, halved.elo)


def test_perfect_scores_and_fields_that_fall_apart_are_finite():
    ladder = np.triu(np.full((6, 6), 10_000.0), 1)
    apart = np.zeros((6, 6))
    apart[0, 1] = apart[2, 3] = 10**9
    chain = np.diag(np.full(39, 10**7.0), 1)
    for wins in (ladder, apart, chain):
        ratings = rate(wins, np.zeros_like(wins))
        assert ratings.converged
        assert ratings.iterations < 60
        for values in (ratings.elo, ratings.low, ratings.high, ratings.covariance):
            assert np.isfinite(values).all()
    assert (np.diff(rate(ladder, np.zeros((6, 6))).elo) < 0).all()
    np.testing.assert_allclose(rate(apart, np.zeros((6, 6))).elo[4:], 0, atol=1e-6)


def test_no_players_one_player_and_no_games():
    assert rate(np.zeros((0, 0)), np.zeros((0, 0))).elo.shape == (0,)
    alone = rate([[5]], [[0]])
    assert (alone.elo.tolist(), alone.low.tolist(), alone.high.tolist()) == ([0], [0], [0])
    idle = rate(np.zeros((3, 3)), np.zeros((3, 3)))
    assert idle.elo.tolist() == [0, 0, 0]
    assert idle.converged


@pytest.mark.parametrize(
    ("wins", "draws"),
    [
        ([[0, 1]], [[0, 1]]),
        ([[0, 1], [1, 0]], [[0]]),
        ([[0, -1], [1, 0]], np.zeros((2, 2))),
        ([[0, 1], [1, 0]], [[0, 1], [0, 0]]),
        ([[0, np.nan], [1, 0]], np.zeros((2, 2))),
    ],
)
def test_what_are_no_counts_is_refused(wins, draws):
    with pytest.raises(ValueError, match="wins and draws must"):
        rate(wins, draws)


def test_a_thousand_players_are_rated_in_a_handful_of_steps():
    strengths = np.random.default_rng(0).normal(size=1000)
    chances = expit(strengths[:, None] - strengths[None, :])
    wins = np.random.default_rng(1).binomial(4, chances).astype(float)
    start = time.process_time()
    ratings = rate(wins, np.zeros_like(wins))
    assert time.process_time() - start < 10  # 0.3 s on an idle core
    assert ratings.converged
    assert ratings.iterations < 10
    assert np.corrcoef(ratings.elo, strengths)[0, 1] > 0.99
