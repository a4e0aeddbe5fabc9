"""Glicko-2, Elo game by game, and skill from placements, against published figures and first principles."""

import sys

import numpy as np
import pytest
from scipy.special import ndtr, ndtri

from arena.ratings import Results
from arena.ratings.glicko import Glicko, glicko2, glicko2_of
from arena.ratings.placements import rate_placements
from arena.ratings.rows import Rows
from arena.ratings.sequential import online_elo
from arena.ratings.trueskill import Belief, trueskill, update
from games.errors import UserError


def test_glickmans_own_example():
    player = Glicko(rating=1500, deviation=200, volatility=0.06)
    opponents = [Glicko(rating=r, deviation=d) for r, d in ((1400, 30), (1550, 100), (1700, 300))]
    after = glicko2(player, opponents, scores=[1, 0, 0])
    # The paper prints 1464.06, 151.52 and 0.05999 from rounded steps; these are the digits of an unrounded one.
    assert after.rating == pytest.approx(1464.0507, abs=5e-5)
    assert after.deviation == pytest.approx(151.5165, abs=5e-5)
    assert after.volatility == pytest.approx(0.059996, abs=1e-6)


def test_a_player_without_games_is_only_less_sure():
    after = glicko2(Glicko(rating=1600, deviation=100), [], scores=[])
    assert (after.rating, after.volatility) == (1600, 0.06)
    assert after.deviation == pytest.approx(np.hypot(100, 0.06 * 173.7178))


def test_a_surprise_raises_the_volatility_and_the_expected_lowers_it():
    player, weak = Glicko(deviation=50), [Glicko(rating=1000, deviation=30)] * 10
    assert glicko2(player, weak, scores=[0] * 10).volatility > 0.06
    assert glicko2(player, weak, scores=[1] * 9 + [0.5]).volatility < 0.06


def test_one_period_from_counts_is_that_from_single_games():
    wins = np.array([[0, 3, 1], [0, 0, 2], [1, 0, 0]])
    draws = np.array([[0, 1, 0], [0, 0, 0], [0, 0, 0]])
    found = glicko2_of(Results(("a", "b", "c"), wins, draws, np.zeros((3, 3), np.int64)))
    single = glicko2(Glicko(), [Glicko()] * 6, scores=[1, 1, 1, 0.5, 1, 0])
    assert vars(found[0]) == pytest.approx(vars(single))


def test_scores_that_glicko_does_not_know():
    for scores in ([1], [1, 2], [1, -0.5]):
        with pytest.raises(UserError, match="expected a score from 0 to 1 for each of 2 opponents"):
            glicko2(Glicko(), [Glicko(), Glicko()], scores=scores)


def rows(*games: tuple[int, int, float]) -> Rows:
    first, second = (np.array([game[k] for game in games], dtype=np.int64) for k in (0, 1))
    score = np.array([game[2] for game in games])
    wins, draws, losses = ((score == value).astype(np.int64) for value in (1.0, 0.5, 0.0))
    return Rows(("a", "b", "c"), first, second, wins, draws, losses)


def test_elo_game_by_game():
    # Equals: k / 2 changes hands; then the leader expects 1 / (1 + 10^(-20/400)) and draws.
    found = online_elo(rows((0, 1, 1.0), (0, 1, 0.5)), k=20)
    expected = 1 / (1 + 10 ** (-20 / 400))
    assert found.tolist() == pytest.approx([10 + 20 * (0.5 - expected), -10 - 20 * (0.5 - expected), 0])


def test_elo_game_by_game_depends_on_their_order_and_keeps_the_sum():
    games = [(0, 1, 1.0), (1, 2, 1.0), (2, 0, 1.0)]
    one, other = online_elo(rows(*games), start=1500), online_elo(rows(*games[::-1]), start=1500)
    assert one.sum() == pytest.approx(4500)
    assert abs(one - other).max() > 0.1


def test_elo_game_by_game_settles_where_the_strengths_are():
    random, chance = np.random.default_rng(0), 1 / (1 + 10 ** (-200 / 400))
    scores = (random.random(20_000) < chance).astype(float)
    found = [online_elo(rows(*((0, 1, s) for s in part)), k=4) for part in np.split(scores, 10)]
    assert np.mean([elo[0] - elo[1] for elo in found]) == pytest.approx(200, abs=15)


def test_elo_game_by_game_takes_games_one_by_one():
    first, second, wins, none = (np.array([value]) for value in (0, 1, 2, 0))
    several = Rows(("a", "b"), first, second, wins, none, none)
    with pytest.raises(UserError, match="row 1 holds 2: give one game a row"):
        online_elo(several)
    with pytest.raises(UserError, match="a K factor above 0"):
        online_elo(rows((0, 1, 1.0)), k=0)


def test_skill_after_a_win_and_after_a_game_of_three():
    pytest.importorskip("openskill")
    two = rate_placements([[("a", 1.0), ("b", 0.0)]])
    assert vars(two["a"]) == pytest.approx({"mu": 27.635389, "sigma": 8.065901}, abs=1e-6)
    assert vars(two["b"]) == pytest.approx({"mu": 22.364611, "sigma": 8.065901}, abs=1e-6)
    three = rate_placements([[("c", 1), ("a", 3), ("b", 2)]])
    expected = {"a": (27.869049, 8.205243), "b": (25.717262, 8.058224), "c": (21.413689, 8.058224)}
    for name, (mu, sigma) in expected.items():
        assert vars(three[name]) == pytest.approx({"mu": mu, "sigma": sigma}, abs=1e-6)


def test_skill_goes_on_from_game_to_game_and_ties_are_even():
    pytest.importorskip("openskill")
    tied = rate_placements([[("a", 1), ("b", 1)]])
    assert tied["a"].mu == pytest.approx(tied["b"].mu)
    long = rate_placements([[("a", 1), ("b", 0)]] * 20)
    assert long["a"].mu - long["b"].mu > 15
    assert long["a"].sigma < tied["a"].sigma < 25 / 3


def test_games_that_are_none_and_models_that_are_not():
    pytest.importorskip("openskill")
    with pytest.raises(UserError, match="game 2: expected two different players or more, not a, a"):
        rate_placements([[("a", 1), ("b", 0)], [("a", 1), ("a", 0)]])
    with pytest.raises(UserError, match="not 'plackett'; did you mean 'plackett-luce'"):
        rate_placements([], model="plackett")


def test_without_openskill_its_command_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "openskill", None)
    with pytest.raises(UserError, match=r"pip install 'redqueen\[openskill\]'"):
        rate_placements([[("a", 1), ("b", 0)]])


def test_trueskill_of_two_newcomers_is_the_published_one() -> None:
    winner, loser, *_ = trueskill(rows((0, 1, 1.0)))
    one, other, *_ = trueskill(rows((0, 1, 0.0)))
    assert (winner.mu, winner.sigma) == pytest.approx((29.3958, 7.1715), abs=5e-5)
    assert (loser.mu, loser.sigma) == pytest.approx((20.6042, 7.1715), abs=5e-5)
    assert (one, other) == (loser, winner)


def moments(mu: list[float], sigma: list[float], drawn: bool) -> np.ndarray:
    """Return means and deviations of both skills, given the outcome, by integrating over skills and performances."""
    beta, tau = 25 / 6, 25 / 300
    margin = ndtri(0.55) * np.sqrt(2) * beta
    spread = [np.hypot(s, tau) for s in sigma]
    grids = [m + s * np.linspace(-8, 8, 1201) for m, s in zip(mu, spread, strict=True)]
    weights = [np.exp(-(((g - m) / s) ** 2) / 2) for g, m, s in zip(grids, mu, spread, strict=True)]
    lead = (grids[0][:, None] - grids[1][None, :]) / (np.sqrt(2) * beta)
    margin /= np.sqrt(2) * beta
    chance = ndtr(lead + margin) - ndtr(lead - margin) if drawn else ndtr(lead - margin)
    joint = weights[0][:, None] * weights[1][None, :] * chance
    joint /= joint.sum()
    means = [joint.sum(1) @ grids[0], joint.sum(0) @ grids[1]]
    variances = [joint.sum(1) @ (grids[0] - means[0]) ** 2, joint.sum(0) @ (grids[1] - means[1]) ** 2]
    return np.array([*means, *np.sqrt(variances)])


@pytest.mark.parametrize("drawn", [False, True])
@pytest.mark.parametrize(("mu", "sigma"), [([25, 25], [8, 8]), ([30, 20], [3, 6]), ([15, 32], [5, 2])])
def test_trueskill_matches_the_moments_of_the_posterior(mu, sigma, drawn) -> None:
    beliefs = [Belief(float(m), float(s)) for m, s in zip(mu, sigma, strict=True)]
    after = update(*beliefs, drawn=drawn)
    found = [after[0].mu, after[1].mu, after[0].sigma, after[1].sigma]
    assert found == pytest.approx(moments(mu, sigma, drawn).tolist(), rel=1e-6)


def test_trueskill_stays_finite_however_surprising_the_results() -> None:
    for gap in (0.0, 50.0, 1e4):
        for drawn in (False, True):
            for pair in ((Belief(gap), Belief(0.0)), (Belief(0.0), Belief(gap))):
                assert all(np.isfinite([b.mu, b.sigma]).all() and b.sigma > 0 for b in update(*pair, drawn=drawn))


def test_trueskill_refuses_rows_of_several_games() -> None:
    with pytest.raises(UserError, match="one game a row"):
        trueskill(Rows(("a", "b"), *np.array([[0], [1], [2], [0], [0]])))
