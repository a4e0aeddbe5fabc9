"""What a tournament has come to: each agent's score with its interval, who beat whom, ratings and faults."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from arena.cells import Counts, Floats
from arena.encounter import Result
from arena.formats import Places
from arena.ratings import Ratings, rate
from arena.repeats import Repeats


@dataclass(eq=False)
class Tally:
    """The sums over results of a tournament of n agents; `add` takes in more.

    seats `[3, n, n]`: `seats[0, i, j]` counts the games that i won from j sitting before j around the table, `seats[1]`
    those that were drawn and `seats[2]` those that i lost; in games of more than two, every pair of agents in a game
    counts. paid `[2, n]`: the number and sum of each one's returns; against `[2, n, n]`: of i's in games with j.
    points `[n]`: see `Result.points`.
    games `[4, n]`: all, won, drawn and lost. A game is won where nobody did better and no other agent as well, drawn
    where nobody did better and another agent as well, and lost otherwise; where nobody else plays, it is none of these.
    An agent that holds several seats has a game for each: its own copies do better than it, but do not draw with it.
    forfeits: by agent, its faults by kind; first: the message of its first. repeats: which games were copies of others,
    after openings of `plies`.
    """

    size: int
    plies: int = 0
    seats: Counts = field(init=False)
    paid: Floats = field(init=False)
    against: Floats = field(init=False)
    points: Floats = field(init=False)
    games: Counts = field(init=False)
    forfeits: list[Counter[str]] = field(init=False)
    first: list[str | None] = field(init=False)
    repeats: Repeats = field(init=False)
    _met: "_Strata" = field(init=False)

    def __post_init__(self) -> None:
        self.seats = np.zeros((3, self.size, self.size), dtype=np.int64)
        self.paid, self.against = np.zeros((2, self.size)), np.zeros((2, self.size, self.size))
        self.points, self.games = np.zeros(self.size), np.zeros((4, self.size), dtype=np.int64)
        self.forfeits = [Counter() for _ in range(self.size)]
        self.first = [None] * self.size
        self.repeats, self._met = Repeats(self.plies), _Strata()

    def grow(self, size: int) -> None:
        """Make room for `size` agents in all."""
        more = size - self.size
        self.seats = np.pad(self.seats, ((0, 0), (0, more), (0, more)))
        self.paid = np.pad(self.paid, ((0, 0), (0, more)))
        self.against = np.pad(self.against, ((0, 0), (0, more), (0, more)))
        self.games = np.pad(self.games, ((0, 0), (0, more)))
        self.points = np.pad(self.points, (0, more))
        self.forfeits += [Counter() for _ in range(more)]
        self.first += [None] * more
        self.size = size

    def add(self, results: Iterable[Result]) -> None:
        """Take in results."""
        for result in results:
            self.repeats.add(result)
            self._meetings(result)
            self._returns(result)
            for charge in result.charges:
                agent = result.encounter.lineup[charge.place]
                self.forfeits[agent][charge.kind] += 1
                self.first[agent] = self.first[agent] or charge.message

    def _meetings(self, result: Result) -> None:
        """Count who did better than whom, apart by who sat first."""
        if len(set(result.encounter.lineup)) == 2 == result.returns.shape[2]:
            self._duels(result)
            return
        above, lineup = result.above.sum(1), result.encounter.lineup
        seatings, deals, players = result.returns.shape
        points, best = result.points, np.logical_not(result.above.any(axis=-2))
        for place, agent in enumerate(lineup):
            self.points[agent] += points[:, :, place].sum()
            self.games[0, agent] += seatings * deals
            others = [other for other in range(players) if lineup[other] != agent]
            if others:
                first, shared = best[:, :, place], best[:, :, others].any(-1)
                self.games[1:, agent] += (first & ~shared).sum(), (first & shared).sum(), (~first).sum()
        for rotation in range(seatings):
            order = sorted(range(players), key=lambda place: (place + rotation) % players)
            for before, one in enumerate(order):
                for other in order[before + 1 :]:
                    if lineup[one] == lineup[other]:
                        continue
                    won, lost = above[rotation, one, other], above[rotation, other, one]
                    self.seats[:, lineup[one], lineup[other]] += won, deals - won - lost, lost

    def _duels(self, result: Result) -> None:
        """Count the games of two agents: as `_meetings` does, in a fraction of the time, for there may be millions."""
        (one, other), ranked = result.encounter.lineup, result.ranked
        first, second = ranked[..., 0], ranked[..., 1]
        deals, won, lost = first.shape[1], (first > second).sum(1).tolist(), (first < second).sum(1).tolist()
        for rotation, (more, less) in enumerate(zip(won, lost, strict=True)):
            drawn = deals - more - less
            if rotation == 0:  # the first of the lineup sits first, and after it the second
                self.seats[:, one, other] += more, drawn, less
            else:
                self.seats[:, other, one] += less, drawn, more
        games, more, less = first.size, sum(won), sum(lost)
        drawn = games - more - less
        self.games[:, one] += games, more, drawn, less
        self.games[:, other] += games, less, drawn, more
        self.points[one] += more + drawn / 2
        self.points[other] += less + drawn / 2

    def _returns(self, result: Result) -> None:
        """Take in what each agent was paid: a deal is one observation of it, in all seatings and places of its own."""
        seatings, deals, players = result.returns.shape
        sums, lineup = result.returns.sum(0), result.encounter.lineup
        if len(set(lineup)) == players and np.isfinite(sums).all():
            for place, agent in enumerate(lineup):
                others = tuple(sorted((*lineup[:place], *lineup[place + 1 :])))
                self._met.add(agent, others, sums[:, place] / seatings, seatings * deals)
                self._pay(agent, others, seatings * deals, float(sums[:, place].sum()))
            return
        known, lineup = ~np.isnan(result.returns), result.encounter.lineup
        paid = np.where(known, result.returns, 0.0)
        for agent in dict.fromkeys(lineup):
            own = [place for place, other in enumerate(lineup) if other == agent]
            counted, total = known[:, :, own].sum((0, 2)), paid[:, :, own].sum((0, 2))
            some, others = counted > 0, tuple(sorted(other for other in lineup if other != agent))
            if some.any():
                self._met.add(agent, others, total[some] / counted[some], int(counted.sum()))
            self._pay(agent, others, int(counted.sum()), float(total.sum()))

    def _pay(self, agent: int, others: tuple[int, ...], games: int, total: float) -> None:
        """Count an agent's returns in games with others; who sits there twice counts once."""
        self.paid[:, agent] += games, total
        for other in set(others):
            self.against[:, agent, other] += games, total

    @property
    def payoffs(self) -> Floats:
        """`[n, n]`: the mean return of i in games with j; NaN where they have none that counts."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return self.against[1] / self.against[0]

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

        A deal is one observation, its mean over the seatings and the agent's places in them: games of one deal are no
        more independent than twins. Who was met is no accident, so deals vary about their mean against the same others
        (a stratified sample, with Student's t), who weigh as much as there were games with them; those met in one deal
        alone are taken together. Where nothing varied, m deals tell as much as `Cell.interval` says: a share of
        1 - 0.025^(1/m) of games might be paid otherwise.
        """
        deals, variance, freedom = self._met.totals(self.size)
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = self.paid[1] / self.paid[0]
            half = stdtrit(np.maximum(freedom, 1), 0.975) * np.sqrt(variance) / self.paid[0]
            half = np.where(freedom > 0, half, np.nan)
            low, high = mean - half, mean + half
            share, constant = 1 - 0.025 ** (1 / np.maximum(deals, 1)), (half <= 1e-12 * np.abs(mean)) & (deals > 0)
        for end, bound in ((low, utility[0]), (high, utility[1])):
            if np.isfinite(bound):
                end[constant] = (mean + share * (bound - mean))[constant]
        return mean, np.clip(np.stack([low, high], axis=1), *utility)

    def ranking(self, present: Sequence[int], places: Places | None, *, by_elo: bool = False) -> list[int]:
        """Return the agents, best first: by how far they came where the format tells, then by mean return a game.

        by_elo: by rating instead, where some met stronger opponents than others did.
        """
        mean = self.rate().elo if by_elo else self.scores()[0]
        share = self.points / np.maximum(self.games[0], 1)

        def key(agent: int) -> tuple[float, float, float]:
            score = mean[agent] if np.isfinite(mean[agent]) else -np.inf
            return -(places or {}).get(agent, 0.0), -score, -share[agent]

        return sorted(present, key=key)


class _Strata:
    """What agents were paid, apart by whom they met: a row for each agent and the others at its table.

    of `[k]`: whose row it is. sums `[4, k]`: the number and mean of its deals' mean returns, the sum of squares about
    that mean, and the number of games. Both have room to spare beyond the rows in use.
    """

    def __init__(self) -> None:
        self._rows: dict[tuple[int, tuple[int, ...]], int] = {}
        self._of, self._sums = np.zeros(64, dtype=np.int64), np.zeros((4, 64))

    def add(self, agent: int, others: tuple[int, ...], means: Floats, games: int) -> None:
        """Take in the mean returns `[m]` of deals, of so many games in all (Chan, Golub and LeVeque 1983)."""
        row = self._rows.setdefault((agent, others), len(self._rows))
        if row == len(self._of):
            self._of, self._sums = np.pad(self._of, (0, row)), np.pad(self._sums, ((0, 0), (0, row)))
        self._of[row] = agent
        count, mean, scatter, before = self._sums[:, row].tolist()
        more, centre = len(means), float(means.mean())
        total, apart = count + more, centre - mean
        scatter += float(((means - centre) ** 2).sum()) + apart**2 * count * more / total
        self._sums[:, row] = total, mean + apart * more / total, scatter, before + games

    def totals(self, size: int) -> tuple[Floats, Floats, Floats]:
        """Return, by agent `[size]`, its deals, the variance of the sum of its returns, and that one's freedom."""
        of, (count, mean, scatter, games) = self._of[: len(self._rows)], self._sums[:, : len(self._rows)]

        def by_agent(values: Floats, rows: NDArray[np.bool_]) -> Floats:
            return np.bincount(of[rows], values[rows], minlength=size).astype(np.float64)

        lone, many = count == 1, count > 1
        freedom = np.maximum(count - 1, 1)
        variance = by_agent(games**2 * scatter / freedom / np.maximum(count, 1), many)
        alone = by_agent(count, lone)
        centre = by_agent(mean, lone) / np.maximum(alone, 1)
        spread = by_agent((mean - centre[of]) ** 2, lone) / np.maximum(alone - 1, 1)
        variance += spread * by_agent(games**2, lone)
        return by_agent(count, lone | many), variance, by_agent(freedom, many) + np.maximum(alone - 1, 0)
