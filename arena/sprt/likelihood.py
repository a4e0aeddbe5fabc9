"""The log-likelihood ratio of the generalised sequential probability ratio test, for single games and for pairs."""

from collections.abc import Callable
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from arena.cells import Floats
from arena.ratings.elo import NORMALIZED
from games.errors import UserError

Model = Literal["logistic", "normalized", "bayeselo"]

MODELS: tuple[str, ...] = get_args(Model)

MOST_ELO = 2000.0
"""The hypotheses lie between minus this and this: beyond it, a score differs from 0 or 1 by less than 0.00001."""

LEAST_GAP = 0.01
"""And lie at least so far apart: nobody could play the games that would tell nearer ones apart."""

_UNSEEN = 1e-3
"""What stands for the count of an outcome that never came, as in fastchess: the supremum then is a maximum."""

_MOST_STEPS = 200


class SprtError(UserError):
    """A test, or the counts it is to judge, cannot be used as asked."""


def llr(counts: ArrayLike, *, elo0: float, elo1: float, model: str = "logistic") -> Floats:
    """Return the log-likelihood ratio `[...]` of elo1 to elo0 after `counts [..., K]`, in nats.

    K is 3 for games (losses, draws, wins) and 5 for pairs of games with swapped seats (LL, LD, WL + DD, WD, WW): entry
    k counts what scored k / (K - 1). Where nothing was counted the ratio is 0. Raises `SprtError` for counts that are
    negative or of another K, and for what `log_ratios` refuses.
    """
    seen = _seen(counts)
    ratios = log_ratios(seen, elo0=elo0, elo1=elo1, model=model)
    total = (np.where(seen > 0, seen, _UNSEEN) * ratios).sum(axis=-1)
    return np.where(seen.sum(axis=-1) > 0, total, 0.0)


def log_ratios(counts: ArrayLike, *, elo0: float, elo1: float, model: str = "logistic") -> Floats:
    """Return `[..., K]`: the logarithm of how much likelier each outcome is under elo1 than under elo0.

    Either hypothesis fixes one number of the outcomes' distribution and leaves the rest free, so that its likelihood
    is that of the likeliest distribution which fulfils it (Van den Bergh, "Comments on normalized Elo", 2020):

    - logistic: the mean score is 1 / (1 + 10^(-elo / 400)) (proposition 1.1 there);
    - normalized: the mean score lies elo / (800 / ln 10) standard deviations of a game above 1/2; a game's deviation
      is that of a pair's mean score times the root of 2 (section 4.1 there);
    - bayeselo, of games only: win and loss have the probabilities 1 / (1 + 10^((d -+ elo) / 400)) (Coulom, 2008), and
      the draw parameter d >= 0 is the likeliest one under each hypothesis. Programs that estimate one d for both and
      fix the mean score by it, as fastchess does, agree near the hypotheses and not far from them, and have no ratio
      where nothing was won or nothing lost.

    These are also, to first order, the increments of the ratio by one more outcome of each kind, as the likelihoods
    are at their maxima. An outcome that never came counts 0.001. Raises `SprtError` for a model or hypotheses that
    cannot be tested.
    """
    check_hypotheses(elo0, elo1, model)
    seen = _seen(counts)
    if model == "bayeselo" and seen.shape[-1] != 3:
        raise SprtError(
            "BayesElo is a model of single games and got counts of pairs: give wins, draws and losses, or choose the "
            "model logistic or normalized"
        )
    flat = np.where(seen > 0, seen, _UNSEEN).reshape(-1, seen.shape[-1])
    weights = np.ascontiguousarray(flat.T)  # [K, n]: sums over outcomes then run along memory
    of = {"logistic": _logistic, "normalized": _normalized, "bayeselo": _bayeselo}[model]
    ratios = np.log(of(weights, elo1) / of(weights, elo0))
    return np.ascontiguousarray(ratios.T).reshape(seen.shape)


def check_hypotheses(elo0: float, elo1: float, model: str) -> None:
    """Raise `SprtError` unless there is such a model, and -2000 <= elo0 < elo1 <= 2000 with 0.01 between them."""
    if model not in MODELS:
        raise SprtError(f"the model is one of {', '.join(MODELS)}, not {model!r}; choose one of them")
    if not (elo0 >= -MOST_ELO and elo0 + LEAST_GAP <= elo1 <= MOST_ELO):
        raise SprtError(
            f"elo1 must be greater than elo0 by {LEAST_GAP:g} or more, both between -{MOST_ELO:g} and {MOST_ELO:g}, "
            f"but elo0 is {elo0:g} and elo1 is {elo1:g}; give other hypotheses, such as 0 and 5"
        )


def _seen(counts: ArrayLike) -> Floats:
    """Return counts as an array `[..., K]`, or refuse them."""
    seen = np.asarray(counts, dtype=np.float64)
    if seen.ndim == 0 or seen.shape[-1] not in (3, 5):
        raise SprtError(
            f"counts are 3 numbers (losses, draws, wins) or 5 (LL, LD, WL + DD, WD, WW), not {seen.shape[-1:] or 1}; "
            "give one of the two"
        )
    if not (np.isfinite(seen).all() and (seen >= 0).all()):
        raise SprtError(f"counts are numbers from 0 up, not {seen.min():g}; give how often each outcome came")
    return seen


def _logistic(weights: Floats, elo: float) -> Floats:
    """Return the likeliest distributions `[K, n]` of a given mean score, where `weights [K, n]` were counted."""
    mean = 1 / (1 + 10 ** (-elo / 400))
    scores = np.linspace(0.0, 1.0, len(weights))[:, None]
    return _constrained(weights / weights.sum(axis=0), np.broadcast_to(scores - mean, weights.shape))


def _normalized(weights: Floats, elo: float) -> Floats:
    """Return the likeliest distributions `[K, n]` whose mean lies so many deviations above 1/2.

    The constraint is replaced by its linearisation at a mean and a deviation, `at [2, n]`, those of the last solution
    until they stay; Anderson's acceleration, of depth one, where that brings them nearer. It begins at the
    distribution on 0 and 1 alone that fulfils the constraint. From there on every linearisation can be fulfilled, for
    a deviation is concave in the distribution, so that its tangent is never below it. The maximum found is the
    greatest as long as the hypothesis is less than some hundred points from what was observed.
    """
    games = (len(weights) - 1) // 2
    t = elo / NORMALIZED * games**0.5
    scores = np.linspace(0.0, 1.0, len(weights))[:, None]
    observed = weights / weights.sum(axis=0)
    found = np.empty_like(observed)
    at = np.repeat([[(1 + t / (1 + t * t) ** 0.5) / 2], [0.5 / (1 + t * t) ** 0.5]], weights.shape[1], axis=1)
    reached, missed = np.zeros_like(at), np.full_like(at, np.inf)  # where the last step led, and how far it went
    going = np.arange(weights.shape[1])
    for _ in range(_MOST_STEPS):
        here = at[:, going]
        new = _constrained(observed[:, going], _tangent(scores, here, t))
        mean = (new * scores).sum(axis=0)
        there = np.stack([mean, np.sqrt((new * (scores - mean) ** 2).sum(axis=0))])
        found[:, going], at[:, going] = new, _ahead(here, there, reached[:, going], missed[:, going], scores, t)
        reached[:, going], missed[:, going] = there, there - here
        going = going[np.abs(there - here).max(axis=0) > 1e-11]
        if not len(going):
            return found
    raise ArithmeticError("the likeliest distribution of a given normalized Elo was not found")


def _tangent(scores: Floats, at: Floats, t: float) -> Floats:
    """Return the derivatives `[K, n]` of mean - 1/2 - t deviation, where mean and deviation are `at [2, n]`."""
    mean, deviation = at
    return scores - 0.5 - t / 2 * (deviation + (scores - mean) ** 2 / deviation)


def _ahead(here: Floats, there: Floats, reached: Floats, missed: Floats, scores: Floats, t: float) -> Floats:
    """Return where to go on `[2, n]` after a step from here to there, the last one having `missed` by so much."""
    step = there - here
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        change = step - missed
        guess = there - (step * change).sum(axis=0) / (change * change).sum(axis=0) * (there - reached)
        tangent = _tangent(scores, guess, t)
        nearer = (step * step).sum(axis=0) < (missed * missed).sum(axis=0)
        usable = np.isfinite(guess).all(axis=0) & (guess[1] > 0) & (tangent.max(axis=0) > 0) & (tangent.min(axis=0) < 0)
    return np.where(nearer & usable, guess, there)


def _constrained(observed: Floats, excess: Floats) -> Floats:
    """Return the p `[K, n]` of greatest likelihood with `sum(p * excess) = 0`, where `observed [K, n]` was seen.

    It is observed / (1 + theta * excess). Between the poles, -1 / max(excess) and -1 / min(excess), theta goes from
    one to the other by a share u of the way, and each denominator by that share from its value at the one, `left`, to
    its value at the other, `right`: no digits are lost near a pole. Rows are mirrored so that u <= 1/2.
    """
    mirrored = (observed * excess / _middle(excess)).sum(axis=0) > 0
    excess = np.where(mirrored, -excess, excess)
    left, right = 1 - excess / excess.max(axis=0), 1 - excess / excess.min(axis=0)

    def slope(u: Floats, rows: NDArray[np.intp]) -> tuple[Floats, Floats]:
        weight = observed[:, rows] * excess[:, rows]
        start, end = left[:, rows], right[:, rows]
        below = start * (1 - u) + end * u
        inner = u * (1 - u)  # takes out both poles, and with two outcomes leaves a straight line
        return (weight * inner / below).sum(axis=0), (
            weight * ((1 - 2 * u) * below - inner * (end - start)) / below**2
        ).sum(axis=0)

    half = np.full(observed.shape[1], 0.5)
    u = _root(slope, np.zeros_like(half), half, half)
    return observed / (left * (1 - u) + right * u)


def _middle(excess: Floats) -> Floats:
    """Return 1 + theta * excess where theta is midway between the poles."""
    return 1 - excess * (1 / excess.max(axis=0) + 1 / excess.min(axis=0)) / 2


def _bayeselo(weights: Floats, elo: float) -> Floats:
    """Return BayesElo's distributions `[3, n]` of the likeliest draw parameter, where `weights [3, n]` were counted.

    With odds x = 10^(d / 400) and a = 10^(elo / 400), a loss has probability 1 / (1 + a x), a win 1 / (1 + x / a) and
    a draw (x^2 - 1) times their product; the log-likelihood is concave in ln x > 0.
    """
    losses, draws, wins = weights
    shift = elo * np.log(10) / 400

    def slope(x: Floats, rows: NDArray[np.intp]) -> tuple[Floats, Floats]:
        lost, won = losses[rows] + draws[rows], wins[rows] + draws[rows]
        other, own = 1 / (1 + np.exp(-x - shift)), 1 / (1 + np.exp(-x + shift))
        rest = -np.expm1(-2 * x)
        value = 2 * draws[rows] / rest - lost * other - won * own
        curve = -4 * draws[rows] * (1 - rest) / rest**2 - lost * other * (1 - other) - won * own * (1 - own)
        return value, curve

    start = 0.5 * (np.log1p(draws / losses) + np.log1p(draws / wins))  # were elo free
    x = _root(slope, np.zeros_like(start), np.full_like(start, 100.0), start)
    lost, won = 1 / (1 + np.exp(x + shift)), 1 / (1 + np.exp(x - shift))
    return np.stack([lost, np.expm1(2 * x) * lost * won, won])


def _root(
    function: Callable[[Floats, NDArray[np.intp]], tuple[Floats, Floats]], low: Floats, high: Floats, start: Floats
) -> Floats:
    """Return where falling functions are 0, each between its own poles `low [n]` and `high [n]`.

    `function(x, rows)` returns values and slopes. Newton's method, and the middle of the bracket where that leaves it
    or gains too little. A row's steps do not depend on the other rows.
    """
    low, high, x = low.copy(), high.copy(), start.copy()
    before, going = high - low, np.arange(len(x))
    for _ in range(_MOST_STEPS):
        here = x[going]
        value, slope = function(here, going)
        low[going] = np.where(value >= 0, here, low[going])
        high[going] = np.where(value <= 0, here, high[going])
        with np.errstate(invalid="ignore", divide="ignore"):
            step = -value / slope
        inside = (here + step > low[going]) & (here + step < high[going]) & (2 * np.abs(step) < before[going])
        step = np.where(inside, step, (low[going] + high[going]) / 2 - here)
        step = np.where(value == 0, 0.0, step)
        x[going], before[going] = here + step, np.abs(step)
        going = going[np.abs(step) > 1e-13 * here]
        if not len(going):
            return x
    raise ArithmeticError("a root between two poles was not found")
