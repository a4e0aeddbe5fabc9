"""The sequential probability ratio test: what counts decide, and how long what is undecided may take."""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from arena.sprt.brownian import stay
from arena.sprt.likelihood import SprtError, check_hypotheses, llr, log_ratios

Decision = Literal["H0", "H1"]

_PRIOR = 0.5
"""Of each outcome, added to the counts where the next outcomes are foretold (Jeffreys)."""


@dataclass(frozen=True, kw_only=True)
class Status:
    """Where a test stands.

    llr: the log-likelihood ratio of elo1 to elo0. bounds: at or below the first elo0 is accepted, at or above the
    second elo1. decision: which of the two, or None. fraction: the ratio over the bound on its side; 1 decides.
    """

    llr: float
    bounds: tuple[float, float]
    decision: Decision | None
    fraction: float


@dataclass(frozen=True, kw_only=True)
class Remaining:
    """How many more games a test may take: mean, median and the interval that holds 95 % of how it may go on.

    h1_chance: that it will accept elo1.
    """

    mean: float
    median: int
    interval: tuple[int, int]
    h1_chance: float


@dataclass(frozen=True, kw_only=True)
class Sprt:
    """Wald's sequential probability ratio test (1945), generalised, of elo1 against elo0.

    alpha, beta: the chances of accepting elo1 where elo0 is true, and elo0 where elo1 is. Wald's bounds on the ratio,
    ln(beta / (1 - alpha)) and ln((1 - beta) / alpha), leave the sum of the two chances as it is or make it less, but
    for what estimating the rest of the distribution costs in short tests. Beyond the hypotheses a mistake is rarer, and
    between them either answer may come.
    model: see `log_ratios`. Raises `SprtError` for what cannot be tested.
    """

    elo0: float
    elo1: float
    alpha: float = 0.05
    beta: float = 0.05
    model: str = "logistic"

    def __post_init__(self) -> None:
        check_hypotheses(self.elo0, self.elo1, self.model)
        for name, value in (("alpha", self.alpha), ("beta", self.beta)):
            if not 0 < value < 0.5:
                raise SprtError(
                    f"{name} is the chance of a mistake, above 0 and below 0.5, not {value:g}; give one such as 0.05"
                )

    @property
    def bounds(self) -> tuple[float, float]:
        """Wald's bounds on the ratio, below which elo0 is accepted and above which elo1."""
        return math.log(self.beta / (1 - self.alpha)), math.log((1 - self.beta) / self.alpha)

    def llr(self, counts: ArrayLike) -> NDArray[np.float64]:
        """Return the log-likelihood ratio `[...]` after `counts [..., K]`, as `arena.sprt.llr` does."""
        return llr(counts, elo0=self.elo0, elo1=self.elo1, model=self.model)

    def status(self, counts: ArrayLike) -> Status:
        """Tell where the test stands after `counts [K]`: losses, draws, wins, or LL, LD, WL + DD, WD, WW."""
        ratio, (low, high) = float(self.llr(counts)), self.bounds
        decision = "H1" if ratio >= high else "H0" if ratio <= low else None
        fraction = ratio / high if ratio > 0 else ratio / low
        return Status(llr=ratio, bounds=(low, high), decision=decision, fraction=fraction + 0.0)

    def decided(self, before: ArrayLike, increments: ArrayLike) -> int | None:
        """Return after how many of `increments [n, K]` the test is first decided, or None; it stood at `before [K]`.

        The ratio is looked at after each of them in turn, so that the answer does not depend on how they are divided
        among calls.
        """
        added = np.asarray(increments, dtype=np.float64)
        if not len(added):
            return None
        ratios = self.llr(np.asarray(before, dtype=np.float64) + added.cumsum(axis=0))
        low, high = self.bounds
        crossed = (ratios <= low) | (ratios >= high)
        return int(crossed.argmax()) + 1 if crossed.any() else None

    def remaining(self, counts: ArrayLike) -> Remaining | None:
        """Foretell how many more games it takes, if they come as `counts [K]` did; None before the first and after all.

        The ratio moves by `log_ratios` at each outcome, which is taken for a Brownian motion between the bounds. Its
        drift and variance are those that the counts lead to expect, with half an outcome of each kind added; the drift
        is known as well as they tell, so that the interval is wide where they are few.
        """
        seen, status = np.asarray(counts, dtype=np.float64), self.status(counts)
        if status.decision is not None or not seen.sum():
            return None
        weights = seen + _PRIOR
        moves = log_ratios(weights, elo0=self.elo0, elo1=self.elo1, model=self.model)
        shares = weights / weights.sum()
        drift = float(shares @ moves)
        variance = float(shares @ (moves - drift) ** 2)
        low, high = (bound - status.llr for bound in status.bounds)
        error = math.sqrt(variance / (weights.sum() + 1))  # of a Dirichlet posterior's mean
        found = stay(drift=drift, error=error, variance=variance, low=low, high=high)
        games = (len(seen) - 1) // 2
        few, median, many = (
            games * max(math.ceil(time), 1) for time in (found.interval[0], found.median, found.interval[1])
        )
        return Remaining(mean=games * max(found.mean, 1.0), median=median, interval=(few, many), h1_chance=found.high)
