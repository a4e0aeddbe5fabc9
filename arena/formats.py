"""Tournament formats: who meets whom, as generators that yield a round of lineups and are sent what came of it.

They hold no randomness and look at nothing but results, so the same results give the same rounds: a tournament goes on
after an interruption by sending a new generator what was recorded.
"""

from collections.abc import Callable, Generator, Sequence
from functools import cached_property, partial
from itertools import combinations, combinations_with_replacement
from typing import overload

import numpy as np
from scipy.special import ndtri

from arena.cells import Floats
from arena.encounter import Result
from arena.pairing import pair_neighbours
from arena.ratings import ELO, rate

Lineup = tuple[int, ...]
Places = dict[int, float]
"""How far each agent came, more being better; those who came equally far are told apart by their scores."""

Rounds = Generator[Sequence[Lineup], list[Result], Places | None]


class Later(Sequence[Lineup]):
    """A round of `count` lineups that are chosen when they are first looked at, before its results are sent, or never.

    Whoever goes through a tournament again and knows who met need not choose again, which costs more than all the rest.
    """

    def __init__(self, count: int, choose: Callable[[], list[Lineup]]) -> None:
        self._count, self._choose = count, choose

    @cached_property
    def _chosen(self) -> list[Lineup]:
        return self._choose()

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, place: int) -> Lineup: ...
    @overload
    def __getitem__(self, place: slice) -> list[Lineup]: ...
    def __getitem__(self, place: int | slice) -> Lineup | list[Lineup]:
        if isinstance(place, slice) and place.indices(self._count)[0] >= self._count:
            return []
        return self._chosen[place]


_SHARE = 4
"""Each pair has at least this part of the games that pairs have on average: equals are never told apart, however long
they play, and must not keep the others from playing."""

_SUDDEN_DEATHS = 3
"""How often a drawn knockout match is played again before the better seed goes on."""


def round_robin(agents: Sequence[int], players: int) -> Rounds:
    """Everyone meets everyone once; in games of more than two, every set of agents sits down together."""
    _ = yield _circle(agents) if players == 2 else _sets(agents, players)


def gauntlet(agents: Sequence[int], players: int, *, heads: int = 1) -> Rounds:
    """The first `heads` agents meet everyone, and the others only them."""
    _ = yield [lineup for lineup in _sets(agents, players) if set(lineup) & set(agents[:heads])]


def swiss(agents: Sequence[int], players: int, *, rounds: int | None = None) -> Rounds:
    """In every round those meet who have most nearly the same points and have not met; without an opponent, all points.

    As many rounds as a knockout has, unless said.
    """
    points, met, rested = dict.fromkeys(agents, 0.0), set(), set()
    for _ in range(rounds or max(1, (len(agents) - 1).bit_length())):
        table = sorted(agents, key=lambda agent: -points[agent])
        if len(table) % 2:
            resting = next((agent for agent in reversed(table) if agent not in rested), table[-1])
            table.remove(resting)
            rested.add(resting)
            points[resting] += 1.0
        pairs = pair_neighbours(table, met)
        results = yield pairs
        met |= {frozenset(pair) for pair in pairs}
        for agent, share in _shares(results).items():
            points[agent] = round(points[agent] + share, 9)  # equal sums of tenths are to be equal
    return points


def knockout(agents: Sequence[int], players: int) -> Rounds:
    """Who loses is out; the agents are seeded in the order given, and the best seeds rest where numbers do not fit.

    A drawn match is played again, three times at most; after that the better seed goes on.
    """
    bracket, places = _bracket(agents), dict.fromkeys(agents, 0.0)
    while len(bracket) > 1:
        bracket, _ = yield from _matches(_paired(bracket), agents, places)
    for winner in bracket:
        if winner is not None:
            places[winner] += 1
    return places


def double_elimination(agents: Sequence[int], players: int) -> Rounds:
    """Who loses twice is out: losers go on among themselves, and their best meets who never lost, twice if need be.

    Seeds and drawn matches are as in `knockout`, in the final too.
    """
    bracket, places = _bracket(agents), dict.fromkeys(agents, 0.0)
    losers: list[int | None] = []
    while len(bracket) > 1:
        bracket, fallen = yield from _matches(_paired(bracket), agents)
        while len(losers) > len(fallen):
            losers, _ = yield from _matches(_paired(losers), agents, places)
        if losers:
            losers, _ = yield from _matches(list(zip(losers, reversed(fallen), strict=True)), agents, places)
        else:
            losers = fallen
    champion = bracket[0]
    for _ in range(2):
        (champion,), _ = yield from _matches([(bracket[0], losers[0])], agents)
        if champion == bracket[0]:
            break
    for finalist in (losers[0], bracket[0], champion):
        if finalist is not None:
            places[finalist] = max(places.values()) + 1
    return places


def adaptive(
    agents: Sequence[int], players: int, *, encounters: int, at_once: int = 1, confidence: float | None = None
) -> Rounds:
    """After one encounter of everyone with everyone, the pairs meet whose result says most about who is better.

    Each choice is of the pair whose next encounter is expected to narrow the ratings most, weighed by how uncertain it
    is which of the two is better (`_most_telling`); `at_once` are chosen before their results are in. In all there are
    `encounters`, or one for each pair if that is more.

    With a `confidence` it ends as soon as the ratings' whole order is that sure. Who looks again and again would find
    an order sooner or later: so of the error allowed, look k is given 6 / (pi k)^2, which adds up to all of it, and
    each of the n - 1 neighbours an equal part of that (Bonferroni).
    """
    size = max(agents) + 1
    wins, draws = np.zeros((2, size, size))
    everyone = _circle(agents)
    total = max(encounters, len(everyone))
    played = len(everyone)
    _count(wins, draws, (yield everyone))
    looks = 0
    while played < total:
        looks += 1
        if confidence is not None and _is_clear(agents, wins, draws, 6 * (1 - confidence) / (np.pi * looks) ** 2):
            return None
        count = min(at_once, total - played)
        played += count
        _count(wins, draws, (yield Later(count, partial(_most_telling, agents, wins, draws, count))))
    return None


def league(present: Callable[[], Sequence[int]], *, at_once: int = 1) -> Rounds:
    """Without end: the pairs of those `present` whose result says most meet; a newcomer meets everyone first."""
    wins, draws = np.zeros((2, 0, 0))
    while True:
        agents = list(present())
        size = max(agents) + 1
        wins, draws = (np.pad(table, (0, max(0, size - len(table)))) for table in (wins, draws))
        games = wins + wins.T + draws
        among = games[np.ix_(agents, agents)] + np.eye(len(agents))
        fresh = [] if among.all() else [pair for pair in _circle(agents) if games[pair] == 0]
        _count(
            wins,
            draws,
            (yield fresh or Later(at_once, partial(_most_telling, agents, wins, draws, at_once))),
        )


def _sets(agents: Sequence[int], players: int) -> list[Lineup]:
    """Return every set of `players` agents; with fewer agents than seats, some sit twice."""
    if len(agents) >= players:
        return list(combinations(agents, players))
    return [lineup for lineup in combinations_with_replacement(agents, players) if len(set(lineup)) > 1]


def _circle(agents: Sequence[int]) -> list[Lineup]:
    """Return all pairs in rounds in which nobody plays twice, so that an unfinished tournament is an even one."""
    ring: list[int | None] = [*agents, *([None] if len(agents) % 2 else [])]
    half, out = len(ring) // 2, []
    for turn in range(len(ring) - 1):
        pairs = zip(ring[:half], reversed(ring[half:]), strict=True)
        out += [(a, b) if turn % 2 == 0 else (b, a) for a, b in pairs if a is not None and b is not None]
        ring = [ring[0], ring[-1], *ring[1:-1]]
    return out


def _bracket(agents: Sequence[int]) -> list[int | None]:
    """Return the agents in the order of a bracket in which the best seeds meet last; None is no opponent."""
    order = [0]
    while len(order) < len(agents):
        order = [seed for place in order for seed in (place, 2 * len(order) - 1 - place)]
    return [agents[seed] if seed < len(agents) else None for seed in order]


def _paired(bracket: list[int | None]) -> list[tuple[int | None, int | None]]:
    """Return who meets whom in a round of a bracket."""
    return list(zip(bracket[::2], bracket[1::2], strict=True))


def _matches(
    pairs: list[tuple[int | None, int | None]], seeds: Sequence[int], places: Places | None = None
) -> Generator[list[Lineup], list[Result], tuple[list[int | None], list[int | None]]]:
    """Play matches until each has a winner; return winners and losers, None where there is none.

    What stays drawn goes to whoever comes first in `seeds`. All of them have come one further than anyone before, in
    `places`.
    """
    if places is not None:
        level = max(places.values()) + 1
        places |= {agent: level for pair in pairs for agent in pair if agent is not None}
    ahead: dict[tuple[int | None, int | None], int | None] = {}
    for a, b in pairs:
        if a is None or b is None:
            ahead[a, b] = a if b is None else b
    for _ in range(1 + _SUDDEN_DEATHS):
        open_pairs = [(a, b) for a, b in pairs if a is not None and b is not None and (a, b) not in ahead]
        if not open_pairs:
            break
        for result in (yield open_pairs):
            a, b = result.encounter.lineup
            if result.lead:
                ahead[a, b] = a if result.lead > 0 else b
    rank: dict[int | None, int] = {agent: place for place, agent in enumerate(seeds)}
    winners = [ahead[pair] if pair in ahead else min(pair, key=rank.__getitem__) for pair in pairs]
    return winners, [b if winner == a else a for (a, b), winner in zip(pairs, winners, strict=True)]


def _shares(results: Sequence[Result]) -> dict[int, float]:
    """Return each agent's share of the points of its encounter, from 0 to 1."""
    shares: dict[int, float] = {}
    for result in results:
        for agent, share in zip(result.encounter.lineup, result.points.mean((0, 1)), strict=True):
            shares[agent] = shares.get(agent, 0.0) + float(share)
    return shares


def _count(wins: Floats, draws: Floats, results: Sequence[Result]) -> None:
    """Add results of two to the tables."""
    for result in results:
        a, b = result.encounter.lineup
        above = result.above.sum((0, 1))
        level = result.counts.size - above[0, 1] - above[1, 0]
        wins[a, b] += above[0, 1]
        wins[b, a] += above[1, 0]
        draws[a, b] += level
        draws[b, a] += level


def _is_clear(agents: Sequence[int], wins: Floats, draws: Floats, error: float) -> bool:
    """Whether the ratings' whole order is right but for a chance of `error`."""
    chosen = np.ix_(list(agents), list(agents))
    ratings = rate(wins[chosen], draws[chosen])
    order = ratings.elo.argsort()
    below, above, spread = order[:-1], order[1:], ratings.covariance.diagonal()
    variance = spread[below] + spread[above] - 2 * ratings.covariance[below, above]
    distance = (ratings.elo[above] - ratings.elo[below]) / np.sqrt(variance)
    return bool((distance > ndtri(1 - error / max(len(below), 1))).all())


def _most_telling(agents: Sequence[int], wins: Floats, draws: Floats, count: int) -> list[Lineup]:
    """Choose `count` pairs, one after another, as if the result of each before had come as expected.

    A game between i and j, of variance v = c_ii + c_jj - 2 c_ij of their rating difference, tells p (1 - p) of it; its
    weight falls with how sure it is which of the two is better. See `adaptive`.
    """
    chosen = np.array(agents)
    ratings = rate(wins[np.ix_(chosen, chosen)], draws[np.ix_(chosen, chosen)])
    elo, covariance = ratings.elo / ELO, ratings.covariance / ELO**2
    games = (wins + wins.T + draws)[np.ix_(chosen, chosen)]
    difference = elo[:, None] - elo[None, :]
    expected = 1 / (1 + np.exp(-difference))
    usual = max(1.0, float(games.sum() / np.count_nonzero(games)))
    told = expected * (1 - expected) * usual
    np.fill_diagonal(games, np.inf)
    out: list[Lineup] = []
    for _ in range(count):
        spread = covariance.diagonal()
        variance = np.maximum(spread[:, None] + spread[None, :] - 2 * covariance, 1e-12)
        doubt = np.exp(-(difference**2) / (2 * variance))
        value = np.log1p(told * variance) * doubt
        value[games > games.min() if games.min() < usual / _SHARE else np.isinf(games)] = -np.inf
        i, j = sorted(divmod(int(value.argmax()), len(chosen)))
        out.append((int(chosen[i]), int(chosen[j])))
        games[[i, j], [j, i]] += usual / _SHARE
        column = covariance[:, i] - covariance[:, j]
        covariance = covariance - np.outer(column, column) * told[i, j] / (1 + told[i, j] * variance[i, j])
    return out
