"""Ratings by Bradley and Terry's model: one strength per player, with intervals."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr

from arena.ratings.draws import DRAW_MODELS
from arena.ratings.newton import Optimum, Posterior, Unbounded
from arena.ratings.results import Pairs, Results
from arena.ratings.scale import ELO, QUANTILE, Floats
from games.errors import UserError, nearest
from games.names import shorten


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A number and its 95 % interval, which is None where the games say nothing about it."""

    value: float
    interval: tuple[float, float] | None


@dataclass(frozen=True, eq=False, kw_only=True)
class Ratings:
    """The ratings of n players, in Elo points above the mean of the field or, with anchors, beside those.

    elo `[n]`: the ratings; without anchors their mean is 0.
    low, high `[n]`: the 95 % interval of each; an anchor's is the anchor.
    covariance `[n, n]`: of the ratings, in Elo points squared. Without anchors its rows add up to 0, as the mean is
        fixed. The variance of a difference between i and j is `c[i, i] + c[j, j] - 2 c[i, j]`.
    iterations, converged: of Newton's method.
    seat_advantage: what the first seat is worth, in Elo points, where it was asked for.
    draw: the draw model's parameter, Davidson's nu or Rao and Kupper's theta.
    draw_model: `half`, `davidson` or `rao-kupper`. prior: the virtual draws a player.
    posterior, optimum: what was maximised, and where it is greatest.
    """

    elo: Floats
    low: Floats
    high: Floats
    covariance: Floats
    iterations: int
    converged: bool
    seat_advantage: Estimate | None = None
    draw: Estimate | None = None
    draw_model: str = "half"
    prior: float = 1.0
    posterior: Posterior = field(repr=False)
    optimum: Optimum = field(repr=False)

    @cached_property
    def los(self) -> Floats:
        """`[n, n]`: how likely player i is to be stronger than j, from the covariance; 1/2 on the diagonal."""
        lead = self.elo[:, None] - self.elo
        variances = np.diag(self.covariance)
        variance = variances[:, None] + variances - 2 * self.covariance
        # Of two anchors the difference is known; rounding leaves less than this of a variance of nothing.
        known = variance <= 1e-12 * (variances[:, None] + variances)
        ratio = np.where(known, np.inf, lead) / np.sqrt(np.where(known, 1.0, variance))
        return ndtr(np.where(known, np.where(lead == 0, 0.0, np.copysign(np.inf, lead)), ratio))

    def expected_scores(self) -> Floats:
        """`[n, n]`: the points a game that i expects against j, with no advantage of either seat."""
        lead = (self.elo[:, None] - self.elo) / ELO
        win, draw, _ = self.posterior.model.chances(lead, self.posterior.draw(self.optimum.point))
        return win + draw / 2


def rate(wins: ArrayLike, draws: ArrayLike) -> Ratings:
    """Rate n players by what they scored against each other.

    `wins[i, j]` is the number of games that i won against j; `draws[i, j]` and `draws[j, i]` are both the number of
    games that i and j drew. Diagonals are ignored. Raises `ValueError` for anything else.

    The model is Bradley and Terry's (1952): i beats j with probability 1 / (1 + exp(r_j - r_i)), a draw counts as half
    a win and half a loss, and seats are not modelled. To the games is added one virtual draw of each player against an
    opponent of the field's mean strength, a prior like that of BayesElo (Coulom, 2008): perfect scores, fields that
    fall apart and players without games then have finite ratings, which Hunter (2004, assumption 1) shows they
    otherwise lack. The ratings are where the posterior is greatest among those of mean 0, and their covariance is the
    inverse of the negative Hessian there, within that constraint.

    Newton's method on the counts: O(n^3) an iteration, whatever the number of games.
    """
    won, drawn = (np.array(counts, dtype=np.float64) for counts in (wins, draws))
    if won.ndim != 2 or won.shape[0] != won.shape[1] or drawn.shape != won.shape:
        raise ValueError(f"wins and draws must both be [n, n], not {won.shape} and {drawn.shape}")
    for counts in (won, drawn):
        np.fill_diagonal(counts, 0.0)
    if not (np.isfinite(won).all() and (won >= 0).all() and (drawn >= 0).all() and np.array_equal(drawn, drawn.T)):
        raise ValueError("wins and draws must be counts, and draws symmetric")
    first, second = np.nonzero(np.triu(won + won.T + drawn))
    pairs = Pairs(len(won), first, second, won[first, second], drawn[first, second], won[second, first])
    return _rated(Posterior(pairs, DRAW_MODELS["half"], False, False, 1.0, *_plane(len(won), {}, 0)), {}, "half")


def fit(
    results: Results,
    *,
    draw_model: str = "half",
    seat_advantage: bool = False,
    prior: float = 1.0,
    anchors: Mapping[str, float] | None = None,
) -> Ratings:
    """Rate the players of `results`, by default as `rate` does.

    draw_model: `half` (points), `davidson` or `rao-kupper`, whose parameter is estimated with the strengths. The prior
    stays half a win and half a loss, so that where nothing was drawn all three give the same ratings.
    seat_advantage: estimate what the first seat is worth, added to the strength of who has it.
    prior: virtual draws a player, from 0 up. Without any, strengths are those of greatest likelihood.
    anchors: ratings, in Elo, of players that keep them; then they fix the scale's zero, not the field's mean.

    Raises `UserError` for options that are not, unknown anchors, and games that do not bound what is asked for: all of
    them drawn where draws are modelled; a seat that always wins; without a prior, players who took all points or none
    from the rest, or groups that never met.
    """
    fixed = _checked(results, draw_model, prior, dict(anchors or {}))
    if seat_advantage and not results.seated:
        raise UserError("expected results that tell who had the first seat, and these do not: leave the seat out")
    pairs = results.pairs(seated=seat_advantage)
    model = DRAW_MODELS[draw_model]
    total, drawn = float(pairs.games.sum()), float(pairs.draws.sum())
    modelled = model.lower is not None and drawn > 0
    if modelled and drawn == total:
        raise UserError("expected a game that was not drawn, and all were: rate them with the draw model half")
    if prior == 0:
        _require_bounded(results, pairs)
    if seat_advantage and (pairs.scores.sum() in (0.0, total)):
        which = "second" if total else "first or second"
        which = "first" if pairs.scores.sum() else which
        raise UserError(
            f"expected points for either seat, and the {which} took all of the {total:,.0f} games' points: leave the "
            "seat's advantage out, which is not finite there"
        )
    extra = int(seat_advantage) + int(modelled)
    plane, start = _plane(pairs.n, fixed, extra)
    if modelled:
        start[-1] = model.start(drawn / total)
    working = model if modelled or model.lower is None else DRAW_MODELS["half"]
    return _rated(Posterior(pairs, working, seat_advantage, modelled, prior, plane, start), fixed, draw_model)


def _checked(results: Results, draw_model: str, prior: float, anchors: dict[str, float]) -> dict[int, float]:
    """Return the anchors by player, in log odds."""
    if draw_model not in DRAW_MODELS:
        raise UserError(
            f"expected a draw model of {', '.join(DRAW_MODELS)}, not {shorten(repr(draw_model))}"
            f"{nearest(draw_model, DRAW_MODELS)}"
        )
    if not (np.isfinite(prior) and prior >= 0):
        raise UserError(f"expected a prior of 0 or more virtual draws a player, not {prior}: give 1, as usual")
    place = {name: k for k, name in enumerate(results.names)}
    for name, elo in anchors.items():
        if name not in place:
            raise UserError(
                f"expected an anchor among the players, and {shorten(repr(name))} has no games"
                f"{nearest(name, results.names)}"
            )
        if not (np.isfinite(elo) and abs(elo) <= 1e5):
            raise UserError(f"expected an anchor's rating within 100,000 Elo, not {elo} for {shorten(repr(name))}")
    return {place[name]: elo / ELO for name, elo in anchors.items()}


def _require_bounded(results: Results, pairs: Pairs) -> None:
    """Raise `UserError` unless the likelihood has a greatest value."""
    for groups, why in (
        (pairs.groups(), "{} never met the rest"),
        (pairs.unbeaten(), "{} took all the points, or none, from the rest"),
    ):
        if len(groups) > 1:
            few = [results.names[k] for k in groups[-1][:3]]
            more = f" and {len(groups[-1]) - 3} more" if len(groups[-1]) > 3 else ""
            raise UserError(
                f"without a prior there are no finite ratings, for {why.format(shorten(', '.join(few)) + more)}: give "
                "one, such as 1"
            )


def _plane(n: int, anchors: Mapping[int, float], extra: int) -> tuple[Floats, Floats]:
    """Return the constraints `[n + extra, c]`, and a point that keeps them: mean 0, anchors at their distances."""
    columns = np.zeros((n + extra, max(len(anchors), 1) if n else 0))
    columns[:n, :1] = 1.0
    start = np.zeros(n + extra)
    if anchors:
        players, values = np.array(list(anchors)), np.array(list(anchors.values()))
        columns[players[1:], np.arange(1, len(players))] = 1.0
        columns[players[0], 1:] = -1.0
        start[:n] = values.mean()
        start[players] = values
        start[:n] -= start[:n].mean()
    return columns, start


def _rated(posterior: Posterior, anchors: Mapping[int, float], draw_model: str) -> Ratings:
    """Maximise, and put the answer on the Elo scale."""
    n = posterior.pairs.n
    try:
        optimum = posterior.maximise()
        if not optimum.converged and (posterior.prior == 0 or posterior.seat):
            raise Unbounded
    except Unbounded:
        asked = " and the seat's advantage" * posterior.seat
        raise UserError(
            f"the games do not say where the ratings{asked} are finite: "
            f"{'leave the seat out or give a larger prior' if posterior.seat else 'give a larger prior'}"
        ) from None
    strengths, spread = strengths_of(optimum.point, anchors, n), optimum.covariance[:n, :n]
    if anchors:
        pinned = next(iter(anchors))
        spread = spread - spread[pinned] - spread[:, pinned, None] + spread[pinned, pinned]
        spread[list(anchors)] = spread[:, list(anchors)] = 0.0
    half = QUANTILE * np.sqrt(np.diag(spread).clip(min=0.0))
    errors = QUANTILE * np.sqrt(np.diag(optimum.covariance)[n:].clip(min=0.0))
    seat = draw = None
    if posterior.seat:
        value, error = optimum.point[n] * ELO, errors[0] * ELO
        seat = Estimate(value=float(value), interval=(float(value - error), float(value + error)))
    if posterior.draws:
        value, error, lower = optimum.point[-1], errors[-1], posterior.model.lower
        low = value - error if lower is None else max(value - error, lower)
        draw = Estimate(value=float(np.exp(value)), interval=(float(np.exp(low)), float(np.exp(value + error))))
    elif draw_model != "half":
        draw = Estimate(value=0.0 if draw_model == "davidson" else 1.0, interval=None)
    return Ratings(
        elo=strengths * ELO,
        low=(strengths - half) * ELO,
        high=(strengths + half) * ELO,
        covariance=spread * ELO**2,
        iterations=optimum.iterations,
        converged=optimum.converged,
        seat_advantage=seat,
        draw=draw,
        draw_model=draw_model,
        prior=posterior.prior,
        optimum=optimum,
        posterior=posterior,
    )


def strengths_of(point: Floats, anchors: Mapping[int, float], n: int) -> Floats:
    """Return the strengths `[n]` of a point, moved to a mean of 0 or to the anchors."""
    strengths = point[:n] - point[:n].sum() / max(n, 1)
    if anchors:
        pinned, value = next(iter(anchors.items()))
        strengths = strengths + (value - strengths[pinned])
        strengths[list(anchors)] = list(anchors.values())
    return strengths
