"""Results of games between two players, counted."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from arena.ratings.scale import Counts, Floats
from games.errors import UserError

MOST_PLAYERS = 5000
"""Players of whom the matrices of counts are still kept."""


@dataclass(frozen=True, eq=False)
class Pairs:
    """The pairs of players who met, of n, and how that went for the first of each `[m]`.

    first, second `[m]`: the players. wins, draws, losses `[m]`: the first player's, as floats, not all 0.
    """

    n: int
    first: Counts
    second: Counts
    wins: Floats
    draws: Floats
    losses: Floats

    @cached_property
    def games(self) -> Floats:
        """`[m]`: the games of each pair."""
        return self.wins + self.draws + self.losses

    @cached_property
    def scores(self) -> Floats:
        """`[m]`: the points that the first player of each pair took."""
        return self.wins + self.draws / 2

    def groups(self) -> list[list[int]]:
        """Return the players in groups between which no game was played, the largest group first."""
        return self._components(np.concatenate([self.first, self.second]), np.concatenate([self.second, self.first]))

    def unbeaten(self) -> list[list[int]]:
        """Return the players in groups that took points from each other in a circle, the largest group first.

        Maximum likelihood has finite strengths only if all are in one group (Ford, 1957; Hunter, 2004, assumption 1).
        """
        ahead, behind = self.scores > 0, self.scores < self.games
        winners = np.concatenate([self.first[ahead], self.second[behind]])
        losers = np.concatenate([self.second[ahead], self.first[behind]])
        return self._components(winners, losers)

    def _components(self, sources: Counts, targets: Counts) -> list[list[int]]:
        graph = csr_array((np.ones(len(sources), dtype=bool), (sources, targets)), shape=(self.n, self.n))
        count, labels = connected_components(graph, directed=True, connection="strong") if self.n else (0, [])
        order = np.argsort(labels, kind="stable")
        ends = np.cumsum(np.bincount(labels, minlength=count))[:-1] if count else []
        parts = np.split(order, ends) if count else []
        return sorted((part.tolist() for part in parts), key=lambda part: (-len(part), part))


@dataclass(frozen=True, eq=False)
class Results:
    """How n players fared against each other, by who had the first seat.

    names: the players', all different. wins, draws, losses `[n, n]`: of games in which i sat first against j, those
    that i won, drew and lost; diagonals are 0. seated: whether the first seat means anything; where it does not, as in
    a symmetric game, which of two players is called first is arbitrary. notes: sentences about what was left out.

    Raises `UserError` for names that are not, and `ValueError` for what are no counts.
    """

    names: tuple[str, ...]
    wins: Counts
    draws: Counts
    losses: Counts
    seated: bool = True
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        n = len(self.names)
        if len(set(self.names)) != n:
            raise UserError("expected players of different names, and some are the same: rename one of them")
        for counts in (self.wins, self.draws, self.losses):
            if counts.shape != (n, n) or counts.dtype != np.int64 or (counts < 0).any() or np.diag(counts).any():
                raise ValueError(f"expected counts of int64 [{n}, {n}] from 0 up with a diagonal of 0")

    @classmethod
    def of_rows(
        cls,
        names: Sequence[str],
        rows: tuple[ArrayLike, ArrayLike, ArrayLike, ArrayLike, ArrayLike],
        *,
        notes: Sequence[str] = (),
    ) -> "Results":
        """Count rows of (first, second, wins, draws, losses), each `[g]`, players by their place in `names`.

        Games of a player against itself are left out, with a note. Raises `UserError` for too many players.
        """
        n, (first, second, *counts) = len(names), (np.asarray(row, dtype=np.int64) for row in rows)
        if n > MOST_PLAYERS:
            raise UserError(
                f"expected at most {MOST_PLAYERS:,} players, for time grows with their cube, not {n:,}: leave out "
                "those with the fewest games"
            )
        cells = first * n + second
        alone = first == second
        itself = int(sum(count[alone].sum() for count in counts))
        if itself:
            notes = [*notes, f"{_games(itself)} of a player against itself left out"]
        # Sums of floats are exact here: counts of games stay far below 2^53.
        wins, draws, losses = (
            np.bincount(cells, weights=np.where(alone, 0, count), minlength=n * n).astype(np.int64).reshape(n, n)
            for count in counts
        )
        return cls(tuple(names), wins, draws, losses, notes=tuple(notes))

    @classmethod
    def without_seats(cls, names: Sequence[str], wins: ArrayLike, draws: ArrayLike) -> "Results":
        """Return the results of `wins[i, j]`, games that i won against j, and symmetric `draws`, whatever the seats."""
        won, drawn = np.asarray(wins, dtype=np.int64), np.asarray(draws, dtype=np.int64)
        return cls(tuple(names), np.triu(won, 1), np.triu(drawn, 1), np.triu(won.T, 1), seated=False)

    @classmethod
    def merged(cls, parts: Sequence["Results"]) -> "Results":
        """Return all the games of all `parts`; players of one name are one player."""
        if len(parts) == 1:
            return parts[0]
        place = {name: k for k, name in enumerate(dict.fromkeys(name for part in parts for name in part.names))}
        totals = np.zeros((3, len(place), len(place)), dtype=np.int64)
        for part in parts:
            where = np.array([place[name] for name in part.names], dtype=np.int64)
            totals[:, where[:, None], where] += np.stack([part.wins, part.draws, part.losses])
        notes = tuple(note for part in parts for note in part.notes)
        return cls(tuple(place), *totals, seated=all(part.seated for part in parts), notes=notes)

    @cached_property
    def games(self) -> Counts:
        """`[n, n]`: the games of i and j, whoever sat first."""
        one_way = self.wins + self.draws + self.losses
        return one_way + one_way.T

    @cached_property
    def scores(self) -> Floats:
        """`[n, n]`: the points that i took from j."""
        return self.wins + self.losses.T + (self.draws + self.draws.T) / 2

    def pairs(self, *, seated: bool) -> Pairs:
        """Return the pairs who met: with `seated`, those with i first and with j first apart; else i < j."""
        wins, draws, losses = self.wins, self.draws, self.losses
        if not seated:
            wins, draws, losses = (
                np.triu(own + other.T, 1) for own, other in ((wins, losses), (draws, draws), (losses, wins))
            )
        met = np.flatnonzero(wins + draws + losses)
        first, second = np.divmod(met, max(len(self.names), 1))
        taken = (counts.ravel()[met].astype(np.float64) for counts in (wins, draws, losses))
        return Pairs(len(self.names), first, second, *taken)


def _games(count: int) -> str:
    return f"{count:,} game{'' if count == 1 else 's'}"
