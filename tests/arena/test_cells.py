"""Payoff cells against the samples they summarise, and the table against what was put in."""

import json
from itertools import permutations, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from arena.cells import Cell, Table

PRISONERS = [(1.0, -1.0), (0.0, 0.0), (1.0, -1.0), (-1.0, 1.0)]

# Halves add up without rounding, so equal means equal.
halves = st.integers(-100, 100).map(lambda x: x / 2)
samples = st.integers(1, 4).flatmap(
    lambda players: st.tuples(*[st.lists(st.tuples(*[halves] * players), max_size=8)] * 2, st.just(players))
)


def of(games: list[tuple[float, ...]], players: int) -> Cell:
    return Cell.of(np.array(games, dtype=float).reshape(-1, players))


@given(samples)
def test_merged_cells_are_the_cell_of_all_their_games(both: tuple[list, list, int]):
    first, second, players = both
    merged = of(first, players).merge(of(second, players))
    assert merged == of(first + second, players)
    assert merged == of(second, players).merge(of(first, players))
    assert of(first, players).merge(Cell.empty(players)) == of(first, players)


@given(samples)
def test_counts_are_those_of_the_games_looked_at_one_by_one(both: tuple[list, list, int]):
    games, _, players = both
    cell = of(games, players)
    for seat in range(players):
        others = [[x for q, x in enumerate(game) if q != seat] for game in games]
        mine = [game[seat] for game in games]
        assert cell.wins[seat] == sum(all(x > y for y in ys) for x, ys in zip(mine, others, strict=True))
        assert cell.losses[seat] == sum(any(x < y for y in ys) for x, ys in zip(mine, others, strict=True))
        assert cell.wins[seat] + cell.draws[seat] + cell.losses[seat] == cell.count == len(games)
        for other in range(players):
            assert cell.above[seat][other] == sum(game[seat] > game[other] for game in games)


@given(samples)
def test_a_cell_survives_json(both: tuple[list, list, int]):
    cell = of([tuple(x / 3 for x in game) for game in both[0]], both[2])
    assert Cell.from_json(json.loads(json.dumps(cell.to_json(), allow_nan=False))) == cell
    exact = Cell.exact([1 / 3, -0.1, 5e-324])
    assert Cell.from_json(json.loads(json.dumps(exact.to_json()))) == exact


@given(samples, st.randoms())
def test_a_reseated_cell_is_the_cell_of_the_reseated_games(both: tuple[list, list, int], random):
    games, _, players = both
    order = random.sample(range(players), players)
    assert of(games, players).seated(order) == of([tuple(game[seat] for seat in order) for game in games], players)


def test_a_hand_counted_cell():
    cell = Cell.of(PRISONERS)
    assert (cell.count, cell.sums, cell.squares) == (4, (1.0, -1.0), (3.0, 3.0))
    assert (cell.wins, cell.draws, cell.losses) == ((2, 1), (1, 1), (1, 2))
    assert cell.mean.tolist() == [0.25, -0.25]
    assert cell.kind == "played"
    three = Cell.of([[1, 1, 0], [0, 0, 0], [2, 1, 1]])
    assert (three.wins, three.draws, three.losses) == ((1, 0, 0), (2, 2, 1), (0, 1, 2))


def test_the_interval_is_students_and_stays_within_the_utility_bounds():
    returns = np.random.default_rng(1).normal(size=(12, 2))
    interval = Cell.of(returns).interval((-10, 10))
    for seat in range(2):
        truth = stats.ttest_1samp(returns[:, seat], 0).confidence_interval(0.95)
        np.testing.assert_allclose(interval[seat], [truth.low, truth.high], rtol=1e-12)
    clipped = Cell.of([[1, -1], [1, -1], [-1, 1]]).interval((-1, 1))
    assert clipped.tolist() == [[-1, 1], [-1, 1]]


def test_intervals_of_few_or_equal_games_claim_no_more_than_they_know():
    for games in ([], [(1.0, -1.0)]):
        assert of(games, 2).interval((-1, 2)).tolist() == [[-1, 2], [-1, 2]]
    # n wins without a loss: Clopper and Pearson (1934) put the win probability above 0.025^(1/n).
    for count in (2, 10, 1000):
        least = stats.beta.ppf(0.025, count, 1)
        interval = Cell.of([(1.0, -1.0)] * count).interval((-1, 1))
        np.testing.assert_allclose(interval, [[2 * least - 1, 1], [-1, 1 - 2 * least]], rtol=1e-12)
    thirds = Cell.of([(0.1, 0.3)] * 999).interval((0, 1))  # sums that round
    assert (thirds[:, 1] - thirds[:, 0] > 0.003).all()


def test_the_interval_covers_the_mean_as_often_as_it_says():
    random, repeats = np.random.default_rng(2), 4000
    truth = np.array([0.2, -0.2])
    paid = random.choice([-1.0, 0.0, 1.0], p=[0.3, 0.2, 0.5], size=(repeats, 60))
    intervals = np.stack([Cell.of(np.stack([x, -x], axis=1)).interval((-1, 1)) for x in paid])
    covered = ((intervals[:, :, 0] <= truth) & (truth <= intervals[:, :, 1])).mean(axis=0)
    # Four standard errors of a share of 0.95 among 4000, and what the normal approximation costs at 60 games.
    np.testing.assert_allclose(covered, 0.95, atol=4 * np.sqrt(0.95 * 0.05 / repeats) + 0.005)


def test_exact_cells_have_a_mean_a_kind_and_no_games():
    cell = Cell.exact([0.5, -0.5])
    assert cell.kind == "exact"
    assert cell.mean.tolist() == [0.5, -0.5]
    assert cell.interval((-1, 1)).tolist() == [[0.5, 0.5], [-0.5, -0.5]]
    assert cell.count == sum(cell.wins) == 0
    for pair in ((cell, cell), (cell, Cell.of(PRISONERS)), (Cell.of(PRISONERS), cell)):
        with pytest.raises(ValueError, match="no games to merge"):
            pair[0].merge(pair[1])


def test_an_empty_cell_has_no_mean():
    assert np.isnan(Cell.empty(3).mean).all()
    assert Cell.empty(3).merge(Cell.of([[1, 2, 3]])).mean.tolist() == [1, 2, 3]


@pytest.mark.parametrize("players", [1, 2, 3])
@pytest.mark.parametrize("symmetric", [False, True])
def test_a_table_grows_by_a_member_and_asks_for_what_is_new(players: int, symmetric: bool):
    table = Table(players=players, symmetric=symmetric)
    assert table.missing() == []
    asked: list[tuple[int, ...]] = []
    for members in range(1, 5):
        table.grow(members)
        new = table.missing()
        assert all(members - 1 in seating for seating in new)
        assert table.missing() == new
        for seating in new:
            assert not table.known(seating)
            table.put(seating, Cell.exact(np.array(seating, dtype=float)))
        asked += new
        assert table.missing() == []
        assert table.means().shape == (players,) + (members,) * players
    wanted = {tuple(sorted(x)) if symmetric else x for x in product(range(4), repeat=players)}
    assert len(asked) == len(wanted)
    assert set(asked) == wanted
    # Every seat was paid its member's number, so a misplaced cell would show.
    grid = np.stack(np.meshgrid(*[np.arange(4.0)] * players, indexing="ij"))
    np.testing.assert_array_equal(table.means(), grid)


def test_missing_cells_of_some_members_only():
    table = Table(players=2, symmetric=True)
    table.grow(4)
    table.put((3, 1), Cell.exact([1, -1]))
    assert table.missing([1, 3]) == [(1, 1), (3, 3)]
    assert table.known((1, 3))
    assert np.isnan(table.means()[:, 0, 0]).all()
    assert table.means()[:, 1, 3].tolist() == [-1, 1]


@given(st.permutations([0, 1, 2]), st.permutations([4, 2, 7]))
def test_a_symmetric_table_returns_a_cell_in_the_order_asked_for(order: list[int], seating: list[int]):
    table = Table(players=3, symmetric=True)
    table.grow(8)
    games = [(1.0, 0.0, -1.0), (2.0, 0.0, 0.0)]
    table.put(seating, Cell.of(games))
    asked = [seating[seat] for seat in order]
    assert table.get(seating) == Cell.of(games)
    assert table.get(asked) == Cell.of([tuple(game[seat] for seat in order) for game in games])
    assert table.get([0, 1, 2]) is None
    for permuted in permutations(range(3)):
        where = tuple(seating[seat] for seat in permuted)
        assert table.means()[(slice(None), *where)].tolist() == [[1.5, 0.0, -0.5][seat] for seat in permuted]


def test_seats_of_one_member_share_its_mean_in_a_symmetric_game():
    table = Table(players=2, symmetric=True)
    table.grow(1)
    table.put((0, 0), Cell.of([(1.0, -1.0), (1.0, -1.0)]))
    assert table.means().tolist() == [[[0.0]], [[0.0]]]
    apart = Table(players=2, symmetric=False)
    apart.grow(1)
    apart.put((0, 0), Cell.of([(1.0, -1.0)]))
    assert apart.means().tolist() == [[[1.0]], [[-1.0]]]


def test_a_table_cannot_be_changed_through_what_it_returns():
    table = Table(players=1, symmetric=False)
    table.grow(1)
    table.put((0,), Cell.exact([2.0]))
    table.means()[:] = 9
    assert table.means().tolist() == [[2.0]]


def test_seatings_that_do_not_exist_are_refused():
    table = Table(players=2, symmetric=False)
    table.grow(2)
    for seating in ((0, 2), (-1, 0), (0,), (0, 0, 0)):
        with pytest.raises(IndexError):
            table.put(seating, Cell.exact([0, 0]))
    with pytest.raises(IndexError):
        table.put((0, 0), Cell.exact([0, 0, 0]))


def test_results_of_two_players_add_up_over_both_seatings():
    table = Table(players=2, symmetric=False)
    table.grow(3)
    table.put((0, 1), Cell.of(PRISONERS))
    table.put((1, 0), Cell.of(PRISONERS[:2]))
    table.put((1, 1), Cell.of(PRISONERS))
    table.put((2, 1), Cell.exact([1, -1]))
    wins, draws = table.results()
    assert wins.tolist() == [[0, 2, 0], [2, 0, 0], [0, 0, 0]]
    assert draws.tolist() == [[0, 2, 0], [2, 0, 0], [0, 0, 0]]


def test_results_of_three_players_compare_every_pair_in_a_game():
    table = Table(players=3, symmetric=False)
    table.grow(3)
    table.put((0, 1, 2), Cell.of([(3, 2, 1), (1, 1, 0)]))
    table.put((2, 2, 0), Cell.of([(3, 2, 1)]))
    wins, draws = table.results()
    assert wins.tolist() == [[0, 1, 2], [0, 0, 2], [2, 0, 0]]
    assert draws.tolist() == [[0, 1, 0], [1, 0, 0], [0, 0, 0]]
