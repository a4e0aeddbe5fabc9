"""How far ratings are to be trusted: coverage, the bootstrap, and the test of their fit, all by simulation."""

import numpy as np
import pytest
from scipy.special import expit
from scipy.stats import kstest, t

from arena.ratings import ELO, Floats, Results, bootstrap, fit, goodness_of_fit
from arena.ratings.draws import DRAW_MODELS
from games.errors import UserError


def tournament(
    strengths: Floats, games: Floats, *, seed: int, model: str = "half", draw: float = 0.0, seat: float = 0.0
) -> Results:
    """Play `games[i, j]` games with i first by a model of draws."""
    random, n = np.random.default_rng(seed), len(strengths)
    lead = strengths[:, None] - strengths + seat
    win, tie, _ = DRAW_MODELS[model].chances(lead, draw)
    total = np.where(np.eye(n, dtype=bool), 0, games).astype(np.int64)
    wins = random.binomial(total, win)
    draws = random.binomial(total - wins, np.minimum(tie / (1 - win), 1.0))
    return Results(tuple(map(str, range(n))), wins, draws, total - wins - draws)


def assert_covers(shares: list[float], slack: float = 0.0) -> None:
    """Assert that shares of covered truths, one a tournament, average 95 % by a 99.9 % interval over tournaments."""
    mean, count = np.mean(shares), len(shares)
    half = t.ppf(0.9995, count - 1) * max(float(np.std(shares, ddof=1)), 0.005) / np.sqrt(count)
    assert abs(mean - 0.95) < half + slack, f"{mean:.4f} of truths are covered, give or take {half:.4f}"


@pytest.mark.parametrize(
    ("players", "meetings", "tournaments"),
    [(100, 2, 100), pytest.param(1000, 0.15, 16, marks=pytest.mark.slow)],
)
def test_intervals_cover_the_truth_95_percent_of_the_time(players: int, meetings: float, tournaments: int):
    random = np.random.default_rng(players)
    strengths = random.normal(scale=0.8, size=players)
    truth = (strengths - strengths.mean()) * ELO
    shares = []
    for seed in range(tournaments):
        games = random.poisson(meetings / 2, size=(players, players)).astype(float)
        found = fit(tournament(strengths, games, seed=seed))
        assert found.converged
        shares.append(float(np.mean((found.low <= truth) & (truth <= found.high))))
    assert_covers(shares)


@pytest.mark.parametrize(("model", "draw"), [("davidson", -0.3), ("rao-kupper", 0.4)])
def test_draws_and_seats_are_recovered_and_covered(model: str, draw: float):
    strengths, seat = np.linspace(-1, 1, 12), 0.25
    covered: list[list[float]] = [[], [], []]
    for seed in range(250):
        found = fit(
            tournament(strengths, np.full((12, 12), 4), seed=seed, model=model, draw=draw, seat=seat),
            draw_model=model,
            seat_advantage=True,
        )
        covered[0].append(float(np.mean((found.low <= strengths * ELO) & (strengths * ELO <= found.high))))
        for shares, estimate, value in (
            (covered[1], found.seat_advantage, seat * ELO),
            (covered[2], found.draw, np.exp(draw)),
        ):
            assert estimate is not None
            assert estimate.interval is not None
            shares.append(float(estimate.interval[0] <= value <= estimate.interval[1]))
    for shares in covered:
        assert_covers(shares)


@pytest.mark.parametrize("method", ["resample", "parametric"])
def test_the_bootstrap_agrees_with_the_hessian_where_the_model_holds(method: str):
    strengths = np.linspace(-1, 1, 6)
    ratings = fit(tournament(strengths, np.full((6, 6), 100), seed=1, model="davidson"), draw_model="davidson")
    found, ends = bootstrap(ratings, 2000, seed=3, method=method)
    assert found.shape == (2000, 6)
    np.testing.assert_allclose(found.mean(axis=1), 0, atol=1e-6)
    # Standard errors of a deviation from 2000 draws are 1.6 %.
    np.testing.assert_allclose(found.std(axis=0), np.sqrt(np.diag(ratings.covariance)), rtol=0.08)
    np.testing.assert_allclose(ends, [ratings.low, ratings.high], atol=3.5)
    again = bootstrap(ratings, 2000, seed=3, method=method)[0]
    np.testing.assert_array_equal(found, again)


@pytest.mark.parametrize("method", ["resample", "parametric"])
def test_the_bootstrap_of_half_points_sees_that_draws_narrow_the_spread(method: str):
    results = tournament(np.zeros(5), np.full((5, 5), 50), seed=2, model="davidson", draw=np.log(2.0))
    ratings = fit(results)
    found = bootstrap(ratings, 600, seed=0, method=method)[0]
    # Half of the games are drawn, and a game's variance is half of that without draws.
    share = results.draws.sum() / results.games.sum() * 2
    narrowed = found.std(axis=0) / np.sqrt(np.diag(ratings.covariance))
    np.testing.assert_allclose(narrowed, np.sqrt(1 - share), rtol=0.12)


def test_replicates_keep_anchors_and_survive_a_sample_without_draws():
    wins = np.array([[0, 9, 9], [8, 0, 9], [9, 8, 0]])
    draws = np.zeros((3, 3), dtype=np.int64)
    draws[0, 1] = 1
    results = Results(("a", "b", "c"), wins, draws, wins.T.copy())
    ratings = fit(results, draw_model="rao-kupper", anchors={"b": 1500})
    found, _ = bootstrap(ratings, 40, seed=1, anchors={1: 1500})  # a third of the samples have no draw
    assert (found[:, 1] == 1500).all()
    assert np.isfinite(found).all()


def test_what_cannot_be_bootstrapped_is_refused_in_a_sentence():
    ratings = fit(tournament(np.zeros(3), np.full((3, 3), 2), seed=0))
    with pytest.raises(UserError, match="at least 20 replicates"):
        bootstrap(ratings, 5, seed=0)
    with pytest.raises(UserError, match="resample or parametric, not 'jackknife'"):
        bootstrap(ratings, 50, seed=0, method="jackknife")
    unbounded = Results(("a", "b"), np.array([[0, 1], [0, 0]]), np.zeros((2, 2), np.int64), np.array([[0, 1], [0, 0]]))
    with pytest.raises(UserError, match="has no finite ratings: give a larger prior"):
        bootstrap(fit(unbounded, prior=0), 50, seed=0)


@pytest.mark.parametrize(
    ("method", "players", "games", "model", "tournaments"),
    [
        ("chi-squared", 8, 60, "half", 400),
        ("chi-squared", 8, 60, "davidson", 400),
        ("chi-squared", 8, 60, "rao-kupper", 400),
        pytest.param("bootstrap", 6, 3, "half", 80, marks=pytest.mark.slow),
        pytest.param("bootstrap", 5, 3, "davidson", 80, marks=pytest.mark.slow),
        pytest.param("moments", 52, 1, "half", 80, marks=pytest.mark.slow),
        pytest.param("moments", 52, 1, "davidson", 80, marks=pytest.mark.slow),
    ],
)
def test_p_values_are_uniform_where_the_model_holds(method, players, games, model, tournaments):
    strengths = np.linspace(-0.8, 0.8, players)
    draw = {"half": 0.0, "davidson": -0.5, "rao-kupper": 0.3}[model]
    found = []
    for seed in range(tournaments):
        results = tournament(strengths, np.full((players, players), games), seed=seed, model=model, draw=draw)
        test = goodness_of_fit(fit(results, draw_model=model), seed=seed, replicates=39)
        assert test.method == method
        found.append(test.p_value)
    assert kstest(found, "uniform").pvalue > 1e-3


def test_degrees_of_freedom_are_pairs_less_ratings():
    results = tournament(np.linspace(-1, 1, 10), np.full((10, 10), 500), seed=0)
    assert goodness_of_fit(fit(results), seed=0).degrees == pytest.approx(45 - 9, abs=0.05)
    assert goodness_of_fit(fit(results, seat_advantage=True), seed=0).degrees == pytest.approx(90 - 10, abs=0.05)


def test_a_circle_is_found_out_and_its_worst_pair_named():
    wins = np.zeros((4, 4), dtype=np.int64)
    for first, second, won in ((0, 1, 40), (1, 2, 40), (2, 0, 40), (0, 3, 25), (1, 3, 25), (2, 3, 25)):
        wins[first, second], wins[second, first] = won, 50 - won
    test = goodness_of_fit(fit(Results.without_seats("abcd", wins, np.zeros((4, 4)))), seed=0)
    assert test.p_value is not None
    assert test.p_value < 1e-6
    assert {(cell.first, cell.second) for cell in test.worst[:3]} == {(0, 1), (1, 2), (0, 2)}
    assert test.worst[0].games == 50
    assert abs(test.worst[0].deviation) > 3
    assert test.worst[0].expected == pytest.approx(0.5, abs=0.02)


def test_as_many_ratings_as_pairs_leave_nothing_to_test():
    # A chain: each pair's score is fitted exactly but for the prior.
    wins, losses = (np.diag([share] * 4, 1) for share in (70, 30))
    results = Results(tuple("abcde"), wins, np.zeros((5, 5), np.int64), losses)
    assert goodness_of_fit(fit(results), seed=0).p_value is None


def test_misfit_grows_with_what_is_put_in():
    """A field with a circle of growing strength is refused the more, the stronger it is."""
    base, p_values = np.linspace(-0.5, 0.5, 9), []
    turn = np.sign(np.sin(2 * np.pi * (np.arange(9)[None] - np.arange(9)[:, None]) / 9))
    for strength in (0.0, 0.3, 0.6):
        random = np.random.default_rng(4)
        win = expit(base[:, None] - base + strength * turn)
        wins = random.binomial(60, np.triu(win, 1))
        losses = np.triu(60 - wins, 1)
        test = goodness_of_fit(fit(Results(tuple("abcdefghi"), wins, np.zeros((9, 9), np.int64), losses)), seed=0)
        p_values.append(test.p_value)
    assert p_values[0] > 0.01 > p_values[1] > p_values[2]
