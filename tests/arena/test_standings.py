from collections import Counter

import numpy as np
import pytest
from scipy.stats import t

from agents.agent import Random
from arena.encounter import Cast, Charge, Encounter, Result, play_encounters, rotations
from arena.ratings import rate
from arena.standings import Tally
from games import make


def results_of(name: str, lineups: list[tuple[int, ...]], deals: int = 6) -> list[Result]:
    game = make(name)
    encounters = [Encounter(deals * place, deals, lineup) for place, lineup in enumerate(lineups)]
    return play_encounters(game, Cast(lambda _: Random()), encounters, seatings=rotations(game.spec), seed=1)


@pytest.mark.parametrize(
    ("name", "lineups"),
    [
        ("tic_tac_toe", [(0, 1), (2, 0), (1, 2), (0, 1)]),
        ("iterated_prisoners_dilemma(rounds=3)", [(0, 1), (2, 0)]),
        ("open_spiel:kuhn_poker(players=3)", [(0, 1, 2), (3, 1, 0)]),
    ],
)
def test_a_tally_is_what_counting_game_by_game_gives(name: str, lineups: list[tuple[int, ...]]) -> None:
    results = results_of(name, lineups)
    tally = Tally(4)
    tally.add(results[:1])
    tally.add(results[1:])
    before, wins, draws, games = Counter(), np.zeros((4, 4)), np.zeros((4, 4)), Counter()
    returns: dict[int, list[float]] = {agent: [] for agent in range(4)}
    for result in results:
        lineup, players = result.encounter.lineup, len(result.encounter.lineup)
        for rotation, deal, _ in result.games():
            paid = result.returns[rotation, deal]
            seats = {lineup[place]: (place + rotation) % players for place in range(players)}
            for place, agent in enumerate(lineup):
                returns[agent].append(paid[place])
                others = [paid[other] for other in range(players) if other != place]
                games[agent, "played"] += 1
                games[agent, "won"] += all(paid[place] > other for other in others)
                games[agent, "lost"] += any(paid[place] < other for other in others)
                for other, rival in enumerate(lineup):
                    wins[agent, rival] += paid[place] > paid[other]
                    draws[agent, rival] += agent != rival and paid[place] == paid[other]
                    if agent != rival and seats[agent] < seats[rival]:
                        before[agent, rival] += 1
    assert tally.wins.tolist() == wins.tolist()
    assert tally.draws.tolist() == draws.tolist()
    assert {(i, j): int(tally.seats[:, i, j].sum()) for i, j in before} == dict(before)
    assert tally.seats.sum() == sum(before.values())
    played, won, _, lost = tally.games
    assert played.tolist() == [games[agent, "played"] for agent in range(4)]
    assert won.tolist() == [games[agent, "won"] for agent in range(4)]
    assert lost.tolist() == [games[agent, "lost"] for agent in range(4)]
    assert (tally.games[1:].sum(0) == played).all()
    mean, _ = tally.scores()
    assert mean[:3].tolist() == pytest.approx([np.mean(returns[agent]) for agent in range(3)])
    expected = rate(wins, draws)
    assert tally.rate().elo.tolist() == expected.elo.tolist()


def test_the_interval_of_a_score_takes_a_deal_for_one_observation() -> None:
    returns = np.array([[[1.0, -1.0], [0.0, 0.0], [1.0, -1.0]], [[1.0, -1.0], [1.0, -1.0], [-1.0, 1.0]]])
    tally = Tally(2)
    tally.add([Result(Encounter(0, 3, (0, 1)), returns, np.zeros((2, 3), np.int64), np.zeros(0, np.int64))])
    deals = np.array([1.0, 0.5, 0.0])
    mean, interval = tally.scores()
    assert mean.tolist() == [0.5, -0.5]
    assert interval[0].tolist() == pytest.approx([*t.interval(0.95, 2, 0.5, deals.std(ddof=1) / np.sqrt(3))])
    assert interval[1].tolist() == pytest.approx((-interval[0, ::-1]).tolist())


def tallied(size: int, lineup: tuple[int, ...], returns: np.ndarray) -> Tally:
    """Return the tally of one encounter."""
    tally, (seatings, deals, _) = Tally(size), returns.shape
    counts = np.zeros((seatings, deals), np.int64)
    tally.add([Result(Encounter(0, deals, lineup), returns, counts, np.zeros(0, np.int64))])
    return tally


def test_of_more_than_two_whoever_is_alone_at_the_top_has_won_and_others_have_lost() -> None:
    returns = np.array([[[3.0, 2.0, 1.0], [2.0, 2.0, 1.0], [1.0, 1.0, 1.0], [0.0, 1.0, 2.0]]])
    assert tallied(3, (0, 1, 2), returns).games.T.tolist() == [[4, 1, 2, 1], [4, 0, 2, 2], [4, 1, 1, 2]]
    # Its own copy is nobody to draw with: (0, 0, 1) at 3 2 1, 2 2 1, 1 1 1 and 0 1 2.
    twice = tallied(2, (0, 0, 1), returns)
    assert twice.games.T.tolist() == [[8, 3, 2, 3], [4, 1, 1, 2]]
    assert not twice.wins.diagonal().any()
    assert not twice.draws.diagonal().any()


def test_a_game_of_one_is_neither_won_nor_drawn_nor_lost() -> None:
    alone = tallied(1, (0,), np.array([[[1.0], [2.0], [3.0], [4.0]]]))
    assert alone.games[:, 0].tolist() == [4, 0, 0, 0]
    assert alone.points.tolist() == [0.0]
    assert alone.scores()[0].tolist() == [2.5]


def test_the_interval_of_who_sits_twice_covers_its_mean() -> None:
    # What a deal brings both copies is its luck, so that two seats tell no more than one. 95 % of 1000 are 950, with a
    # standard deviation of 7; each seat taken for an observation of its own, it would be about 83 %.
    draws, covered = np.random.default_rng(5), np.zeros(2)
    for _ in range(1000):
        luck = np.broadcast_to(draws.normal(size=20), (3, 20))
        _, interval = tallied(2, (0, 0, 1), np.stack([luck / 2, luck / 2, -luck], axis=2)).scores()
        covered += (interval[:, 0] <= 0) & (interval[:, 1] >= 0)
    assert (abs(covered - 950) < 28).all()


def test_opponents_weigh_as_much_as_there_were_games_with_them() -> None:
    # Agent 0 sits twice against 1 and once against 2: of its 12 returns 8 are of the former's 4 deals.
    draws = np.random.default_rng(0)
    twice, once = draws.normal(size=(1, 4, 3)), draws.normal(size=(1, 4, 3))
    tally = tallied(4, (0, 0, 1), twice)
    tally.add([Result(Encounter(0, 4, (0, 2, 3)), once, np.zeros((1, 4), np.int64), np.zeros(0, np.int64))])
    mean, interval = tally.scores()
    first, second = twice[0, :, :2].mean(1), once[0, :, 0]
    assert mean[0] == pytest.approx((8 * first.mean() + 4 * second.mean()) / 12)
    error = np.sqrt((8**2 * first.var(ddof=1) + 4**2 * second.var(ddof=1)) / 4) / 12
    assert interval[0].tolist() == pytest.approx([*t.interval(0.95, 6, mean[0], error)])


def test_those_met_in_one_deal_alone_are_taken_together() -> None:
    tally, paid = Tally(200), np.random.default_rng(0).normal(size=199)
    for other, mine in enumerate(paid, 1):
        returns = np.array([[[mine, -mine]]])
        tally.add([Result(Encounter(0, 1, (0, other)), returns, np.zeros((1, 1), np.int64), np.zeros(0, np.int64))])
    mean, interval = tally.scores()
    error = paid.std(ddof=1) / np.sqrt(199)
    assert mean[0] == pytest.approx(paid.mean())
    assert interval[0].tolist() == pytest.approx([*t.interval(0.95, 198, paid.mean(), error)])
    assert np.isnan(interval[1:]).all()


def test_what_never_varied_is_known_for_such_where_sums_are_not_exact() -> None:
    tally = tallied(2, (0, 1), np.tile([0.1, -0.1], (2, 7, 1)))
    _, interval = tally.scores((-1.0, 1.0))
    assert interval[0].tolist() == pytest.approx(
        [0.1 - 1.1 * (1 - 0.025 ** (1 / 7)), 0.1 + 0.9 * (1 - 0.025 ** (1 / 7))]
    )


def test_faults_are_counted_by_kind_and_what_does_not_count_is_left_out() -> None:
    returns = np.array([[[np.nan, 0.0], [3.0, 3.0]]])
    charge = Charge(1, 0, 0, "crash", "it fell over")
    tally = Tally(2)
    tally.add([Result(Encounter(0, 2, (0, 1)), returns, np.zeros((1, 2), np.int64), np.zeros(0, np.int64), (charge,))])
    mean, _ = tally.scores()
    assert mean.tolist() == [3.0, 1.5]
    assert tally.games[:, 0].tolist() == [2, 1, 1, 0]
    assert tally.forfeits[1] == {"crash": 1}
    assert tally.first == [None, "it fell over"]
    assert tally.ranking([0, 1], None) == [0, 1]
    assert tally.ranking([0, 1], {0: 0.0, 1: 1.0}) == [1, 0]


def test_a_tally_that_grows_keeps_what_it_has() -> None:
    results = results_of("tic_tac_toe", [(0, 1), (2, 0)])
    grown, whole = Tally(2), Tally(3)
    grown.add(results[:1])
    grown.grow(3)
    grown.add(results[1:])
    whole.add(results)
    assert grown.wins.tolist() == whole.wins.tolist()
    assert [column.tolist() for column in grown.scores()] == [column.tolist() for column in whole.scores()]


def test_who_has_not_played_has_no_score() -> None:
    mean, interval = Tally(1).scores()
    assert np.isnan(mean).all()
    assert np.isnan(interval).all()


def test_the_interval_of_a_score_stays_within_what_the_game_pays() -> None:
    won = np.ones((2, 10, 2)) * [1.0, -1.0]
    tally = Tally(2)
    tally.add([Result(Encounter(0, 10, (0, 1)), won, np.ones((2, 10), np.int64), np.arange(20))])
    _, (first, second) = tally.scores((-1.0, 1.0))
    assert first.tolist() == pytest.approx([1 - 2 * (1 - 0.025 ** (1 / 10)), 1.0])
    assert second.tolist() == pytest.approx([-1.0, -1 + 2 * (1 - 0.025 ** (1 / 10))])
    tally.add([Result(Encounter(10, 1, (0, 1)), -won[:, :1], np.ones((2, 1), np.int64), np.arange(2))])
    _, (first, _) = tally.scores((-1.0, 1.0))
    assert first[1] == 1.0
    assert first[0] < 9 / 11
