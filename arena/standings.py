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
    met: by agent and the others at the table, the number, sum and sum of squares of the mean returns of its deals.
    paid `[2, n]`: the number and sum of its returns. points `[n]`, games `[4, n]`: all, won, drawn and lost.
    forfeits: by agent, its faults by kind; first: the message of its first. repeated: the lineups that played one and
    the same game in every deal.
    """

    size: int
    seats: Counts = field(init=False)
    met: dict[tuple[int, tuple[int, ...]], Floats] = field(default_factory=dict)
    paid: Floats = field(init=False)
    points: Floats = field(init=False)
    games: Counts = field(init=False)
    forfeits: list[Counter[str]] = field(init=False)
    first: list[str | None] = field(init=False)
    repeated: set[tuple[int, ...]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.seats = np.zeros((3, self.size, self.size), dtype=np.int64)
        self.paid = np.zeros((2, self.size))
        self.points, self.games = np.zeros(self.size), np.zeros((4, self.size), dtype=np.int64)
        self.forfeits = [Counter() for _ in range(self.size)]
        self.first = [None] * self.size

    def grow(self, size: int) -> None:
        """Make room for `size` agents in all."""
        more = size - self.size
        self.seats = np.pad(self.seats, ((0, 0), (0, more), (0, more)))
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
        known = ~np.isnan(result.returns)
        paid = np.where(known, result.returns, 0.0)
        counted, total = known.sum(0), paid.sum(0)
        for place, agent in enumerate(result.encounter.lineup):
            some = counted[:, place] > 0
            means = total[some, place] / counted[some, place]
            key = agent, tuple(sorted(result.encounter.lineup[:place] + result.encounter.lineup[place + 1 :]))
            self.met[key] = self.met.get(key, 0.0) + np.array([len(means), means.sum(), means @ means])
            self.paid[:, agent] += counted[:, place].sum(), total[:, place].sum()

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

    def scores(self, utility: tuple[float, float] = (-np.inf, np.inf)) -> tuple[Floats, Floats]:
        """Return mean returns a game `[n]` and their 95 % intervals `[n, 2]` within `utility`; NaN where none.

        A deal is one observation, its mean over the seatings: games of one deal are no more independent than twins.
        Who was met is no accident, so deals vary about their mean against the same others (a stratified sample, with
        Student's t); those met in one deal alone are taken together. Where nothing varied, m deals tell as much as
        `Cell.interval` says: a share of 1 - 0.025^(1/m) of games might be paid otherwise.
        """
        spread, freedom, single = np.zeros(self.size), np.zeros(self.size), np.zeros((3, self.size))
        for (agent, _), sums in self.met.items():
            count, total, squares = sums
            if count < 2:
                single[:, agent] += sums
                continue
            spread[agent] += count * max(squares - total**2 / count, 0.0) / (count - 1)
            freedom[agent] += count - 1
        with np.errstate(invalid="ignore", divide="ignore"):
            count, total, squares = single
            lone = np.where(count > 1, count * np.maximum(squares - total**2 / count, 0) / (count - 1), 0.0)
            freedom += np.maximum(count - 1, 0)
            deals = np.zeros(self.size)
            for (agent, _), sums in self.met.items():
                deals[agent] += sums[0]
            mean = self.paid[1] / self.paid[0]
            half = stdtrit(np.maximum(freedom, 1), 0.975) * np.sqrt(spread + lone) / deals
            half = np.where(freedom > 0, half, np.nan)
            low, high = mean - half, mean + half
            share, constant = 1 - 0.025 ** (1 / np.maximum(deals, 1)), (half <= 1e-12 * np.abs(mean)) & (deals > 0)
        for end, bound in ((low, utility[0]), (high, utility[1])):
            if np.isfinite(bound):
                end[constant] = (mean + share * (bound - mean))[constant]
        return mean, np.clip(np.stack([low, high], axis=1), *utility)

    def ranking(self, present: Sequence[int], places: Places | None) -> list[int]:
        """Return the agents, best first: by how far they came where the format tells, then by mean return a game."""
        mean, _ = self.scores()
        share = self.points / np.maximum(self.games[0], 1)

        def key(agent: int) -> tuple[float, float, float]:
            score = mean[agent] if np.isfinite(mean[agent]) else -np.inf
            return -(places or {}).get(agent, 0.0), -score, -share[agent]

        return sorted(present, key=key)
