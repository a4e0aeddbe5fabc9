"""What a rating cannot say: the cyclic share, Nash averaging, alpha-rank, discs and multidimensional Elo."""

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import expit, logit

from arena.ratings import ELO, Results, fit
from arena.ratings.cycles import smoothed_scores, structure
from arena.ratings.multidimensional import multidimensional_elo
from games.errors import UserError


def played(log_odds: np.ndarray, games: int, *, seed: int | None = None) -> Results:
    """Results whose scores are as near as they can be to the log odds, or drawn from them."""
    n, chances = len(log_odds), expit(log_odds)
    wins = np.rint(games * chances) if seed is None else np.random.default_rng(seed).binomial(games, chances)
    wins = np.triu(wins, 1).astype(np.int64)
    losses = np.triu(games - wins, 1)
    return Results(tuple(f"p{k}" for k in range(n)), wins, np.zeros((n, n), np.int64), losses, seated=False)


RPS = 1.5 * np.array([[0, 1, -1], [-1, 0, 1], [1, -1, 0]], dtype=float)


def test_rock_paper_scissors_is_all_circle():
    results = played(RPS, 1000)
    found = structure(results, fit(results), seed=0)
    assert found.cyclic_share == pytest.approx(1, abs=1e-6)
    assert found.cyclic_by_chance[1] <= 1
    np.testing.assert_allclose(found.nash_weights, 1 / 3, atol=1e-6)
    np.testing.assert_allclose(found.nash_ratings, 0, atol=1e-6)
    np.testing.assert_allclose(found.alpha_rank, 1 / 3, atol=1e-9)
    assert found.disc_share == pytest.approx(1)
    # Each stands a third of a turn from the others.
    angles = np.sort(np.arctan2(found.disc[:, 1], found.disc[:, 0]))
    np.testing.assert_allclose(np.diff(angles), 2 * np.pi / 3, atol=1e-3)


def test_a_ladder_has_no_circle_beyond_chance_and_its_top_is_all_that_counts():
    strengths = np.linspace(1.2, -1.2, 7)
    lead = strengths[:, None] - strengths
    exact = played(lead, 10**6)
    found = structure(exact, fit(exact), seed=0)
    assert found.cyclic_share < 1e-4
    assert found.nash_weights[0] == pytest.approx(1, abs=1e-6)
    assert found.alpha_rank[0] == pytest.approx(1, abs=1e-6)
    beyond = sum(
        above.cyclic_share > above.cyclic_by_chance[1]
        for above in (structure(drawn, fit(drawn), seed=s) for s in range(60) for drawn in [played(lead, 30, seed=s)])
    )
    assert beyond <= 10  # 3 are expected of 60 at 95 %; 10 or more have a chance below 0.001


def test_the_share_is_that_of_the_log_odds_put_in():
    ladder = np.subtract.outer([0.9, 0.0, -0.9], [0.9, 0.0, -0.9])
    circle = RPS / 2
    results = played(ladder + circle, 10**7)
    expected = (circle**2).sum() / ((ladder + circle) ** 2).sum()
    assert structure(results, fit(results), seed=0).cyclic_share == pytest.approx(expected, abs=1e-3)


def test_pairs_who_never_met_go_as_the_ratings_say():
    games = np.array([[0, 4, 0], [4, 0, 0], [0, 0, 0]], dtype=float)
    scores = np.array([[0, 4, 0], [0, 0, 0], [0, 0, 0]], dtype=float)
    expected = np.array([[0.5, 0.6, 0.7], [0.4, 0.5, 0.8], [0.3, 0.2, 0.5]])
    found = smoothed_scores(games, scores, expected)
    np.testing.assert_allclose(found, [[0.5, 4.6 / 5, 0.7], [0.4 / 5, 0.5, 0.8], [0.3, 0.2, 0.5]])


def test_multidimensional_elo_learns_a_circle_on_a_ladder():
    ladder = np.subtract.outer([1.0, 0.2, -0.4, -0.8], [1.0, 0.2, -0.4, -0.8])
    places = np.array([[1, 0], [0, 1], [-1, 0], [0, -1]]) * 0.9
    circle = places[:, 1][:, None] * places[:, 0] - places[:, 0][:, None] * places[:, 1]
    results = played(ladder + circle, 20_000)
    start = logit(smoothed_scores(results.games.astype(float), results.scores, fit(results).expected_scores()))
    found = multidimensional_elo(results, 1, start=(start - start.T) / 2)
    assert found.converged
    off = ~np.eye(4, dtype=bool)
    np.testing.assert_allclose(found.log_odds[off], (ladder + circle)[off], atol=0.02)
    means = (ladder + circle).mean(axis=1)
    np.testing.assert_allclose(found.elo, (means - means.mean()) * ELO, atol=4)
    # The disc and the ratings are all there is of the log odds.
    x, y = found.coordinates[0].T
    rebuilt = np.subtract.outer(found.elo, found.elo) / ELO + np.outer(y, x) - np.outer(x, y)
    np.testing.assert_allclose(rebuilt, found.log_odds, atol=1e-8)


@pytest.mark.parametrize("prior", [1.0, 4.0])
def test_multidimensional_elo_by_another_optimiser(prior: float):
    results = played(np.subtract.outer([0.6, 0.0, -0.6, 0.3], [0.6, 0.0, -0.6, 0.3]) + 0, 15, seed=6)
    n, k = 4, 1

    def objective(point: np.ndarray) -> float:
        r, x, y = point.reshape(3, n)
        total = 0.0
        for i in range(n):
            for j in range(n):
                lead = r[i] - r[j] + y[i] * x[j] - x[i] * y[j]
                total += results.scores[i, j] * np.log(expit(lead))
            own = r[i] - r.mean()
            total += prior / 2 * (np.log(expit(own)) + np.log(expit(-own)))
        return -total + prior / 8 * ((x**2).sum() + (y**2).sum())

    start = logit(smoothed_scores(results.games.astype(float), results.scores, fit(results).expected_scores()))
    found = multidimensional_elo(results, k, start=(start - start.T) / 2, prior=prior)
    others = [minimize(objective, np.random.default_rng(s).normal(scale=0.5, size=3 * n)) for s in range(6)]
    best = min(others, key=lambda other: other.fun)
    r, x, y = best.x.reshape(3, n)
    lead = np.subtract.outer(r, r) + np.outer(y, x) - np.outer(x, y)
    np.testing.assert_allclose(found.log_odds, lead, atol=2e-2)


def test_what_multidimensional_elo_is_not():
    results = played(RPS, 10)
    with pytest.raises(UserError, match="at least 1 disc, not 0"):
        multidimensional_elo(results, 0, start=np.zeros((3, 3)))


def test_two_players_have_no_circle():
    results = played(np.array([[0, 0.5], [-0.5, 0]]), 50)
    found = structure(results, fit(results), seed=0)
    assert found.cyclic_share < 1e-20
    assert found.disc.tolist() == [[0, 0], [0, 0]]
    assert found.nash_weights.tolist() == pytest.approx([1, 0])
