"""Payoff cells and the table they fill: what each seat earned, where members of a population met."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, combinations_with_replacement, permutations, product
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtrit

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]

CONFIDENCE = 0.95
"""Of every interval here."""

_PER_SEAT = ("sums", "squares", "wins", "draws", "losses")


@dataclass(frozen=True, kw_only=True)
class Cell:
    """What came of one seating, for each of its P seats: either `count` games, or their exact expectation.

    sums, squares: the sum and the sum of squares of the seat's returns.
    wins, draws, losses: games in which its return was the only best, an equal best, or worse than the best.
    above: `above[p][q]` is the number of games in which seat p's return was greater than seat q's.
    expected: the exact expected returns; no game was then played, and everything else is zero.
    """

    count: int
    sums: tuple[float, ...]
    squares: tuple[float, ...]
    wins: tuple[int, ...]
    draws: tuple[int, ...]
    losses: tuple[int, ...]
    above: tuple[tuple[int, ...], ...]
    expected: tuple[float, ...] | None = None

    @classmethod
    def of(cls, returns: ArrayLike) -> Self:
        """Return the cell of games that paid `returns [B, P]`."""
        paid = np.ascontiguousarray(np.asarray(returns, dtype=np.float64).T)  # [P, B], so that sums run along memory
        best = paid == paid.max(axis=0, initial=-np.inf)
        alone = np.count_nonzero(best, axis=0) == 1
        return cls(
            count=paid.shape[1],
            sums=tuple(paid.sum(axis=1).tolist()),
            squares=tuple((paid**2).sum(axis=1).tolist()),
            wins=tuple(np.count_nonzero(best & alone, axis=1).tolist()),
            draws=tuple(np.count_nonzero(best & ~alone, axis=1).tolist()),
            losses=tuple(np.count_nonzero(~best, axis=1).tolist()),
            above=tuple(tuple(int(np.count_nonzero(mine > other)) for other in paid) for mine in paid),
        )

    @classmethod
    def empty(cls, players: int) -> Self:
        """Return the cell of no games."""
        return cls.of(np.empty((0, players)))

    @classmethod
    def exact(cls, returns: ArrayLike) -> Self:
        """Return the cell whose expected returns `[P]` are known."""
        expected = tuple(np.asarray(returns, dtype=np.float64).tolist())
        none, nothing = (0,) * len(expected), (0.0,) * len(expected)
        return cls(
            count=0,
            sums=nothing,
            squares=nothing,
            wins=none,
            draws=none,
            losses=none,
            above=(none,) * len(expected),
            expected=expected,
        )

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Self:
        """Return the cell that `to_json` described."""
        if body["kind"] == "exact":
            return cls.exact(body["expected"])
        per_seat = {name: tuple(body[name]) for name in _PER_SEAT}
        return cls(count=body["count"], above=tuple(map(tuple, body["above"])), **per_seat)

    def to_json(self) -> dict[str, Any]:
        """Return the cell as a JSON object, which loses nothing."""
        if self.expected is not None:
            return {"kind": "exact", "expected": list(self.expected)}
        per_seat = {name: list(getattr(self, name)) for name in _PER_SEAT}
        return {"kind": "played", "count": self.count, "above": [list(row) for row in self.above], **per_seat}

    @property
    def players(self) -> int:
        """P."""
        return len(self.sums)

    @property
    def kind(self) -> str:
        """`exact` or `played`."""
        return "played" if self.expected is None else "exact"

    @property
    def mean(self) -> Floats:
        """`[P]`: the mean return of each seat; NaN where no game was played."""
        if self.expected is not None:
            return np.array(self.expected)
        return np.array(self.sums) / self.count if self.count else np.full(self.players, np.nan)

    def interval(self, utility: tuple[float, float]) -> Floats:
        """Return the 95 % confidence interval of each seat's mean, `[P, 2]`, within the bounds of `utility`.

        Student's t from the sample variance. A sample without variance tells less than that would claim: if a share q
        of games paid otherwise, n equal ones have probability (1 - q)^n, so q may be as great as 1 - 0.025^(1/n), and
        the mean may be off by that share of the way to either bound. Below two games, the bounds themselves. An exact
        cell's interval is its mean.
        """
        low, high = utility
        mean, count = self.mean, self.count
        if self.expected is not None:
            return np.stack([mean, mean], axis=1)
        if count < 2:
            return np.tile(np.array([low, high], dtype=np.float64), (self.players, 1))
        squares = np.array(self.squares)
        scatter = squares - count * mean**2
        level = (1 - CONFIDENCE) / 2
        half = stdtrit(count - 1, 1 - level) * np.sqrt(np.maximum(scatter, 0.0) / (count - 1) / count)
        share = 1 - level ** (1 / count)
        constant = scatter <= 1e-12 * squares  # what rounding leaves of equal returns
        below = np.where(constant, share * (mean - low), half)
        above = np.where(constant, share * (high - mean), half)
        return np.clip(np.stack([mean - below, mean + above], axis=1), low, high)

    @property
    def variance_of_mean(self) -> Floats:
        """`[P]`: the estimated variance of each seat's mean return; zero where it is exact, NaN below two games."""
        if self.expected is not None:
            return np.zeros(self.players)
        if self.count < 2:
            return np.full(self.players, np.nan)
        scatter = np.array(self.squares) - self.count * self.mean**2
        return np.maximum(scatter, 0.0) / (self.count - 1) / self.count

    def merge(self, other: Self) -> Self:
        """Return the cell of both cells' games; raises `ValueError` for an exact one."""
        if self.expected is not None or other.expected is not None:
            raise ValueError("an exact cell has no games to merge")

        def added(mine: Sequence[Any], theirs: Sequence[Any]) -> tuple[Any, ...]:
            return tuple(a + b for a, b in zip(mine, theirs, strict=True))

        return type(self)(
            count=self.count + other.count,
            above=tuple(map(added, self.above, other.above)),
            **{name: added(getattr(self, name), getattr(other, name)) for name in _PER_SEAT},
        )

    def seated(self, order: Sequence[int]) -> Self:
        """Return the cell whose seat k is this one's seat `order[k]`."""

        def ordered(values: Sequence[Any]) -> tuple[Any, ...]:
            return tuple(values[seat] for seat in order)

        return replace(
            self,
            above=ordered([ordered(row) for row in self.above]),
            expected=None if self.expected is None else ordered(self.expected),
            **{name: ordered(getattr(self, name)) for name in _PER_SEAT},
        )


class Table:
    """The payoff table of a P-player game over n members, which grows a member at a time.

    A seating names the member in each seat. In a symmetric game one cell serves every permutation of its seating, and
    the seats that one member holds share their mean return, since only chance sets them apart.
    """

    def __init__(self, *, players: int, symmetric: bool) -> None:
        self.players = players
        self.symmetric = symmetric
        self.members = 0
        self._cells: dict[tuple[int, ...], Cell] = {}
        self._means: Floats = np.empty((players,) + (0,) * players)

    def grow(self, members: int) -> None:
        """Make room for `members` members in all, unless there is."""
        if members > self.members:
            grown = np.full((self.players,) + (members,) * self.players, np.nan)
            grown[(slice(None),) + (slice(self.members),) * self.players] = self._means
            self._means, self.members = grown, members

    def put(self, seating: Sequence[int], cell: Cell) -> None:
        """Fill in the cell of `seating`, in place of what was there; raises `IndexError` beyond the members."""
        if not (len(seating) == cell.players == self.players and all(0 <= k < self.members for k in seating)):
            raise IndexError(f"no seating {tuple(seating)} of {self.players} seats among {self.members} members")
        key, order = self._key(seating)
        if not self.symmetric:
            self._cells[key] = cell
            self._means[(slice(None), *key)] = cell.mean
            return
        self._cells[key] = cell.seated(order)
        held, mean = np.array(key), self._cells[key].mean
        of_member = {member: float(mean[held == member].mean()) for member in key}
        for permuted in set(permutations(key)):
            self._means[(slice(None), *permuted)] = [of_member[member] for member in permuted]

    def get(self, seating: Sequence[int]) -> Cell | None:
        """Return the cell of `seating`, seat by seat as asked, or None where it is missing."""
        key, order = self._key(seating)
        cell = self._cells.get(key)
        return cell if cell is None or not self.symmetric else cell.seated(np.argsort(order).tolist())

    def known(self, seating: Sequence[int]) -> bool:
        """Whether the cell of `seating` is filled in."""
        return self._key(seating)[0] in self._cells

    def cells(self) -> Iterator[tuple[tuple[int, ...], Cell]]:
        """Yield the filled-in seatings and their cells, in the order in which they came."""
        return iter(self._cells.items())

    @property
    def played(self) -> bool:
        """Whether any cell comes from games."""
        return any(cell.count for cell in self._cells.values())

    def missing(self, members: Sequence[int] | None = None) -> list[tuple[int, ...]]:
        """Return the seatings of `members` (all, unless given) whose cells must be filled in, in a fixed order."""
        among = range(self.members) if members is None else sorted(set(members))
        seated = combinations_with_replacement(among, self.players)
        seatings = seated if self.symmetric else product(among, repeat=self.players)
        return [seating for seating in seatings if seating not in self._cells]

    def means(self) -> Floats:
        """Return the mean returns `[P, n, ..., n]`, indexed by seat and then by the member in each seat.

        NaN where the cell is missing.
        """
        return self._means.copy()

    def variances(self) -> Floats:
        """Return the variances of the means `[P, n, ..., n]`: zero where exact, NaN where missing or of one game.

        Only for tables of games that are not symmetric, where each seating has its own cell.
        """
        out = np.full_like(self._means, np.nan)
        for seating, cell in self._cells.items():
            out[(slice(None), *seating)] = cell.variance_of_mean
        return out

    def results(self) -> tuple[Counts, Counts]:
        """Return how members fared against each other: wins `[n, n]` and draws `[n, n]`.

        `wins[i, j]` counts the games in which i's return was greater than j's, `draws[i, j]` and `draws[j, i]` alike
        those in which they were equal. With more than two players, every pair of seats in a game is compared. Seats of
        the same member are not, and exact cells count nothing.
        """
        wins, draws = np.zeros((2, self.members, self.members), dtype=np.int64)
        for seating, cell in self._cells.items():
            for p, q in combinations(range(self.players), 2):
                i, j = seating[p], seating[q]
                if i != j:
                    wins[i, j] += cell.above[p][q]
                    wins[j, i] += cell.above[q][p]
                    draws[i, j] += cell.count - cell.above[p][q] - cell.above[q][p]
                    draws[j, i] = draws[i, j]
        return wins, draws

    def _key(self, seating: Sequence[int]) -> tuple[tuple[int, ...], list[int]]:
        """Return under which seating a cell lies, and which seat of `seating` each of that one's seats is."""
        if not self.symmetric:
            return tuple(seating), list(range(self.players))
        order = sorted(range(len(seating)), key=lambda seat: seating[seat])
        return tuple(seating[seat] for seat in order), order
