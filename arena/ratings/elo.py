"""How much stronger one player is than another, from the results of their games alone."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import logit, ndtr

from arena.ratings.scale import ELO, QUANTILE
from games.errors import UserError

NORMALIZED = 2 * ELO
"""Normalized Elo points in one standard deviation of a game's score."""


@dataclass(frozen=True, kw_only=True)
class EloEstimate:
    """How much stronger a player is than its opponent, with 95 % intervals.

    elo, interval, error: the difference in Elo points, its interval, and half the interval's width, the number after
        the plus-minus sign. The interval is that of the score, mapped to Elo, so it need not be centred on `elo`.
    normalized_elo, normalized_interval: the mean score above 1/2 in standard deviations of a game's score, times
        800 / ln 10: where draws are rare, about `elo`. The interval takes the standard deviation as known.
    los: the likelihood of superiority, that of being the stronger of the two.
    score: points a game, from 0 to 1. games: how many there were.

    What the games do not bound is infinite. When all results are the same, their spread cannot be estimated: both
    intervals are the whole line, and the likelihood of superiority is that of Bayes with a uniform prior on the chance
    of winning, 1 - 2^-(n + 1) after n wins alone.
    """

    elo: float
    interval: tuple[float, float]
    error: float
    normalized_elo: float
    normalized_interval: tuple[float, float]
    los: float
    score: float
    games: int


def trinomial_elo(wins: int, draws: int, losses: int) -> EloEstimate:
    """Estimate the difference in strength from games taken as independent.

    The score's variance a game is that of the results themselves, so draws narrow the interval (the conventions of
    fastchess). Raises `UserError` unless the counts are whole, none is negative and one is not 0.
    """
    counts = _counts((losses, draws, wins), "wins, draws and losses")
    return _estimate(counts, games_each=1)


def pentanomial_elo(counts: Sequence[int]) -> EloEstimate:
    """Estimate the difference in strength from pairs of games with seats swapped: `counts` are LL, LD, WL + DD, WD, WW.

    The games of a pair share an opening or a deal, so the pair is what is independent: its results correlate, and its
    mean score's variance is smaller than two single games' would have it. Normalized Elo is per game: the standard
    deviation of a pair's mean score times the square root of 2 (Van den Bergh, "Normalized Elo", 2020). Raises
    `UserError` unless there are five whole counts, none of them negative and one not 0.
    """
    if len(counts) != 5:
        raise UserError(
            f"expected five counts of pairs of games, LL, LD, WL + DD, WD and WW, not {len(counts)}: give all five"
        )
    return _estimate(_counts(counts, "the five counts of pairs"), games_each=2)


def _counts(counts: Sequence[int], what: str) -> np.ndarray:
    try:
        array = np.asarray(counts, dtype=np.float64)
    except (TypeError, ValueError):
        array = np.array([np.nan])
    if not (np.isfinite(array).all() and (array >= 0).all() and (array == np.rint(array)).all() and array.sum() > 0):
        raise UserError(
            f"expected {what} to be whole numbers from 0 up, not all of them 0, not "
            f"{', '.join(map(str, counts))}: count the games again"
        )
    return array


def _estimate(counts: np.ndarray, *, games_each: int) -> EloEstimate:
    """Return the estimate from how often each of the evenly spaced scores from 0 to 1 came up."""
    scores = np.linspace(0.0, 1.0, len(counts))
    units = counts.sum()
    score = float(counts @ scores / units)
    variance = float(counts @ np.square(scores - score) / units)
    if np.count_nonzero(counts) == 1:
        lead = 0.0 if score == 0.5 else np.copysign(np.inf, score - 0.5)
        everything = (-np.inf, np.inf)
        return EloEstimate(
            elo=_elo(score),
            interval=everything,
            error=np.inf,
            normalized_elo=float(lead),
            normalized_interval=everything,
            los=float(0.5 - np.sign(lead) * (0.5 ** (units + 1) - 0.5)) if lead else 0.5,
            score=score,
            games=int(units) * games_each,
        )
    deviation = np.sqrt(variance / units)
    low, high = _elo(score - QUANTILE * deviation), _elo(score + QUANTILE * deviation)
    unit = NORMALIZED / np.sqrt(games_each * variance)
    centre, half = (score - 0.5) * unit, QUANTILE * deviation * unit
    return EloEstimate(
        elo=_elo(score),
        interval=(low, high),
        error=(high - low) / 2,
        normalized_elo=float(centre),
        normalized_interval=(float(centre - half), float(centre + half)),
        los=float(ndtr((score - 0.5) / deviation)),
        score=score,
        games=int(units) * games_each,
    )


def _elo(score: float) -> float:
    """Return the difference at which `score` is expected; infinite from 1 up and from 0 down."""
    return float(logit(min(max(score, 0.0), 1.0))) * ELO
