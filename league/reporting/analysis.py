"""What lies behind a ranking: ratings, Nash averaging, circles, and how far each of them is to be believed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from arena.ratings import ELO, Floats, Ratings
from arena.ratings.bradley_terry import fit
from arena.ratings.cycles import smoothed_scores, structure
from arena.ratings.goodness import FitTest, goodness_of_fit
from arena.ratings.results import MOST_PLAYERS, Results
from arena.ratings.upsets import NO_UPSETS, Upsets, exact_upsets, upsets
from games.errors import UserError
from games.normal_form.alpha_rank import alpha_rank
from games.normal_form.decomposition import discs, hodge
from games.normal_form.nash_averaging import nash_averaging

MOST = 200
"""Agents up to which Nash averaging and alpha-rank are computed: beyond, their linear programs take minutes."""

_MOST_DISCS = 1200
"""Agents up to which circles are looked for: their matrices take time that grows with the cube."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Analysis:
    """What is known of n agents besides who won, in the order in which they were given.

    unit: of `strengths [n]`, `Elo` from wins, draws and losses, or `payoff`, the mean payoff against all.
    ratings: those that the strengths come from, where they are Elo.
    nash_ratings, nash_weights, alpha_rank `[n]`: in the unit, and as shares; None where they were left out.
    cyclic_share: the part of the differences that no ranking explains, from 0 to 1; by_chance: its mean and 95 %
        quantile where there are no circles at all, None where nothing is left to chance or it was left out.
    upsets: who is shown to beat one of greater strength.
    disc `[n, 2]`: the places of the greatest disc, each agent ahead of those clockwise; disc_share: of the cyclic part.
    misfit: the test of the ratings against the crosstable.
    left_out: sentences on what was not computed, and why.
    """

    unit: str
    strengths: Floats
    ratings: Ratings | None = None
    nash_ratings: Floats | None = None
    nash_weights: Floats | None = None
    alpha_rank: Floats | None = None
    cyclic_share: float | None = None
    by_chance: tuple[float, float] | None = None
    upsets: Upsets = NO_UPSETS
    disc: Floats | None = None
    disc_share: float = 0.0
    misfit: FitTest | None = None
    left_out: tuple[str, ...] = ()


def of_results(names: Sequence[str], wins: np.ndarray, draws: np.ndarray, *, seed: int) -> Analysis | None:
    """Return the analysis of counted games `wins [n, n]` and symmetric `draws [n, n]`, or None where none were played.

    Random numbers, which simulations need, come from `seed`.
    """
    n = len(names)
    if n < 2 or n > MOST_PLAYERS or not (wins.any() or draws.any()):
        return None
    results = Results.without_seats([str(place) for place in range(n)], wins, draws)
    ratings = fit(results)
    plain: dict[str, Any] = {
        "unit": "Elo",
        "strengths": ratings.elo,
        "ratings": ratings,
        "upsets": upsets(results, ratings.elo),
    }
    if n > _MOST_DISCS:
        return Analysis(**plain, left_out=(_too_many(n, _MOST_DISCS, "Circles, Nash averaging and alpha-rank"),))
    if n > MOST:
        scores = smoothed_scores(results.games.astype(np.float64), results.scores, ratings.expected_scores())
        odds = np.log(scores / scores.T)
        left_out = _too_many(n, MOST, "Nash averaging, alpha-rank and the test of the ratings")
        return Analysis(**plain, **_circles((odds - odds.T) / 2), left_out=(left_out,))
    misfit = goodness_of_fit(ratings, seed=seed)
    try:
        found = structure(results, ratings, seed=seed)
    except UserError as error:
        return Analysis(**plain, misfit=misfit, left_out=(f"Circles and Nash averaging were left out: {error}.",))
    return Analysis(
        **plain,
        misfit=misfit,
        nash_ratings=found.nash_ratings * ELO,
        nash_weights=found.nash_weights,
        alpha_rank=found.alpha_rank,
        cyclic_share=found.cyclic_share,
        by_chance=found.cyclic_by_chance,
        disc=found.disc,
        disc_share=found.disc_share,
    )


def of_payoffs(payoffs: Floats) -> Analysis | None:
    """Return the analysis of antisymmetric expected `payoffs [n, n]`, which nothing is left to chance in."""
    n = len(payoffs)
    if n < 2 or np.isnan(payoffs).any():
        return None
    game = np.stack([payoffs, -payoffs])
    strengths = payoffs.mean(1)
    plain: dict[str, Any] = {"unit": "payoff", "strengths": strengths, "upsets": exact_upsets(payoffs, strengths)}
    plain |= _circles(payoffs)
    if n > MOST:
        return Analysis(**plain, left_out=(_too_many(n, MOST, "Nash averaging and alpha-rank"),))
    average = nash_averaging(game)
    return Analysis(
        **plain,
        nash_ratings=average.ratings[0],
        nash_weights=average.strategies[0],
        alpha_rank=alpha_rank(np.stack([payoffs, payoffs.T]), single_population=True).distribution,
    )


def _circles(table: Floats) -> dict[str, Any]:
    """Return the cyclic share of an antisymmetric table and its greatest disc."""
    parts = hodge(np.stack([table, -table]))
    found: dict[str, Any] = {"cyclic_share": parts.cyclic_share}
    if parts.cyclic_share > 1e-20:
        around = discs(np.stack([parts.cyclic, -parts.cyclic]))
        found |= {"disc": around.coordinates[0], "disc_share": float(around.shares[0])}
    return found


def _too_many(n: int, most: int, what: str) -> str:
    return f"{what} were left out: among {n:,} agents they take too long; they are computed for up to {most:,}."
