"""Elo from the results of two players: published figures, closed forms and coverage."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import beta, norm

from arena.ratings.elo import EloEstimate, pentanomial_elo, trinomial_elo
from arena.ratings.scale import ELO, expected_score
from games.errors import UserError


def test_the_figures_that_fastchess_prints():
    trinomial, pentanomial = trinomial_elo(136, 111, 96), pentanomial_elo([34, 54, 63, 64, 75])
    assert (round(trinomial.elo, 2), round(trinomial.error, 2)) == (40.70, 30.43)
    assert (round(trinomial.normalized_elo, 2), round(100 * trinomial.los, 2)) == (49.77, 99.60)
    assert (round(pentanomial.elo, 2), round(pentanomial.error, 2)) == (55.58, 27.65)
    assert round(pentanomial.normalized_elo, 2) == 57.94
    assert (trinomial.games, pentanomial.games) == (343, 580)


def test_the_expected_score_is_elos_curve():
    assert expected_score(0) == 0.5
    assert expected_score(400) == pytest.approx(10 / 11)
    np.testing.assert_allclose(expected_score([-400, 0, 200]), [1 / 11, 0.5, 1 / (1 + 10**-0.5)])


counts = st.integers(0, 500)


@given(counts, counts, counts)
def test_exchanging_the_players_turns_every_sign(wins: int, draws: int, losses: int):
    if (wins > 0) + (draws > 0) + (losses > 0) < 2:
        return
    mine, theirs = trinomial_elo(wins, draws, losses), trinomial_elo(losses, draws, wins)
    assert mine.elo == pytest.approx(-theirs.elo, abs=1e-7)
    assert mine.interval == pytest.approx((-theirs.interval[1], -theirs.interval[0]), abs=1e-6)
    assert mine.normalized_elo == pytest.approx(-theirs.normalized_elo, abs=1e-7)
    assert mine.los == pytest.approx(1 - theirs.los, abs=1e-12)
    assert mine.interval[0] <= mine.elo <= mine.interval[1]


@given(st.tuples(counts, counts, counts))
def test_pairs_of_equal_results_have_half_the_information_of_single_games(triple: tuple[int, int, int]):
    # Both games of a pair alike: n pairs tell as much as n games.
    losses, draws, wins = triple
    if np.count_nonzero(triple) < 2:
        return
    single, paired = trinomial_elo(wins, draws, losses), pentanomial_elo([losses, 0, draws, 0, wins])
    assert paired.elo == pytest.approx(single.elo)
    assert paired.interval == pytest.approx(single.interval)
    assert paired.normalized_elo == pytest.approx(single.normalized_elo / math.sqrt(2))
    assert paired.games == 2 * single.games


def test_results_that_are_all_the_same_bound_nothing():
    won, drawn = trinomial_elo(5, 0, 0), trinomial_elo(0, 7, 0)
    assert (won.elo, won.interval, won.error, won.score) == (math.inf, (-math.inf, math.inf), math.inf, 1.0)
    # Bayes with a uniform prior: the chance of winning is Beta(6, 1), and the player is better where it is above 1/2.
    assert won.los == pytest.approx(float(beta(6, 1).sf(0.5)))
    assert trinomial_elo(0, 0, 5).los == pytest.approx(1 - won.los)
    assert (drawn.elo, drawn.los, drawn.normalized_elo, drawn.error) == (0.0, 0.5, 0.0, math.inf)


def test_a_score_near_1_has_no_upper_end():
    found = trinomial_elo(99, 1, 0)
    assert found.interval[1] == math.inf
    assert math.isfinite(found.interval[0])
    assert found.error == math.inf


@pytest.mark.parametrize("wrong", [(0, 0, 0), (-1, 2, 3), (1.5, 2, 3), (math.nan, 1, 1), (math.inf, 1, 1), ("a", 1, 1)])
def test_what_are_no_counts_is_refused_in_a_sentence(wrong: tuple):
    with pytest.raises(UserError, match="expected wins, draws and losses to be whole numbers"):
        trinomial_elo(*wrong)


def test_five_counts_are_asked_for():
    with pytest.raises(UserError, match=r"five counts of pairs of games.*not 3"):
        pentanomial_elo([1, 2, 3])


def covers(estimate: EloEstimate, elo: float, normalized: float) -> tuple[bool, bool]:
    low, high = estimate.interval
    bottom, top = estimate.normalized_interval
    return low <= elo <= high, bottom <= normalized <= top


def test_intervals_cover_the_truth_95_percent_of_the_time():
    random, trials = np.random.default_rng(0), 4000
    scores, chances = np.linspace(0, 1, 5), np.array([0.1, 0.2, 0.25, 0.25, 0.2])
    mean = float(chances @ scores)
    deviation = math.sqrt(float(chances @ (scores - mean) ** 2))
    elo, normalized = ELO * math.log(mean / (1 - mean)), 2 * ELO * (mean - 0.5) / deviation / math.sqrt(2)
    hits = np.array(
        [covers(pentanomial_elo(random.multinomial(400, chances).tolist()), elo, normalized) for _ in range(trials)]
    )
    slack = norm.ppf(0.9995) * math.sqrt(0.95 * 0.05 / trials)
    # The normalized interval takes the deviation as known, which costs it a little.
    assert abs(hits[:, 0].mean() - 0.95) < slack
    assert abs(hits[:, 1].mean() - 0.95) < slack + 0.01
