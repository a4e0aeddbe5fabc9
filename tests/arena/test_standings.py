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
                games[agent, "lost"] += all(paid[place] < other for other in others)
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
