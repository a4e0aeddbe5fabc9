"""What a tournament has come to: each agent's score with its interval, who beat whom, ratings and faults."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy.special import stdtrit

from arena.encounter import Counts, Floats, Result
from arena.formats import Places
from arena.ratings import Ratings, rate


@dataclass(eq=False)
class Tally:
    """The sums over results of a tournament of n agents; `add` takes in more.

    seats `[3, n, n]`: `seats[0, i, j]` counts the games that i won from j sitting before j around the table, `seats[1]`
    those that were drawn and `seats[2]` those that i lost; in games of more than two, every pair in a game counts.
    moments `[3, n]`: the number, sum and sum of squares of the mean returns of an agent's deals; paid `[2, n]`: the
    number and sum of its returns. forfeits: by agent, its faults by kind; first: the message of its first. repeated:
    the lineups that played one and the same game in every deal.
    """

    size: int
    seats: Counts = field(init=False)
    moments: Floats = field(init=False)
    paid: Floats = field(init=False)
    points: Floats = field(init=False)
    games: Counts = field(init=False)
    forfeits: list[Counter[str]] = field(init=False)
    first: list[str | None] = field(init=False)
    repeated: set[tuple[int, ...]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.seats = np.zeros((3, self.size, self.size), dtype=np.int64)
        self.moments, self.paid = np.zeros((3, self.size)), np.zeros((2, self.size))
        self.points, self.games = np.zeros(self.size), np.zeros((4, self.size), dtype=np.int64)
        self.forfeits = [Counter() for _ in range(self.size)]
        self.first = [None] * self.size

    def grow(self, size: int) -> None:
        """Make room for `size` agents in all."""
        more = size - self.size
        self.seats = np.pad(self.seats, ((0, 0), (0, more), (0, more)))
        self.moments = np.pad(self.moments, ((0, 0), (0, more)))
        self.paid = np.pad(self.paid, ((0, 0), (0, more)))
        self.games = np.pad(self.games, ((0, 0), (0, more)))
        self.points = np.pad(self.points, (0, more))
        self.forfeits += [Counter() for _ in range(more)]
        self.first += [None] * more
        self.size = size

    def add(self, results: Iterable[Result]) -> None:
        """Take in results."""
        for result in results:
            if result.repeats:
                self.repeated.add(result.encounter.lineup)
            self._meetings(result)
            self._returns(result)
            for charge in result.charges:
                agent = result.encounter.lineup[charge.place]
                self.forfeits[agent][charge.kind] += 1
                self.first[agent] = self.first[agent] or charge.message

    def _meetings(self, result: Result) -> None:
        """Count who did better than whom, apart by who sat first."""
        above, lineup = result.above.sum(1), result.encounter.lineup
        seatings, deals, players = result.returns.shape
        points = result.points
        for place, agent in enumerate(lineup):
            mine = points[:, :, place]
            self.points[agent] += mine.sum()
            self.games[:, agent] += mine.size, (mine == 1).sum(), ((mine > 0) & (mine < 1)).sum(), (mine == 0).sum()
        for rotation in range(seatings):
            order = sorted(range(players), key=lambda place: (place + rotation) % players)
            for before, one in enumerate(order):
                for other in order[before + 1 :]:
                    won, lost = above[rotation, one, other], above[rotation, other, one]
                    self.seats[:, lineup[one], lineup[other]] += won, deals - won - lost, lost

    def _returns(self, result: Result) -> None:
        for place, agent in enumerate(result.encounter.lineup):
            returns = result.returns[:, :, place]
            known = ~np.isnan(returns)
            counted = known.sum(0)
            means = np.where(known, returns, 0).sum(0)[counted > 0] / counted[counted > 0]
            self.moments[:, agent] += len(means), means.sum(), (means**2).sum()
            self.paid[:, agent] += known.sum(), returns[known].sum()

    @property
    def wins(self) -> Counts:
        """`[n, n]`: games that i won from j."""
        return self.seats[0] + self.seats[2].T

    @property
    def draws(self) -> Counts:
        """`[n, n]`: games that i and j drew; symmetric."""
        return self.seats[1] + self.seats[1].T

    def rate(self) -> Ratings:
        """Rate the agents as a league does."""
        return rate(self.wins, self.draws)

    def scores(self) -> tuple[Floats, Floats]:
        """Return mean returns a game `[n]` and their 95 % intervals `[n, 2]`, NaN where there are none.

        A deal is one observation, its mean over the seatings: games of one deal are no more independent than twins.
        """
        with np.errstate(invalid="ignore", divide="ignore"):
            count, total, squares = self.moments
            mean = self.paid[1] / self.paid[0]
            variance = np.maximum(squares - total**2 / count, 0) / (count - 1) / count
            half = stdtrit(np.maximum(count - 1, 1), 0.975) * np.sqrt(variance)
            half = np.where(count > 1, half, np.nan)
        return mean, np.stack([mean - half, mean + half], axis=1)

    def ranking(self, present: Sequence[int], places: Places | None) -> list[int]:
        """Return the agents, best first: by how far they came where the format tells, then by mean return a game."""
        mean, _ = self.scores()
        share = self.points / np.maximum(self.games[0], 1)

        def key(agent: int) -> tuple[float, float, float]:
            score = mean[agent] if np.isfinite(mean[agent]) else -np.inf
            return -(places or {}).get(agent, 0.0), -score, -share[agent]

        return sorted(present, key=key)
