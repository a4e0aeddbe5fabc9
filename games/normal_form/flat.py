"""Payoffs laid flat, with all players' strategies in one vector: what the iterative solvers loop over."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from games.compiling import compiled
from games.normal_form.payoffs import Equilibrium, as_measurable, conclude, nash_conv
from games.progress import Watch, iterate


@dataclass(frozen=True, eq=False)
class Flat:
    """A game whose payoffs are brought to about one, so that neither their scale nor their offset matters.

    table `[P, A1, ..., AP]`: the payoffs as they came. flat `[P, J]`: from zero up, divided by a power of two, which
    leaves ties and whole numbers what they are. ends `[P + 1]`: player p's actions are ends[p]:ends[p + 1] of a vector
    `[S]` over the actions of all. spread: the greatest range of a player's payoffs. range: the same within `flat`, at
    least 1/2 and below 1; 1 where all payoffs are equal.
    """

    table: np.ndarray
    flat: np.ndarray
    ends: np.ndarray
    spread: float
    range: float

    @classmethod
    def of(cls, payoffs: np.ndarray) -> "Flat":
        """Lay `payoffs [P, A1, ..., AP]` flat; raises as `as_measurable` does."""
        table = as_measurable(payoffs)
        flat = table.reshape(len(table), -1)
        spread = float(np.ptp(flat, axis=1).max())
        mantissa, exponent = np.frexp(spread)
        flat = np.ldexp(flat - flat.min(1, keepdims=True), -exponent)
        return cls(table, flat, np.cumsum([0, *table.shape[1:]]), spread, float(mantissa) or 1.0)

    def uniform(self) -> np.ndarray:
        """Return uniform play of all players `[S]`."""
        sizes = np.diff(self.ends)
        return np.repeat(1 / sizes, sizes)

    def split(self, weights: np.ndarray) -> list[np.ndarray]:
        """Return a distribution a player in proportion to `weights [S]`; uniform where they are zero."""
        parts = [weights[first:last] for first, last in pairwise(self.ends)]
        return [part / part.sum() if part.any() else np.full(len(part), 1 / len(part)) for part in parts]

    def join(self, strategies: Sequence[np.ndarray]) -> np.ndarray:
        """Return one distribution a player as a vector `[S]`; raises ValueError where they are none."""
        parts = [np.asarray(part, dtype=np.float64) for part in strategies]
        sizes = np.diff(self.ends)
        if [part.shape for part in parts] != [(size,) for size in sizes]:
            raise ValueError(
                f"expected distributions over {sizes.tolist()} actions, got shapes {[part.shape for part in parts]}"
            )
        if any(not (part >= 0).all() or abs(part.sum() - 1) > 1e-9 for part in parts):
            raise ValueError("expected distributions, got entries below zero or a sum other than one")
        return np.concatenate([part / part.sum() for part in parts])

    def solve(
        self,
        advance: Callable[[int], object],
        weights: Callable[[], np.ndarray],
        *,
        iterations: int,
        tolerance: float,
        watch: Watch | None,
    ) -> Equilibrium:
        """Run `advance(count)` and measure `weights() [S]`; `tolerance` is a share of the greatest range."""
        tolerance *= self.spread
        points = iterate(
            advance,
            lambda: nash_conv(self.table, self.split(weights())),
            iterations=iterations,
            tolerance=tolerance,
            watch=watch,
        )
        return conclude(
            self.table,
            self.split(weights()),
            iterations=points[-1].iteration if points else 0,
            tolerance=tolerance,
            by_iteration=points,
        )


@compiled()
def fill_deviations(flat, ends, current, paid):
    """Fill `paid [S]` with what each action earns in `flat [P, J]` against the others' `current [S]`.

    The last player's actions are contiguous: each block of them is read once for all players.
    """
    players, joint = flat.shape
    last = players - 1
    start, size = ends[last], ends[players] - ends[last]
    chosen = np.zeros(players, dtype=np.int64)
    paid[:] = 0.0
    for block in range(joint // size):
        rest = block
        reach = 1.0
        for player in range(last - 1, -1, -1):
            width = ends[player + 1] - ends[player]
            chosen[player] = ends[player] + rest % width
            rest //= width
            reach *= current[chosen[player]]
        offset = block * size
        for action in range(size):
            paid[start + action] += reach * flat[last, offset + action]
        for player in range(last):
            others = 1.0
            for other in range(last):
                if other != player:
                    others *= current[chosen[other]]
            value = 0.0
            for action in range(size):
                value += flat[player, offset + action] * current[start + action]
            paid[chosen[player]] += others * value
