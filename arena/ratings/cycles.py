"""What a rating cannot say, from the same counts: who beats whom in circles, and who is needed in an equilibrium."""

from dataclasses import dataclass

import numpy as np
from scipy.special import log_expit, logit

from arena.ratings.bradley_terry import Ratings
from arena.ratings.multidimensional import MultidimensionalElo, multidimensional_elo
from arena.ratings.outcomes import outcomes
from arena.ratings.results import Pairs, Results
from arena.ratings.scale import Floats
from games.normal_form.alpha_rank import alpha_rank
from games.normal_form.decomposition import discs, hodge
from games.normal_form.nash_averaging import nash_averaging

_VIRTUAL = 1.0
"""Games of each pair at the score that the ratings expect, which are added to those played."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Structure:
    """What n players' log odds against each other hold besides a ranking.

    cyclic_share: the part of the log odds' sum of squares that no rating explains, from 0 to 1.
    cyclic_by_chance: the same of simulated tournaments in which the ratings explain everything: the mean, and what 95 %
        of them stay below. A share within that is noise.
    nash_weights, nash_ratings `[n]`: Nash averaging; the equilibrium's weights and the mean log odds against it.
    alpha_rank `[n]`: the share of time that evolution spends with each player.
    disc `[n, 2]`: the places of the cyclic part's greatest disc, clockwise beats, and its share of the cyclic part.
    melo: multidimensional Elo of one disc; elo_log_likelihood: what plain ratings reach with the same games.
    """

    cyclic_share: float
    cyclic_by_chance: tuple[float, float]
    nash_weights: Floats
    nash_ratings: Floats
    alpha_rank: Floats
    disc: Floats
    disc_share: float
    melo: MultidimensionalElo
    elo_log_likelihood: float


def smoothed_scores(games: Floats, scores: Floats, expected: Floats) -> Floats:
    """Return `[n, n]` the points a game of i against j, with one game more that went as `expected` by the ratings.

    So pairs who never met go as the ratings say, and a perfect score has finite log odds.
    """
    smoothed = (scores + _VIRTUAL * expected) / (games + _VIRTUAL)
    smoothed[np.diag_indices(len(smoothed))] = 0.5
    return smoothed


def structure(results: Results, ratings: Ratings, *, seed: int, discs_of_melo: int = 1) -> Structure:
    """Return what the ratings of `results` leave out; time grows with n^3, and Nash averaging's a good deal faster.

    Balduzzi et al., "Re-evaluating evaluation", 2018, for Nash averaging of log odds, the cyclic part and mElo;
    Omidshafiei et al., "alpha-Rank", 2019. Of at least two players.
    """
    expected = ratings.expected_scores()
    scores = smoothed_scores(results.games.astype(np.float64), results.scores, expected)
    log_odds = _log_odds(scores)
    game = np.stack([log_odds, -log_odds])
    parts = hodge(game)
    # Ratings that explain all but rounding leave no circle to draw.
    around = discs(np.stack([parts.cyclic, -parts.cyclic])) if parts.cyclic_share > 1e-20 else None
    average = nash_averaging(game)
    ranked = alpha_rank(np.stack([scores, scores.T]), single_population=True)
    lead = logit(expected)
    return Structure(
        cyclic_share=parts.cyclic_share,
        cyclic_by_chance=_by_chance(results, ratings, expected, np.random.default_rng(seed)),
        nash_weights=average.strategies[0],
        nash_ratings=average.ratings[0],
        alpha_rank=ranked.distribution,
        disc=around.coordinates[0] if around is not None else np.zeros((len(scores), 2)),
        disc_share=float(around.shares[0]) if around is not None else 0.0,
        melo=multidimensional_elo(results, discs_of_melo, start=log_odds, prior=ratings.prior),
        elo_log_likelihood=float((results.scores * log_expit(lead)).sum()),
    )


def _log_odds(scores: Floats) -> Floats:
    odds = logit(scores)
    return (odds - odds.T) / 2


def _by_chance(
    results: Results, ratings: Ratings, expected: Floats, random: np.random.Generator
) -> tuple[float, float]:
    """Return the mean and the 95 % quantile of the cyclic share where the ratings explain all but chance."""
    chances, n, shares = outcomes(ratings.posterior, ratings.optimum.point), len(results.names), []
    for _ in range(200 if n <= 50 else 40):
        drawn = chances.sample(ratings.posterior.pairs, random)
        scores = smoothed_scores(*_crosstable(drawn), expected)
        odds = _log_odds(scores)
        shares.append(hodge(np.stack([odds, -odds])).cyclic_share)
    return float(np.mean(shares)), float(np.quantile(shares, 0.95))


def _crosstable(pairs: Pairs) -> tuple[Floats, Floats]:
    """Return the games and the points `[n, n]` of i against j."""
    games, scores = np.zeros((2, pairs.n, pairs.n))
    np.add.at(games, (pairs.first, pairs.second), pairs.games)
    np.add.at(scores, (pairs.first, pairs.second), pairs.scores)
    np.add.at(scores, (pairs.second, pairs.first), pairs.games - pairs.scores)
    return games + games.T, scores
